/** An output channel for the messages between client and server, switched by `djperf.trace.server`. */

import * as vscode from "vscode";
import { SECTION } from "./settings";

/**
 * The client library traces into a log channel and only while that is at the level "trace", which extensions cannot
 * set. This one has its level from the setting, and shows up when there is something to show.
 */
export class TraceChannel implements vscode.LogOutputChannel {
    private readonly changed = new vscode.EventEmitter<vscode.LogLevel>();
    readonly onDidChangeLogLevel = this.changed.event;
    private readonly watcher: vscode.Disposable;
    private channel: vscode.OutputChannel | undefined;

    constructor(readonly name: string) {
        this.watcher = vscode.workspace.onDidChangeConfiguration((event) => {
            if (event.affectsConfiguration(`${SECTION}.trace.server`)) {
                this.changed.fire(this.logLevel);
            }
        });
    }

    get logLevel(): vscode.LogLevel {
        const wanted = vscode.workspace.getConfiguration(SECTION).get<string>("trace.server", "off");
        return wanted === "off" ? vscode.LogLevel.Off : vscode.LogLevel.Trace;
    }

    private get open(): vscode.OutputChannel {
        this.channel ??= vscode.window.createOutputChannel(this.name);
        return this.channel;
    }

    private line(message: string | Error, detail?: unknown): void {
        this.open.appendLine(typeof detail === "string" ? `${String(message)} ${detail}` : String(message));
    }

    trace = this.line;
    debug = this.line;
    info = this.line;
    warn = this.line;
    error = this.line;

    append(value: string): void {
        this.open.append(value);
    }
    appendLine(value: string): void {
        this.open.appendLine(value);
    }
    replace(value: string): void {
        this.open.replace(value);
    }
    clear(): void {
        this.channel?.clear();
    }
    show(): void {
        this.open.show(true);
    }
    hide(): void {
        this.channel?.hide();
    }
    dispose(): void {
        this.watcher.dispose();
        this.changed.dispose();
        this.channel?.dispose();
    }
}
