import assert from "node:assert/strict";
import { test } from "node:test";
import { FOR_SERVER, forServer, forStart } from "../../src/settings";
import { expand, type Surroundings } from "../../src/variables";

const shop = { name: "shop", path: "/code/shop" };
const blog = { name: "blog", path: "/code/blog" };
const around: Surroundings = {
    folder: shop,
    folders: [shop, blog],
    home: "/people/ada",
    env: { TOOLS: "/tools" },
};
const reader = (values: Record<string, unknown>) => ({ get: (key: string) => values[key] });

test("variables", () => {
    const cases: [string, string][] = [
        ["${workspaceFolder}/bin/djperf", "/code/shop/bin/djperf"],
        ["${workspaceFolder:blog}/x", "/code/blog/x"],
        ["${workspaceFolder:nowhere}/x", "${workspaceFolder:nowhere}/x"],
        ["${userHome}/x", "/people/ada/x"],
        ["~/x", "/people/ada/x"],
        ["~", "/people/ada"],
        ["~ada/x", "~ada/x"],
        ["/a/~/b", "/a/~/b"],
        ["${env:TOOLS}/djperf", "/tools/djperf"],
        ["${env:MISSING}/djperf", "/djperf"],
        ["${command:pick}", "${command:pick}"],
    ];
    for (const [text, expected] of cases) {
        assert.equal(expand(text, around), expected);
    }
    assert.equal(expand("${workspaceFolder}/x", { ...around, folder: undefined }), "${workspaceFolder}/x");
});

test("the server gets its settings and no others", () => {
    const values = {
        enable: true,
        path: "/opt/djperf",
        importStrategy: "useBundled",
        interpreter: "python",
        trace: { server: "verbose" },
        configuration: "${workspaceFolder}/djperf.toml",
        select: ["DJP1"],
        preview: null,
        run: "onSave",
        logLevel: "debug",
    };
    assert.deepEqual(forServer(reader(values), around), {
        enable: true,
        configuration: "/code/shop/djperf.toml",
        select: ["DJP1"],
        run: "onSave",
        logLevel: "debug",
    });
    const inline = { severity: { DJP101: "error" } };
    assert.deepEqual(forServer(reader({ configuration: inline }), around), { configuration: inline });
    assert.deepEqual(
        Object.keys(forServer(reader(Object.fromEntries(FOR_SERVER.map((key) => [key, false]))), around)),
        [...FOR_SERVER],
    );
});

test("what decides about the program, whatever stands there", () => {
    assert.deepEqual(forStart(reader({}), around), {
        enable: true,
        path: "",
        importStrategy: "fromEnvironment",
        interpreter: "",
    });
    assert.deepEqual(
        forStart(
            reader({
                enable: false,
                path: "  ~/djperf ",
                importStrategy: "useBundled",
                interpreter: "${env:TOOLS}/python",
            }),
            around,
        ),
        {
            enable: false,
            path: "/people/ada/djperf",
            importStrategy: "useBundled",
            interpreter: "/tools/python",
        },
    );
    const nonsense = forStart(
        reader({ enable: "yes", path: 3, importStrategy: "?", interpreter: [] }),
        around,
    );
    assert.deepEqual(nonsense, forStart(reader({}), around));
});
