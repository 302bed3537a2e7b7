import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type ChannelRates, defaultChannelRates, lastDue, levelsOf, strideOf } from "./levels.ts";
import { levelsMax, strideTicksMax } from "./limits.ts";

const rate = fc.record({
  radiusM: fc.integer({ min: 1, max: 500 }),
  rateHz: fc.double({ min: 0.1, max: 100, noNaN: true }),
});
const rates: fc.Arbitrary<ChannelRates> = fc.record({
  critical: rate,
  detailed: rate,
  cosmetic: rate,
  metadata: rate,
});
const tickRateHz = fc.integer({ min: 10, max: 60 });

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

describe("levels", () => {
  test("are rings from near to far with power-of-two strides, for any rates and tick rates", () => {
    fc.assert(
      fc.property(rates, tickRateHz, (given, hz) => {
        const levels = levelsOf(given, hz);
        assert.ok(levels.length >= 1 && levels.length <= levelsMax);
        levels.forEach((level, index) => {
          const before = levels[index - 1];
          assert.ok(before === undefined || before.radiusM < level.radiusM);
          assert.ok(before === undefined || before.strideTicks <= level.strideTicks);
          assert.ok(isPowerOfTwo(level.strideTicks) && level.strideTicks <= strideTicksMax);
          for (const stride of level.channelStrides) {
            assert.ok(stride === 0 || (isPowerOfTwo(stride) && stride <= strideTicksMax));
            // A channel is due only where its level is.
            assert.ok(stride % level.strideTicks === 0);
          }
          // `critical` and `metadata` go on to the edge of the view.
          assert.equal(level.channelStrides[0], level.strideTicks);
          assert.notEqual(level.channelStrides[3], 0);
        });
        const farthest = Math.max(...Object.values(given).map(({ radiusM }) => radiusM));
        assert.equal(levels.at(-1)!.radiusM, farthest);
      }),
      { numRuns: 300 },
    );
  });

  test("send a channel to its radius and no farther, `critical` with doubling strides", () => {
    fc.assert(
      fc.property(rates, tickRateHz, (given, hz) => {
        const levels = levelsOf(given, hz);
        for (const level of levels) {
          const [, detailed, cosmetic] = level.channelStrides;
          assert.equal(detailed !== 0, level.radiusM <= given.detailed.radiusM);
          assert.equal(cosmetic !== 0, level.radiusM <= given.cosmetic.radiusM);
          if (level.radiusM <= given.critical.radiusM)
            assert.equal(level.strideTicks, strideOf(given.critical.rateHz, hz));
        }
        const beyond = levels.filter(({ radiusM }) => radiusM > given.critical.radiusM);
        beyond.forEach((level, index) => {
          const doubled = strideOf(given.critical.rateHz, hz) * 2 ** (index + 1);
          assert.equal(level.strideTicks, Math.min(strideTicksMax, doubled));
        });
      }),
      { numRuns: 300 },
    );
  });

  test("by default tell a fight at full rate and a silhouette afar", () => {
    assert.deepEqual(levelsOf(defaultChannelRates, 20), [
      { radiusM: 64, strideTicks: 1, channelStrides: [1, 2, 4, 1] },
      { radiusM: 128, strideTicks: 2, channelStrides: [2, 2, 4, 2] },
      { radiusM: 192, strideTicks: 4, channelStrides: [4, 0, 4, 4] },
      { radiusM: 256, strideTicks: 8, channelStrides: [8, 0, 0, 8] },
    ]);
  });

  test("of channels with one radius are one level", () => {
    const same = { radiusM: 100, rateHz: 10 };
    const levels = levelsOf({ critical: same, detailed: same, cosmetic: same, metadata: same }, 60);
    assert.deepEqual(levels, [{ radiusM: 100, strideTicks: 4, channelStrides: [4, 4, 4, 4] }]);
  });
});

describe("a stride", () => {
  test("is never slower than asked for, and the next longer one would be", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 200, noNaN: true }), tickRateHz, (rateHz, hz) => {
        const stride = strideOf(rateHz, hz);
        assert.ok(isPowerOfTwo(stride) && stride <= strideTicksMax);
        if (stride > 1) assert.ok(hz / stride >= rateHz / 1.0002);
        if (stride < strideTicksMax) assert.ok(hz / (stride * 2) < rateHz);
      }),
    );
  });

  test("is due in windows that tile: a longer one begins where a shorter ends", () => {
    const strides = [1, 2, 4, 8, 16, 32];
    for (const stride of strides) {
      let covered = 0;
      for (let tick = 1; tick <= 128; tick++) {
        assert.equal(lastDue(tick, stride) % stride, 0);
        assert.ok(lastDue(tick, stride) <= tick && tick - lastDue(tick, stride) < stride);
        if (tick % stride !== 0) continue;
        assert.equal(tick - stride, covered);
        covered = tick;
        for (const longer of strides.filter((other) => other > stride)) {
          if (tick % longer === 0) assert.equal(lastDue(tick - longer, stride), tick - longer);
        }
      }
    }
  });
});
