//! Rule selectors: names, codes, code prefixes, groups and `ALL`, and how they combine.

use super::suggest::hint;
use super::{Config, ConfigError};
use crate::fix::Safety;
use crate::report::diagnostic::{Diagnostic, Severity};
use crate::rules::{self, Rule};

/// One word of `--select`, `--ignore` and their like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector<'a> {
    All,
    /// The start of a code, such as `DJP1`.
    Prefix(&'a str),
    Group(&'a str),
    /// A name or a whole code; holds the name.
    Rule(&'static str),
}

impl<'a> Selector<'a> {
    /// Reads one word; unknown ones are errors that name a neighbour.
    pub fn parse(text: &'a str) -> Result<Self, ConfigError> {
        Self::find(text.trim(), rules::all())
    }

    fn find(text: &'a str, rules: &'static [Rule]) -> Result<Self, ConfigError> {
        if text == "ALL" {
            return Ok(Self::All);
        }
        if let Some(rule) = rules.iter().find(|r| r.name == text || r.code == text) {
            return Ok(Self::Rule(rule.name));
        }
        if rules.iter().any(|r| r.group == text) {
            return Ok(Self::Group(text));
        }
        if text.starts_with("DJP") && rules.iter().any(|r| r.code.starts_with(text)) {
            return Ok(Self::Prefix(text));
        }
        let known = rules
            .iter()
            .flat_map(|r| [r.name, r.code, r.group])
            .chain(["ALL"]);
        Err(ConfigError::UnknownRule {
            text: text.to_owned(),
            hint: hint(text, known),
        })
    }

    /// Whether the rule is among the selected.
    pub fn matches(&self, rule: &Rule) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => rule.code.starts_with(prefix),
            Self::Group(group) => rule.group == *group,
            Self::Rule(name) => rule.name == *name,
        }
    }

    /// Narrower selectors have the last word.
    fn narrowness(&self) -> usize {
        match self {
            Self::All => 0,
            Self::Prefix(prefix) => prefix.len(),
            Self::Group(_) => 8,
            Self::Rule(_) => usize::MAX,
        }
    }
}

impl Config {
    /// The rules that are on, ordered by code.
    pub fn resolve_rules(&self) -> Result<Vec<&'static Rule>, ConfigError> {
        enabled(self, rules::all())
    }

    /// The severity a finding of this rule gets.
    pub fn severity_of(&self, rule: &Rule) -> Severity {
        self.severity
            .iter()
            .filter_map(|(text, level)| Some((Selector::parse(text).ok()?, *level)))
            .filter(|(selector, _)| selector.matches(rule))
            .max_by_key(|(selector, _)| selector.narrowness())
            .map_or(rule.severity, |(_, level)| level)
    }
}

impl Config {
    /// A finding of the rule as the settings want it: its severity, and how safe its fix counts.
    pub fn adjusted(&self, rule: &Rule, mut diagnostic: Diagnostic) -> Diagnostic {
        let configured = self.severity_of(rule);
        if configured != rule.severity {
            diagnostic.severity = configured;
        }
        if let Some(fix) = &mut diagnostic.fix {
            fix.safety = self.safety_of(rule, fix.safety);
        }
        diagnostic
    }

    /// The safety that a fix of this rule has here; the narrower setting wins, caution where both are equal.
    pub fn safety_of(&self, rule: &Rule, own: Safety) -> Safety {
        if own == Safety::Display {
            return own;
        }
        let narrowest = |texts: &[String]| {
            let matching = texts.iter().filter_map(|text| Selector::parse(text).ok());
            matching
                .filter(|selector| selector.matches(rule))
                .map(|selector| selector.narrowness())
                .max()
        };
        let safe = narrowest(&self.extend_safe_fixes);
        let not_safe = narrowest(&self.extend_unsafe_fixes);
        match (safe, not_safe) {
            (None, None) => own,
            _ if safe > not_safe => Safety::Safe,
            _ => Safety::Unsafe,
        }
    }

    /// The least safety of the fixes that are made, or would be.
    pub fn applicable(&self) -> Safety {
        if self.unsafe_fixes {
            Safety::Unsafe
        } else {
            Safety::Safe
        }
    }
}

