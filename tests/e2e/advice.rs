//! What findings advise fits the project: its version of Django, and what stands in its files already.

use crate::run::{project, run};

const APPS: &str = "INSTALLED_APPS = ['django.contrib.contenttypes', 'shop']\n";

/// What is printed about a project of one application with these files, under one rule.
fn said(code: &str, settings: &str, files: &[(&str, &str)]) -> String {
    let settings = format!("{APPS}{settings}");
    let mut all = vec![("settings.py", &*settings), ("shop/__init__.py", "")];
    all.extend_from_slice(files);
    let models = (
        "shop/models.py",
        "from django.db import models\n\n\nclass Tag(models.Model):\n    pass\n",
    );
    if !files.iter().any(|(path, _)| *path == models.0) {
        all.push(models);
    }
    let dir = project(&all);
    let arguments = ["check", "--isolated", "--select", code, "--output-format", "json"];
    let ran = run(dir.path(), &arguments).code(1);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for found in document["diagnostics"].as_array().unwrap() {
        let labels = found["labels"].as_array().unwrap().iter();
        let texts = [&found["message"], &found["help"]];
        let all = texts.into_iter().chain(labels.map(|label| &label["message"]));
        lines.extend(all.filter_map(|text| text.as_str().map(str::to_owned)));
    }
    lines.join("\n")
}

fn has(text: &str, wanted: &str) {
    assert!(text.contains(wanted), "no `{wanted}` in\n{text}");
}

const DICT: &str = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'x'}}\n";

#[test]
fn health_checks_are_advised_where_django_has_them() {
    for (requirement, advised) in [("Django==3.2.25\n", false), ("Django==4.1\n", true)] {
        let text = said("DJP504", DICT, &[("requirements.txt", requirement)]);
        has(&text, "\"CONN_MAX_AGE\": 60");
        assert_eq!(text.contains("CONN_HEALTH_CHECKS"), advised, "{text}");
    }
    has(&said("DJP504", DICT, &[]), "CONN_HEALTH_CHECKS");
}

#[test]
fn a_call_gets_arguments_and_not_entries() {
    let settings =
        "import dj_database_url\nDATABASES = {'default': dj_database_url.config(default='postgres://h/d')}\n";
    let text = said("DJP504", settings, &[]);
    has(
        &text,
        "call it with `conn_max_age=60` and `conn_health_checks=True`",
    );
    assert!(!text.contains("\"CONN_MAX_AGE\""), "{text}");
}

#[test]
fn every_way_to_set_a_database_is_told() {
    let settings = format!(
        "import os\nimport environ\nenv = environ.FileAwareEnv()\nif os.getenv('URL'):\n    DATABASES = {{'default': env.db('URL')}}\nelse:\n    {DICT}"
    );
    let text = said("DJP504", &settings, &[]);
    has(&text, "one of 2 ways to set `DATABASES[\"default\"]`");
    has(&text, "unless the URL ends in `?conn_max_age=60`");
}

#[test]
fn a_middleware_goes_behind_its_documented_neighbour() {
    let list = |names: &[&str]| {
        let quoted: Vec<String> = names.iter().map(|name| format!("    '{name}',\n")).collect();
        format!("MIDDLEWARE = [\n{}]\n", quoted.concat())
    };
    let (security, common) = (
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
    );
    let noise = "whitenoise.middleware.WhiteNoiseMiddleware";
    let near = "put `WhiteNoiseMiddleware` directly behind `SecurityMiddleware`";
    let text = said("DJP502", &list(&[security, common, noise]), &[]);
    has(&text, near);
    assert!(!text.contains("and both before"), "{text}");
    let apart = format!("{}MIDDLEWARE += ['{noise}']\n", list(&[common, security]));
    let text = said("DJP502", &apart, &[]);
    has(&text, &format!("{near}, and both before `CommonMiddleware`"));
    let text = said("DJP502", &list(&[common, noise]), &[]);
    has(&text, "put `WhiteNoiseMiddleware` before `CommonMiddleware`");
}

#[test]
fn loaders_are_only_left_out_with_their_replacement() {
    let settings = |loaders: &str| {
        format!(
            "{DICT}INSTALLED_APPS += ['django.contrib.admin']\nTEMPLATES = [{{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'OPTIONS': {{'loaders': [{loaders}]}}}}]\n"
        )
    };
    let (files, apps) = (
        "'django.template.loaders.filesystem.Loader'",
        "'django.template.loaders.app_directories.Loader'",
    );
    let text = said("DJP508", &settings(&format!("{files}, {apps}")), &[]);
    has(&text, "set `\"APP_DIRS\": True` beside `OPTIONS`");
    // Another order than that of Django.
    let text = said("DJP508", &settings(&format!("{apps}, {files}")), &[]);
    assert!(!text.contains("APP_DIRS"), "{text}");
}

const BOOK: &str = "from django.db import models\n\n\nclass Book(models.Model):\n    def best(self):\n        return self.reviews.first()\n\n\nclass Review(models.Model):\n    book = models.ForeignKey(Book, models.CASCADE, related_name='reviews')\n";
const VIEW: &str = "from django.shortcuts import get_object_or_404, render\n\nfrom shop.models import Book\n\n\ndef detail(request, pk):\n    return render(request, 'page.html', {'book': get_object_or_404(Book, pk=pk), 'names': ['a']})\n";

#[test]
fn what_a_template_keeps_already_is_told() {
    let page = |text: &str| {
        let files = [
            ("shop/models.py", BOOK),
            ("shop/views.py", VIEW),
            ("shop/templates/page.html", text),
        ];
        said("DJP414", "", &files)
    };
    has(
        &page("{% with top=book.best %}{{ top.pk }}{{ book.best.pk }}{% endwith %}"),
        "read `top`: `{% with top=book.best %}`",
    );
    let text = page("{% for name in names %}{{ book.best.pk }}{{ book.best.pk }}{% endfor %}");
    has(&text, "2 times on the same row, in each pass of a loop");
    has(&text, "`{% with best=book.best %}` around the loop");
    let text = page("{{ book.best.pk }}{% if names %}{{ book.best.pk }}{% else %}{{ book.best }}{% endif %}");
    has(&text, "up to 2 times on the same row");
}
