//! Diagnostics, pushed and pulled, while documents are edited.

use serde_json::{Value, json};

use crate::editor::{MODELS, PAGE, VIEWS, codes, document, open, pulling, range_of, refreshing, shop, uri};

#[test]
fn findings_are_those_of_the_command_line() {
    let dir = crate::support::copy("shop");
    let outcome = crate::support::check(dir.path());
    let mut editor = open(dir.path(), json!({}));
    let mut compared = 0;
    for name in ["storefront/views.py", "orders/models/order.py"] {
        let path = dir.path().join(name);
        editor.opens_file(&path);
        let shown = editor.pushed(&path, 1);
        let own: Vec<_> = outcome
            .diagnostics
            .iter()
            .filter(|d| outcome.sources.get(d.file).path == name)
            .collect();
        assert_eq!(
            codes(&shown),
            own.iter().map(|d| d.code).collect::<Vec<_>>(),
            "{name}"
        );
        for (shown, own) in shown.iter().zip(own) {
            let at = outcome.sources.get(own.file).position(own.span.start);
            let start = &shown["range"]["start"];
            assert_eq!(
                (start["line"].as_u64(), start["character"].as_u64()),
                (Some(u64::from(at.line - 1)), Some(u64::from(at.column - 1)))
            );
            assert_eq!(shown["message"], own.told());
            compared += 1;
        }
    }
    assert!(compared > 5, "{compared}");
}

#[test]
fn evidence_in_other_files_is_told() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({}));
    let text = editor.opens_file(&shop.views);
    let shown = editor.pushed(&shop.views, 1);
    let queryset = range_of(&text, "Book.objects.order_by(\"title\")");
    let finding = shown.iter().find(|d| d["range"] == queryset).unwrap();
    assert_eq!(
        (&finding["code"], &finding["source"], &finding["severity"]),
        (&json!("DJP101"), &json!("djperf"), &json!(2))
    );
    let related = finding["relatedInformation"].as_array().unwrap();
    let read = related
        .iter()
        .find(|r| r["location"]["range"] == range_of(PAGE, "book.author"))
        .unwrap_or_else(|| panic!("{related:#?}"));
    assert_eq!(read["location"]["uri"], uri(&shop.page));
    assert_eq!(
        finding["data"]["queries"],
        json!({"before": "1 + N", "after": "1"})
    );
}

#[test]
fn columns_are_those_that_were_agreed() {
    let shop = shop();
    let text = VIEWS.replace("[book.author.name", "\"𝄞é\", [book.author.name");
    let line = text
        .lines()
        .position(|line| line.contains("Book.objects.all()"))
        .unwrap();
    let before = text
        .lines()
        .nth(line)
        .unwrap()
        .split("Book.objects")
        .next()
        .unwrap();
    for (encoding, column) in [
        ("utf-8", before.len()),
        ("utf-16", before.encode_utf16().count()),
        ("utf-32", before.chars().count()),
    ] {
        let mut editor = open(
            shop.dir.path(),
            json!({"general": {"positionEncodings": [encoding]}}),
        );
        editor.opens(&shop.views, 1, &text);
        let shown = editor.pushed(&shop.views, 1);
        let there = |d: &&Value| d["range"]["start"] == json!({"line": line, "character": column});
        assert!(shown.iter().any(|d| there(&d)), "{encoding}: {shown:#?}");
    }
}

