//! Names for findings that survive edits elsewhere: what makes two findings of different runs the same one.
//!
//! No line numbers go in, and no layout. A content fingerprint is the FNV-1a hash of, in this order and each followed by
//! the byte FF: the name of the rule, the model, and the words of the primary expression (see [`words`]). These are an
//! interface: baselines of older releases hold them.

use rustc_hash::FxHashMap;

use super::diagnostic::Diagnostic;
use crate::source::SourceSet;

/// What a finding is, apart from lines and wording.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// As reported.
    pub path: String,
    /// Of the rule.
    pub rule: String,
    /// Qualified name of the function or class around it; see [`SourceFile::scope`](crate::source::SourceFile::scope).
    pub scope: String,
    pub model: Option<String>,
    /// Sorted, as are `fields`.
    pub relations: Vec<String>,
    pub fields: Vec<String>,
    /// Of rule, model and expression: 16 hexadecimal digits.
    pub content: String,
}

impl Identity {
    pub fn of(sources: &SourceSet, diagnostic: &Diagnostic) -> Self {
        let file = sources.get(diagnostic.file);
        let mut content = Fnv::new();
        content.add(diagnostic.rule);
        content.add(diagnostic.model.as_deref().unwrap_or(""));
        let python = file.path.ends_with(".py");
        for word in words(file.slice(diagnostic.span), python) {
            content.add(&word);
        }
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        Self {
            path: file.path.clone(),
            rule: diagnostic.rule.to_owned(),
            scope: file.scope(diagnostic.span).to_owned(),
            model: diagnostic.model.clone(),
            relations: sorted(&diagnostic.relations),
            fields: sorted(&diagnostic.fields),
            content: content.hex(),
        }
    }
}

/// One fingerprint a diagnostic, in order: 16 hexadecimal digits, unique within the run. Path, scope and relations are
/// part of it.
pub fn fingerprints(sources: &SourceSet, diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut seen: FxHashMap<u64, u64> = FxHashMap::default();
    diagnostics
        .iter()
        .map(|diagnostic| {
            let identity = Identity::of(sources, diagnostic);
            let mut hash = Fnv::new();
            hash.add(&identity.content);
            hash.add(&identity.path);
            hash.add(&identity.scope);
            for list in [&identity.relations, &identity.fields] {
                hash.add(&list.len().to_string());
                for item in list {
                    hash.add(item);
                }
            }
            let occurrence = seen.entry(hash.0).or_default();
            if *occurrence > 0 {
                hash.add(&occurrence.to_string());
            }
            *occurrence += 1;
            hash.hex()
        })
        .collect()
}

/// The words of an expression, whatever its layout: names and numbers, signs one by one, strings with double quotes
/// where they hold none. Comments of Python, and commas before a closing bracket, are left out.
fn words(text: &str, python: bool) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            c if c.is_whitespace() => {
                rest = &rest[c.len_utf8()..];
                continue;
            }
            '\\' if python && rest[1..].starts_with(['\n', '\r']) => {
                rest = &rest[1..];
                continue;
            }
            '#' if python => {
                rest = &rest[rest.find(['\n', '\r']).unwrap_or(rest.len())..];
                continue;
            }
            c if is_name(c) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            '\'' | '"' => string(rest),
            c => c.len_utf8(),
        };
        let (word, behind) = rest.split_at(length);
        rest = behind;
        if matches!(word, ")" | "]" | "}") && words.last().is_some_and(|last| last == ",") {
            words.pop();
        }
        let plain = word.len() > 1
            && word.starts_with('\'')
            && word.ends_with('\'')
            && !word.starts_with("'''")
            && !word.contains(['"', '\\']);
        words.push(if plain {
            format!("\"{}\"", &word[1..word.len() - 1])
        } else {
            word.to_owned()
        });
    }
    words
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Bytes of the string literal that the text begins with; an unclosed one is its first quote alone.
fn string(text: &str) -> usize {
    let quote = &text[..1];
    let triple = quote.repeat(3);
    let quote = if text.starts_with(&triple) { &triple } else { quote };
    let mut at = quote.len();
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        let mut chars = rest.chars();
        let first = chars.next().map_or(1, char::len_utf8);
        at += match rest.as_bytes()[0] {
            b'\\' => first + chars.next().map_or(0, char::len_utf8),
            b'\n' | b'\r' if quote.len() == 1 => break,
            _ => first,
        };
    }
    1
}

/// FNV-1a: the same on every machine and in every release.
#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, part: &str) {
        for byte in part.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn hex(self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{fingerprints, words};
    use crate::report::json::tests::{diagnostic, sources};

    #[test]
    fn lines_above_do_not_matter_and_twins_differ() {
        let text = "x = Order.objects.all()\n";
        let moved = format!("# a comment\n\n{text}");
        let before = fingerprints(
            &sources(&[("a.py", text)]),
            &[diagnostic(text, "Order.objects.all()")],
        );
        let after = fingerprints(
            &sources(&[("a.py", &moved)]),
            &[diagnostic(&moved, "Order.objects.all()")],
        );
        assert_eq!(before, after);
        assert_eq!(before[0].len(), 16);

        let one = diagnostic(text, "Order.objects.all()");
        let twins = fingerprints(&sources(&[("a.py", text)]), &[one.clone(), one.clone()]);
        assert_ne!(twins[0], twins[1]);
        let elsewhere = fingerprints(&sources(&[("b.py", text)]), &[one]);
        assert_ne!(before, elsewhere);
    }

    #[test]
    fn layout_is_no_part_of_an_expression() {
        let same = [
            "Order.objects.filter(a='x', b=[1, 2]).all()",
            "Order.objects.filter(\n    a=\"x\",  # why\n    b=[1, 2,],\n).all()",
            "Order.objects.filter(\r  a='x',  # why\r  b=[1, 2]\r).all()",
            "Order.objects \\\n  .filter(a = 'x',b=[1,2]) . all( )",
        ];
        for text in &same[1..] {
            assert_eq!(words(text, true), words(same[0], true), "{text}");
        }
        for other in [
            "Order.objects.filter(a=' x', b=[1, 2]).all()",
            "Order.objects.filter(a='x', b=[12]).all()",
            "Order.objects.filter(a='# why', b=[1, 2]).all()",
        ] {
            assert_ne!(words(other, true), words(same[0], true), "{other}");
        }
        assert_eq!(words("{% if a # b %}", false).len(), 8);
        for broken in ["'", "\"\"\"é", "'\\", "'é\n'", "\\é", "f'{x!r:>{y}}'"] {
            assert!(!words(broken, true).is_empty(), "{broken}");
        }
    }

    /// Baselines hold these: a change here needs a new version of that file.
    #[test]
    fn fingerprints_of_contents_stay() {
        let text = "x = Order.objects.all()\n";
        let one = diagnostic(text, "Order.objects.all()");
        let found = super::Identity::of(&sources(&[("a.py", text)]), &one);
        assert_eq!(found.content, "fe5eb4e0c5b08231");
    }
}
