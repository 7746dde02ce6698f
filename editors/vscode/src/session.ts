/** The life of the server: found, started, stopped, started anew. */

import * as vscode from "vscode";
import { ExecuteCommandRequest, type LanguageClient } from "vscode-languageclient/node";
import { type Answer, describe, find, here, refusal } from "./binary";
import { type Channels, create } from "./client";
import { Documents } from "./documents";
import { Status } from "./status";
import { TraceChannel } from "./trace";
import { enabled, question } from "./workspace";

/** How long a server may take to end, in milliseconds. */
const PATIENCE = 3000;

export class Session {
    private readonly channels: Channels & { trace: TraceChannel };
    private readonly status = new Status();
    readonly documents = new Documents((command, args) => this.ask(command, args));
    private client: LanguageClient | undefined;
    private answer: Answer | undefined;
    /** Starts and stops follow each other. */
    private queue: Promise<void> = Promise.resolve();
    /** The last of them has not begun. */
    private waiting = false;

    constructor(private readonly extension: vscode.ExtensionContext) {
        this.channels = {
            log: vscode.window.createOutputChannel("djperf", { log: true }),
            trace: new TraceChannel("djperf trace"),
        };
    }

    /** The program that runs. */
    get program(): string | undefined {
        return this.client && this.answer?.found?.path;
    }

    showLogs(): void {
        this.channels.log.show();
    }

    /** Starts the server, or another in its place, or none where none is wanted. */
    restart(): Promise<void> {
        if (this.waiting) {
            return this.queue;
        }
        this.waiting = true;
        this.queue = this.queue.then(async () => {
            this.waiting = false;
            await this.stop();
            await this.start();
        });
        return this.queue;
    }

    /** Starts another server if another program is the one to run. */
    async reconsider(): Promise<void> {
        await this.queue;
        const wanted = enabled() ? find(await question(this.extension), here).found?.path : undefined;
        if (wanted !== this.program) {
            await this.restart();
        }
    }

    /** Ends the server for good. */
    async dispose(): Promise<void> {
        await this.queue;
        await this.stop();
        this.status.dispose();
        this.documents.dispose();
        this.channels.trace.dispose();
        this.channels.log.dispose();
    }

    /** Lets the running server execute one of its commands. */
    async command(command: string, args: unknown[]): Promise<unknown> {
        if (!this.client?.isRunning()) {
            throw new Error("The djperf server is not running.");
        }
        return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
    }

    private async ask(command: string, args: unknown[]): Promise<string> {
        // A document may be shown again before the server is there.
        await this.queue;
        if (command === "djperf.debugInformation") {
            return this.debugInformation();
        }
        return String(await this.command(command, args));
    }

    private async debugInformation(): Promise<string> {
        const { found, tried } = this.answer ?? {};
        const lines = [
            `extension: ${(this.extension.extension.packageJSON as { version: string }).version}`,
            `editor: ${vscode.env.appName} ${vscode.version}`,
            `trusted: ${vscode.workspace.isTrusted}`,
            `program: ${found ? `${found.path} (${found.source})` : "none"}`,
            ...describe(tried ?? []).map((line) => `passed over: ${line}`),
            "",
        ];
        try {
            lines.push(String(await this.command("djperf.debugInformation", [])));
        } catch (error) {
            lines.push(String(error));
        }
        return `${lines.join("\n").trimEnd()}\n`;
    }

    private async start(): Promise<void> {
        const { log } = this.channels;
        if (!enabled()) {
            this.status.stopped("switched off");
            return;
        }
        this.status.starting();
        const asked = await question(this.extension);
        const answer = find(asked, here);
        this.answer = answer;
        const { found, tried } = answer;
        const passedOver = describe(tried);
        for (const line of passedOver) {
            log.debug(`passed over ${line}`);
        }
        if (found === undefined) {
            this.status.failed("not found");
            log.error(["djperf was not found. Tried:", ...passedOver].join("\n  "));
            void this.complain(
                asked.trusted
                    ? `djperf was not found. Tried ${passedOver.join("; ")}.`
                    : "This build of the extension brings no djperf along, and no other runs before the workspace is trusted.",
            );
            return;
        }
        for (const { source, path, obstacle } of tried.filter(({ source }) => source === "djperf.path")) {
            const text = `${source}: ${path}: ${obstacle}. ${found.path} runs instead.`;
            log.warn(text);
            void this.complain(text);
        }
        const reason = await refusal(found.path);
        if (reason !== undefined) {
            const text = `${found.path} (${found.source}) is no djperf with a server: ${reason}`;
            log.error(text);
            this.status.failed("does not start");
            void this.complain(text);
            return;
        }
        log.info(`starts ${found.path} (${found.source})`);
        const client = create(found.path, this.channels, (code) => this.documents.showRule(code));
        try {
            await client.start();
        } catch (error) {
            // The client itself has shown it.
            log.error(`${found.path}: ${String(error)}`);
            this.status.failed("does not start");
            await client.dispose(PATIENCE).catch(() => {});
            return;
        }
        this.client = client;
        const version = client.initializeResult?.serverInfo?.version ?? "";
        log.info(`runs, version ${version || "unknown"}`);
        this.status.running(version, `${found.source}: ${found.path}`);
    }

    private async stop(): Promise<void> {
        const client = this.client;
        this.client = undefined;
        try {
            await client?.dispose(PATIENCE);
        } catch (error) {
            this.channels.log.warn(`the server did not end well: ${String(error)}`);
        }
    }

    private async complain(text: string): Promise<void> {
        const logs = "Show Logs";
        const settings = "Open Settings";
        const choice = await vscode.window.showErrorMessage(text, logs, settings);
        if (choice === logs) {
            this.showLogs();
        } else if (choice === settings) {
            await vscode.commands.executeCommand("workbench.action.openSettings", "djperf.path");
        }
    }
}
