//! What middleware does with visitors: whether pages come in several languages, whether all have to log in, and whether
//! pages are kept.
//!
//! Judges middleware by their names. Languages that code activates by itself are not seen.

use super::Project;
use super::settings::{SettingsModule, Value};

impl Project {
    /// A middleware chooses among several languages.
    pub fn several_languages(&self) -> bool {
        let one = |module: &SettingsModule| {
            let languages = module.certain("LANGUAGES").and_then(Value::as_list);
            languages.is_some_and(|list| list.is_certain() && list.items.len() == 1)
                || module.certain("USE_I18N") == Some(&Value::Bool(false))
        };
        let modules = &self.settings().modules;
        has_middleware(modules, |name| name.ends_with("LocaleMiddleware")) && !modules.iter().any(one)
    }

    /// A middleware asks all visitors to log in.
    pub fn all_log_in(&self) -> bool {
        has_middleware(&self.settings().modules, |name| name.contains("LoginRequired"))
    }

    /// A middleware keeps pages.
    pub fn pages_cached(&self) -> bool {
        has_middleware(&self.settings().modules, |name| name.contains("Cache"))
    }
}

/// Whether some settings module has such a middleware, be it on some ways only.
fn has_middleware(modules: &[SettingsModule], fits: impl Fn(&str) -> bool) -> bool {
    let settings = modules.iter().filter_map(|module| module.get("MIDDLEWARE"));
    let lists = settings
        .flat_map(|setting| setting.value.ways())
        .filter_map(Value::as_list);
    lists.flat_map(|list| list.texts()).any(|(name, _)| fits(name))
}

#[cfg(test)]
mod tests {
    use crate::project::testing::Site;

    /// Several languages; all log in.
    fn told(base: &str, production: &str) -> (bool, bool) {
        let site = Site::new(&[
            (
                "manage.py",
                "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'conf.production')\n",
            ),
            ("conf/__init__.py", ""),
            ("conf/base.py", &format!("INSTALLED_APPS = []\n{base}\n")),
            (
                "conf/production.py",
                &format!("from .base import *\n{production}\n"),
            ),
        ]);
        (site.project.several_languages(), site.project.all_log_in())
    }

    #[test]
    fn middleware_of_all_modules_counts() {
        let locale = "MIDDLEWARE = ['django.middleware.locale.LocaleMiddleware']";
        assert_eq!(told("MIDDLEWARE = []", ""), (false, false));
        assert_eq!(told(locale, ""), (true, false));
        assert_eq!(told(locale, "LANGUAGES = [('de', 'Deutsch')]"), (false, false));
        assert_eq!(told(locale, "USE_I18N = False"), (false, false));
        assert_eq!(
            told(
                "MIDDLEWARE = []",
                "MIDDLEWARE.insert(0, 'shop.LoginRequiredMiddleware')"
            ),
            (false, true)
        );
    }
}
