//! Migrations of small apps, and what they lead to.

use super::Migrations;
use crate::project::testing::Site;
use crate::source::Sym;

const MODELS: &str =
    "from django.db import models\nclass Entry(models.Model):\n    title = models.CharField()\n";

fn migration(dependencies: &str, rest: &str) -> String {
    format!(
        "from django.db import migrations\nclass Migration(migrations.Migration):\n    dependencies = [{dependencies}]\n    {rest}\n"
    )
}

/// The names of the migrations of `blog.Entry` in their order, and its leaf; or why there are none.
fn read(files: &[(&str, &str)]) -> Result<(Vec<String>, String), String> {
    let mut all = vec![
        ("manage.py", ""),
        ("blog/__init__.py", ""),
        ("blog/models.py", MODELS),
    ];
    all.extend(files);
    let site = Site::new(&all);
    let near = site.id("blog/models.py");
    let model = site.project.model_by_label("blog.entry", near).unwrap();
    let found = site.project.migrations(model).map_err(str::to_owned)?;
    let leaf = found.leaf().map_err(str::to_owned)?;
    let names = found.steps.iter().map(|step| step.name.to_string()).collect();
    Ok((names, leaf.name.to_string()))
}

#[test]
fn migrations_stand_behind_what_they_depend_on() {
    let first = migration("", "");
    let second = migration(
        "('blog', '0001_initial'), migrations.swappable_dependency(X), ('auth', '0012_x')",
        "",
    );
    let third = migration("('blog', '0002_b')", "");
    let all = [
        ("blog/migrations/__init__.py", ""),
        ("blog/migrations/0001_initial.py", first.as_str()),
        ("blog/migrations/0002_b.py", &second),
        ("blog/migrations/0002_a.py", &third),
        ("blog/migrations/_helpers.py", &first),
    ];
    assert_eq!(
        read(&all).unwrap(),
        (
            vec!["0001_initial".into(), "0002_b".into(), "0002_a".into()],
            "0002_a".into()
        )
    );
    let split = [&all[..4], &[("blog/migrations/0003_c.py", third.as_str())]].concat();
    assert_eq!(
        read(&split).unwrap_err(),
        "the app has several leaf migrations (0002_a, 0003_c): merge them first"
    );
    assert_eq!(
        read(&all[2..]).unwrap_err(),
        "a migration depends on one that is not there"
    );
    assert_eq!(read(&all[..1]).unwrap_err(), "the app has no migrations");
    assert_eq!(read(&[]).unwrap_err(), "the app has no migrations");
    let computed = [
        all[0],
        ("blog/migrations/0001_initial.py", &migration("*OTHERS", "")),
    ];
    assert!(read(&computed).unwrap_err().contains("cannot be read"));
}

#[test]
fn squashed_migrations_stand_for_those_they_replace() {
    let first = migration("", "");
    let second = migration("('blog', '0001_initial')", "");
    let squash = migration("", "replaces = [('blog', '0001_initial'), ('blog', '0002_b')]");
    let third = migration("('blog', '0002_b')", "");
    let found = read(&[
        ("blog/migrations/__init__.py", ""),
        ("blog/migrations/0001_initial.py", &first),
        ("blog/migrations/0002_b.py", &second),
        ("blog/migrations/0001_squashed_0002_b.py", &squash),
        ("blog/migrations/0003_c.py", &third),
    ]);
    assert_eq!(
        found.unwrap(),
        (
            vec!["0001_squashed_0002_b".into(), "0003_c".into()],
            "0003_c".into()
        )
    );
}

#[test]
fn settings_may_move_migrations() {
    let first = migration("", "");
    let with = |modules: &str| {
        read(&[
            (
                "settings.py",
                &format!("INSTALLED_APPS = ['blog']\nMIGRATION_MODULES = {modules}\n"),
            ),
            ("blog/history/__init__.py", ""),
            ("blog/history/0001_initial.py", &first),
        ])
    };
    assert_eq!(with("{'blog': 'blog.history'}").unwrap().1, "0001_initial");
    assert_eq!(with("{'blog': None}").unwrap_err(), "the app has no migrations");
    assert_eq!(with("{'other': None}").unwrap_err(), "the app has no migrations");
    assert_eq!(with("read()").unwrap_err(), "MIGRATION_MODULES is computed");
    assert!(
        with("{'blog': 'blog.gone'}")
            .unwrap_err()
            .contains("is not there")
    );
}

#[test]
fn numbers_follow_the_name() {
    for (name, next) in [
        ("0001_initial", 2),
        ("0001_squashed_0004_more", 5),
        ("0009_a_squashed_0010_b_squashed_0012_c", 13),
        ("initial", 1),
        ("0099", 100),
        ("99999999999", 1),
    ] {
        assert_eq!(Migrations::next_number(name), next, "{name}");
    }
}

