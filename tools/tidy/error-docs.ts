/**
 * The error documentation against the code: every code has its row, every row its code.
 *
 * Source: fastify keeps its error list honest the same way, with a test that reads both.
 */

/** Modules whose exports named `…Codes` hold all codes there are, one per key. */
export const codeTables = ["packages/protocol/src/codes.ts", "packages/server/src/kernel/errors.ts"] as const;

/** The keys of all exports of a module whose name ends in `Codes`. */
export function codesOf(exports: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(exports)
    .filter(([name, value]) => name.endsWith("Codes") && typeof value === "object" && value !== null)
    .flatMap(([, table]) => Object.keys(table as object));
}

/** Compares table rows that begin with a code in backticks, `| \`code\` | …`, with the codes that live. */
export function compareCodes(markdown: string, live: readonly string[]): string[] {
  const rows = [...markdown.matchAll(/^\|\s*`([^`]+)`\s*\|/gm)].map((match) => match[1] ?? "");
  const [documented, alive] = [new Set(rows), new Set(live)];
  return [
    ...live.filter((code) => !documented.has(code)).map((code) => `${code} has no row`),
    ...rows.filter((code) => !alive.has(code)).map((code) => `${code} has a row but no code`),
    ...rows.filter((code, index) => rows.indexOf(code) !== index).map((code) => `${code} has two rows`),
  ];
}
