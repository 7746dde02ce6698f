//! Whether to use colour: the flag, then the environment, then the terminal.

use super::args::When;

/// `var` reads the environment; empty values count as unset.
pub(super) fn wanted(when: When, terminal: bool, var: impl Fn(&str) -> Option<String>) -> bool {
    let get = |name: &str| var(name).filter(|value| !value.is_empty());
    let forces = |name: &str| get(name).is_some_and(|value| value != "0");
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if get("NO_COLOR").is_some() => false,
        When::Auto if forces("FORCE_COLOR") || forces("CLICOLOR_FORCE") => true,
        When::Auto if get("TERM").is_some_and(|term| term == "dumb") => false,
        When::Auto if get("CLICOLOR").is_some_and(|value| value == "0") => false,
        When::Auto => terminal,
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::When;
    use super::wanted;

    fn auto(terminal: bool, vars: &[(&str, &str)]) -> bool {
        wanted(When::Auto, terminal, |name| {
            vars.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn flag_beats_environment_beats_terminal() {
        assert!(auto(true, &[("TERM", "xterm")]));
        assert!(!auto(false, &[]));
        assert!(!auto(true, &[("NO_COLOR", "1")]));
        assert!(auto(true, &[("NO_COLOR", "")]));
        assert!(auto(false, &[("FORCE_COLOR", "1")]));
        assert!(auto(false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!auto(false, &[("FORCE_COLOR", "0")]));
        assert!(!auto(false, &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
        assert!(!auto(true, &[("TERM", "dumb")]));
        assert!(!auto(true, &[("CLICOLOR", "0")]));
        assert!(wanted(When::Always, false, |_| Some("1".into())));
        assert!(!wanted(When::Never, true, |_| None));
    }
}
