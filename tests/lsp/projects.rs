//! Settings, folders, several projects, and files that change on disk.

use std::fs;

use serde_json::{Value, json};

use crate::editor::{Editor, VIEWS, capabilities, codes, open, open_with, pulling, put_shop, shop, uri};

fn configuring() -> Value {
    json!({"workspace": {"configuration": true, "didChangeConfiguration": {"dynamicRegistration": true}}})
}

fn changed(editor: &mut Editor, path: &std::path::Path, kind: u32) {
    editor.tell(
        "workspace/didChangeWatchedFiles",
        json!({"changes": [{"uri": uri(path), "type": kind}]}),
    );
}

#[test]
fn each_project_answers_for_its_own_files() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        put_shop(&dir.path().join(name));
    }
    let plain = "from shop.models import Book\n\n\ndef names():\n    return list(Book.objects.all())\n";
    crate::support::write(dir.path(), "two/shop/views.py", plain);
    let mut editor = open(dir.path(), pulling());
    let report = editor.ask("workspace/diagnostic", json!({"previousResultIds": []}));
    assert!(report.to_string().contains("/one/shop/views.py"), "{report:#}");
    let (one, two) = (
        dir.path().join("one/shop/views.py"),
        dir.path().join("two/shop/views.py"),
    );
    editor.opens_file(&one);
    editor.opens_file(&two);
    assert_eq!(editor.pulled(&one).len(), 3);
    assert_eq!(editor.pulled(&two).len(), 0);
    // The model of the other one is another.
    let models = dir.path().join("two/shop/models.py");
    editor.opens(
        &models,
        1,
        "from django.db import models\n\n\nclass Book(models.Model):\n    pass\n",
    );
    assert_eq!(editor.pulled(&one).len(), 3);
}

#[test]
fn files_of_no_django_project_are_left_alone() {
    let dir = crate::support::empty();
    let path = dir.path().join("plain.py");
    fs::write(&path, "for x in y:\n    print(x)\n").unwrap();
    let mut editor = open(dir.path(), pulling());
    editor.opens_file(&path);
    assert!(editor.pulled(&path).is_empty());
    editor.types(&path, 2, "x = 1\n");
    assert!(editor.pulled(&path).is_empty());
    let untitled = json!({"textDocument": {"uri": "untitled:Untitled-1", "languageId": "python", "version": 1, "text": VIEWS}});
    editor.tell("textDocument/didOpen", untitled);
    let report = editor.ask(
        "textDocument/diagnostic",
        json!({"textDocument": {"uri": "untitled:Untitled-1"}}),
    );
    assert_eq!(report, json!({"kind": "full", "items": []}));
    assert!(editor.came("window/showMessage").is_empty());
    // It becomes one.
    put_shop(dir.path());
    changed(&mut editor, &dir.path().join("shop/models.py"), 1);
    let views = dir.path().join("shop/views.py");
    editor.opens_file(&views);
    assert_eq!(editor.pulled(&views).len(), 3);
}

#[test]
fn settings_come_from_the_start_and_can_change() {
    let shop = shop();
    let mut editor = open_with(json!({
        "processId": null,
        "rootPath": shop.dir.path(),
        "capabilities": capabilities(json!({})),
        "initializationOptions": {"settings": {"ignore": ["DJP101"], "nonsense": true}},
    }));
    editor.opens_file(&shop.views);
    assert_eq!(codes(&editor.pushed(&shop.views, 1)), ["DJP108"]);
    let warned = editor.wait("a warning", |m| {
        m["method"] == "window/logMessage" && m["params"]["type"] == 2
    });
    assert!(warned["params"]["message"].as_str().unwrap().contains("nonsense"));
    editor.tell(
        "workspace/didChangeConfiguration",
        json!({"settings": {"djperf": {"ignore": ["DJP108"]}}}),
    );
    assert_eq!(codes(&editor.pushed(&shop.views, 1)), ["DJP101", "DJP101"]);
    editor.tell(
        "workspace/didChangeConfiguration",
        json!({"settings": {"djperf": {"enable": false}}}),
    );
    assert!(editor.pushed(&shop.views, 1).is_empty());
    editor.tell(
        "workspace/didChangeConfiguration",
        json!({"settings": {"djperf": {}}}),
    );
    assert_eq!(editor.pushed(&shop.views, 1).len(), 3);
}

