/** What the language status of a document says about the server. */

import * as vscode from "vscode";
import { LANGUAGES } from "./settings";

export class Status {
    private readonly item: vscode.LanguageStatusItem;

    constructor() {
        this.item = vscode.languages.createLanguageStatusItem("djperf", [...LANGUAGES]);
        this.item.name = "djperf";
        this.item.command = { command: "djperf.showLogs", title: "Show Logs" };
    }

    starting(): void {
        this.set("djperf", "starting", vscode.LanguageStatusSeverity.Information, true);
    }

    running(version: string, source: string): void {
        this.set(`djperf ${version}`, source, vscode.LanguageStatusSeverity.Information);
    }

    stopped(why: string): void {
        this.set("djperf", why, vscode.LanguageStatusSeverity.Information);
    }

    failed(why: string): void {
        this.set("djperf", why, vscode.LanguageStatusSeverity.Error);
    }

    private set(text: string, detail: string, severity: vscode.LanguageStatusSeverity, busy = false): void {
        this.item.text = text;
        this.item.detail = detail;
        this.item.severity = severity;
        this.item.busy = busy;
    }

    dispose(): void {
        this.item.dispose();
    }
}
