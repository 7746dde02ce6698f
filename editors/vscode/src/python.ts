/** The interpreter that is selected in the Python extension, if that is installed. djperf does without it. */

import * as vscode from "vscode";

interface PythonApi {
    environments?: {
        getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
        onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
    };
}

async function environments(): Promise<PythonApi["environments"]> {
    const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
    try {
        return (await extension?.activate())?.environments;
    } catch {
        return undefined;
    }
}

/** Empty where nothing is known. */
export async function selectedInterpreter(folder: vscode.Uri | undefined): Promise<string> {
    const path = (await environments())?.getActiveEnvironmentPath(folder).path ?? "";
    // "python" stands for whatever is on PATH, which is searched anyway.
    return /[/\\]/.test(path) ? path : "";
}

/** Calls back when another interpreter is selected. */
export async function onDidSelectInterpreter(callback: () => void): Promise<vscode.Disposable | undefined> {
    return (await environments())?.onDidChangeActiveEnvironmentPath(callback);
}
