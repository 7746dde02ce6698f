/** Where the `djperf` is that runs as the server, and whether it can. Knows no VS Code. */

import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { posix, win32 } from "node:path";
import type { ImportStrategy } from "./settings";

/** Directories of a folder that may hold its virtual environment. */
const ENVIRONMENTS = [".venv", "venv", "env"];
/** Variables that name an active environment. */
const ACTIVE = ["VIRTUAL_ENV", "CONDA_PREFIX"];

export interface Machine {
    platform: NodeJS.Platform;
    env: Readonly<Record<string, string | undefined>>;
    /** Why the file cannot be run; nothing if it can. */
    obstacle(path: string): string | undefined;
}

/** A folder of the workspace, or the place of no folder at all. */
export interface Place {
    /** Absolute; none without an open folder. */
    directory: string | undefined;
    /** `djperf.path`, variables replaced; empty if not set. */
    path: string;
    /** The interpreter that is set or selected; empty if none is. */
    interpreter: string;
}

export interface Question {
    /** In an untrusted workspace only what comes with the extension may run. */
    trusted: boolean;
    importStrategy: ImportStrategy;
    places: readonly Place[];
    /** The root of the extension. */
    extension: string;
}

/** A file that was looked at and that cannot be run. */
export interface Tried {
    source: string;
    path: string;
    obstacle: string;
}

export interface Answer {
    found: { path: string; source: string } | undefined;
    /** In the order of the search. */
    tried: Tried[];
}

/** Searches without running anything: `djperf.path`, then the Python environment, then PATH, then what is bundled. */
export function find(question: Question, machine: Machine): Answer {
    const tried: Tried[] = [];
    for (const [source, path] of candidates(question, machine)) {
        const obstacle = machine.obstacle(path);
        if (obstacle === undefined) {
            return { found: { path, source }, tried };
        }
        tried.push({ source, path, obstacle });
    }
    return { found: undefined, tried };
}

function* candidates(question: Question, machine: Machine): Generator<[source: string, path: string]> {
    const windows = machine.platform === "win32";
    const { dirname, isAbsolute, join, resolve } = windows ? win32 : posix;
    const name = windows ? "djperf.exe" : "djperf";

    if (question.trusted) {
        for (const { directory, path } of question.places) {
            if (path !== "" && (isAbsolute(path) || directory !== undefined)) {
                yield ["djperf.path", resolve(directory ?? "", path)];
            }
        }
    }
    if (question.trusted && question.importStrategy === "fromEnvironment") {
        const scripts = windows ? "Scripts" : "bin";
        for (const { directory, interpreter } of question.places) {
            if (interpreter !== "" && (isAbsolute(interpreter) || directory !== undefined)) {
                const beside = dirname(resolve(directory ?? "", interpreter));
                yield ["interpreter", join(beside, name)];
                if (windows) {
                    // A Conda environment has the interpreter above its scripts.
                    yield ["interpreter", join(beside, scripts, name)];
                }
            }
        }
        for (const { directory } of question.places) {
            for (const environment of directory === undefined ? [] : ENVIRONMENTS) {
                yield ["virtual environment", join(directory as string, environment, scripts, name)];
            }
        }
        for (const variable of ACTIVE) {
            const environment = machine.env[variable];
            if (environment !== undefined && isAbsolute(environment)) {
                yield [variable, join(environment, scripts, name)];
            }
        }
        // What stands in PATH without a root would be searched for in the project.
        const list = machine.env.PATH ?? machine.env.Path ?? "";
        for (const directory of new Set(list.split(windows ? ";" : ":"))) {
            if (isAbsolute(directory)) {
                yield ["PATH", join(directory, name)];
            }
        }
    }
    yield ["bundled", join(question.extension, "bundled", "bin", name)];
}

/** One line for each place that was searched; PATH is one place. */
export function describe(tried: readonly Tried[]): string[] {
    const lines: string[] = [];
    const onPath = tried.filter(({ source }) => source === "PATH").length;
    let told = false;
    for (const { source, path, obstacle } of tried) {
        if (source !== "PATH") {
            lines.push(`${source}: ${path} (${obstacle})`);
        } else if (!told) {
            told = true;
            lines.push(`PATH: not in any of its ${onPath} directories`);
        }
    }
    return lines;
}

/** This machine. */
export const here: Machine = {
    platform: process.platform,
    env: process.env,
    obstacle(path) {
        try {
            if (!statSync(path).isFile()) {
                return "not a file";
            }
        } catch (error) {
            return (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : String(error);
        }
        try {
            accessSync(path, constants.X_OK);
        } catch {
            return "not executable";
        }
        return undefined;
    },
};

/** Why the program cannot be the server; nothing if it can. The first thing that is run of it. */
export function refusal(program: string): Promise<string | undefined> {
    return new Promise((resolve) => {
        execFile(program, ["server", "--help"], { timeout: 10_000 }, (error, _, stderr) => {
            if (error === null) {
                resolve(undefined);
                return;
            }
            const how = typeof error.code === "number" ? `exit code ${error.code}` : error.message;
            const [first = ""] = stderr.trim().split("\n");
            resolve(first === "" ? how : `${how}, ${first}`);
        });
    });
}
