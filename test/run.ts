/**
 * The test command: `npm test` runs every test with coverage and its thresholds, `npm test -- PATTERN…` runs the files
 * whose path contains one of the patterns, without.
 *
 * Owns what node's own runner leaves open: which files there are, the browser they need, and that a source file which
 * no test loads is an error by name. (Its lines count as uncovered, but it has no branches that could.)
 */

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { isTest, isTestCode, projectFiles, root } from "../tools/project-files.ts";
import { strip } from "../tools/tidy/strip.ts";
import { ensureChromium } from "./chromium.ts";
import { ensurePostgres } from "./postgres.ts";

/** Percent of lines, and of branches, of `packages/*\/src`. */
const coveragePercentMin = 90;

/**
 * Test files that run at once. Half of a small machine: some tests measure time, and the end-to-end ones keep a
 * browser and a server busy beside the test itself.
 */
const concurrentFiles = Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2)));

/** One file may take this long; then it hangs. */
const fileTimeoutMs = 6 * 60_000;

const testFolders = /^(?:packages|games|test|tools|examples|bench)\//;
const coveredFiles = /^packages\/[^/]+\/src\/.*\.ts$/;
const browserTests = /^test\/e2e\//;
/** Tests that start a PostgreSQL of their own. */
const databaseTests = /^packages\/server\/src\/(?:store\/postgres\/postgres-store|migrate)\.test\.ts$/;

const patterns = process.argv.slice(2);
const sources = projectFiles();
process.chdir(root);
const wantedFiles = sources.filter((path) => isTest(path) && testFolders.test(path) && isWanted(path));
const files = withDatabase(withBrowser(wantedFiles));

if (files.length === 0) {
  console.error(`no test file's path contains ${patterns.join(" or ")}`);
  process.exit(1);
}

const results = run({
  files,
  concurrency: concurrentFiles,
  timeout: fileTimeoutMs,
  ...(patterns.length === 0 ? coverage() : {}),
});
results.on("test:fail", () => {
  process.exitCode = 1;
});
results.on("test:coverage", ({ summary }) => reportNeverLoaded(summary.files));
results.compose(new spec()).pipe(process.stdout);

function isWanted(path: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => path.includes(pattern));
}

/** Leaves the browser tests out where no browser can be had; never in CI, where that is a failure. */
function withBrowser(wanted: string[]): string[] {
  if (!wanted.some((path) => browserTests.test(path)) || ensureChromium() !== undefined) return wanted;
  if (process.env["CI"] !== undefined) process.exit(1);
  console.error("the end-to-end tests are left out");
  return wanted.filter((path) => !browserTests.test(path));
}

/** Leaves the tests of the database out where no server can be had; never in CI, where that is a failure. */
function withDatabase(wanted: string[]): string[] {
  if (!wanted.some((path) => databaseTests.test(path)) || ensurePostgres() !== undefined) return wanted;
  if (process.env["CI"] !== undefined) process.exit(1);
  console.error("the tests of the PostgreSQL store are left out");
  return wanted.filter((path) => !databaseTests.test(path));
}

function coverage() {
  const covered = sources.filter((path) => coveredFiles.test(path));
  return {
    coverage: true,
    coverageIncludeAll: true,
    coverageIncludeGlobs: ["packages/*/src/**/*.ts"],
    // Nothing of a file that holds only types ever runs.
    coverageExcludeGlobs: covered.filter((path) => isTestCode(path) || holdsOnlyTypes(path)),
    lineCoverage: coveragePercentMin,
    branchCoverage: coveragePercentMin,
  };
}

/** Formatted code begins each statement in the first column. */
function holdsOnlyTypes(path: string): boolean {
  const typeOnly = String.raw`import type\b|(?:export )?(?:declare|type|interface)\b`;
  return !new RegExp(`^(?!${typeOnly})[a-z]`, "im").test(strip(readFileSync(path, "utf8")));
}

/** A file that ran has at least one branch: its own body. */
function reportNeverLoaded(report: readonly { path: string; totalBranchCount: number }[]): void {
  const missing = report.filter(({ totalBranchCount }) => totalBranchCount === 0);
  if (missing.length === 0) return;
  process.exitCode = 1;
  const paths = missing.map(({ path }) => `  ${relative(root, path)}\n`);
  process.once("exit", () => process.stderr.write(`Error: no test loads these files:\n${paths.join("")}`));
}
