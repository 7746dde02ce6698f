// The workbench as its user has it: keys, clicks, and what can be seen. Nothing here knows djperf.
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** How long anything may take, in milliseconds. */
const PATIENCE = 60_000;

export class Workbench {
    static async open(address, workspace, evidence) {
        const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
        const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
        page.setDefaultTimeout(PATIENCE);
        await page.goto(`${address}/?workspace=${encodeURIComponent(workspace)}`);
        await page.locator(".monaco-workbench").waitFor();
        return new Workbench(browser, page, evidence);
    }

    constructor(browser, page, evidence) {
        this.browser = browser;
        this.page = page;
        this.evidence = evidence;
    }

    async picture(name) {
        await this.page.screenshot({ path: `${this.evidence}/${name}.png` });
    }

    async close() {
        await this.browser.close();
    }

    /** Asks until the answer satisfies; what was seen last is told if it never does. */
    async until(what, ask, satisfies = Boolean) {
        const end = Date.now() + PATIENCE;
        for (;;) {
            const answer = await ask();
            if (Array.isArray(answer) && satisfies === Boolean ? answer.length > 0 : satisfies(answer)) {
                return answer;
            }
            if (Date.now() > end) {
                throw new Error(`${what}: never; last seen: ${JSON.stringify(answer, undefined, 2)}`);
            }
            await this.page.waitForTimeout(100);
        }
    }

    /** Asks for a while, and the answer has to satisfy each time. */
    async stays(what, ask, satisfies) {
        for (let times = 0; times < 30; times += 1) {
            const answer = await ask();
            if (!satisfies(answer)) {
                throw new Error(`${what}: not for long; last seen: ${JSON.stringify(answer)}`);
            }
            await this.page.waitForTimeout(100);
        }
    }

    /** Runs a command of the palette. */
    async command(title) {
        await this.pick(async () => this.page.keyboard.press("F1"), `>${title}`, title);
    }

    /** Opens a file by its absolute path, a line of it if wanted. */
    async file(path, line) {
        await this.pick(async () => this.page.keyboard.press("Control+P"), path, path.split("/").at(-1));
        await this.page.locator(`.tab.active[data-resource-name="${path.split("/").at(-1)}"]`).waitFor();
        if (line !== undefined) {
            await this.line(line);
        }
    }

    async line(line) {
        await this.pick(async () => this.page.keyboard.press("Control+G"), `:${line}`, "");
    }

    async pick(open, text, row) {
        const input = this.page.locator(".quick-input-widget input.input");
        await this.until("quick input", async () => {
            await open();
            return await input.isVisible();
        });
        await input.fill(text);
        const first = this.page.locator(".quick-input-list .monaco-list-row").first();
        await this.until(
            `"${row}" on top of the list`,
            async () => {
                const label = await first.getAttribute("aria-label", { timeout: 500 }).catch(() => null);
                return row === "" ||
                    label === row ||
                    label?.startsWith(`${row},`) ||
                    label?.startsWith(`${row} `)
                    ? true
                    : label;
            },
            (answer) => answer === true,
        );
        await this.page.keyboard.press("Enter");
        await input.waitFor({ state: "hidden" });
    }

    /** How many stretches of the visible text are underlined. */
    async squiggles() {
        return this.page
            .locator(
                ".editor-instance .squiggly-error, .editor-instance .squiggly-warning, .editor-instance .squiggly-info",
            )
            .count();
    }

    /** What stands above lines, by the text of the line below; what cannot be seen is left out. */
    async lenses() {
        return this.page.locator(".editor-instance").evaluate((editor) => {
            const top = (element) => element.getBoundingClientRect().top;
            const text = (element) => element.innerText.replaceAll("\u00a0", " ").trim();
            const lines = [...editor.querySelectorAll(".view-line")];
            const lenses = [...editor.querySelectorAll(".codelens-decoration")].filter(
                (lens) =>
                    text(lens) !== "" &&
                    lens.checkVisibility({ opacityProperty: true, visibilityProperty: true }),
            );
            const below = (lens) =>
                lines.filter((line) => top(line) > top(lens)).reduce((a, b) => (top(a) < top(b) ? a : b));
            return Object.fromEntries(lenses.map((lens) => [text(below(lens)), text(lens)]));
        });
    }

    /** Opens the panel of problems, with only those that hold a text. */
    async problemsWith(text) {
        await this.command("Problems: Focus on Problems View");
        await this.page.locator('.panel input[placeholder^="Filter"]').fill(text);
    }

    /** The visible rows of the panel. */
    async problems() {
        const rows = await this.page.locator(".markers-panel .monaco-list-row").allInnerTexts();
        return rows.map((row) => row.replaceAll(/\s+/g, " "));
    }

    /** How many problems there are in the workspace. */
    async problemCount() {
        const badge = this.page.locator('.panel .action-item:has([aria-label^="Problems"]) .badge-content');
        return Number((await badge.allInnerTexts()).join(""));
    }

    /** The titles of what Ctrl+. offers; the menu stays open. */
    async quickFixes() {
        const rows = this.page.locator(".action-widget .monaco-list-row.action");
        await this.until("quick fixes", async () => {
            if (!(await rows.first().isVisible())) {
                await this.page.keyboard.press("Control+.");
                await this.page.waitForTimeout(1000);
            }
            return await rows.first().isVisible();
        });
        return rows.allInnerTexts();
    }

    async chooseQuickFix(title) {
        const focused = this.page.locator(".action-widget .monaco-list-row.action.focused");
        await this.until(`"${title}" chosen`, async () => {
            const label = (await focused.getAttribute("aria-label")) ?? "";
            if (!label.includes(title)) {
                await this.page.keyboard.press("ArrowDown");
                return false;
            }
            return true;
        });
        await this.page.keyboard.press("Enter");
        await this.page.locator(".action-widget").waitFor({ state: "hidden" });
    }

    async save() {
        await this.page.keyboard.press("Control+S");
        await this.page.locator(".tab.active.dirty").waitFor({ state: "detached" });
    }

    /** What is told about the place of the cursor. */
    async hover() {
        const shown = this.page.locator(".monaco-hover:not(.hidden) .hover-contents");
        await this.until("something to hover", async () => {
            if (!(await shown.first().isVisible())) {
                await this.page.keyboard.press("Control+K");
                await this.page.keyboard.press("Control+I");
                await this.page.waitForTimeout(500);
            }
            return await shown.first().isVisible();
        });
        return (await shown.allInnerTexts()).join("\n");
    }

    /** The text of the visible lines. */
    async text() {
        const lines = await this.page.locator(".editor-instance .view-line").allInnerTexts();
        return lines.join("\n").replaceAll("\u00a0", " ");
    }

    /** The text of a preview in a frame of a frame. */
    async preview() {
        const frame = this.page.frameLocator("iframe.webview.ready").frameLocator("#active-frame");
        return (await frame.locator("body").allInnerTexts()).join("");
    }

    /** The messages in the corner, once they have come to rest. */
    async notifications() {
        const toasts = this.page.locator(".notifications-toasts .notification-toast-container");
        const moving = await toasts.evaluateAll((all) =>
            all.some((toast) => toast.getAnimations({ subtree: true }).length > 0),
        );
        return moving ? [] : toasts.locator(".notification-list-item-message").allInnerTexts();
    }
}
