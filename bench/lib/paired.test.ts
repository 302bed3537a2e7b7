/** Tests of the paired comparison, with forged samples whose truth is known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { changeOf, directionOf, judge, type Pair, pairsMin } from "./paired.ts";

const chance = new SeededRandom(7, 1);

/** Pairs of a figure that becomes `factor` times larger, with noise that is shared by a pair and noise that is not. */
function forged(factor: number, count: number, noise: number): Pair[] {
  return Array.from({ length: count }, () => {
    const minute = 1 + chance.float() * 2;
    const wobble = () => 1 + (chance.float() * 2 - 1) * noise;
    return { before: 100 * minute * wobble(), after: 100 * factor * minute * wobble() };
  });
}

function verdicts(factor: number, noise: number, direction: "lower" | "higher" = "lower") {
  const counts = { slower: 0, faster: 0, same: 0 };
  for (let i = 0; i < 400; i++) counts[judge(changeOf(forged(factor, 9, noise), direction))]++;
  return counts;
}

test("what is the same is called the same, however loud the noise", () => {
  for (const noise of [0.01, 0.1, 0.4]) {
    const { slower } = verdicts(1, noise);
    assert.ok(slower <= 400 * 0.04, `${slower} of 400 at noise ${noise}`);
  }
});

test("what is 3 % slower is tolerated, what is 20 % slower is found in a quiet room and mostly in a loud one", () => {
  assert.equal(verdicts(1.03, 0.01).slower, 0);
  assert.equal(verdicts(1.2, 0.02).slower, 400);
  assert.ok(verdicts(1.2, 0.1).slower > 350);
});

test("what became better is no regression, and a rate is better when it is higher", () => {
  assert.deepEqual(verdicts(0.8, 0.02), { slower: 0, faster: 400, same: 0 });
  assert.equal(verdicts(0.8, 0.02, "higher").slower, 400);
});

test("one spoilt pair changes nothing", () => {
  const pairs = [...forged(1, 8, 0.01), { before: 100, after: 10_000 }];
  assert.equal(judge(changeOf(pairs, "lower")), "same");
});

test("few pairs judge nobody, and figures that are none are left out", () => {
  assert.ok(Number.isNaN(changeOf(forged(2, pairsMin - 1, 0), "lower").low));
  assert.equal(judge(changeOf(forged(2, pairsMin - 1, 0), "lower")), "same");
  const { low, high } = changeOf(forged(2, pairsMin, 0.01), "lower");
  assert.ok(low > 1.9 && high < 2.1);
  assert.ok(Number.isNaN(changeOf([{ before: 0, after: 1 }], "lower").ratio));
});

test("the interval holds the truth as often as it promises", () => {
  let held = 0;
  for (let i = 0; i < 1000; i++) {
    const { low, high } = changeOf(forged(1.1, 12, 0.2), "lower");
    if (low <= 1.1 && high >= 1.1) held++;
  }
  assert.ok(held >= 930, `${held} of 1000`);
});

test("units say which way is better; counts, maxima and rare percentiles are not judged", () => {
  assert.deepEqual(
    ["tickUs20x500", "allocatedBytes500", "findAndEncodeMs1000", "composeUsPerFrame", "radiusNs"].map(
      directionOf,
    ),
    ["lower", "lower", "lower", "lower", "lower"],
  );
  assert.equal(directionOf("dispatchesPerSecond"), "higher");
  for (const name of ["intents500", "tickP99Us500", "movementUsP999", "system.movement.walkUs500", "Usually"])
    assert.equal(directionOf(name), undefined, name);
});
