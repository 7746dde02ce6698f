/** What the workspace says: its folders, the settings of each, and where to look for the program. */

import { homedir } from "node:os";
import * as vscode from "vscode";
import type { Place, Question } from "./binary";
import { selectedInterpreter } from "./python";
import { type ForStart, forServer, forStart, SECTION } from "./settings";
import type { Folder, Surroundings } from "./variables";

/** Folders on disk; others have nothing to read. */
export function folders(): vscode.WorkspaceFolder[] {
    return (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file");
}

function around(folder: vscode.WorkspaceFolder | undefined): Surroundings {
    const plain = ({ name, uri }: vscode.WorkspaceFolder): Folder => ({ name, path: uri.fsPath });
    return {
        folder: folder && plain(folder),
        folders: folders().map(plain),
        home: homedir(),
        env: process.env,
    };
}

/** What the server gets for a resource, or for everything. */
export function serverSettings(resource?: vscode.Uri): Record<string, unknown> {
    const folder = resource ? vscode.workspace.getWorkspaceFolder(resource) : folders()[0];
    return forServer(vscode.workspace.getConfiguration(SECTION, resource ?? folder?.uri), around(folder));
}

function startSettings(folder: vscode.WorkspaceFolder | undefined): ForStart {
    return forStart(vscode.workspace.getConfiguration(SECTION, folder?.uri), around(folder));
}

function places(): (vscode.WorkspaceFolder | undefined)[] {
    const open = folders();
    return open.length > 0 ? open : [undefined];
}

/** Whether any folder wants djperf. */
export function enabled(): boolean {
    return places().some((folder) => startSettings(folder).enable);
}

/** Where to look for the program, for all folders that want djperf. */
export async function question(extension: vscode.ExtensionContext): Promise<Question> {
    const trusted = vscode.workspace.isTrusted;
    const { importStrategy } = startSettings(folders()[0]);
    const asked: Place[] = [];
    for (const folder of places()) {
        const settings = startSettings(folder);
        if (settings.enable) {
            let interpreter = settings.interpreter;
            if (interpreter === "" && trusted && importStrategy === "fromEnvironment") {
                interpreter = await selectedInterpreter(folder?.uri);
            }
            asked.push({ directory: folder?.uri.fsPath, path: settings.path, interpreter });
        }
    }
    return { trusted, importStrategy, places: asked, extension: extension.extensionPath };
}
