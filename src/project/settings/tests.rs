//! Values, roles and bounds of evaluated settings.

use super::{Role, SettingsModule, Value};
use crate::project::testing::Site;

/// A value as Python would write it: `?` behind what is there on some ways only, `…` for what is unknown.
fn shown(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Str(text) => format!("'{text}'"),
        Value::Int(n) => n.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::None => "None".into(),
        Value::List(list) => {
            let items = list.items.iter().map(|item| match (item.gap, item.sometimes) {
                (true, _) => "…".into(),
                (_, true) => format!("{}?", shown(&item.value)),
                _ => shown(&item.value),
            });
            format!("[{}]", joined(items.collect()))
        }
        Value::Dict(dict) => {
            let mut items: Vec<String> = dict
                .entries
                .iter()
                .map(|entry| {
                    let sometimes = if entry.sometimes { "?" } else { "" };
                    format!("{}: {}{sometimes}", entry.key, shown(&entry.value))
                })
                .collect();
            items.extend(dict.open.iter().map(|_| "…".into()));
            format!("{{{}}}", joined(items))
        }
        Value::OneOf(ways) => ways.iter().map(shown).collect::<Vec<_>>().join(" or "),
        Value::Unknown(unknown) => match &unknown.default {
            Some(default) => format!("…({})", shown(default)),
            None => "…".into(),
        },
    }
}

fn project(files: &[(&str, &str)]) -> Site {
    let mut all = vec![(
        "manage.py",
        "import django\nimport os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n",
    )];
    all.extend(files);
    Site::new(&all)
}

fn module<'s>(site: &'s Site, name: &str) -> &'s SettingsModule {
    let modules = &site.project.settings().modules;
    let known: Vec<_> = modules.iter().map(|module| module.name).collect();
    let found = modules.iter().find(|module| module.name == *name);
    found.unwrap_or_else(|| panic!("{name} is none of {known:?}"))
}

/// What `X` holds at the end of a text.
fn x(text: &str) -> String {
    let text = format!("INSTALLED_APPS = []\n{text}");
    let site = project(&[("settings.py", &text)]);
    match module(&site, "settings").get("X") {
        Some(setting) if setting.certain => shown(&setting.value),
        Some(setting) => format!("{} sometimes", shown(&setting.value)),
        None => "nothing".into(),
    }
}

#[test]
fn values() {
    let cases = [
        ("X = 60 * 5 + 1", "301"),
        ("X = ('a',) + ('b', *['c'])", "['a', 'b', 'c']"),
        (
            "X = ['a']\nX += ['b']\nX.insert(0, 'c')\nX.append('d')\nX.remove('a')",
            "['c', 'b', 'd']",
        ),
        (
            "X = ['a', 'b']\nX.insert(X.index('a') + 1, 'c')",
            "['a', 'c', 'b']",
        ),
        ("X = [m for m in ['a', 'b'] if m != 'a']", "['b']"),
        (
            "X = {'a': {'b': 1}}\nX['a']['c'] = 2\nX.update(d=3)\nX |= {'e': 4}\ndel X['d']",
            "{a: {b: 1, c: 2}, e: 4}",
        ),
        ("B = {'a': 1}\nX = {**B, 'a': 2, **unknown}", "{a: 2 or …, …}"),
        (
            "X = dict(a=1)\nX.setdefault('a', 2)\nX.setdefault('b', 3)",
            "{a: 1, b: 3}",
        ),
        ("X = ['a'] + unknown()", "['a', …]"),
        ("X = f'{\"a\"}-{1}'", "'a-1'"),
        ("X = [1]\ndel X", "nothing"),
        ("for n in ['a', 'b']:\n    X = n", "'b'"),
        ("X = []\nfor n in unknown():\n    X.append(n)", "[…]"),
    ];
    for (text, wanted) in cases {
        assert_eq!(x(text), wanted, "{text}");
    }
}

