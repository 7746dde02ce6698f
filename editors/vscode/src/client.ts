/** The client of one server process. */

import type * as vscode from "vscode";
import {
    type ConfigurationItem,
    LanguageClient,
    type LanguageClientOptions,
    RevealOutputChannelOn,
} from "vscode-languageclient/node";
import { LANGUAGES, SECTION } from "./settings";
import { folders, serverSettings } from "./workspace";

export interface Channels {
    log: vscode.LogOutputChannel;
    trace: vscode.LogOutputChannel;
}

/** A client that is not started yet. `explain` is called with the code of a rule. */
export function create(
    program: string,
    { log, trace }: Channels,
    explain: (code: string) => Promise<void>,
): LanguageClient {
    const options: LanguageClientOptions = {
        documentSelector: LANGUAGES.map((language) => ({ scheme: "file", language })),
        diagnosticCollectionName: "djperf",
        outputChannel: log,
        traceOutputChannel: trace,
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        initializationOptions: () => ({ settings: serverSettings() }),
        stdioOptions: {
            stdout: () => {},
            // The server's log has its own levels.
            stderr: (stream) => {
                stream.setEncoding("utf8").on("data", (text: string) => {
                    log.append(text);
                });
            },
        },
        middleware: {
            executeCommand: (command, args: unknown[], next): vscode.ProviderResult<unknown> =>
                command === "djperf.explain" && typeof args[0] === "string"
                    ? explain(args[0])
                    : next(command, args),
            workspace: {
                // The server sees its own settings only, variables replaced.
                configuration: async (params, token, next) => {
                    const answers: unknown = await next(params, token);
                    return Array.isArray(answers)
                        ? answers.map((answer: unknown, at) => own(client, params.items[at]) ?? answer)
                        : [];
                },
                // It is only told that something has changed, and asks.
                didChangeConfiguration: (_, next) => next(undefined),
            },
        },
    };
    const cwd = folders()[0]?.uri.fsPath;
    const client = new LanguageClient(
        SECTION,
        "djperf",
        { command: program, args: ["server"], options: cwd === undefined ? {} : { cwd } },
        options,
    );
    return client;
}

/** What the server gets for one item that it asks for; nothing if it is not about djperf. */
function own(client: LanguageClient, item: ConfigurationItem | undefined): unknown {
    if (item?.section !== SECTION) {
        return undefined;
    }
    return serverSettings(item.scopeUri ? client.protocol2CodeConverter.asUri(item.scopeUri) : undefined);
}