fn enabled(config: &Config, rules: &'static [Rule]) -> Result<Vec<&'static Rule>, ConfigError> {
    fn parse<'a>(texts: &'a [String], rules: &'static [Rule]) -> Result<Vec<Selector<'a>>, ConfigError> {
        texts
            .iter()
            .map(|text| Selector::find(text.trim(), rules))
            .collect()
    }
    let select = parse(&config.select, rules)?;
    let extend = parse(&config.extend_select, rules)?;
    let ignore = parse(&config.ignore, rules)?;
    let on_by: Vec<Selector<'_>> = if select.is_empty() {
        vec![Selector::All]
    } else {
        select.clone()
    }
    .into_iter()
    .chain(extend.iter().copied())
    .collect();

    let narrowest = |set: &[Selector<'_>], rule: &Rule| {
        set.iter()
            .filter(|s| s.matches(rule))
            .map(Selector::narrowness)
            .max()
    };
    let mut on = Vec::new();
    for rule in rules {
        let wanted = narrowest(&on_by, rule);
        if wanted.is_none() || narrowest(&ignore, rule) >= wanted {
            continue;
        }
        if rule.preview && !config.preview {
            if wanted == Some(usize::MAX) {
                return Err(ConfigError::NeedsPreview(rule.name.to_owned()));
            }
            continue;
        }
        on.push(rule);
    }
    if on.is_empty() && !rules.is_empty() {
        return Err(ConfigError::NothingSelected);
    }
    Ok(on)
}

#[cfg(test)]
mod tests {
    use super::{Config, ConfigError, Rule, Safety, Severity, enabled};

    const fn rule(name: &'static str, code: &'static str, group: &'static str, preview: bool) -> Rule {
        Rule {
            name,
            code,
            group,
            severity: Severity::Warning,
            preview,
            card: "",
        }
    }

    static RULES: [Rule; 4] = [
        rule("related-access-in-loop", "DJP101", "n-plus-one", false),
        rule("query-in-loop", "DJP104", "n-plus-one", false),
        rule("len-of-queryset", "DJP201", "querysets", false),
        rule("random-order", "DJP211", "querysets", true),
    ];

    fn on(select: &[&str], ignore: &[&str], preview: bool) -> Result<Vec<&'static str>, ConfigError> {
        let own = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
        let config = Config {
            select: own(select),
            ignore: own(ignore),
            preview,
            ..Config::default()
        };
        Ok(enabled(&config, &RULES)?.into_iter().map(|r| r.code).collect())
    }

    #[test]
    fn selectors_combine_and_the_narrower_one_wins() {
        assert_eq!(on(&[], &[], false).unwrap(), ["DJP101", "DJP104", "DJP201"]);
        assert_eq!(
            on(&[], &[], true).unwrap(),
            ["DJP101", "DJP104", "DJP201", "DJP211"]
        );
        assert_eq!(on(&["DJP1"], &["query-in-loop"], false).unwrap(), ["DJP101"]);
        assert_eq!(on(&["DJP104"], &["n-plus-one"], false).unwrap(), ["DJP104"]);
        assert_eq!(on(&["ALL"], &["DJP"], false), Err(ConfigError::NothingSelected));
        assert_eq!(on(&["querysets"], &[], false).unwrap(), ["DJP201"]);
        assert_eq!(
            on(&["DJP101"], &["DJP101"], false),
            Err(ConfigError::NothingSelected)
        );
    }

    #[test]
    fn fixes_are_as_safe_as_the_narrowest_setting_says() {
        let with = |safe: &[&str], not_safe: &[&str], own| {
            let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
            let config = Config {
                extend_safe_fixes: owned(safe),
                extend_unsafe_fixes: owned(not_safe),
                ..Config::default()
            };
            config.safety_of(&RULES[0], own)
        };
        assert_eq!(with(&[], &[], Safety::Safe), Safety::Safe);
        assert_eq!(with(&["DJP104"], &["DJP104"], Safety::Unsafe), Safety::Unsafe);
        assert_eq!(with(&["DJP1"], &["ALL"], Safety::Unsafe), Safety::Safe);
        assert_eq!(with(&["ALL"], &["DJP101"], Safety::Safe), Safety::Unsafe);
        assert_eq!(with(&["DJP101"], &["DJP101"], Safety::Safe), Safety::Unsafe);
        assert_eq!(with(&["ALL"], &[], Safety::Display), Safety::Display);
    }

    #[test]
    fn unknown_words_name_a_neighbour_and_preview_rules_ask_for_the_flag() {
        let error = on(&["releted-access-in-loop"], &[], false)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("did you mean `related-access-in-loop`?"),
            "{error}"
        );
        assert!(on(&["DJP9"], &[], false).is_err());
        assert!(
            on(&[], &["DJP1O1"], false)
                .unwrap_err()
                .to_string()
                .contains("DJP101")
        );
        assert_eq!(
            on(&["DJP211"], &[], false),
            Err(ConfigError::NeedsPreview("random-order".into()))
        );
        assert_eq!(on(&["DJP211"], &[], true).unwrap(), ["DJP211"]);
    }
}
