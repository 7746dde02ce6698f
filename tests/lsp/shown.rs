//! What is shown besides findings: expressions, costs over names, and where a template's rows come from.

use serde_json::{Value, json};

use crate::editor::{PAGE, VIEWS, capabilities, open, open_with, pulling, range_of, shop, uri};

fn costs(shown: &Value) -> Vec<(Value, &str)> {
    let lenses = shown.as_array().unwrap().iter();
    lenses
        .map(|lens| (lens["range"].clone(), lens["command"]["title"].as_str().unwrap()))
        .collect()
}

#[test]
fn querysets_tell_what_they_load() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    let manager = range_of(&text, "objects.order_by(\"title\")");
    // The finding there comes first; an expression without one tells what it holds.
    let clean = VIEWS.replace("order_by(\"title\")", "select_related(\"author\")");
    editor.types(&shop.views, 2, &clean);
    let shown = editor.hovers(&shop.views, &manager["start"]);
    assert_eq!(
        shown["range"]["start"],
        range_of(&clean, "Book.objects.select")["start"]
    );
    let all = range_of(&clean, "select_related(\"author\")");
    let shown = editor.hovers(&shop.views, &all["start"]);
    let said = shown["contents"]["value"].as_str().unwrap();
    assert!(said.contains("shop.Book") && said.contains("author"), "{said}");
    for plain in ["import render", "\"𝄞\"", "def page"] {
        let at = range_of(&clean, plain);
        assert_eq!(editor.hovers(&shop.views, &at["start"]), Value::Null, "{plain}");
    }
}

#[test]
fn lenses_tell_costs_where_names_are_now() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    let ask = json!({"textDocument": {"uri": uri(&shop.views)}});
    let shown = editor.ask("textDocument/codeLens", ask.clone());
    let page = costs(&shown)
        .into_iter()
        .find(|(range, _)| *range == range_of(&text, "page"))
        .unwrap_or_else(|| panic!("{shown}"));
    assert!(page.1.contains('N'), "{}", page.1);
    // Two states later, places are still those of the text.
    let longer = text.replace("def names", "# one\n\n\ndef names");
    editor.types(&shop.views, 2, &longer);
    let better = longer.replace("order_by(\"title\")", "select_related(\"author\")");
    editor.types(&shop.views, 3, &better);
    let shown = editor.ask("textDocument/codeLens", ask);
    let page = costs(&shown)
        .into_iter()
        .find(|(range, _)| *range == range_of(&better, "page"))
        .unwrap_or_else(|| panic!("{shown}"));
    assert!(!page.1.contains('N'), "{}", page.1);
}

#[test]
fn lenses_and_hints_are_switched() {
    let shop = shop();
    let mut editor = open_with(json!({
        "capabilities": capabilities(pulling()),
        "rootUri": uri(shop.dir.path()),
        "initializationOptions": {"codeLens": false, "inlayHints": true},
    }));
    let text = editor.opens_file(&shop.views);
    let document = json!({"uri": uri(&shop.views)});
    let lenses = editor.ask("textDocument/codeLens", json!({"textDocument": document}));
    assert_eq!(lenses, json!([]));
    let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}});
    let ask = |range: Value| json!({"textDocument": document, "range": range});
    let hints = editor.ask("textDocument/inlayHint", ask(whole));
    let ends: Vec<&Value> = hints
        .as_array()
        .unwrap()
        .iter()
        .map(|hint| &hint["position"])
        .collect();
    assert!(ends.contains(&&range_of(&text, "page")["end"]), "{hints}");
    let first = json!({"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}});
    assert_eq!(editor.ask("textDocument/inlayHint", ask(first)), json!([]));
}

#[test]
fn variables_of_templates_lead_to_what_feeds_them() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.page);
    let mut leads = |part: &str| {
        let at = range_of(&text, part);
        let ask = json!({"textDocument": {"uri": uri(&shop.page)}, "position": at["start"]});
        editor.ask("textDocument/definition", ask)
    };
    let view =
        json!([{"uri": uri(&shop.views), "range": range_of(VIEWS, "Book.objects.order_by(\"title\")")}]);
    assert_eq!(leads("books %}"), view, "{PAGE}");
    let field = leads("author");
    assert_eq!(field[0]["uri"], uri(&shop.models), "{field}");
    assert_eq!(leads("endfor"), json!([]));
}