#[test]
fn both_ways_of_a_condition_are_kept() {
    let cases = [
        (
            "X = ['a', 'b']\nif unknown:\n    X.insert(1, 'c')",
            "['a', 'c'?, 'b']",
        ),
        ("X = ['a', 'b']\nif unknown:\n    X.remove('a')", "['a'?, 'b']"),
        (
            "if unknown:\n    X = ['a']\nelse:\n    X = ['b']",
            "['a'] or ['b']",
        ),
        ("if unknown:\n    X = 1", "1 sometimes"),
        ("X = 1\nif False:\n    X = 2", "1"),
        ("X = 1\nif unknown:\n    raise ValueError", "1"),
        ("import sys\nX = 1\nif 'test' in sys.argv:\n    X = 2", "1"),
        ("X = 2 if unknown else 1", "2 or 1"),
        (
            "try:\n    import toolbar\n    X = ['a']\nexcept ImportError:\n    X = ['b']",
            "['b'] or ['a']",
        ),
        (
            "import os\nDEBUG = os.getenv('DEBUG')\nX = 1\nif DEBUG:\n    X = 2",
            "1",
        ),
    ];
    for (text, wanted) in cases {
        let found = x(text);
        let turned = found
            .split(" or ")
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join(" or ");
        assert!(found == wanted || turned == wanted, "{text}: {found}");
    }
}

#[test]
fn the_environment_has_defaults() {
    let cases = [
        ("import os\nX = os.environ['A']", "…"),
        ("import os\nX = os.environ.get('A', 'b')", "…('b')"),
        ("from os import getenv\nX = int(getenv('A', '60'))", "…(60)"),
        ("import os\nX = os.getenv('A') == 'yes'", "…(false)"),
        ("import os\nX = os.getenv('A') or 'b'", "…('b')"),
        (
            "import environ\nenv = environ.Env(A=(bool, False))\nX = env('A')",
            "…(false)",
        ),
        (
            "import environ\nenv = environ.Env()\nX = env.list('A', default=['a'])",
            "…(['a'])",
        ),
        (
            "from decouple import config\nX = config('A', default=True, cast=bool)",
            "…(true)",
        ),
        (
            "import dj_database_url\nX = dj_database_url.config(default='postgres://h/d', conn_max_age=60)",
            "{ENGINE: …('django.db.backends.postgresql'), CONN_MAX_AGE: 60, CONN_HEALTH_CHECKS: false, …}",
        ),
        (
            "import environ\nenv = environ.Env()\nX = {'default': env.db()}\nX['default']['CONN_MAX_AGE'] = 60",
            "{default: {ENGINE: …, CONN_MAX_AGE: 60, …}}",
        ),
        (
            "import environ\nenv = environ.Env()\nX = env.cache('C', default='locmemcache://')",
            "{BACKEND: …('django.core.cache.backends.locmem.LocMemCache'), …}",
        ),
        ("X = getattr(unknown, 'A', 3)", "…(3)"),
    ];
    for (text, wanted) in cases {
        assert_eq!(x(text), wanted, "{text}");
    }
}

#[test]
fn elements_know_where_they_are_written() {
    let base = "INSTALLED_APPS = []\nX = ['a', 'b']\n";
    let site = project(&[
        ("base.py", base),
        ("settings.py", "from base import *\nX.insert(0, 'c')\n"),
    ]);
    let settings = module(&site, "settings");
    let Some(Value::List(list)) = settings.certain("X") else {
        panic!("no list");
    };
    let at = |n: usize| {
        let item = &list.items[n];
        (item.site.file, item.site.span.start, item.list.span.start)
    };
    assert_eq!(at(0), (site.id("settings.py"), 31, 19));
    assert_eq!(
        at(1),
        (
            site.id("base.py"),
            base.find("'a'").unwrap() as u32,
            base.find("['a'").unwrap() as u32
        )
    );
}

