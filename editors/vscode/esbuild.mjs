// Bundles the extension into dist, or with `--tests` the unit tests into out/tests.
import { readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const tests = process.argv.includes("--tests");
const production = process.argv.includes("--production");
const common = { bundle: true, platform: "node", target: "node20", format: "cjs", logLevel: "warning" };

if (tests) {
    rmSync("out/tests", { recursive: true, force: true });
    const names = readdirSync("tests/unit").filter((name) => name.endsWith(".test.ts"));
    await build({
        ...common,
        entryPoints: names.map((name) => `tests/unit/${name}`),
        outdir: "out/tests",
        outExtension: { ".js": ".cjs" },
        sourcemap: "inline",
    });
} else {
    rmSync("dist", { recursive: true, force: true });
    await build({
        ...common,
        entryPoints: ["src/extension.ts"],
        outfile: "dist/extension.js",
        external: ["vscode"],
        minify: production,
        sourcemap: !production,
    });
}
