/** The settings: which of them the server gets, and which decide how it is started. Knows no VS Code. */

import { expand, type Surroundings } from "./variables";

export const SECTION = "djperf";

/** Languages of documents that the server reads. */
export const LANGUAGES = ["python", "html", "django-html", "htmldjango", "jinja-html", "jinja"] as const;

/** What the server reads. Everything else is for the extension alone. */
export const FOR_SERVER = [
    "enable",
    "configuration",
    "select",
    "extendSelect",
    "ignore",
    "preview",
    "unsafeFixes",
    "codeLens",
    "inlayHints",
    "hover",
    "run",
    "logLevel",
] as const;

/** A change of one of these needs another server; of the others a running one is told. */
export const RESTARTS = ["enable", "path", "importStrategy", "interpreter"] as const;

/** Settings without the section's name, as VS Code gives them for a folder. */
export interface Reader {
    get(key: string): unknown;
}

/** The settings as the server wants them. */
export function forServer(reader: Reader, around: Surroundings): Record<string, unknown> {
    const settings: Record<string, unknown> = {};
    for (const key of FOR_SERVER) {
        const value = reader.get(key);
        if (value === undefined || value === null) {
            continue;
        }
        settings[key] = key === "configuration" && typeof value === "string" ? expand(value, around) : value;
    }
    return settings;
}

export type ImportStrategy = "fromEnvironment" | "useBundled";

/** What decides about the program. */
export interface ForStart {
    enable: boolean;
    path: string;
    importStrategy: ImportStrategy;
    interpreter: string;
}

export function forStart(reader: Reader, around: Surroundings): ForStart {
    return {
        enable: reader.get("enable") !== false,
        path: text(reader.get("path"), around),
        importStrategy: reader.get("importStrategy") === "useBundled" ? "useBundled" : "fromEnvironment",
        interpreter: text(reader.get("interpreter"), around),
    };
}

function text(value: unknown, around: Surroundings): string {
    return typeof value === "string" ? expand(value.trim(), around) : "";
}
