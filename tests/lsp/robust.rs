//! What no editor should send, and what happens around one.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::editor::{VIEWS, codes, document, open, pulling, range_of, shop, uri};

#[test]
fn malformed_messages_are_told_and_nothing_is_lost() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    editor.opens_file(&shop.views);
    let expected = editor.pulled(&shop.views).len();
    for bytes in [
        &b"Content-Length: 5\r\n\r\n{nope"[..],
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 9999999999999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"Content-Length: 2\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"x\"}",
    ] {
        editor.raw(bytes);
        assert_eq!(
            editor.pulled(&shop.views).len(),
            expected,
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
    editor.send(&json!({"jsonrpc": "2.0", "id": "mine", "params": {}}));
    let refused = editor.wait("a refusal", |m| m["id"] == "mine");
    assert_eq!(refused["error"]["code"], -32600);
    for params in [
        json!(null),
        json!([]),
        json!({}),
        json!({"textDocument": {"uri": 7}}),
        json!({"textDocument": {"uri": "file:///%zz"}}),
    ] {
        for method in [
            "textDocument/didOpen",
            "textDocument/didChange",
            "textDocument/didClose",
            "textDocument/didSave",
            "workspace/didChangeConfiguration",
            "workspace/didChangeWatchedFiles",
            "workspace/didChangeWorkspaceFolders",
            "workspace/didRenameFiles",
            "$/cancelRequest",
            "initialized",
        ] {
            editor.tell(method, params.clone());
        }
        for method in [
            "textDocument/hover",
            "textDocument/codeAction",
            "workspace/executeCommand",
            "workspace/diagnostic",
        ] {
            let id = editor.begin(method, params.clone());
            editor.end(id);
        }
    }
    assert_eq!(editor.pulled(&shop.views).len(), expected);
    assert_eq!(editor.quits(), Some(0));
}

#[test]
fn positions_outside_of_a_text_are_moved_into_it() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    let text = editor.opens_file(&shop.views);
    let expected = editor.pulled(&shop.views).len();
    let far = json!({"line": 4_000_000_000_u32, "character": 4_000_000_000_u32});
    assert_eq!(editor.hovers(&shop.views, &far), Value::Null);
    let turned = json!({"start": far, "end": {"line": 0, "character": 0}});
    assert!(!editor.actions(&shop.views, &turned, None).is_empty());
    // Behind the end; before the beginning; within a pair of surrogates, which is before it.
    let note = range_of(&text, "𝄞")["start"].clone();
    let inside = json!({"line": note["line"], "character": note["character"].as_u64().unwrap() + 1});
    let edits = json!([
        {"range": {"start": far, "end": far}, "text": "# end\n"},
        {"range": {"start": {"line": -5, "character": -5}, "end": {"line": 0, "character": -1}}, "text": "# start\n"},
        {"range": {"start": {"line": inside["line"].as_u64().unwrap() + 1, "character": inside["character"]},
            "end": {"line": inside["line"].as_u64().unwrap() + 1, "character": inside["character"]}}, "text": "?"},
    ]);
    editor.changes(&shop.views, 2, edits);
    let now = format!("# start\n{}# end\n", text.replace("𝄞", "?𝄞"));
    let shown = editor.pulled(&shop.views);
    assert_eq!(shown.len(), expected);
    let ids = range_of(&now, "book.author.id");
    assert!(
        shown
            .iter()
            .any(|d| d["range"]["start"]["line"] == ids["start"]["line"]),
        "{shown:#?}"
    );
    // What cannot be understood at all leaves the document alone until it comes as a whole.
    editor.changes(&shop.views, 3, json!([{"range": "here", "text": 7}]));
    assert!(editor.pulled(&shop.views).is_empty());
    editor.types(&shop.views, 4, VIEWS);
    assert_eq!(editor.pulled(&shop.views).len(), expected);
}

#[test]
fn documents_that_are_gone_can_be_edited() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    editor.opens_file(&shop.views);
    let expected = editor.pulled(&shop.views).len();
    fs::remove_file(&shop.views).unwrap();
    editor.tell(
        "workspace/didChangeWatchedFiles",
        json!({"changes": [{"uri": uri(&shop.views), "type": 3}]}),
    );
    editor.types(&shop.views, 2, &format!("\n{VIEWS}"));
    assert_eq!(
        editor.pulled(&shop.views).len(),
        expected,
        "the editor still has it"
    );
    editor.closes(&shop.views);
    assert!(editor.pulled(&shop.views).is_empty());
    editor.types(&shop.views, 3, VIEWS);
    editor.closes(&shop.views);
    editor.saves(&shop.views);
    assert!(editor.pulled(&shop.views).is_empty());
    let nowhere = Path::new("/nowhere/at/all.py");
    editor.types(nowhere, 1, "x");
    editor.opens(nowhere, 1, VIEWS);
    editor.types(nowhere, 2, VIEWS);
    editor.pulled(nowhere);
    editor.closes(nowhere);
    assert_eq!(editor.quits(), Some(0));
}

#[test]
fn hostile_texts_are_texts() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), pulling());
    editor.opens_file(&shop.views);
    for (version, text) in [
        "(".repeat(50_000),
        "\0\u{feff}\u{2028}\r\r\n\n".to_owned(),
        format!("x = {}", "[".repeat(10_000)),
        format!("{VIEWS}{}", "x = 1\n".repeat(20_000)),
        "\"\"\"".to_owned(),
        String::new(),
    ]
    .iter()
    .enumerate()
    {
        editor.types(&shop.views, version as i64 + 2, text);
        editor.pulled(&shop.views);
    }
    editor.types(&shop.views, 99, VIEWS);
    assert_eq!(codes(&editor.pulled(&shop.views)).len(), 3);
}

#[test]
fn two_servers_on_one_tree() {
    let shop = shop();
    let mut editors = [open(shop.dir.path(), pulling()), open(shop.dir.path(), pulling())];
    for editor in &mut editors {
        editor.opens_file(&shop.views);
    }
    let ids: Vec<i64> = editors
        .iter_mut()
        .map(|e| e.begin("textDocument/diagnostic", document(&shop.views)))
        .collect();
    let shown: Vec<Value> = editors
        .iter_mut()
        .zip(ids)
        .map(|(e, id)| e.end(id)["result"]["items"].clone())
        .collect();
    assert_eq!(shown[0], shown[1]);
    editors[0].types(&shop.views, 2, "x = 1\n");
    assert!(editors[0].pulled(&shop.views).is_empty());
    assert_eq!(
        editors[1].pulled(&shop.views).len(),
        3,
        "what one types is not what the other has"
    );
}
