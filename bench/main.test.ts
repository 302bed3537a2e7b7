/** Tests of `npm run bench`: names, arguments, the table, and the one object that --json ends with. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { main, tableOf } from "./main.ts";

async function bench(...args: string[]): Promise<{ code: number; out: string[]; progress: string[] }> {
  const out: string[] = [];
  const progress: string[] = [];
  const code = await main(args, {
    out: (line) => void out.push(line),
    progress: (line) => void progress.push(line),
  });
  return { code, out, progress };
}

test("without a name it lists what there is", async () => {
  const { code, out } = await bench();
  assert.equal(code, 0);
  assert.match(out.join("\n"), /^usage: .*\nnames: .*\bevents\b.*\bspatial\b/);
  assert.doesNotMatch(out.join("\n"), /main|harness|test/);
});

test("an unknown name is an error with the nearest one and all of them", async () => {
  const { code, out, progress } = await bench("spacial", "--json");
  assert.deepEqual([code, out], [2, []]);
  assert.match(
    progress.join("\n"),
    /^There is no benchmark spacial\. Did you mean spatial\? Names: .*events/,
  );
  assert.match((await bench("zzzzzz")).progress.join("\n"), /^There is no benchmark zzzzzz\. Names:/);
  assert.equal((await bench("../bench/events")).code, 2);
});

test("wrong arguments are errors that say what is allowed", async () => {
  for (const [args, message] of [
    [["events", "spatial"], /One benchmark at a time/],
    [["events", "--rounds", "0"], /--rounds is an integer from 1 to 10000/],
    [["events", "--round-ms", "a"], /--round-ms is an integer from 1 to 10000/],
    [["events", "--jsn"], /--jsn/],
  ] as const) {
    const { code, out, progress } = await bench(...args);
    assert.deepEqual([code, out], [2, []]);
    assert.match(progress.join("\n"), message);
    assert.match(progress.join("\n"), /usage: npm run bench/);
  }
});

test("a benchmark's own options are known to it alone, and what is wrong with them is said like the rest", async () => {
  for (const [args, message] of [
    [["peers", "--players", "many"], /--players is .*\nusage: npm run bench -- peers .*\[--players /],
    [["peers", "--only", "nobody"], /--only is some of/],
    [["events", "--players", "10"], /--players/],
  ] as const) {
    const { code, out, progress } = await bench(...args);
    assert.deepEqual([code, out], [2, []]);
    assert.match(progress.join("\n"), message);
  }
});

test("a benchmark prints a table, then with --json one object as its last line", async () => {
  const { code, out, progress } = await bench("events", "--json", "--rounds", "1", "--round-ms", "1");
  assert.equal(code, 0);
  assert.match(out[0] as string, /^results\n {2}dispatchesPerSecond +\d/);
  const last = JSON.parse(out.at(-1) as string) as Record<string, Record<string, number>>;
  assert.deepEqual(Object.keys(last), ["name", "machine", "results", "references", "ratios"]);
  assert.deepEqual(Object.keys(last["machine"] ?? {}), ["cpu", "cores", "node", "platform"]);
  assert.ok((last["results"]?.["dispatchesPerSecond"] ?? 0) > 0);
  assert.ok((last["ratios"]?.["eventEmitter"] ?? 0) > 0);
  assert.match(progress[0] as string, /^events: warming up/);
});

test("the spatial benchmark answers every figure with a number", async () => {
  const { out } = await bench("spatial", "--json", "--rounds", "1", "--round-ms", "1");
  const { results, ratios } = JSON.parse(out.at(-1) as string) as Record<string, Record<string, number>>;
  for (const value of [...Object.values(results ?? {}), ratios?.["linearScan"]]) assert.ok((value ?? 0) > 0);
});

test("the table aligns figures, keeps four digits and leaves empty parts out", () => {
  const table = tableOf({
    results: { opsPerSecond: 1_234_567.8, ns: 0.123456 },
    references: {},
    ratios: { other: Number.NaN },
  });
  assert.equal(
    table,
    [
      "results",
      "  opsPerSecond  1,234,568",
      "  ns               0.1235",
      "ratios",
      "  other             NaN ×",
    ].join("\n"),
  );
});

test("as a command, progress goes to stderr and the exit code tells", () => {
  const command = new URL("main.ts", import.meta.url).pathname;
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, [command, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const lines = run("events", "--json", "--rounds", "1", "--round-ms", "1").trimEnd().split("\n");
  assert.equal((JSON.parse(lines.at(-1) as string) as { name: string }).name, "events");
  assert.throws(() => run("nothing-like-it"), { status: 2 });
});

test("the regression gate and the pauses say what their options may be", async () => {
  for (const [args, message] of [
    [["regress", "--pairs", "2"], /--pairs is an integer from 6/],
    [["regress", "--only", "zone,tock"], /--only names some of zone, tick.*tock is none/],
    [["regress", "--against=--output=x"], /--against is a commit/],
    [["pauses", "--players", "0"], /--players is an integer/],
    [["pauses", "--semi-space", "16,x"], /--semi-space is a list/],
  ] as const) {
    const { code, out, progress } = await bench(...args);
    assert.deepEqual([code, out], [2, []]);
    assert.match(progress.join("\n"), message);
  }
});
