import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { describe, find, here, type Machine, type Place, type Question, refusal } from "../../src/binary";

const BUNDLED = "/ext/bundled/bin/djperf";

function machine(files: string[], more: Partial<Machine> = {}): Machine {
    return {
        platform: "linux",
        env: { PATH: "/usr/local/bin:/usr/bin" },
        obstacle: (path) => (files.includes(path) ? undefined : "no such file"),
        ...more,
    };
}

function question(more: Partial<Question> & { place?: Partial<Place> } = {}): Question {
    const { place, ...rest } = more;
    return {
        trusted: true,
        importStrategy: "fromEnvironment",
        places: [{ directory: "/project", path: "", interpreter: "", ...place }],
        extension: "/ext",
        ...rest,
    };
}

const EVERYWHERE = [
    "/opt/djperf",
    "/envs/shop/bin/djperf",
    "/project/.venv/bin/djperf",
    "/active/bin/djperf",
    "/usr/bin/djperf",
    BUNDLED,
];

test("the order: the path, the interpreter, the folder's environment, the active one, PATH, what is bundled", () => {
    const asked = question({ place: { path: "/opt/djperf", interpreter: "/envs/shop/bin/python3" } });
    const env = { PATH: "/usr/local/bin:/usr/bin", VIRTUAL_ENV: "/active" };
    const order = EVERYWHERE.map((_, at) => find(asked, machine(EVERYWHERE.slice(at), { env })).found?.path);
    assert.deepEqual(order, EVERYWHERE);
    const sources = EVERYWHERE.map(
        (_, at) => find(asked, machine(EVERYWHERE.slice(at), { env })).found?.source,
    );
    assert.deepEqual(sources, [
        "djperf.path",
        "interpreter",
        "virtual environment",
        "VIRTUAL_ENV",
        "PATH",
        "bundled",
    ]);
});

test("useBundled passes over the environment, but not over a path that is set", () => {
    const asked = question({ importStrategy: "useBundled", place: { interpreter: "/envs/shop/bin/python" } });
    assert.equal(find(asked, machine(EVERYWHERE)).found?.path, BUNDLED);
    const set = question({ importStrategy: "useBundled", place: { path: "/opt/djperf" } });
    assert.equal(find(set, machine(EVERYWHERE)).found?.path, "/opt/djperf");
});

test("in a workspace that is not trusted nothing but what is bundled is even looked at", () => {
    const looked: string[] = [];
    const asked = question({
        trusted: false,
        place: { path: "/opt/djperf", interpreter: "/envs/shop/bin/python" },
    });
    const watched = machine([], {
        env: { PATH: "/usr/bin", VIRTUAL_ENV: "/active" },
        obstacle(path) {
            looked.push(path);
            return "no such file";
        },
    });
    assert.equal(find(asked, watched).found, undefined);
    assert.deepEqual(looked, [BUNDLED]);
});

test("of several folders the first that has one counts, and a path before all environments", () => {
    const places = [
        { directory: "/docs", path: "", interpreter: "" },
        { directory: "/shop", path: "", interpreter: "" },
        { directory: "/blog", path: "tools/djperf", interpreter: "" },
    ];
    const files = ["/shop/venv/bin/djperf", "/blog/.venv/bin/djperf"];
    assert.equal(find(question({ places }), machine(files)).found?.path, "/shop/venv/bin/djperf");
    assert.equal(
        find(question({ places }), machine([...files, "/blog/tools/djperf"])).found?.path,
        "/blog/tools/djperf",
    );
});

test("without a folder, relative paths lead nowhere", () => {
    const asked = question({ places: [{ directory: undefined, path: "djperf", interpreter: "bin/python" }] });
    const { found, tried } = find(asked, machine([]));
    assert.equal(found, undefined);
    assert.deepEqual(
        tried.map(({ path }) => path),
        ["/usr/local/bin/djperf", "/usr/bin/djperf", BUNDLED],
    );
});

test("entries of PATH that start nowhere are not searched", () => {
    const env = { PATH: ".::bin:/usr/bin:/usr/bin" };
    const { tried } = find(question(), machine([], { env }));
    assert.deepEqual(
        tried.filter(({ source }) => source === "PATH").map(({ path }) => path),
        ["/usr/bin/djperf"],
    );
});

test("Windows has other names and other places", () => {
    const windows = (files: string[]) =>
        machine(files, { platform: "win32", env: { PATH: "C:\\bin;D:\\x" } });
    const place = { directory: "C:\\shop", path: "", interpreter: "" };
    const at = (more: Partial<Place>, file: string) =>
        find(question({ places: [{ ...place, ...more }], extension: "C:\\ext" }), windows([file])).found
            ?.path;
    for (const [more, file] of [
        [{ path: "tools\\djperf.exe" }, "C:\\shop\\tools\\djperf.exe"],
        [{ interpreter: "C:\\env\\Scripts\\python.exe" }, "C:\\env\\Scripts\\djperf.exe"],
        [{ interpreter: "C:\\conda\\python.exe" }, "C:\\conda\\Scripts\\djperf.exe"],
        [{}, "C:\\shop\\.venv\\Scripts\\djperf.exe"],
        [{}, "D:\\x\\djperf.exe"],
        [{}, "C:\\ext\\bundled\\bin\\djperf.exe"],
    ] as const) {
        assert.equal(at(more, file), file);
    }
});

test("what was tried is told in the order of the search, PATH once", () => {
    const { tried } = find(question({ place: { path: "/opt/djperf" } }), machine([]));
    assert.deepEqual(describe(tried), [
        "djperf.path: /opt/djperf (no such file)",
        "virtual environment: /project/.venv/bin/djperf (no such file)",
        "virtual environment: /project/venv/bin/djperf (no such file)",
        "virtual environment: /project/env/bin/djperf (no such file)",
        "PATH: not in any of its 2 directories",
        `bundled: ${BUNDLED} (no such file)`,
    ]);
});

test("files of this machine", { skip: process.platform === "win32" }, () => {
    const directory = mkdtempSync(join(tmpdir(), "djperf-"));
    try {
        const file = join(directory, "djperf");
        assert.equal(here.obstacle(file), "no such file");
        writeFileSync(file, "");
        assert.equal(here.obstacle(file), "not executable");
        chmodSync(file, 0o755);
        assert.equal(here.obstacle(file), undefined);
        mkdirSync(join(directory, "inner"));
        assert.equal(here.obstacle(join(directory, "inner")), "not a file");
        assert.match(here.obstacle(join(file, "below")) ?? "", /ENOTDIR/);
    } finally {
        rmSync(directory, { recursive: true });
    }
});

test("programs that are no server", { skip: process.platform === "win32" }, async () => {
    const directory = mkdtempSync(join(tmpdir(), "djperf-"));
    try {
        const program = (text: string) => {
            const file = join(directory, "djperf");
            rmSync(file, { force: true });
            writeFileSync(file, text, { mode: 0o755 });
            return refusal(file);
        };
        assert.equal(await program('#!/bin/sh\n[ "$*" = "server --help" ]\n'), undefined);
        assert.equal(
            await program("#!/bin/sh\necho 'error: unrecognized subcommand' >&2\necho more >&2\nexit 2\n"),
            "exit code 2, error: unrecognized subcommand",
        );
        assert.match((await program("#!/nowhere/at/all\n")) ?? "", /ENOENT/);
    } finally {
        rmSync(directory, { recursive: true });
    }
});
