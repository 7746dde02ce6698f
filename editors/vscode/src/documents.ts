/** Texts of the server as read-only documents: what a rule is about, and debug information. */

import * as vscode from "vscode";

const SCHEME = "djperf";

/** Asks the server for a text. */
export type Ask = (command: string, args: unknown[]) => Promise<string>;

export class Documents implements vscode.TextDocumentContentProvider {
    private readonly changed = new vscode.EventEmitter<vscode.Uri>();
    readonly onDidChange = this.changed.event;
    private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

    constructor(private readonly ask: Ask) {}

    async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
        const [, kind, name] = /^\/(\w+)\/(.*)\.\w+$/.exec(uri.path) ?? [];
        try {
            return kind === "rules"
                ? withoutFrontMatter(await this.ask("djperf.explain", [name]))
                : await this.ask("djperf.debugInformation", []);
        } catch (error) {
            return `${String(error)}\n`;
        }
    }

    /** Shows the card of a rule, rendered. */
    async showRule(code: string): Promise<void> {
        const uri = vscode.Uri.from({ scheme: SCHEME, path: `/rules/${code}.md` });
        try {
            await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
        } catch {
            // The built-in Markdown extension can be switched off.
            await vscode.window.showTextDocument(uri, {
                preview: true,
                viewColumn: vscode.ViewColumn.Beside,
            });
        }
    }

    async showDebugInformation(): Promise<void> {
        const uri = vscode.Uri.from({ scheme: SCHEME, path: "/debug/djperf.txt" });
        this.changed.fire(uri);
        await vscode.window.showTextDocument(uri, { preview: true });
    }

    dispose(): void {
        this.registration.dispose();
        this.changed.dispose();
    }
}

/** The lines between `---` at the beginning are for tools. */
export function withoutFrontMatter(markdown: string): string {
    return markdown.replace(/^---\n[\s\S]*?\n---\n+/, "");
}
