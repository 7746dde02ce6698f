import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
    { ignores: ["dist", "out", "bundled"] },
    {
        files: ["src/**/*.ts", "tests/**/*.ts"],
        extends: [js.configs.recommended, ...tseslint.configs.strictTypeChecked],
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        rules: {
            "@typescript-eslint/consistent-type-imports": "error",
            "@typescript-eslint/restrict-template-expressions": [
                "error",
                { allowNumber: true, allowBoolean: true },
            ],
            // The functions of `path` and of log channels do without.
            "@typescript-eslint/unbound-method": "off",
            // `test` of node:test answers with a promise that nobody awaits.
            "@typescript-eslint/no-floating-promises": [
                "error",
                { allowForKnownSafeCalls: [{ from: "package", name: "test", package: "node:test" }] },
            ],
        },
    },
    {
        // What a manifest holds is what these are to find out.
        files: ["tests/unit/manifest.test.ts"],
        extends: [tseslint.configs.disableTypeChecked],
    },
    {
        files: ["**/*.mjs"],
        extends: [js.configs.recommended],
        languageOptions: { globals: { console: "readonly", process: "readonly" } },
    },
);
