import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { FOR_SERVER, LANGUAGES, RESTARTS } from "../../src/settings";

const read = (path: string) => readFileSync(path, "utf8");
const manifest = JSON.parse(read("package.json"));
const source = readdirSync("src")
    .map((name) => read(`src/${name}`))
    .join("\n");
const settings = Object.keys(manifest.contributes.configuration.properties).map((key) =>
    key.slice("djperf.".length),
);

test("the manifest declares the settings that the code reads, and only those", () => {
    const known = new Set<string>([...FOR_SERVER, ...RESTARTS, "trace.server"]);
    assert.deepEqual(new Set(settings), known);
});

test("the README tells of every setting with its default, and of every command", () => {
    const readme = read("README.md");
    for (const [key, { default: value }] of Object.entries<{ default: unknown }>(
        manifest.contributes.configuration.properties,
    )) {
        const row = readme.split("\n").find((line) => line.startsWith(`| \`${key}\` |`));
        assert.ok(row, `no row for ${key}`);
        assert.equal(row.split("|")[2]?.trim(), `\`${JSON.stringify(value)}\``, key);
    }
    for (const { title } of manifest.contributes.commands) {
        assert.ok(readme.includes(`**djperf: ${title}**`), title);
    }
});

test("every command is registered, and the server's have other names", () => {
    for (const { command } of manifest.contributes.commands) {
        assert.ok(source.includes(`"${command}": (`), command);
        assert.ok(
            !["djperf.applyAutofix", "djperf.explain", "djperf.debugInformation"].includes(command),
            `${command} belongs to the server`,
        );
    }
});

test("settings that name files or programs are restricted in untrusted workspaces", () => {
    const { untrustedWorkspaces, virtualWorkspaces } = manifest.capabilities;
    assert.equal(untrustedWorkspaces.supported, "limited");
    assert.deepEqual(
        untrustedWorkspaces.restrictedConfigurations,
        ["path", "interpreter", "configuration"].map((key) => `djperf.${key}`),
    );
    assert.equal(virtualWorkspaces.supported, false);
});

test("every language that the server reads wakes the extension", () => {
    for (const language of LANGUAGES) {
        assert.ok(manifest.activationEvents.includes(`onLanguage:${language}`), language);
        assert.ok(manifest.contributes.menus.commandPalette[0].when.includes(language), language);
    }
});

test("version and license are those of the linter", () => {
    assert.equal(/^version = "(.*)"$/m.exec(read("../../Cargo.toml"))?.[1], manifest.version);
    assert.equal(read("LICENSE"), read("../../LICENSE"));
});

test("the lock file names no registry", () => {
    const resolved = Object.values<{ resolved?: string }>(JSON.parse(read("package-lock.json")).packages)
        .map((entry) => entry.resolved)
        .filter((address) => address !== undefined);
    assert.deepEqual(resolved, []);
});
