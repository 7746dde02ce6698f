//! Code actions: what they offer, and what becomes of the texts.

use serde_json::{Value, json};

use crate::editor::{
    Editor, PAGE, VIEWS, codes, document, edited, edits_of, open, pulling, range_of, shop, titled, uri,
};

fn resolving() -> Value {
    let mut all = pulling();
    all["textDocument"]["codeAction"] =
        json!({"dataSupport": true, "resolveSupport": {"properties": ["edit"]}});
    all
}

/// Makes the edits of an action in an open document.
#[track_caller]
fn make(editor: &mut Editor, path: &std::path::Path, text: &str, version: i64, action: &Value) -> String {
    let (edits, of) = edits_of(&action["edit"], path);
    assert_eq!(of, version, "{action:#}");
    let new = edited(text, &edits);
    editor.types(path, version + 1, &new);
    new
}

#[test]
fn a_fix_takes_its_finding_away() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    let before = editor.pulled(&shop.views).len();
    let actions = editor.actions(&shop.views, &range_of(&text, "Book.objects.all()"), None);
    let fix = titled(&actions, "djperf (DJP101): add .select_related(\"author\")");
    assert_eq!(fix["kind"], "quickfix");
    assert!(fix.get("isPreferred").is_none(), "it is not safe");
    assert_eq!(fix["diagnostics"][0]["code"], "DJP101");
    let new = make(&mut editor, &shop.views, &text, 1, fix);
    assert_eq!(
        new,
        VIEWS.replace("Book.objects.all()", "Book.objects.select_related(\"author\")"),
        "{new}"
    );
    assert_eq!(editor.pulled(&shop.views).len(), before - 1);
}

#[test]
fn only_safe_fixes_are_preferred() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    let actions = editor.actions(&shop.views, &range_of(&text, "book.author.id"), None);
    let fix = titled(&actions, "djperf (DJP108): ");
    assert_eq!(fix["isPreferred"], true, "{fix:#}");
    let new = make(&mut editor, &shop.views, &text, 1, fix);
    assert_eq!(new, VIEWS.replace("book.author.id", "book.author_id"));
}

#[test]
fn fixes_that_are_not_safe_can_be_left_out() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({"workspace": {"configuration": true}}));
    editor.settings = Some(json!({"unsafeFixes": false}));
    let text = editor.opens_file(&shop.views);
    editor.pushed(&shop.views, 1);
    let actions = editor.actions(
        &shop.views,
        &range_of(&text, "Book.objects.all()"),
        Some("quickfix"),
    );
    let titles: Vec<&str> = actions.iter().map(|a| a["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles,
        [
            "djperf (DJP101): suppress on this line",
            "djperf (DJP101): explain"
        ]
    );
}

#[test]
fn all_safe_fixes_at_once() {
    let shop = shop();
    for more in [pulling(), resolving()] {
        let resolves = more["textDocument"].get("codeAction").is_some();
        let mut editor = open(shop.dir.path(), more);
        let text = editor.opens_file(&shop.views);
        let all = range_of(&text, &text);
        let mut actions = editor.actions(&shop.views, &all, Some("source.fixAll"));
        assert_eq!(actions.len(), 1, "{actions:#?}");
        assert_eq!(actions[0]["kind"], "source.fixAll.djperf");
        assert_eq!(actions[0].get("edit").is_none(), resolves);
        if resolves {
            actions[0] = editor.ask("codeAction/resolve", actions[0].clone());
        }
        let new = make(&mut editor, &shop.views, &text, 1, &actions[0]);
        assert_eq!(
            new,
            VIEWS.replace("book.author.id", "book.author_id"),
            "safe ones only"
        );
        assert!(
            editor
                .actions(&shop.views, &all, Some("source.fixAll.djperf"))
                .is_empty(),
            "nothing is left"
        );
        assert!(editor.actions(&shop.views, &all, Some("refactor")).is_empty());
        assert!(
            editor
                .actions(&shop.views, &all, Some("source.organizeImports"))
                .is_empty()
        );
    }
}

