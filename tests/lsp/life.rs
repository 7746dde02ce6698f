//! Starting, ending, and everything that comes at the wrong time.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::editor::{capabilities, open, open_with, pulling, shop, start, uri};

#[test]
fn it_says_what_it_can() {
    let shop = shop();
    let editor = open(shop.dir.path(), pulling());
    let can = &editor.server["capabilities"];
    assert_eq!(can["positionEncoding"], "utf-16");
    assert_eq!(can["textDocumentSync"]["change"], 2);
    assert_eq!(can["diagnosticProvider"]["interFileDependencies"], true);
    assert_eq!(can["diagnosticProvider"]["workspaceDiagnostics"], true);
    assert_eq!(
        can["codeActionProvider"]["codeActionKinds"],
        json!(["quickfix", "source.fixAll.djperf"])
    );
    assert_eq!(can["workspace"]["workspaceFolders"]["supported"], true);
    assert!(can.get("documentFormattingProvider").is_none());
    assert_eq!(editor.server["serverInfo"]["name"], "djperf");
    let pushed = open(
        shop.dir.path(),
        json!({"general": {"positionEncodings": ["utf-16", "utf-32", "utf-8"]}}),
    );
    assert_eq!(pushed.server["capabilities"]["positionEncoding"], "utf-8");
    assert!(
        pushed.server["capabilities"].get("diagnosticProvider").is_none(),
        "nobody asks"
    );
}

#[test]
fn it_ends_when_it_is_told_to() {
    let shop = shop();
    assert_eq!(open(shop.dir.path(), json!({})).quits(), Some(0));
    let mut editor = open(shop.dir.path(), json!({}));
    editor.tell("exit", Value::Null);
    assert_eq!(editor.ended(), Some(1), "without `shutdown`");
    let mut editor = start();
    editor.tell("exit", Value::Null);
    assert_eq!(editor.ended(), Some(1), "before it began");
}

#[test]
fn it_ends_with_its_client() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({}));
    drop(editor.input.take());
    assert_eq!(editor.ended(), Some(1), "its input ended");

    let mut client = Command::new(env!("CARGO_BIN_EXE_djperf"))
        .arg("server")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let editor =
        open_with(json!({"processId": client.id(), "rootUri": uri(shop.dir.path()), "capabilities": {}}));
    client.kill().unwrap();
    client.wait().unwrap();
    assert_eq!(
        editor.ended(),
        Some(1),
        "its client was killed, and something else holds its input"
    );
}

#[test]
fn what_comes_at_the_wrong_time_is_refused() {
    let mut editor = start();
    assert_eq!(editor.ask_in_vain("textDocument/hover", json!({})), -32002);
    editor.tell("textDocument/didOpen", json!({}));
    let params = json!({"processId": null, "rootUri": null, "capabilities": capabilities(json!({}))});
    editor.ask("initialize", params.clone());
    editor.tell("initialized", json!({}));
    assert_eq!(editor.ask_in_vain("initialize", params), -32600);
    assert_eq!(editor.ask_in_vain("textDocument/formatting", json!({})), -32601);
    assert_eq!(
        editor.ask_in_vain("textDocument/codeAction", json!({"textDocument": 7})),
        -32602
    );
    editor.tell("textDocument/didDance", json!({}));
    editor.tell("$/setTrace", json!({"value": "off"}));
    editor.ask("shutdown", Value::Null);
    assert_eq!(editor.ask_in_vain("textDocument/hover", json!({})), -32600);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.ended(), Some(0));
}

#[test]
fn progress_is_shown_while_a_project_is_read() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({"window": {"workDoneProgress": true}}));
    let token = editor.wait_for("window/workDoneProgress/create")["token"].clone();
    for kind in ["begin", "end"] {
        let progress = editor.wait_for("$/progress");
        assert_eq!(
            (&progress["token"], &progress["value"]["kind"]),
            (&token, &json!(kind))
        );
    }
    let mut quiet = open(shop.dir.path(), json!({}));
    quiet.opens_file(&shop.views);
    quiet.pushed(&shop.views, 1);
    assert!(quiet.came("$/progress").is_empty(), "it cannot show any");
}

#[test]
fn what_it_knows_can_be_asked_for() {
    let shop = shop();
    let mut editor = open(shop.dir.path(), json!({}));
    editor.opens_file(&shop.views);
    editor.pushed(&shop.views, 1);
    let command = |name: &str, arguments: Value| json!({"command": name, "arguments": arguments});
    let said = editor.ask(
        "workspace/executeCommand",
        command("djperf.debugInformation", json!([])),
    );
    assert!(said.as_str().unwrap().contains("2 models"), "{said}");
    let card = editor.ask(
        "workspace/executeCommand",
        command("djperf.explain", json!(["DJP101"])),
    );
    assert!(
        card.as_str().unwrap().starts_with("# related-access-in-loop"),
        "{card}"
    );
    for wrong in [
        command("djperf.explain", json!(["DJP999"])),
        command("djperf.dance", json!([])),
        command("djperf.applyAutofix", json!([])),
    ] {
        assert_eq!(editor.ask_in_vain("workspace/executeCommand", wrong), -32602);
    }
}