#[test]
fn settings_travel_between_modules() {
    let site = project(&[
        ("conf/__init__.py", ""),
        (
            "conf/base.py",
            "import os\nINSTALLED_APPS = []\nA = [1]\n_B = 2\n",
        ),
        (
            "conf/named.py",
            "from .base import A as B\nfrom . import base\nINSTALLED_APPS = B + base.A\n",
        ),
        (
            "conf/production.py",
            "from .base import *\nA += [2]\nfrom .missing import *\n",
        ),
        (
            "settings.py",
            "from split_settings.tools import include\nA = 0\ninclude('parts/*.py')\n",
        ),
        ("parts/a.py", "A += 1\n"),
        ("parts/b.py", "A += 10\n"),
    ]);
    let value = |name: &str, key: &str| module(&site, name).get(key).map(|s| shown(&s.value));
    assert_eq!(value("conf.production", "A").as_deref(), Some("[1, 2]"));
    assert_eq!(value("conf.base", "A").as_deref(), Some("[1]"));
    assert_eq!(value("conf.production", "_B"), None);
    assert_eq!(value("conf.named", "INSTALLED_APPS").as_deref(), Some("[1, 1]"));
    assert_eq!(value("settings", "A").as_deref(), Some("11"));
    assert_eq!(module(&site, "conf.production").overrides.len(), 1);
}

#[test]
fn classes_take_over_their_bases() {
    let text = "from configurations import Configuration\n\
        class Base(Configuration):\n    A = ['a']\n    B = 1\n\
        class Production(Base):\n    A = Base.A + ['b']\n    @property\n    def C(self):\n        return 1\n\
        class Test(Base):\n    B = 2\n";
    let site = project(&[("settings.py", text)]);
    let of = |name: &str, key: &str| module(&site, name).get(key).map(|s| shown(&s.value));
    assert_eq!(of("settings.Production", "A").as_deref(), Some("['a', 'b']"));
    assert_eq!(of("settings.Production", "B").as_deref(), Some("1"));
    assert_eq!(of("settings.Production", "C").as_deref(), Some("…"));
    assert_eq!(of("settings.Test", "B").as_deref(), Some("2"));
    assert_eq!(module(&site, "settings.Production").role, Role::Production);
    assert_eq!(module(&site, "settings.Test").role, Role::Test);
    assert_eq!(module(&site, "settings.Base").role, Role::Base);
}

#[test]
fn roles_are_told_by_names_debug_and_importers() {
    let site = project(&[
        ("conf/__init__.py", ""),
        ("conf/base.py", "INSTALLED_APPS = []\nDEBUG = False\n"),
        ("conf/production.py", "from .base import *\n"),
        ("conf/local.py", "from .base import *\nDEBUG = True\n"),
        ("conf/cloud.py", "from .production import *\n"),
        ("conf/mine.py", "from .base import *\nDEBUG = True\n"),
        ("tests/settings.py", "INSTALLED_APPS = []\n"),
        ("settings.py", "INSTALLED_APPS = []\n"),
        ("other/settings_test.py", "from settings import *\n"),
    ]);
    let roles = [
        ("conf.base", Role::Base),
        ("conf.production", Role::Production),
        ("conf.local", Role::Development),
        ("conf.cloud", Role::Open),
        ("conf.mine", Role::Development),
        ("tests.settings", Role::Test),
        ("settings", Role::Open),
    ];
    for (name, role) in roles {
        assert_eq!(module(&site, name).role, role, "{name}");
    }
}

#[test]
fn hostile_settings_come_to_an_end() {
    let doubled = format!("X = ['a']\n{}", "X = X + X\n".repeat(64));
    assert_eq!(x(&doubled), "…");
    let nested = format!("X = {{}}\n{}", "X = {'a': X, 'b': X}\n".repeat(200));
    assert!(x(&nested).contains('…') && x(&nested).len() < 60_000);
    let wide = format!("X = [{}]\nX = [{}]\n", "1, ".repeat(3000), "X, ".repeat(20_000));
    assert!(x(&wide).contains('…'));
    let deep = format!("X = {}1{}", "[".repeat(300), "]".repeat(300));
    assert!(x(&deep).contains('…'));
    let circle = project(&[
        ("settings.py", "INSTALLED_APPS = []\nfrom other import *\n"),
        ("other.py", "from settings import *\nX = 1\n"),
    ]);
    assert!(module(&circle, "settings").get("X").is_some());
}
