/**
 * The regression gate: the core benchmarks here and at another commit, in pairs.
 *
 * `npm run bench -- regress [--against COMMIT] [--only a,b] [--pairs N]`: every benchmark runs in both trees by turns, each run a
 * process of its own; a figure that is more than 5 % slower, with an interval that leaves no doubt, is measured again with
 * twice the pairs. What is slower then too is a regression: exit code 1.
 * Without --against this working tree is compared with the last commit.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchOptions, BenchResult } from "./harness.ts";
import { checkOut } from "./lib/checkout.ts";
import {
  type Change,
  changeOf,
  directionOf,
  judge,
  type Pair,
  pairsMin,
  type Verdict,
} from "./lib/paired.ts";

export const usage = { against: "COMMIT", only: "NAME,NAME", pairs: "N" } as const;

const root = fileURLToPath(new URL("../", import.meta.url));
const core = ["zone", "tick", "gateway", "codec", "events", "movement", "packet", "spatial"];
/** Nine pairs leave the worst on either side out of the interval. */
const pairsDefault = 9;
const pairsMax = 1000;
/** Milliseconds for one run of one benchmark. */
const runMsMax = 300_000;
/** Rounds of a run: many short runs say more than a few long ones, for a run shares its compiler's luck. */
const roundsOfRun = ["--rounds", "3", "--round-ms", "50"];

interface Row {
  readonly bench: string;
  readonly figure: string;
  readonly change: Change;
  readonly verdict: Verdict;
}

export function check(given: Readonly<Record<string, string | undefined>>): string | undefined {
  const wanted = read(given);
  return typeof wanted === "string" ? wanted : undefined;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const wanted = read(options.given ?? {});
  if (typeof wanted === "string") throw new Error(wanted);
  const other = await checkOut(root, wanted.against);
  const rows: Row[] = [];
  try {
    for (const bench of wanted.only) {
      if (!existsSync(join(other.directory, "bench", `${bench}.ts`))) {
        options.progress(`${bench} is new: nothing to compare with`);
        continue;
      }
      rows.push(
        ...(await compare(bench, wanted.pairs, { other: other.directory, progress: options.progress })),
      );
    }
  } finally {
    other.remove();
  }
  const slower = rows.filter(({ verdict }) => verdict === "slower");
  return {
    results: Object.fromEntries(
      rows.map(({ bench, figure, change }) => [`${bench}.${figure}`, change.ratio]),
    ),
    references: {},
    ratios: {},
    text: tableOf(rows, wanted.against),
    ...(slower.length === 0
      ? {}
      : {
          failed: `slower than ${wanted.against}: ${slower.map(({ bench, figure }) => `${bench} ${figure}`).join(", ")}`,
        }),
  };
}

/** Measures a benchmark in pairs, and once more what looks slower. */
async function compare(
  bench: string,
  pairs: number,
  given: { other: string; progress: (line: string) => void },
): Promise<Row[]> {
  const first = rowsOf(bench, await measure(bench, pairs, given));
  if (!first.some(({ verdict }) => verdict === "slower")) return first;
  given.progress(`${bench} looks slower: once more, with ${pairs * 2} pairs`);
  const again = rowsOf(bench, await measure(bench, pairs * 2, given));
  // Slower is only what was so both times.
  return again.map((row) => {
    const before = first.find(({ figure }) => figure === row.figure);
    return row.verdict === "slower" && before?.verdict !== "slower" ? { ...row, verdict: "same" } : row;
  });
}

async function measure(
  bench: string,
  pairs: number,
  { other, progress }: { other: string; progress: (line: string) => void },
): Promise<Map<string, Pair[]>> {
  const found = new Map<string, Pair[]>();
  for (let pair = 0; pair < pairs; pair++) {
    progress(`${bench}: pair ${pair + 1} of ${pairs}`);
    // By turns who begins: nobody always comes second to a warm machine.
    const order = pair % 2 === 0 ? [other, root] : [root, other];
    const figures = new Map<string, Readonly<Record<string, number>>>();
    for (const tree of order) figures.set(tree, await runIn(tree, bench));
    for (const [figure, after] of Object.entries(figures.get(root)!)) {
      const before = figures.get(other)![figure];
      if (before === undefined || directionOf(figure) === undefined) continue;
      const list = found.get(figure) ?? [];
      found.set(figure, list);
      list.push({ before, after });
    }
  }
  return found;
}

async function runIn(tree: string, bench: string): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["bench/main.ts", bench, "--json", ...roundsOfRun],
    { cwd: tree, timeout: runMsMax, maxBuffer: 64 * 1024 * 1024 },
  );
  const { results } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as {
    results: Record<string, number>;
  };
  return results;
}

function rowsOf(bench: string, found: ReadonlyMap<string, readonly Pair[]>): Row[] {
  return [...found].map(([figure, pairs]) => {
    const change = changeOf(pairs, directionOf(figure)!);
    return { bench, figure, change, verdict: judge(change) };
  });
}

/** A line for each figure: how many times slower it is here, and the interval. */
function tableOf(rows: readonly Row[], against: string): string {
  const width = Math.max(10, ...rows.map(({ bench, figure }) => bench.length + figure.length + 1));
  const lines = rows.map(({ bench, figure, change, verdict }) => {
    const name = `${bench} ${figure}`.padEnd(width);
    const interval = `${change.low.toFixed(3)} … ${change.high.toFixed(3)}`;
    return `${name}  ${change.ratio.toFixed(3)} ×  (${interval})${verdict === "same" ? "" : `  ${verdict}`}`;
  });
  return [`times slower than ${against} (95 % interval)`, ...lines].join("\n");
}

/** The options, or what is wrong with them in one sentence. */
function read(
  given: Readonly<Record<string, string | undefined>>,
): { against: string; only: readonly string[]; pairs: number } | string {
  const only = given["only"]?.split(",") ?? core;
  const pairs = Number(given["pairs"] ?? pairsDefault);
  const unknown = only.find((name) => !core.includes(name));
  if (unknown !== undefined)
    return `--only names some of ${core.join(", ")}, and ${unknown} is none of them.`;
  if (!Number.isInteger(pairs) || pairs < pairsMin || pairs > pairsMax)
    return `--pairs is an integer from ${pairsMin} to ${pairsMax}.`;
  const against = given["against"] ?? "HEAD";
  // A name that begins with a dash would be an option of git's.
  if (!/^[\w./~^@{}-]+$/.test(against) || against.startsWith("-")) return "--against is a commit.";
  return { against, only, pairs };
}