#[test]
fn what_is_typed_counts_before_it_is_saved() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({}));
    let text = editor.opens_file(&shop.views);
    let before = editor.pushed(&shop.views, 1).len();
    let edits = json!([
        {"range": range_of(&text, "Book.objects.all()"), "text": "Book.objects.select_related(\"author\")"},
    ]);
    editor.changes(&shop.views, 2, edits);
    assert_eq!(editor.pushed(&shop.views, 2).len(), before - 1);
    editor.types(&shop.views, 3, &text);
    assert_eq!(editor.pushed(&shop.views, 3).len(), before);
    editor.types(&shop.views, 4, &text[..text.len() / 2]);
    editor.pushed(&shop.views, 4);
    editor.closes(&shop.views);
    let cleared = editor.wait("nothing for a closed document", |message| {
        message["method"] == "textDocument/publishDiagnostics" && message["params"].get("version").is_none()
    });
    assert_eq!(cleared["params"]["diagnostics"], json!([]));
    editor.opens(&shop.views, 1, &text);
    assert_eq!(
        editor.pushed(&shop.views, 1).len(),
        before,
        "a version that was there before"
    );
}

#[test]
fn an_edit_of_models_reaches_views_that_are_open() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({}));
    editor.opens_file(&shop.views);
    editor.opens_file(&shop.page);
    let before = editor.pushed(&shop.views, 1);
    assert!(!before.is_empty());
    editor.opens(&shop.models, 7, MODELS);
    editor.pushed(&shop.models, 7);
    editor.types(
        &shop.models,
        8,
        &MODELS.replace("models.ForeignKey(Author, models.CASCADE)", "models.JSONField()"),
    );
    let after = editor.pushed(&shop.views, 1);
    assert!(after.len() < before.len(), "{after:#?}");
}

#[test]
fn templates_are_documents_too() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({}));
    editor.opens_file(&shop.views);
    let before = editor.pushed(&shop.views, 1).len();
    editor.opens_file(&shop.page);
    editor.pushed(&shop.page, 1);
    editor.types(
        &shop.page,
        2,
        "{% for book in books %}{{ book.title }}{% endfor %}\n",
    );
    let after = editor.pushed(&shop.views, 1);
    assert_eq!(after.len(), before - 1, "{after:#?}");
    let condition = "{% if books.count %}{{ books.count }}{% endif %}{% for book in books %}{{ book.title }}{% endfor %}\n";
    editor.types(&shop.page, 3, condition);
    editor.pushed(&shop.page, 3);
}

#[test]
fn files_that_are_not_on_disk_count() {
    let shop = shop();
    let new = shop.dir.path().join("shop/new.py");
    let mut editor = open(shop.dir.path(), json!({}));
    editor.opens(&new, 1, VIEWS);
    assert!(codes(&editor.pushed(&new, 1)).contains(&"DJP101"));
}

#[test]
fn asked_for_findings_are_those_of_the_last_text() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    let before = editor.pulled(&shop.views);
    assert_eq!(
        codes(&before).iter().filter(|c| **c == "DJP101").count(),
        2,
        "{before:#?}"
    );
    for version in 2..12 {
        let lines = "\n".repeat(version as usize);
        editor.types(&shop.views, version, &format!("{lines}{text}"));
        let now = editor.pulled(&shop.views);
        assert_eq!(
            now[0]["range"],
            range_of(&format!("{lines}{text}"), "Book.objects.all()"),
            "version {version}"
        );
    }
    assert!(
        editor.came("textDocument/publishDiagnostics").is_empty(),
        "both would be shown twice"
    );
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    let mut params = document(&shop.views);
    let first = editor.ask("textDocument/diagnostic", params.clone());
    params["previousResultId"] = first["resultId"].clone();
    assert_eq!(
        editor.ask("textDocument/diagnostic", params.clone())["kind"],
        "unchanged"
    );
    editor.types(&shop.views, 2, &format!("{text}\n\nx = 1\n"));
    assert_eq!(
        editor.ask("textDocument/diagnostic", params.clone())["kind"],
        "unchanged"
    );
    editor.types(&shop.views, 3, &format!("\n{text}"));
    let moved = editor.ask("textDocument/diagnostic", params);
    assert_eq!(moved["kind"], "full");
    assert_ne!(moved["resultId"], first["resultId"]);
}

