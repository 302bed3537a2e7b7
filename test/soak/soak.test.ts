/** Tests of the soak: its statistics with forged samples, its options, and a very short one of the real realm. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { percentileBetween } from "./histograms.ts";
import { readSoakOptions } from "./options.ts";
import { refusalsIn, soak } from "./soak.ts";
import { growthOf, isGrowing } from "./trend.ts";

const limits = { slack: 10, share: 0.1 };
const series = (length: number, value: (i: number) => number) => Array.from({ length }, (_, i) => value(i));

test("what grows steadily is found, what jumps about or settles is not", () => {
  assert.equal(
    isGrowing(
      series(60, (i) => 100 + i),
      limits,
    ),
    true,
  );
  assert.equal(
    isGrowing(
      series(60, (i) => 100 + ((i * 7919) % 40)),
      limits,
    ),
    false,
  );
  assert.equal(
    isGrowing(
      series(60, (i) => 100 - i),
      limits,
    ),
    false,
  );
  assert.equal(
    isGrowing(
      series(60, (i) => 100 + Math.min(i, 15)),
      limits,
    ),
    false,
  );
  assert.equal(
    isGrowing(
      series(60, (i) => (i === 59 ? 10_000 : 100)),
      limits,
    ),
    false,
    "one look is none",
  );
});

test("few samples say nothing, and growth is from the first third to the last", () => {
  assert.equal(growthOf(series(8, (i) => i * 1000)), undefined);
  assert.deepEqual(growthOf(series(9, (i) => i)), { first: 1, last: 7, grown: 6 });
});

test("percentiles are of what was counted between two readings", () => {
  const at = (counts: number[]) => ({ fromMs: 1, partsPerDoubling: 4, counts });
  const before = at([5, 0, 0, 0, 7]);
  const after = at([5, 0, 0, 0, 107, 1]);
  assert.equal(percentileBetween(before, after, 50), 2.5);
  assert.equal(percentileBetween(before, after, 100), 3);
  assert.equal(percentileBetween(undefined, before, 10), 1.25);
  assert.equal(percentileBetween(after, after, 50), 0);
});

test("joins that a busy realm refused are told apart from what went wrong", () => {
  const table =
    "errors        9\n\n  6 × join: 4004 server_full\n  2 × join: 4001 ticket_invalid\n  1 × closed: 1006";
  assert.equal(refusalsIn(table), 6);
  assert.equal(refusalsIn("errors        0"), 0);
});

test("options have ranges", () => {
  assert.deepEqual(readSoakOptions(["--minutes", "5"]), { minutes: 5, players: 2000, json: false });
  for (const args of [
    [],
    ["--minutes", "0"],
    ["--minutes", "a"],
    ["--minutes", "1", "--players", "3"],
    ["--hours", "1"],
  ])
    assert.equal(typeof readSoakOptions(args), "string", args.join(" "));
});

test("a realm holds for a few seconds while two dozen players come and go", { timeout: 60_000 }, async () => {
  const lines: string[] = [];
  const figures = await soak({ minutes: 0.1, players: 24, json: false }, (line) => lines.push(line));
  assert.deepEqual(figures.problems, []);
  assert.ok(figures.waves >= 4, `${figures.waves} waves`);
  assert.ok(lines.length >= 5, lines.join("\n"));
  assert.ok(figures.eventMs.p50 > 0 && figures.eventMs.p50 <= figures.eventMs.p99);
});
