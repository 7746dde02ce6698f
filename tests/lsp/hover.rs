//! What is shown under the pointer.

use serde_json::{Value, json};

use crate::editor::{VIEWS, open, pulling, range_of, shop};

#[test]
fn findings_tell_cost_and_rule() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    let queryset = range_of(&text, "Book.objects.all()");
    let shown = editor.hovers(&shop.views, &queryset["start"]);
    assert_eq!(shown["range"], queryset);
    let said = shown["contents"]["value"].as_str().unwrap();
    for part in [
        "**DJP101**",
        "`related-access-in-loop`",
        "**1 + N** → **1**",
        "/names/",
        "djperf explain DJP101",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert_eq!(
        editor.hovers(&shop.views, &range_of(&text, "import render")["start"]),
        Value::Null
    );
    let read = editor.hovers(&shop.views, &range_of(&text, "book.author.name")["start"]);
    assert!(
        read["contents"]["value"].as_str().unwrap().contains("**DJP101**"),
        "{read}"
    );
}

#[test]
fn comments_tell_the_rule_that_they_name() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = VIEWS.replace("Book.objects.all()]", "Book.objects.all()]  # noqa: DJP101");
    editor.opens(&shop.views, 1, &text);
    let shown = editor.hovers(&shop.views, &range_of(&text, "DJP101")["start"]);
    assert_eq!(shown["range"], range_of(&text, "DJP101"));
    assert!(
        shown["contents"]["value"]
            .as_str()
            .unwrap()
            .starts_with("# related-access-in-loop")
    );
}

#[test]
fn views_tell_their_patterns() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    let shown = editor.hovers(&shop.views, &range_of(&text, "page(request)")["start"]);
    let said = shown["contents"]["value"].as_str().unwrap();
    assert!(said.starts_with("**1 + N queries"), "{said}");
    assert!(said.ends_with("Runs for: ` /page/ `"), "{said}");
}

#[test]
fn it_can_be_switched_off() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({"workspace": {"configuration": true}}));
    editor.settings = Some(json!({"hover": false}));
    let text = editor.opens_file(&shop.views);
    editor.pushed(&shop.views, 1);
    assert_eq!(
        editor.hovers(&shop.views, &range_of(&text, "Book.objects.all()")["start"]),
        Value::Null
    );
}
