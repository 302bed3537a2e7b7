import { deepEqual, equal, notDeepEqual, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SeededRandom } from "./random.ts";

const seed = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

function draws(random: SeededRandom, count: number): number[] {
  return Array.from({ length: count }, () => random.next());
}

/** sfc32 written again with 64-bit integers, straight from its definition. */
function referenceDraws(words: Uint32Array, count: number): number[] {
  let [a, b, c, counter] = Array.from(words, BigInt) as [bigint, bigint, bigint, bigint];
  const low = (value: bigint) => value & 0xffff_ffffn;
  return Array.from({ length: count }, () => {
    const sum = low(a + b + counter);
    counter = low(counter + 1n);
    a = b ^ (b >> 9n);
    b = low(c + (c << 3n));
    c = low(low((c << 21n) | (c >> 11n)) + sum);
    return Number(sum);
  });
}

test("the numbers of a seed never change", () => {
  deepEqual(draws(new SeededRandom(1), 4), [1779833415, 2026416846, 1661539736, 2729060721]);
  deepEqual(
    draws(new SeededRandom(Number.MAX_SAFE_INTEGER, 7), 4),
    [2765150934, 1571465440, 626126419, 6853637],
  );
});

test("the generator is sfc32", () => {
  fc.assert(
    fc.property(seed, (start) => {
      const random = new SeededRandom(start);
      deepEqual(referenceDraws(random.save(), 50), draws(random, 50));
    }),
  );
});

test("a restored state goes on exactly where it was saved", () => {
  fc.assert(
    fc.property(seed, fc.integer({ min: 0, max: 50 }), (start, skipped) => {
      const random = new SeededRandom(start);
      draws(random, skipped);
      const saved = random.save();
      const expected = draws(random, 20);
      const other = new SeededRandom(0);
      other.restore(saved);
      deepEqual(draws(other, 20), expected);
    }),
  );
});

test("a saved state is a copy that later draws do not touch", () => {
  const random = new SeededRandom(5);
  const saved = random.save();
  const before = [...saved];
  random.next();
  deepEqual([...saved], before);
});

test("seeds and streams that differ in one bit share nothing", () => {
  const base = draws(new SeededRandom(1000), 64);
  for (const other of [new SeededRandom(1001), new SeededRandom(1000 + 2 ** 40), new SeededRandom(1000, 1)]) {
    const numbers = draws(other, 64);
    notDeepEqual(numbers, base);
    const flipped = numbers.reduce(
      (sum, number, index) => sum + bitsOf((number ^ (base[index] as number)) >>> 0),
      0,
    );
    ok(Math.abs(flipped / (64 * 32) - 0.5) < 0.05, `${flipped} of 2048 bits differ`);
  }
});

function bitsOf(word: number): number {
  return word.toString(2).replaceAll("0", "").length;
}

test("bounded integers stay in range and come equally often", () => {
  const random = new SeededRandom(42);
  const counts = new Array<number>(7).fill(0);
  for (let draw = 0; draw < 70_000; draw += 1) {
    const value = random.int(7);
    counts[value] = (counts[value] as number) + 1;
  }
  for (const count of counts) ok(Math.abs(count - 10_000) < 400, `${count} of about 10,000`);
  equal(random.int(1), 0);
  ok(random.int(2 ** 32) < 2 ** 32);
});

test("a bound of three quarters of the range is unbiased, where a plain remainder would be off by a third", () => {
  const random = new SeededRandom(9);
  const bound = 3 * 2 ** 30;
  const below = Array.from({ length: 30_000 }, () => random.int(bound)).filter(
    (value) => value < 2 ** 30,
  ).length;
  ok(Math.abs(below - 10_000) < 400, `${below} of about 10,000`);
});

test("floats are in [0, 1) with the right mean", () => {
  const random = new SeededRandom(3);
  const values = Array.from({ length: 10_000 }, () => random.float());
  ok(values.every((value) => value >= 0 && value < 1));
  ok(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length - 0.5) < 0.02);
});

test("chance is never at 0, always at 1, and one draw whatever the answer", () => {
  const random = new SeededRandom(8);
  const twin = new SeededRandom(8);
  for (let round = 0; round < 100; round += 1) {
    equal(random.chance(0), false);
    equal(random.chance(1), true);
    draws(twin, 2);
  }
  deepEqual(random.save(), twin.save());
});

test("a seed, stream, bound or state out of range is a bug", () => {
  for (const bad of [-1, 0.5, 2 ** 53, Number.NaN])
    throws(() => new SeededRandom(bad), { name: "AssertionFailed" });
  for (const bad of [-1, 0.5, 2 ** 32]) throws(() => new SeededRandom(1, bad), { name: "AssertionFailed" });
  const random = new SeededRandom(1);
  for (const bad of [0, -1, 1.5, 2 ** 32 + 1]) throws(() => random.int(bad), { name: "AssertionFailed" });
  throws(() => random.restore(new Uint32Array(3)), { name: "AssertionFailed" });
});
