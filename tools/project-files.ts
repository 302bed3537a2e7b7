/**
 * The project's own text files, for the test runner and the tidy rules.
 *
 * Walks the folders instead of asking git: a downloaded archive has no repository, and a file that nobody has
 * added yet must obey the rules too. What `.gitignore` names as made by a command is left out here by name.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The repository's root, absolute. */
export const root = join(import.meta.dirname, "..");

/** Made by a command, never written by hand: see `.gitignore`. */
const madeFolders = new Set(["node_modules", ".git", "dist", "data", "coverage", "artefacts"]);

const textExtensions = /\.(?:ts|mjs|json|md|html|css|svg|sh|ya?ml|toml|proto|sql|py|txt|cfg|service)$/;
const textNames = /^(?:LICENSE|Dockerfile|run|\.gitignore|\.gitattributes|\.npmrc)$/;

/** Paths of all text files under `folder`, relative to the root with `/`, sorted. The lockfile is not ours to style. */
export function projectFiles(folder = ""): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!madeFolders.has(entry.name)) found.push(...projectFiles(path));
    } else if (entry.isFile() && path !== "package-lock.json") {
      if (textExtensions.test(entry.name) || textNames.test(entry.name)) found.push(path);
    }
  }
  return found.sort();
}

/** Whether a path is a test file, which `npm test` runs. */
export function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

/**
 * Whether a path is code of tests, which is held to fewer rules: a test, or a port's contract. A `contract.ts` or
 * `x-contract.ts` holds the tests that every adapter of a port must pass; the adapters' own test files run it.
 */
export function isTestCode(path: string): boolean {
  return isTest(path) || /(?:^|[/-])contract\.ts$/.test(path);
}
