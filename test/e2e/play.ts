/**
 * What the end-to-end tests do as a person would: start the realm with the command of the README, open pages, walk.
 *
 * Owns: the server process and the browser of a test run; both end with it, by their handles.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { chromiumPath } from "../chromium.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Where screenshots are kept. */
export const artefacts = join(root, "artefacts", "e2e");

const browserArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A realm in a process of its own, with a fresh data directory and a free port. */
export class RealmProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #dataDir: string;

  private constructor(child: ChildProcess, dataDir: string, url: string) {
    this.#child = child;
    this.#dataDir = dataDir;
    this.url = url;
  }

  static async start(): Promise<RealmProcess> {
    buildPage();
    const dataDir = mkdtempSync(join(tmpdir(), "myriad-e2e-"));
    const child = spawn(process.execPath, ["games/realm/src/main.ts"], {
      cwd: root,
      env: { ...process.env, PORT: "0", MYRIAD_DATA_DIR: dataDir },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const url = await new Promise<string>((resolve, reject) => {
      let text = "";
      child.stdout!.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        const ready = /myriad ready (\S+)/.exec(text);
        if (ready !== null) resolve(ready[1]!);
      });
      child.once("exit", (code) =>
        reject(new Error(`the realm ended with ${code} before it was ready: ${text}`)),
      );
    });
    return new RealmProcess(child, dataDir, url);
  }

  /** Ends the realm as an operator would; answers its exit code and how long it took. */
  async stop(): Promise<{ code: number | null; ms: number }> {
    const start = performance.now();
    const ended = new Promise<number | null>((resolve) => {
      this.#child.once("exit", (code) => resolve(code));
    });
    this.#child.kill("SIGTERM");
    const code = await ended;
    rmSync(this.#dataDir, { recursive: true, force: true });
    return { code, ms: performance.now() - start };
  }
}

/** Builds the page when it is not there: after a fresh install it is. */
function buildPage(): void {
  if (existsSync(join(root, "games/realm/web/dist/index.html"))) return;
  const built = spawnSync("npm", ["run", "build:web"], { cwd: root, stdio: "inherit" });
  if (built.status !== 0) throw new Error("the page cannot be built");
}

export async function openBrowser(): Promise<Browser> {
  mkdirSync(artefacts, { recursive: true });
  return chromium.launch({ executablePath: chromiumPath(), headless: true, args: browserArguments });
}

/** The handle that the page offers with `?debug`, as far as the tests use it. */
interface DebugHandle {
  truth(): { x: number; y: number } | undefined;
  position(): { x: number; y: number };
  zone(): number;
  entities(): number;
  state(): string;
  creatures(): { ref: number; species: string; x: number; y: number; health: number; action: string }[];
  stats(): Record<string, number>;
  cutSocket(): void;
}

/** One player in one page. */
export class PagePlayer {
  readonly page: Page;
  readonly name: string;
  readonly errors: string[];
  readonly #held = new Set<string>();

  private constructor(page: Page, name: string, errors: string[]) {
    this.page = page;
    this.name = name;
    this.errors = errors;
  }

  static async enter(
    browser: Browser,
    url: string,
    name: string,
    viewport = { width: 1280, height: 720 },
  ): Promise<PagePlayer> {
    const context = await browser.newContext({ viewport });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`${url}/?debug`);
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: /enter/i }).click();
    const player = new PagePlayer(page, name, errors);
    await player.until(
      `${name} plays`,
      (realm) => realm.state() === "playing" && realm.truth() !== undefined,
      30_000,
    );
    return player;
  }

  /** What the handle answers. */
  ask<T>(question: (realm: DebugHandle) => T): Promise<T> {
    // The function runs in the page: it may use nothing from here.
    return this.page.evaluate(`(${question.toString()})(window.__realm)`) as Promise<T>;
  }

  async until(what: string, holds: (realm: DebugHandle) => boolean, msMax = 15_000): Promise<void> {
    const end = performance.now() + msMax;
    while (performance.now() < end) {
      const isSo = await this.page.evaluate(
        `window.__realm !== undefined && (${holds.toString()})(window.__realm)`,
      );
      if (isSo === true) return;
      await this.page.waitForTimeout(100);
    }
    throw new Error(`within ${msMax} ms it did not come true that ${what}`);
  }

  /** Holds exactly these movement keys. */
  async hold(...keys: string[]): Promise<void> {
    for (const key of [...this.#held]) {
      if (keys.includes(key)) continue;
      this.#held.delete(key);
      await this.page.keyboard.up(key);
    }
    for (const key of keys) {
      if (this.#held.has(key)) continue;
      this.#held.add(key);
      await this.page.keyboard.down(key);
    }
  }

  /** Walks towards a point, around what is in the way, until it is within `nearM` metres or time is over. */
  async walkTo(goal: { x: number; y: number }, nearM: number, msMax: number): Promise<boolean> {
    const end = performance.now() + msMax;
    let last = await this.at();
    let stuck = 0;
    while (performance.now() < end) {
      const at = await this.at();
      const dx = goal.x - at.x;
      const dy = goal.y - at.y;
      if (Math.hypot(dx, dy) <= nearM) {
        await this.hold();
        return true;
      }
      stuck = Math.hypot(at.x - last.x, at.y - last.y) < 0.4 ? stuck + 1 : 0;
      last = at;
      const keys: string[] = [];
      if (Math.abs(dx) > 1) keys.push(dx > 0 ? "d" : "a");
      if (Math.abs(dy) > 1) keys.push(dy > 0 ? "s" : "w");
      // Something round is in the way: a while to the side, now this one, now the other.
      if (stuck >= 2) {
        const isWide = Math.abs(dx) > Math.abs(dy);
        await this.hold(isWide ? (stuck % 8 < 4 ? "w" : "s") : stuck % 8 < 4 ? "a" : "d");
        await this.page.waitForTimeout(500);
        continue;
      }
      await this.hold(...keys);
      await this.page.waitForTimeout(200);
    }
    await this.hold();
    return false;
  }

  /** Where the zone has the player. */
  async at(): Promise<{ x: number; y: number }> {
    return (await this.ask((realm) => realm.truth())) ?? { x: 0, y: 0 };
  }

  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: join(artefacts, `${name}.png`) });
  }
}
