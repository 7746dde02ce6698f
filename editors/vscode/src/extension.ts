/** Begin and end of the extension, and what makes the server start anew. */

import * as vscode from "vscode";
import { register } from "./commands";
import { onDidSelectInterpreter } from "./python";
import { Session } from "./session";
import { RESTARTS, SECTION } from "./settings";

/** Trust and the settings that it lets in come one after the other; in milliseconds. */
const TOGETHER = 100;

let session: Session | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
    const started = new Session(context);
    session = started;
    let timer: NodeJS.Timeout | undefined;
    const restart = () => {
        clearTimeout(timer);
        timer = setTimeout(() => void started.restart(), TOGETHER);
    };
    const reconsider = () => void started.reconsider();
    context.subscriptions.push(
        ...register(started),
        vscode.workspace.onDidChangeConfiguration((event) => {
            if (RESTARTS.some((key) => event.affectsConfiguration(`${SECTION}.${key}`))) {
                restart();
            }
        }),
        vscode.workspace.onDidGrantWorkspaceTrust(restart),
        vscode.workspace.onDidChangeWorkspaceFolders(reconsider),
        new vscode.Disposable(() => {
            clearTimeout(timer);
        }),
    );
    void onDidSelectInterpreter(reconsider).then((watcher) => watcher && context.subscriptions.push(watcher));
    await started.restart();
}

export async function deactivate(): Promise<void> {
    await session?.dispose();
    session = undefined;
}
