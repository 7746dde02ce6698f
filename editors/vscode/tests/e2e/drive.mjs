// The story that a user would tell: node drive.mjs ADDRESS WORKSPACE-FILE DIRECTORY-FOR-PICTURES
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Workbench } from "./workbench.mjs";

const [address, workspace, evidence] = process.argv.slice(2);
const root = dirname(workspace);
const read = (path) => readFileSync(join(root, path), "utf8");
const ORDERS = "shop/dashboard/services/orders.py";
const VIEWS = "shop/dashboard/views.py";
const BASE = "blog/templates/base.html";

function setting(key, value) {
    const content = JSON.parse(readFileSync(workspace, "utf8"));
    content.settings[key] = value;
    writeFileSync(workspace, JSON.stringify(content, undefined, 2));
}

/** How many problems there were at first. */
let all = 0;

const problems = (count) =>
    bench.until(
        `${count} problems`,
        () => bench.problemCount(),
        (found) => found === count,
    );

const bench = await Workbench.open(address, workspace, evidence);
const steps = {
    "in a workspace that is not trusted, what is bundled shows problems in a template": async () => {
        await bench.file(join(root, BASE));
        await bench.until("squiggles in a template", () => bench.squiggles());
        assert.ok(!existsSync(join(root, "planted-ran")), "a program of the workspace ran");
        await bench.picture("untrusted-template");
    },
    "once it is trusted, the program of its settings runs, and that it does not work is told": async () => {
        await bench.command("Workspaces: Manage Workspace Trust");
        await bench.page
            .locator(".workspace-trust-editor .monaco-button", { hasText: "Trust" })
            .first()
            .click();
        await bench.until("the planted program", () => existsSync(join(root, "planted-ran")));
        const texts = await bench.until("a message", () => bench.notifications());
        assert.equal(texts.length, 1, texts.join("\n"));
        assert.match(texts[0], /planted \(djperf\.path\) is no djperf with a server: .*exit code 1/);
        await bench.picture("wrong-program");
        await bench.command("Notifications: Clear All Notifications");
        await bench.command("View: Close All Editors");
    },
    "another setting starts the server anew": async () => {
        setting("djperf.path", undefined);
        await bench.file(join(root, ORDERS), 69);
        await bench.until("squiggles", () => bench.squiggles());
    },
    "problems stand under the code and in their panel": async () => {
        await bench.problemsWith("customer__profile");
        await bench.until(
            "a row of the panel",
            () => bench.problems(),
            (rows) =>
                rows.some(
                    (row) =>
                        row.includes("each `Order` row loads `customer__profile`") &&
                        /djperf.*DJP101/.test(row),
                ),
        );
        all = await bench.problemCount();
        await bench.picture("problems");
    },
    "a quick fix changes the file": async () => {
        await bench.file(join(root, ORDERS), "69:20");
        const before = read(ORDERS);
        const titles = await bench.quickFixes();
        await bench.picture("quick-fixes");
        console.log(titles.map((title) => `    ${title}`).join("\n"));
        for (const word of ["suppress", "explain"]) {
            assert.ok(
                titles.some((title) => title.includes(word)),
                `${word} is not among ${titles.join(", ")}`,
            );
        }
        await bench.chooseQuickFix(".select_related(");
        await bench.until(
            "the text",
            () => bench.text(),
            (text) => text.includes('customer__tier")'),
        );
        await bench.save();
        const after = read(ORDERS);
        const changed = after.split("\n").filter((line, at) => line !== before.split("\n")[at]);
        assert.equal(changed.length, 1, changed.join("\n"));
        assert.match(changed[0], /select_related\("customer__profile", "customer__tier"\)/);
        await bench.picture("fixed");
    },
    "the fixed line is no problem any more": () => problems(all - 1),
    "what is typed counts before it is saved": async () => {
        await bench.page.keyboard.press("Control+Z");
        await problems(all);
        assert.ok(read(ORDERS).includes('"customer__tier")'), "the file has changed");
        await bench.page.keyboard.press("Control+Y");
        await problems(all - 1);
        await bench.save();
    },
    "a setting holds at once, without another server": async () => {
        setting("djperf.select", ["DJP108"]);
        await bench.until(
            "few problems",
            () => bench.problemCount(),
            (count) => count > 0 && count < 20,
        );
        setting("djperf.select", undefined);
        await problems(all - 1);
    },
    "pointing at a problem tells what it costs": async () => {
        await bench.file(join(root, ORDERS), "79:20");
        const text = await bench.hover();
        await bench.picture("hover");
        assert.match(text, /related-set-in-loop/);
        assert.match(text, /Queries: 1 \+ N → 2/);
        await bench.page.keyboard.press("Escape");
    },
    "pointing at a queryset without problems tells what it loads": async () => {
        await bench.line("74:46");
        const text = await bench.hover();
        await bench.picture("hover-queryset");
        assert.match(text, /queryset of\s+orders\.Order/);
        assert.match(text, /select_related: customer__profile, customer__tier/);
        assert.match(text, /Evaluated at dashboard\/services\/orders\.py:75\./);
        await bench.page.keyboard.press("Escape");
    },
    "queries stand above views, as a formula": async () => {
        await bench.file(join(root, VIEWS), 24);
        const lenses = await bench.until(
            "three lenses",
            () => bench.lenses(),
            (shown) => Object.keys(shown).length >= 3,
        );
        assert.equal(lenses["class HomeView(TemplateView):"], "≥ 1 + N queries (N: Order)");
        assert.equal(lenses["class FastHomeView(HomeView):"], "≥ 1 query");
        assert.equal(lenses["def order_list(request):"], "1 + 2·N + N·M queries (N: Order, M: OrderItem)");
        await bench.picture("lenses");
    },
    "where nothing is safe to fix, fix all says so": async () => {
        await bench.command("djperf: Fix All Auto-Fixable Problems");
        const texts = await bench.until("a message", () => bench.notifications());
        assert.deepEqual(texts, ["djperf: nothing in views.py can be fixed safely."]);
        await bench.picture("nothing-to-fix");
        await bench.command("Notifications: Clear All Notifications");
    },
    "fix all applies what is safe": async () => {
        const before = read(ORDERS).split("\n");
        await bench.file(join(root, ORDERS));
        await bench.command("djperf: Fix All Auto-Fixable Problems");
        await bench.page.locator(".tab.active.dirty").waitFor();
        await bench.save();
        const changed = read(ORDERS)
            .split("\n")
            .flatMap((line, at) => (line === before[at] ? [] : [at + 1]));
        assert.deepEqual(changed, [131]);
        assert.equal(read(ORDERS).split("\n")[130], before[130].replace("customer.id", "customer_id"));
    },
    "a rule is explained": async () => {
        await bench.file(join(root, ORDERS), "79:20");
        await bench.quickFixes();
        await bench.chooseQuickFix("explain");
        const text = await bench.until(
            "the card of the rule",
            () => bench.preview(),
            (text) => text.includes("related-set-in-loop"),
        );
        assert.ok(text.includes("What it does") && !text.includes("severity:"), text);
        await bench.picture("explained");
        await bench.command("View: Close All Editors");
    },
    "in a template, a problem is suppressed with a comment": async () => {
        const before = read(BASE);
        await bench.file(join(root, BASE), "9:25");
        await bench.until(
            "two squiggles",
            () => bench.squiggles(),
            (count) => count === 2,
        );
        await bench.quickFixes();
        await bench.chooseQuickFix("suppress");
        await bench.until(
            "one squiggle",
            () => bench.squiggles(),
            (count) => count === 1,
        );
        await bench.save();
        await bench.stays(
            "one squiggle",
            () => bench.squiggles(),
            (count) => count === 1,
        );
        const added = read(BASE)
            .split("\n")
            .filter((line) => !before.includes(line));
        assert.equal(added.length, 1, added.join("\n"));
        assert.match(added[0], /\{#.*DJP401|uncached-fragment.*#\}/);
        await bench.picture("template");
        await bench.command("View: Close All Editors");
    },
    "debug information tells which program runs": async () => {
        await bench.command("djperf: Print Debug Information");
        const text = await bench.until(
            "debug information",
            () => bench.text(),
            (text) => text.includes("program:"),
        );
        assert.match(text, /program: .*djperf \((virtual environment)\)/);
        await bench.picture("debug-information");
        await bench.command("View: Close All Editors");
    },
};

let failures = 0;
for (const [name, step] of Object.entries(steps)) {
    const started = Date.now();
    try {
        await step();
        console.log(`${name}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
    } catch (error) {
        failures += 1;
        await bench.picture(`failed-${failures}`);
        console.error(`FAILED: ${name}\n${error.stack}`);
    }
}
await bench.close();
process.exit(failures === 0 ? 0 : 1);