#[test]
fn fixing_everything_is_offered_beside_a_finding_or_on_demand() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    editor.pulled(&shop.views);
    let count = |editor: &mut Editor, part: &str, kind: u8| {
        let mut params = document(&shop.views);
        params["range"] = range_of(&text, part);
        params["context"] = json!({"diagnostics": [], "triggerKind": kind});
        let actions = editor.ask("textDocument/codeAction", params);
        let all = |action: &&Value| action["kind"] == "source.fixAll.djperf";
        actions.as_array().unwrap().iter().filter(all).count()
    };
    assert_eq!(count(&mut editor, "Book.objects.all()", 2), 1);
    assert_eq!(
        count(&mut editor, "import render", 2),
        0,
        "a lamp on every line is none"
    );
    assert_eq!(count(&mut editor, "import render", 1), 1);
}

#[test]
fn the_command_makes_all_safe_fixes() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    editor.pulled(&shop.views);
    let command = json!({"command": "djperf.applyAutofix", "arguments": [uri(&shop.views)]});
    editor.ask("workspace/executeCommand", command);
    let asked = editor.wait_for("workspace/applyEdit");
    let (edits, version) = edits_of(&asked["edit"], &shop.views);
    assert_eq!(version, 1);
    assert_eq!(
        edited(&text, &edits),
        VIEWS.replace("book.author.id", "book.author_id")
    );
    let stale =
        json!({"command": "djperf.applyAutofix", "arguments": [{"uri": uri(&shop.views), "version": 0}]});
    assert_eq!(editor.ask_in_vain("workspace/executeCommand", stale), -32801);
}

#[test]
fn no_fix_is_made_in_a_text_that_has_changed() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), resolving());
    let text = editor.opens_file(&shop.views);
    let actions = editor.actions(
        &shop.views,
        &range_of(&text, "Book.objects.all()"),
        Some("quickfix"),
    );
    let fix = titled(&actions, "select_related").clone();
    assert!(fix.get("edit").is_none());
    let resolved = editor.ask("codeAction/resolve", fix.clone());
    assert_eq!(edits_of(&resolved["edit"], &shop.views).1, 1);
    editor.types(&shop.views, 2, &format!("#\n{text}"));
    assert_eq!(
        editor.ask_in_vain("codeAction/resolve", fix.clone()),
        -32801,
        "at once"
    );
    editor.pulled(&shop.views);
    assert_eq!(editor.ask_in_vain("codeAction/resolve", fix), -32801, "and later");
    let range = range_of(&format!("#\n{text}"), "Book.objects.all()");
    let actions = editor.actions(&shop.views, &range, Some("quickfix"));
    let resolved = editor.ask("codeAction/resolve", titled(&actions, "select_related").clone());
    assert_eq!(edits_of(&resolved["edit"], &shop.views).1, 2);
}

#[test]
fn no_fix_is_made_in_a_file_that_has_changed_on_disk() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    editor.opens_file(&shop.page);
    editor.pulled(&shop.page);
    let read = range_of(PAGE, "book.author");
    assert_eq!(editor.actions(&shop.page, &read, Some("quickfix")).len(), 1);
    crate::support::write(shop.dir.path(), "shop/views.py", format!("#\n{VIEWS}"));
    assert!(
        editor.actions(&shop.page, &read, Some("quickfix")).is_empty(),
        "nobody has told, and still"
    );
}

#[test]
fn what_a_template_reads_is_fixed_in_its_view() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    editor.opens_file(&shop.page);
    editor.pulled(&shop.page);
    let actions = editor.actions(&shop.page, &range_of(PAGE, "book.author"), Some("quickfix"));
    let fix = titled(&actions, "in shop/views.py");
    let (edits, version) = edits_of(&fix["edit"], &shop.views);
    assert_eq!(version, Value::Null, "it is not open");
    let new = edited(VIEWS, &edits);
    assert!(new.contains("select_related(\"author\")"), "{new}");
    crate::support::write(shop.dir.path(), "shop/views.py", new);
    editor.tell(
        "workspace/didChangeWatchedFiles",
        json!({"changes": [{"uri": uri(&shop.views), "type": 2}]}),
    );
    let report = editor.ask("workspace/diagnostic", json!({"previousResultIds": []}));
    assert!(!report.to_string().contains("order_by"), "{report:#}");
}

