/**
 * The browser of the end-to-end tests: finds Chromium, and installs Debian's package where that is ours to do.
 *
 * Playwright's own browser download is absent on purpose: the distribution's package is signed, patched and mirrored.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Where distributions put it, in the order of trust. */
const candidates = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
] as const;

/** The browser, and a font: without one every label is a row of boxes. */
const packages = ["chromium", "fonts-dejavu-core"] as const;

const help = `end-to-end tests need Chromium; install it (Debian: apt-get install ${packages.join(" ")}) or run npm test as root`;

/** The browser's path, or undefined where none is installed. */
export function findChromium(): string | undefined {
  return candidates.find((path) => existsSync(path));
}

/** The browser's path. Throws an error that says what to install. For tests, which run after the runner made sure. */
export function chromiumPath(): string {
  const path = findChromium();
  if (path === undefined) throw new Error(help);
  return path;
}

/**
 * Makes sure that there is a browser: installs Debian's when run as root with apt-get, which takes a minute.
 * Returns its path, or undefined with a message on stderr where it cannot be had.
 */
export function ensureChromium(): string | undefined {
  const path = findChromium();
  if (path !== undefined) return path;
  if (!mayInstall()) {
    console.error(help);
    return undefined;
  }
  console.error(`no Chromium yet: installing ${packages.join(" and ")} with apt-get, this takes a minute`);
  apt(["update"]);
  apt(["install", "-y", "--no-install-recommends", ...packages]);
  const installed = findChromium();
  console.error(installed === undefined ? help : `installed ${installed}`);
  return installed;
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && spawnSync("apt-get", ["--version"], { stdio: "ignore" }).status === 0;
}

/** Output is shown only when it fails: the log of a package manager helps nobody who has what they need. */
function apt(args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status, stdout, stderr } = spawnSync("apt-get", ["-q", ...args], { env, encoding: "utf8" });
  if (status !== 0) console.error(`apt-get ${args[0]} failed:\n${stdout}${stderr}`);
}
