//! Templates of small projects: which file a name means, and what tags and variables it has.

use super::*;
use crate::project::testing::Site;

const SETTINGS: &str = r#"
import os
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent.parent
INSTALLED_APPS = ["django.contrib.admin", "blog", "shop.apps.ShopConfig"]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [BASE_DIR / "front" / "pages"],
    "APP_DIRS": True,
    "OPTIONS": {
        "context_processors": ["django.template.context_processors.request", "shop.context.cart"],
        "builtins": ["shop.templatetags.always"],
        "libraries": {"odd": "shop.odd_tags"},
    },
}]
"#;

fn site(extra: &[(&str, &str)]) -> Site {
    let mut files = vec![
        ("manage.py", ""),
        ("config/settings.py", SETTINGS),
        ("config/__init__.py", ""),
        ("blog/__init__.py", ""),
        ("shop/__init__.py", ""),
        (
            "shop/apps.py",
            "from django.apps import AppConfig\nclass ShopConfig(AppConfig):\n    name = 'shop'\n",
        ),
        ("shop/views.py", ""),
    ];
    files.extend_from_slice(extra);
    Site::new(&files)
}

fn found<'s>(site: &'s Site, name: &str, near: &str) -> &'s str {
    site.path(site.project.template(name, site.id(near)))
}

#[test]
fn directories_come_before_applications_and_those_in_order() {
    let site = site(&[
        ("front/pages/base.html", ""),
        ("shop/templates/base.html", ""),
        ("shop/templates/list.html", ""),
        ("blog/templates/list.html", ""),
        ("shop/templates/own.html", ""),
        ("loose/templates/lost.html", ""),
        ("loose/other.html", ""),
    ]);
    let near = "shop/views.py";
    assert_eq!(found(&site, "base.html", near), "front/pages/base.html");
    // Nearness does not change the order of one site.
    assert_eq!(found(&site, "list.html", near), "blog/templates/list.html");
    assert_eq!(found(&site, "own.html", near), "shop/templates/own.html");
    assert_eq!(found(&site, "lost.html", near), "-");
    assert_eq!(found(&site, "own.html#part", near), "shop/templates/own.html");
    assert!(!site.has("loose/other.html"));
    let name = |path| site.project.template_name(site.id(path)).map(Sym::as_str);
    assert_eq!(name("front/pages/base.html"), Some("base.html"));
    assert_eq!(name("shop/templates/list.html"), Some("list.html"));
    assert_eq!(name("loose/templates/lost.html"), None);
}

#[test]
fn names_may_be_relative_to_a_template() {
    let site = site(&[
        ("shop/templates/shop/orders/list.html", ""),
        ("shop/templates/shop/orders/row.html", ""),
        ("shop/templates/shop/base.html", ""),
    ]);
    let near = "shop/templates/shop/orders/list.html";
    assert_eq!(
        found(&site, "./row.html", near),
        "shop/templates/shop/orders/row.html"
    );
    assert_eq!(
        found(&site, "../base.html", near),
        "shop/templates/shop/base.html"
    );
    assert_eq!(found(&site, "../../../base.html", near), "-");
    assert_eq!(found(&site, "./row.html", "shop/views.py"), "-");
}

#[test]
fn a_template_extends_the_next_of_its_own_name() {
    let site = site(&[
        ("front/pages/base.html", "extends base.html"),
        ("blog/templates/base.html", "extends base.html"),
        ("shop/templates/base.html", ""),
    ]);
    let next = |path| site.path(site.project.extended_template("base.html", site.id(path)));
    assert_eq!(next("front/pages/base.html"), "blog/templates/base.html");
    assert_eq!(next("blog/templates/base.html"), "shop/templates/base.html");
    assert_eq!(next("shop/templates/base.html"), "-");
}

#[test]
fn directories_of_settings_are_written_in_many_ways() {
    for (settings, dir) in [
        (
            "import os\nBASE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\nTEMPLATES = [{'DIRS': [os.path.join(BASE, 'front', 'html')]}]",
            "front/html",
        ),
        (
            "import os\nTEMPLATES = [{'DIRS': [os.path.join(os.path.dirname(__file__), '..', 'front')]}]",
            "front",
        ),
        (
            "from .paths import APPS\nTEMPLATES = [{'DIRS': [str(APPS / 'html')]}]",
            "apps/html",
        ),
        (
            "import environ\nROOT = environ.Path(__file__) - 2\nTEMPLATES = [{'DIRS': [str(ROOT.path('front')), ROOT('html')]}]",
            "html",
        ),
        (
            "from pathlib import Path\nTEMPLATES = [{'DIRS': [Path(__file__).parents[1] / 'a']}]",
            "a",
        ),
        (
            "import os\nHERE = os.path.join(os.path.dirname(__file__), os.pardir)\nTEMPLATES = [{'DIRS': [HERE + '/y']}]",
            "y",
        ),
        ("TEMPLATES = [{'DIRS': ['/srv/www/front']}]", "x/front"),
        (
            "DIRS = (unknown('front'),)\nTEMPLATES = [{'DIRS': DIRS}]",
            "x/front",
        ),
        (
            "from .paths import *\nTEMPLATES[0]['DIRS'] += [APPS / 'a']",
            "apps/a",
        ),
        (
            "from .paths import *\nTEMPLATES[0]['DIRS'].insert(0, os.path.join(APPS, 'b'))",
            "apps/b",
        ),
        ("from .paths import APPS\nTEMPLATE_DIRS = [APPS + '/c']", "apps/c"),
    ] {
        let page = format!("{dir}/page.html");
        let site = Site::new(&[
            ("manage.py", ""),
            ("config/__init__.py", ""),
            ("config/settings.py", settings),
            (
                "config/paths.py",
                "from pathlib import Path\nAPPS = Path(__file__).resolve().parent.parent / 'apps'\n",
            ),
            (&page, ""),
            ("elsewhere/page.html", ""),
        ]);
        assert!(site.has(&page), "{settings}");
        assert!(!site.has("elsewhere/page.html"), "{settings}");
        assert_eq!(found(&site, "page.html", "manage.py"), page, "{settings}");
    }
}