#[test]
fn findings_are_suppressed_where_they_stand() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    let before = editor.pulled(&shop.views).len();
    let actions = editor.actions(&shop.views, &range_of(&text, "Book.objects.all()"), None);
    let new = make(
        &mut editor,
        &shop.views,
        &text,
        1,
        titled(&actions, "(DJP101): suppress on this line"),
    );
    assert_eq!(
        new,
        VIEWS.replace("Book.objects.all()]", "Book.objects.all()]  # noqa: DJP101")
    );
    assert_eq!(editor.pulled(&shop.views).len(), before - 1);
    let explain = titled(&actions, "explain");
    assert_eq!(explain["command"]["command"], "djperf.explain");
    assert_eq!(explain["command"]["arguments"][0], "DJP101");
    editor.ask("workspace/executeCommand", explain["command"].clone());
    let shown = editor.wait_for("window/showMessage");
    let message = shown["message"].as_str().unwrap();
    assert!(
        message.starts_with("related-access-in-loop (DJP101): "),
        "{message}"
    );

    let page = "{% if books.count %}{{ books.count }}{% endif %}\n{% for book in books %}{{ book.title }}{% endfor %}\n";
    editor.opens(&shop.page, 1, page);
    let found = editor.pulled(&shop.page);
    assert!(!found.is_empty(), "this test needs a finding in a template");
    let actions = editor.actions(&shop.page, &found[0]["range"], None);
    let new = make(&mut editor, &shop.page, page, 1, titled(&actions, "suppress"));
    assert!(
        new.contains(&format!("{{# noqa: {} #}}", codes(&found)[0])),
        "{new}"
    );
    assert!(editor.pulled(&shop.page).len() < found.len());
}

#[test]
fn migrations_are_created_where_clients_can() {
    let dir = crate::support::copy("shop");
    let path = dir.path().join("orders/models/order.py");
    let mut editor = open(dir.path(), pulling());
    editor.opens_file(&path);
    let found = editor.pulled(&path);
    let missing = found.iter().find(|d| d["code"] == "DJP302").unwrap().clone();
    let actions = editor.actions(&path, &missing["range"], Some("quickfix"));
    let fix = titled(&actions, "(DJP302): add an index");
    let changes = fix["edit"]["documentChanges"].as_array().unwrap();
    let created = changes.iter().find(|change| change["kind"] == "create").unwrap();
    let name = created["uri"].as_str().unwrap();
    assert!(
        name.contains("/orders/migrations/0") && name.ends_with(".py"),
        "{name}"
    );
    assert_eq!(created["options"]["overwrite"], false);
    let text = changes
        .iter()
        .find(|change| change["textDocument"]["uri"] == name)
        .unwrap();
    assert!(
        text["edits"][0]["newText"].as_str().unwrap().contains("AddIndex"),
        "{text}"
    );

    let mut more = pulling();
    more["workspace"]["workspaceEdit"] = json!({"documentChanges": true, "resourceOperations": []});
    let mut editor = open(dir.path(), more);
    editor.opens_file(&path);
    editor.pulled(&path);
    let actions = editor.actions(&path, &missing["range"], Some("quickfix"));
    assert!(
        !actions
            .iter()
            .any(|a| a["title"].as_str().unwrap().contains("add an index")),
        "{actions:#?}"
    );
}

#[test]
fn old_clients_get_plain_changes() {
    let shop = shop();
    let mut more = pulling();
    more["workspace"]["workspaceEdit"] = json!({"documentChanges": false});
    let mut editor = open(shop.dir.path(), more);
    let text = editor.opens_file(&shop.views);
    let actions = editor.actions(&shop.views, &range_of(&text, "Book.objects.all()"), None);
    let edits = &titled(&actions, "select_related")["edit"]["changes"][uri(&shop.views)];
    assert!(edited(&text, edits).contains("Book.objects.select_related(\"author\")"));
}

#[test]
fn requests_can_be_cancelled() {
    let dir = crate::support::copy("shop");
    let path = dir.path().join("storefront/views.py");
    let mut editor = open(dir.path(), pulling());
    editor.opens_file(&path);
    let id = editor.begin("textDocument/diagnostic", document(&path));
    editor.tell("$/cancelRequest", json!({"id": id}));
    let answer = editor.end(id);
    let cancelled = answer["error"]["code"] == -32800;
    assert!(cancelled || answer["result"]["kind"] == "full", "{answer}");
    assert!(cancelled, "the first reading cannot have been over");
    assert!(!editor.pulled(&path).is_empty());
}