#[test]
fn everything_can_be_asked_for() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let ask = |editor: &mut crate::editor::Editor, previous: Value| {
        let report = editor.ask("workspace/diagnostic", json!({"previousResultIds": previous}));
        report["items"].as_array().unwrap().clone()
    };
    let all = ask(&mut editor, json!([]));
    let views = all
        .iter()
        .find(|item| item["uri"] == uri(&shop.views))
        .unwrap_or_else(|| panic!("{all:#?}"));
    assert_eq!(
        (&views["kind"], &views["version"]),
        (&json!("full"), &Value::Null)
    );
    assert_eq!(views["items"].as_array().unwrap().len(), 3, "{views:#}");
    let known: Value = all
        .iter()
        .map(|item| json!({"uri": item["uri"], "value": item["resultId"]}))
        .collect();
    // Nothing is new, so nothing is said, whatever else is asked.
    let again = editor.begin("workspace/diagnostic", json!({"previousResultIds": known}));
    editor.opens_file(&shop.models);
    editor.pulled(&shop.models);
    assert!(!editor.has_answer(again));
    // What has nothing any more is told as well.
    crate::support::write(shop.dir.path(), "shop/views.py", "x = 1\n");
    editor.tell(
        "workspace/didChangeWatchedFiles",
        json!({"changes": [{"uri": uri(&shop.views), "type": 2}]}),
    );
    let gone = editor.end(again)["result"]["items"].as_array().unwrap().clone();
    let unchanged = gone.iter().filter(|item| item["kind"] == "unchanged").count();
    assert_eq!(unchanged, all.len() - 1, "{gone:#?}");
    let views = gone.iter().find(|item| item["uri"] == uri(&shop.views)).unwrap();
    assert_eq!((&views["kind"], &views["items"]), (&json!("full"), &json!([])));
}

#[test]
fn effects_on_other_files_are_announced() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), refreshing());
    editor.opens_file(&shop.views);
    editor.opens_file(&shop.models);
    let before = editor.pulled(&shop.views).len();
    editor.pulled(&shop.models);
    editor.types(
        &shop.models,
        2,
        &MODELS.replace("models.ForeignKey(Author, models.CASCADE)", "models.JSONField()"),
    );
    editor.wait("a refresh", |message| {
        message["method"] == "workspace/diagnostic/refresh"
    });
    assert!(editor.pulled(&shop.views).len() < before);
}

#[test]
fn early_findings_are_followed_by_all_of_them() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), refreshing());
    let text = editor.opens_file(&shop.views);
    let mut last = editor.pulled(&shop.views);
    let new = format!(
        "{text}\n\ndef more():\n    return [b.author.name for b in Book.objects.filter(title=\"\")]\n"
    );
    editor.types(&shop.views, 2, &new);
    // What comes first may be all; if not, there is word.
    for _ in 0..3 {
        last = editor.pulled(&shop.views);
        if last.len() == 4 {
            return;
        }
        editor.wait("a refresh", |message| {
            message["method"] == "workspace/diagnostic/refresh"
        });
    }
    panic!("{last:#?}");
}

#[test]
fn ten_thousand_edits_are_made_and_the_last_one_counts() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({}));
    let mut text = editor.opens_file(&shop.views);
    editor.pushed(&shop.views, 1);
    for version in 2..10_002_i64 {
        let insert = json!([{"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}, "text": "#\n"}]);
        text.insert_str(0, "#\n");
        editor.changes(&shop.views, version, insert);
    }
    let last = editor.pushed(&shop.views, 10_001);
    assert!(
        last.iter()
            .any(|d| d["range"] == range_of(&text, "Book.objects.all()")),
        "{last:#?}"
    );
    let later: Vec<i64> = editor
        .came("textDocument/publishDiagnostics")
        .iter()
        .map(|m| m["params"]["version"].as_i64().unwrap())
        .collect();
    assert!(
        later.is_sorted() && later.len() < 2000,
        "{} messages",
        later.len()
    );
}