#[test]
fn a_directory_known_by_its_end_alone_is_the_nearest_to_the_settings() {
    let site = Site::new(&[
        (
            "src/config/settings.py",
            "TEMPLATES = [{'DIRS': [unknown() / 'templates']}]\nINSTALLED_APPS = ['blog', 'shop']\n",
        ),
        ("src/manage.py", ""),
        ("src/blog/__init__.py", ""),
        ("src/shop/__init__.py", ""),
        ("src/blog/templates/base.html", ""),
        ("src/blog/templates/list.html", ""),
        ("src/shop/templates/list.html", ""),
        ("src/templates/base.html", ""),
        ("docs/templates/list.html", ""),
    ]);
    let near = "src/shop/__init__.py";
    assert_eq!(found(&site, "base.html", near), "src/templates/base.html");
    assert_eq!(found(&site, "list.html", near), "src/blog/templates/list.html");
}

#[test]
fn languages_do_not_mix() {
    let site = site(&[
        ("shop/templates/a.html", ""),
        ("shop/jinja2/a.html", ""),
        ("shop/jinja2/b.html", ""),
        ("shop/templates/c.html.j2", ""),
    ]);
    assert_eq!(found(&site, "a.html", "shop/jinja2/b.html"), "shop/jinja2/a.html");
    assert_eq!(found(&site, "b.html", "shop/templates/a.html"), "-");
    assert_eq!(
        found(&site, "c.html.j2", "shop/jinja2/b.html"),
        "shop/templates/c.html.j2"
    );
    let hints = DjangoHints::default();
    assert_eq!(dialect("x/jinja2/a.html", &hints), Dialect::Jinja);
    assert_eq!(dialect("x/templates/a.html", &hints), Dialect::Django);
    let jinja = Site::new(&[(
        "config/settings.py",
        "TEMPLATES = [{'BACKEND': 'django.template.backends.jinja2.Jinja2', 'DIRS': ['front']}]",
    )]);
    assert_eq!(dialect("front/a.html", &jinja.project.hints), Dialect::Jinja);
}

#[test]
fn the_nearest_site_comes_first() {
    let settings = "INSTALLED_APPS = ['core']\nROOT_URLCONF = 'core.urls'\n";
    let site = Site::new(&[
        ("a/manage.py", ""),
        ("a/settings.py", settings),
        ("a/core/__init__.py", ""),
        ("a/core/templates/page.html", ""),
        ("b/manage.py", ""),
        ("b/settings.py", settings),
        ("b/core/__init__.py", ""),
        ("b/core/views.py", ""),
        ("b/core/templates/page.html", ""),
    ]);
    assert_eq!(
        found(&site, "page.html", "b/core/views.py"),
        "b/core/templates/page.html"
    );
    assert_eq!(
        found(&site, "page.html", "a/settings.py"),
        "a/core/templates/page.html"
    );
}

#[test]
fn without_settings_every_templates_directory_counts() {
    let site = Site::new(&[
        ("one/views.py", ""),
        ("one/templates/page.html", ""),
        ("two/views.py", ""),
        ("two/templates/page.html", ""),
    ]);
    assert_eq!(
        found(&site, "page.html", "two/views.py"),
        "two/templates/page.html"
    );
    assert_eq!(
        found(&site, "page.html", "one/views.py"),
        "one/templates/page.html"
    );
}

const TAGS: &str = r#"
from django import template
from django.template.defaultfilters import stringfilter
register = template.Library()

@register.simple_tag
def plain(): pass

@register.simple_tag(name="named", takes_context=True)
def with_context(context): pass

@register.assignment_tag
def old(): pass

@register.simple_block_tag
def block(content): pass

@register.inclusion_tag("shop/row.html", takes_context=True)
def row(context): pass

@register.filter
def money(value): pass

@register.filter("cents")
@register.filter(name="pence", is_safe=True)
@stringfilter
def small(value): pass

@register.tag
def custom(parser, token): pass

@register.tag("other")
def custom_other(parser, token): pass

