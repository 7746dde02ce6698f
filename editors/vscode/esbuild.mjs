// Bundles the extension into dist, with the licenses of what it takes in; or with `--tests` the unit tests into out/tests.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
    const { metafile } = await build({
        ...common,
        entryPoints: ["src/extension.ts"],
        metafile: true,
        outfile: "dist/extension.js",
        external: ["vscode"],
        minify: production,
        sourcemap: !production,
    });
    const inputs = Object.keys(metafile.inputs);
    const packages = new Set(inputs.flatMap((path) => path.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []));
    writeFileSync("dist/licenses.txt", [...packages].sort().map(license).join("\n\n"));
}

/** Name, version and license of a package; each has to bring its license along. */
function license(directory) {
    const { name, version } = JSON.parse(readFileSync(`${directory}/package.json`, "utf8"));
    const file = readdirSync(directory).find((name) => /^licen[cs]e/i.test(name));
    if (file === undefined) {
        throw new Error(`${directory} has no license`);
    }
    return `${name} ${version}\n\n${readFileSync(`${directory}/${file}`, "utf8").trim()}\n`;
}