#[test]
fn settings_are_asked_for() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), configuring());
    editor.settings = Some(json!({"configuration": {"severity": {"DJP101": "error"}}, "select": ["DJP101"]}));
    editor.opens_file(&shop.views);
    let shown = editor.pushed(&shop.views, 1);
    assert!(
        codes(&shown) == ["DJP101", "DJP101"] && shown[0]["severity"] == 1,
        "{shown:#?}"
    );
    let registered = editor.wait_for("client/registerCapability").to_string();
    assert!(
        registered.contains("workspace/didChangeConfiguration"),
        "{registered}"
    );
    editor.settings = Some(json!({"select": ["DJP108"]}));
    editor.tell("workspace/didChangeConfiguration", json!({"settings": null}));
    assert_eq!(codes(&editor.pushed(&shop.views, 1)), ["DJP108"]);
}

#[test]
fn clients_that_do_not_tell_their_settings_are_not_waited_for() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), configuring());
    editor.settings = None;
    editor.opens_file(&shop.views);
    assert_eq!(editor.pushed(&shop.views, 1).len(), 3);
}

#[test]
fn files_with_settings_are_read_again() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({}));
    editor.opens_file(&shop.views);
    assert_eq!(editor.pushed(&shop.views, 1).len(), 3);
    let file = shop.dir.path().join("djperf.toml");
    fs::write(&file, "ignore = [\"DJP108\"]\n").unwrap();
    changed(&mut editor, &file, 1);
    assert_eq!(codes(&editor.pushed(&shop.views, 1)), ["DJP101", "DJP101"]);
    let below = shop.dir.path().join("shop/djperf.toml");
    fs::write(&below, "select = [\"DJP108\"]\n").unwrap();
    changed(&mut editor, &below, 1);
    assert_eq!(
        codes(&editor.pushed(&shop.views, 1)),
        ["DJP108"],
        "settings of a directory"
    );
    fs::remove_file(&below).unwrap();
    changed(&mut editor, &below, 3);
    assert_eq!(editor.pushed(&shop.views, 1).len(), 2);
    fs::write(&file, "ignore = [\"DJP1O8\"]\nselect = 7\n").unwrap();
    changed(&mut editor, &file, 2);
    let shown = editor.wait_for("window/showMessage");
    assert!(
        shown["message"].as_str().unwrap().contains("djperf.toml"),
        "{shown}"
    );
    editor.types(&shop.views, 2, VIEWS);
    editor.pushed(&shop.views, 2);
}

#[test]
fn what_is_typed_may_count_when_it_is_saved_only() {
    let shop = shop();
    let mut editor = open_with(json!({
        "processId": null,
        "rootUri": uri(shop.dir.path()),
        "capabilities": capabilities(pulling()),
        "initializationOptions": {"run": "onSave"},
    }));
    editor.opens_file(&shop.views);
    assert_eq!(editor.pulled(&shop.views).len(), 3);
    editor.types(&shop.views, 2, "x = 1\n");
    assert_eq!(editor.pulled(&shop.views).len(), 3, "not saved");
    let everything = json!({"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}});
    let actions = editor.actions(&shop.views, &everything, None);
    assert!(
        actions.iter().all(|action| action.get("edit").is_none()),
        "{actions:#?}"
    );
    editor.saves(&shop.views);
    assert!(editor.pulled(&shop.views).is_empty());
}

#[test]
fn folders_come_and_go() {
    let (one, two) = (shop(), shop());
    let mut editor = open(one.dir.path(), pulling());
    editor.opens_file(&one.views);
    assert_eq!(editor.pulled(&one.views).len(), 3);
    let folder = |shop: &crate::editor::Shop| json!([{"uri": uri(shop.dir.path()), "name": "x"}]);
    let ask = |editor: &mut Editor| {
        editor
            .ask("workspace/diagnostic", json!({"previousResultIds": []}))
            .to_string()
    };
    assert!(!ask(&mut editor).contains(&uri(two.dir.path())));
    editor.tell(
        "workspace/didChangeWorkspaceFolders",
        json!({"event": {"added": folder(&two), "removed": []}}),
    );
    assert!(ask(&mut editor).contains(&uri(two.dir.path())));
    editor.tell(
        "workspace/didChangeWorkspaceFolders",
        json!({"event": {"added": [], "removed": folder(&two)}}),
    );
    assert!(!ask(&mut editor).contains(&uri(two.dir.path())));
    assert_eq!(editor.pulled(&one.views).len(), 3);
}

#[test]
fn files_are_watched() {
    let shop = shop();
    let watching = json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}}});
    let mut editor = open(shop.dir.path(), watching);
    let registered = editor.wait_for("client/registerCapability").to_string();
    for part in ["**/*.{py,html", "djperf", ".gitignore"] {
        assert!(registered.contains(part), "no {part:?} in {registered}");
    }
    editor.opens_file(&shop.views);
    assert_eq!(editor.pushed(&shop.views, 1).len(), 3);
    fs::write(
        &shop.page,
        "{% for book in books %}{{ book.title }}{% endfor %}\n",
    )
    .unwrap();
    changed(&mut editor, &shop.page, 2);
    assert_eq!(editor.pushed(&shop.views, 1).len(), 2);
    let models = shop.dir.path().join("shop/other.py");
    fs::rename(&shop.models, &models).unwrap();
    changed(&mut editor, &shop.models, 3);
    assert!(editor.pushed(&shop.views, 1).is_empty(), "no model is left");
    fs::rename(&models, &shop.models).unwrap();
    changed(&mut editor, &shop.models, 1);
    assert_eq!(editor.pushed(&shop.views, 1).len(), 2);
}