#[test]
fn operations_make_a_state() {
    let first = migration(
        "",
        "operations = [
        migrations.CreateModel('Entry', [('id', models.AutoField()), ('title', models.CharField())],
            {'indexes': [models.Index(fields=['title'], name='a')]}),
        migrations.CreateModel(name='Gone', fields=[]),
        migrations.CreateModel(name='View', fields=[], options={'managed': False}),
        migrations.DeleteModel(name='Gone'),
        migrations.AddField(model_name='entry', name='body', field=models.TextField()),
        migrations.RenameField('entry', 'title', 'name'),
        migrations.AddIndex('entry', models.Index(fields=['name'], name='b')),
        migrations.RemoveIndex('entry', 'a'),
        migrations.SeparateDatabaseAndState([], [migrations.RenameModel('Entry', 'Article')]),
        migrations.RemoveField(model_name='article', name='body'),
        migrations.RunPython(do),
    ]",
    );
    let site = Site::new(&[
        ("manage.py", ""),
        ("blog/__init__.py", ""),
        ("blog/models.py", MODELS),
        ("blog/migrations/__init__.py", ""),
        ("blog/migrations/0001_initial.py", &first),
    ]);
    let near = site.id("blog/models.py");
    let model = site.project.model_by_label("blog.entry", near).unwrap();
    let state = site
        .project
        .migrations(model)
        .unwrap()
        .state(&site.project)
        .unwrap();
    let names: Vec<&str> = state.models.keys().map(String::as_str).collect();
    assert_eq!(names, ["article", "view"]);
    let article = &state.models["article"];
    let fields: Vec<Sym> = article.fields.keys().copied().collect();
    assert_eq!(fields.len(), 2);
    assert!(article.managed && !state.models["view"].managed);
    assert!(state.names_index("b") && !state.names_index("a"));
}

#[test]
fn settings_are_evaluated_for_migrations() {
    let first = migration("", "");
    let with = |settings: &str, more: &[(&str, &str)]| {
        let mut files = vec![
            ("conf/__init__.py", ""),
            (
                "conf/settings.py",
                "from split_settings.tools import include, optional\ninclude('settings.dist.py', optional('local.py'))\n",
            ),
            ("conf/settings.dist.py", settings),
            ("blog/history/__init__.py", ""),
            ("blog/history/0002_moved.py", &first),
        ];
        files.extend(more);
        read(&files)
    };
    let moved = "MIGRATION_MODULES = {'blog': 'blog.history'}";
    let certain = format!("INSTALLED_APPS = ['blog']\n{moved}\n");
    let maybe = format!("import os\nINSTALLED_APPS = ['blog']\nif os.environ['TRACK']:\n    {moved}\n");
    let usual = [
        ("blog/migrations/__init__.py", ""),
        ("blog/migrations/0001_initial.py", first.as_str()),
    ];
    assert_eq!(with(&certain, &[]).unwrap().1, "0002_moved");
    assert_eq!(with(&certain, &usual).unwrap().1, "0002_moved");
    assert_eq!(with(&maybe, &[]).unwrap().1, "0002_moved");
    assert_eq!(with(&maybe, &usual).unwrap_err(), "MIGRATION_MODULES is computed");
    let unknown = maybe.replace("{'blog': 'blog.history'}", "read()");
    assert_eq!(with(&unknown, &usual).unwrap().1, "0001_initial");
}

#[test]
fn operations_may_stand_in_names() {
    let first = migration(
        "",
        "state = [migrations.CreateModel('Entry', [('title', models.CharField())])]
    operations = [migrations.SeparateDatabaseAndState(state_operations=state, database_operations=[])]",
    );
    let second = "OPERATIONS = [migrations.AddField('entry', 'body', models.TextField())]\n".to_owned()
        + &migration("('blog', '0001_initial')", "operations = OPERATIONS");
    let site = Site::new(&[
        ("manage.py", ""),
        ("blog/__init__.py", ""),
        ("blog/models.py", MODELS),
        ("blog/migrations/__init__.py", ""),
        ("blog/migrations/0001_initial.py", &first),
        ("blog/migrations/0002_b.py", &second),
    ]);
    let near = site.id("blog/models.py");
    let model = site.project.model_by_label("blog.entry", near).unwrap();
    let migrations = site.project.migrations(model).unwrap();
    let state = migrations.state(&site.project).unwrap();
    assert_eq!(state.models["entry"].fields.len(), 2);
}

#[test]
fn nested_apps_have_their_own_label_and_migrations() {
    let first = migration("", "operations = [migrations.CreateModel('Entry', [])]");
    let site = Site::new(&[
        ("manage.py", ""),
        ("settings.py", "INSTALLED_APPS = ['shop', 'shop.blog']\n"),
        ("shop/__init__.py", ""),
        (
            "shop/apps.py",
            "from django.apps import AppConfig\nclass ShopConfig(AppConfig):\n    name = 'shop'\n",
        ),
        ("shop/migrations/__init__.py", ""),
        ("shop/blog/__init__.py", ""),
        ("shop/blog/models.py", MODELS),
        ("shop/blog/migrations/__init__.py", ""),
        ("shop/blog/migrations/0001_initial.py", &first),
        ("shop/parts/__init__.py", ""),
        ("shop/parts/models.py", &MODELS.replace("Entry", "Part")),
    ]);
    let model = |label: &str| site.project.model_by_label(label, site.id("shop/blog/models.py"));
    assert!(model("shop.part").is_some(), "no application of its own");
    let found = site.project.migrations(model("blog.entry").unwrap()).unwrap();
    assert_eq!(found.leaf().unwrap().name, "0001_initial");
}
