/** The commands of the palette. */

import { execFile } from "node:child_process";
import { posix } from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";
import type { Session } from "./session";
import { LANGUAGES } from "./settings";

/** The kind of the action that applies every safe fix of a document. */
const FIX_ALL = "source.fixAll.djperf";

interface Rule {
    code: string;
    name: string;
    summary: string;
}

export function register(session: Session): vscode.Disposable[] {
    const commands: Record<string, (...args: unknown[]) => unknown> = {
        "djperf.restart": () => session.restart(),
        "djperf.showLogs": () => {
            session.showLogs();
        },
        "djperf.executeAutofix": () => fixAll(session),
        "djperf.explainRule": (code) => explain(session, code),
        "djperf.printDebugInformation": () => session.documents.showDebugInformation(),
    };
    return Object.entries(commands).map(([id, run]) =>
        vscode.commands.registerCommand(id, async (...args: unknown[]) => {
            try {
                await run(...args);
            } catch (error) {
                void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
            }
        }),
    );
}

async function fixAll(session: Session): Promise<void> {
    const document = vscode.window.activeTextEditor?.document;
    if (!document || !(LANGUAGES as readonly string[]).includes(document.languageId)) {
        return;
    }
    // The server's command does not tell whether it found anything to do.
    const everything = new vscode.Range(0, 0, document.lineCount, 0);
    const offered = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        "vscode.executeCodeActionProvider",
        document.uri,
        everything,
        FIX_ALL,
    );
    if (offered.some(({ kind }) => kind?.value === FIX_ALL)) {
        await session.command("djperf.applyAutofix", [document.uri.toString()]);
        return;
    }
    const name = posix.basename(document.uri.path);
    void vscode.window.showInformationMessage(`djperf: nothing in ${name} can be fixed safely.`);
}

async function explain(session: Session, given: unknown): Promise<void> {
    const code = typeof given === "string" ? given : await choose(session);
    if (code) {
        await session.documents.showRule(code);
    }
}

/** Lets the user choose a rule; those of the problems under the cursor come first. */
async function choose(session: Session): Promise<string | undefined> {
    const here = codesAtCursor();
    const rules = (await allRules(session)).map(({ code, name, summary }) => ({
        label: code,
        description: name,
        detail: summary,
    }));
    const first = rules.filter(({ label }) => here.has(label));
    const rest = rules.filter(({ label }) => !here.has(label));
    const chosen = await vscode.window.showQuickPick([...first, ...rest], {
        title: "djperf: Explain Rule",
        matchOnDescription: true,
        matchOnDetail: true,
    });
    return chosen?.label;
}

async function allRules(session: Session): Promise<Rule[]> {
    if (session.program === undefined) {
        throw new Error("The djperf server is not running.");
    }
    const { stdout } = await promisify(execFile)(session.program, ["rules", "--output-format", "json"], {
        timeout: 10_000,
    });
    return (JSON.parse(stdout) as { rules: Rule[] }).rules;
}

function codesAtCursor(): Set<string> {
    const editor = vscode.window.activeTextEditor;
    const codes = new Set<string>();
    if (editor) {
        for (const { source, code, range } of vscode.languages.getDiagnostics(editor.document.uri)) {
            if (source === "djperf" && range.intersection(editor.selection)) {
                codes.add(String(typeof code === "object" ? code.value : code));
            }
        }
    }
    return codes;
}