#[test]
fn files_outside_of_all_folders_have_projects_while_they_are_open() {
    let (one, two) = (shop(), shop());
    let mut editor = open(one.dir.path(), pulling());
    editor.opens_file(&two.views);
    assert_eq!(editor.pulled(&two.views).len(), 3);
    let ask = |editor: &mut Editor| {
        let command = json!({"command": "djperf.debugInformation", "arguments": []});
        editor.ask("workspace/executeCommand", command).to_string()
    };
    let root = format!("project: {}", two.dir.path().display());
    assert!(ask(&mut editor).contains(&root));
    editor.closes(&two.views);
    assert!(!ask(&mut editor).contains(&root));
    let all = editor
        .ask("workspace/diagnostic", json!({"previousResultIds": []}))
        .to_string();
    assert!(
        all.contains(&uri(&one.views)) && !all.contains(&uri(&two.views)),
        "{all}"
    );
    editor.tell(
        "workspace/didRenameFiles",
        json!({"files": [{"oldUri": uri(&one.views), "newUri": uri(&one.page)}]}),
    );
    fs::remove_file(&one.views).unwrap();
    editor.tell(
        "workspace/didDeleteFiles",
        json!({"files": [{"uri": uri(&one.views)}]}),
    );
    let all = editor
        .ask("workspace/diagnostic", json!({"previousResultIds": []}))
        .to_string();
    assert!(!all.contains(&uri(&one.views)), "{all}");
}

#[test]
fn a_part_of_a_repository_is_a_folder_too() {
    let shop = shop();
    let mut editor = open(&shop.dir.path().join("shop"), pulling());
    editor.opens_file(&shop.views);
    assert_eq!(
        editor.pulled(&shop.views).len(),
        3,
        "settings and templates around it are read"
    );
}

#[test]
fn what_a_baseline_knows_is_not_shown() {
    let shop = shop();
    fs::write(shop.dir.path().join("djperf.toml"), "baseline = \"known.json\"\n").unwrap();
    let written = std::process::Command::new(env!("CARGO_BIN_EXE_djperf"))
        .args([
            "check",
            "--no-cache",
            "--no-baseline",
            "--write-baseline",
            "known.json",
        ])
        .current_dir(shop.dir.path())
        .output()
        .unwrap();
    assert!(written.status.success(), "{written:?}");
    let mut editor = open(shop.dir.path(), pulling());
    editor.opens_file(&shop.views);
    assert!(editor.pulled(&shop.views).is_empty());
    let more =
        "\n\ndef more():\n    return [book.author.name for book in Book.objects.filter(title=\"x\")]\n";
    editor.types(&shop.views, 2, &format!("#\n{VIEWS}{more}"));
    assert_eq!(codes(&editor.pulled(&shop.views)), ["DJP101"]);
    // Nor among early findings.
    let mut editor = open(shop.dir.path(), json!({}));
    editor.opens_file(&shop.views);
    assert!(editor.pushed(&shop.views, 1).is_empty());
    editor.types(&shop.views, 2, &format!("#\n{VIEWS}{more}"));
    let mut shown = editor.pushed(&shop.views, 2);
    if shown.is_empty() {
        shown = editor.pushed(&shop.views, 2);
    }
    assert_eq!(codes(&shown), ["DJP101"]);
}