def late(value): pass
register.filter("late_name", late)
register.simple_tag(late, name="late_tag")
register.filter(stringfilter(late))
register.inclusion_tag("shop/late.html")(late)
register.filter("short", lambda value: value)

@other.filter
def stranger(value): pass
"#;

#[test]
fn tags_and_filters_by_all_forms_of_registration() {
    let site = site(&[
        ("shop/templatetags/__init__.py", ""),
        ("shop/templatetags/shop_tags.py", TAGS),
        ("shop/templates/page.html", "load shop_tags"),
        ("shop/templates/bare.html", ""),
    ]);
    let page = site.id("shop/templates/page.html");
    let tag = |name: &str| {
        let tag = site.project.template_tag(page, Sym::new(name))?;
        Some((
            site.project.routine(tag.func).name.as_str(),
            tag.kind,
            tag.takes_context,
        ))
    };
    assert_eq!(tag("plain"), Some(("plain", TagKind::Simple, false)));
    assert_eq!(tag("named"), Some(("with_context", TagKind::Simple, true)));
    assert_eq!(tag("with_context"), None);
    assert_eq!(tag("old"), Some(("old", TagKind::Simple, false)));
    assert_eq!(tag("block"), Some(("block", TagKind::SimpleBlock, false)));
    let row = TagKind::Inclusion(Some(Sym::new("shop/row.html")));
    assert_eq!(tag("row"), Some(("row", row, true)));
    assert_eq!(tag("custom"), Some(("custom", TagKind::Custom, false)));
    assert_eq!(tag("other"), Some(("custom_other", TagKind::Custom, false)));
    assert_eq!(tag("late_tag"), Some(("late", TagKind::Simple, false)));
    let late = TagKind::Inclusion(Some(Sym::new("shop/late.html")));
    assert_eq!(tag("late"), Some(("late", late, false)));
    let filter = |name: &str| {
        let func = site.project.template_filter(page, Sym::new(name))?;
        Some(site.project.routine(func).name.as_str())
    };
    assert_eq!(filter("money"), Some("money"));
    assert_eq!(filter("cents"), Some("small"));
    assert_eq!(filter("pence"), Some("small"));
    assert_eq!(filter("small"), None);
    assert_eq!(filter("late_name"), Some("late"));
    assert_eq!(filter("late"), Some("late"));
    assert!(filter("short").is_some());
    assert_eq!(filter("stranger"), None);
    let bare = site.id("shop/templates/bare.html");
    assert_eq!(site.project.template_tag(bare, Sym::new("plain")), None);
}

#[test]
fn libraries_of_settings_and_the_last_load() {
    let one = "from django.template import Library\nregister = Library()\n@register.filter\ndef f(v): pass\n@register.filter\ndef g(v): pass\n";
    let site = site(&[
        ("shop/odd_tags.py", one),
        ("shop/templatetags/always.py", one),
        ("shop/templatetags/last.py", one),
        ("shop/context.py", "def cart(request): return {}\n"),
        ("shop/templates/a.html", "load odd"),
        ("shop/templates/b.html", "load odd\nload last"),
        ("shop/templates/c.html", ""),
    ]);
    let origin = |template: &str| {
        let func = site
            .project
            .template_filter(site.id(template), Sym::new("f"))
            .unwrap();
        site.path(Some(site.project.func(func).0)).to_owned()
    };
    assert_eq!(origin("shop/templates/a.html"), "shop/odd_tags.py");
    assert_eq!(origin("shop/templates/b.html"), "shop/templatetags/last.py");
    assert_eq!(origin("shop/templates/c.html"), "shop/templatetags/always.py");
    let processors: Vec<String> = site
        .project
        .context_processors()
        .iter()
        .map(|f| site.project.func_name(*f))
        .collect();
    assert_eq!(processors, ["shop.context.cart"]);
}

#[test]
fn variables_of_all_that_a_template_includes() {
    let site = site(&[
        ("shop/templatetags/shop_tags.py", TAGS),
        ("front/pages/base.html", "var user\ninclude nav.html"),
        ("shop/templates/nav.html", "var menu\ninclude base.html"),
        ("shop/templates/a.html", "extends base.html\nvar orders"),
        ("shop/templates/b.html", "include c.html\nvar orders"),
        ("shop/templates/c.html", "dynamic"),
        ("shop/templates/d.html", "include gone.html"),
        ("shop/templates/e.html", "load shop_tags\ntag plain\nvar x"),
        ("shop/templates/f.html", "load shop_tags\ntag row"),
    ]);
    let names = |path: &str| {
        let found = site.project.template_names(site.id(path))?;
        let mut names: Vec<&str> = found.iter().map(|name| name.as_str()).collect();
        names.sort_unstable();
        Some(names.join(" "))
    };
    assert_eq!(
        names("shop/templates/a.html").as_deref(),
        Some("menu orders user")
    );
    assert_eq!(names("front/pages/base.html").as_deref(), Some("menu user"));
    assert_eq!(names("shop/templates/b.html"), None);
    assert_eq!(names("shop/templates/d.html"), None);
    assert_eq!(names("shop/templates/e.html").as_deref(), Some("x"));
    assert_eq!(names("shop/templates/f.html"), None);
}
