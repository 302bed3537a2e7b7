/** Tests of the benchmark harness, with a clock that the contenders themselves move. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type BenchOptions, type Contender, median, percentile, race, summary } from "./harness.ts";

/** A clock and contenders that take a known time per operation, and note when they ran. */
function timeline(): {
  options: BenchOptions;
  ran: [string, number][];
  contender: (name: string, msOf: (call: number) => number) => Contender;
} {
  let ms = 0;
  const ran: [string, number][] = [];
  return {
    ran,
    options: { rounds: 5, roundMs: 10, progress: () => {}, now: () => ms },
    contender: (name, msOf) => ({
      name,
      run: (operations) => {
        const call = ran.filter(([other]) => other === name).length;
        ran.push([name, operations]);
        ms += operations * msOf(call);
        return operations;
      },
    }),
  };
}

test("a race fills its rounds and tells nanoseconds, rates and ratios", () => {
  const { options, contender } = timeline();
  const outcome = race([contender("fast", () => 0.001), contender("slow", () => 0.004)], options);
  assert.equal(Math.round(outcome.timing("fast").medianNs), 1000);
  assert.equal(Math.round(outcome.timing("slow").maxNs), 4000);
  assert.equal(Math.round(outcome.perSecond("slow")), 250_000);
  assert.equal(Math.round(outcome.ratio("slow", "fast") * 1000), 4000);
});

test("rounds alternate in direction, with as many operations as fill the time", () => {
  const { options, contender, ran } = timeline();
  race([contender("a", () => 0.1), contender("b", () => 2)], options);
  const measured = ran.slice(-10);
  assert.equal(measured.map(([name]) => name).join(""), "abbaabbaab");
  assert.deepEqual(measured.slice(0, 2), [
    ["a", 100],
    ["b", 5],
  ]);
});

test("noise that hits both contenders of a round alike leaves the ratio as it is", () => {
  const { options, contender, ran } = timeline();
  const noise = (): number => (ran.length % 4 < 2 ? 1 : 7);
  const outcome = race([contender("a", () => noise()), contender("b", () => 3 * noise())], options);
  assert.equal(outcome.ratio("b", "a"), 3);
});

test("work that takes no time ends all the same", () => {
  const { options, contender } = timeline();
  assert.equal(race([contender("nothing", () => 0)], options).timing("nothing").minNs, 0);
});

test("progress names contenders and rounds", () => {
  const { options, contender } = timeline();
  const lines: string[] = [];
  race([contender("a", () => 1)], { ...options, rounds: 2, progress: (line) => void lines.push(line) });
  assert.deepEqual(lines, ["warming up: a", "round 1 of 2", "round 2 of 2"]);
});

test("a name that nobody has is an error", () => {
  const { options, contender } = timeline();
  const outcome = race([contender("a", () => 1)], options);
  assert.throws(() => outcome.timing("b"), /nobody in this race is called b/);
  assert.throws(() => outcome.ratio("a", "b"), /called b/);
});

test("median, percentile and summary leave the order of the input alone", () => {
  const values = [5, 1, 4, 2, 3];
  assert.equal(median(values), 3);
  assert.equal(median([1, 2, 3, 10]), 2.5);
  assert.equal(percentile(values, 99), 5);
  assert.deepEqual(summary(values), { minNs: 1, medianNs: 3, maxNs: 5 });
  assert.deepEqual(values, [5, 1, 4, 2, 3]);
  assert.ok(Number.isNaN(median([])));
});
