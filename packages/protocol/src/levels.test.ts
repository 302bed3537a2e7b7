import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type ChannelRates,
  defaultChannelRates,
  isSameLevel,
  lastDue,
  lengthened,
  type Level,
  levelsOf,
  strideOf,
} from "./levels.ts";
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

/** Levels of rings come first, from near to far. */
function ringsOf(levels: readonly Level[]): readonly Level[] {
  return levels.filter(({ radiusM }) => radiusM > 0);
}

describe("levels", () => {
  test("have power-of-two strides, at most sixteen of them, and a channel is due only where its level is", () => {
    fc.assert(
      fc.property(rates, tickRateHz, (given, hz) => {
        const levels = levelsOf(given, hz);
        assert.ok(levels.length >= 1 && levels.length <= levelsMax);
        for (const level of levels) {
          assert.ok(isPowerOfTwo(level.strideTicks) && level.strideTicks <= strideTicksMax);
          for (const stride of level.channelStrides) {
            assert.ok(stride === 0 || (isPowerOfTwo(stride) && stride <= strideTicksMax));
            assert.ok(stride % level.strideTicks === 0);
          }
          // `critical` and `metadata` are in all of them.
          assert.equal(level.channelStrides[0], level.strideTicks);
          assert.notEqual(level.channelStrides[3], 0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("begin with every ring's, from near to far with strides that grow, to the edge of the view", () => {
    fc.assert(
      fc.property(rates, tickRateHz, (given, hz) => {
        const levels = levelsOf(given, hz);
        const rings = ringsOf(levels);
        const radii = [...new Set(Object.values(given).map(({ radiusM }) => radiusM))].sort((a, b) => a - b);
        assert.deepEqual(
          levels.slice(0, rings.length).map(({ radiusM }) => radiusM),
          radii,
        );
        rings.forEach((ring, index) => {
          assert.ok(index === 0 || rings[index - 1]!.strideTicks <= ring.strideTicks);
        });
      }),
      { numRuns: 300 },
    );
  });

  test("send a channel to its radius and no farther, `critical` with doubling strides", () => {
    fc.assert(
      fc.property(rates, tickRateHz, (given, hz) => {
        const rings = ringsOf(levelsOf(given, hz));
        for (const ring of rings) {
          const [, detailed, cosmetic] = ring.channelStrides;
          assert.equal(detailed !== 0, ring.radiusM <= given.detailed.radiusM);
          assert.equal(cosmetic !== 0, ring.radiusM <= given.cosmetic.radiusM);
          if (ring.radiusM <= given.critical.radiusM)
            assert.equal(ring.strideTicks, strideOf(given.critical.rateHz, hz));
        }
        const beyond = rings.filter(({ radiusM }) => radiusM > given.critical.radiusM);
        beyond.forEach((ring, index) => {
          const doubled = strideOf(given.critical.rateHz, hz) * 2 ** (index + 1);
          assert.equal(ring.strideTicks, Math.min(strideTicksMax, doubled));
        });
      }),
      { numRuns: 300 },
    );
  });

  test("beyond the rings' are a ring's channels at a longer stride, no two of them alike", () => {
    fc.assert(
      fc.property(rates, tickRateHz, (given, hz) => {
        const levels = levelsOf(given, hz);
        const rings = ringsOf(levels);
        levels.slice(rings.length).forEach((level, index) => {
          assert.equal(level.radiusM, 0);
          assert.ok(
            rings.some(
              (ring) =>
                ring.strideTicks < level.strideTicks &&
                isSameLevel(lengthened(ring, level.strideTicks), level),
            ),
          );
          const others = levels.slice(0, rings.length + index);
          assert.ok(others.every((other) => !isSameLevel(other, level)));
        });
        // As long as there is room, every ring can be sent every 32 ticks: the most that a full line can save.
        for (const ring of rings)
          assert.ok(levels.some((level) => isSameLevel(level, lengthened(ring, strideTicksMax))));
      }),
      { numRuns: 300 },
    );
  });

  test("by default tell a fight at full rate and a silhouette afar, and each of it less often for a crowd", () => {
    const levels = levelsOf(defaultChannelRates, 20);
    assert.deepEqual(levels.slice(0, 4), [
      { radiusM: 64, strideTicks: 1, channelStrides: [1, 2, 4, 1], nearBits: 6 },
      { radiusM: 128, strideTicks: 2, channelStrides: [2, 2, 4, 2], nearBits: 7 },
      { radiusM: 192, strideTicks: 4, channelStrides: [4, 0, 4, 4], nearBits: 8 },
      { radiusM: 256, strideTicks: 8, channelStrides: [8, 0, 0, 8], nearBits: 9 },
    ]);
    assert.equal(levels.length, 13);
    const strides = (detailed: boolean, cosmetic: boolean) =>
      levels
        .filter(({ channelStrides: [, d, c] }) => (d !== 0) === detailed && (c !== 0) === cosmetic)
        .map(({ strideTicks }) => strideTicks)
        .sort((a, b) => a - b);
    assert.deepEqual(strides(true, true), [1, 2, 4, 8, 16, 32]);
    assert.deepEqual(strides(false, true), [4, 8, 16, 32]);
    assert.deepEqual(strides(false, false), [8, 16, 32]);
  });

  test("of channels with one radius are one ring at each stride", () => {
    const same = { radiusM: 100, rateHz: 10 };
    const levels = levelsOf({ critical: same, detailed: same, cosmetic: same, metadata: same }, 60);
    assert.deepEqual(levels[0], {
      radiusM: 100,
      strideTicks: 4,
      channelStrides: [4, 4, 4, 4],
      nearBits: 7,
    });
    assert.deepEqual(
      levels.slice(1),
      [32, 8, 16].map((strideTicks) => ({
        radiusM: 0,
        strideTicks,
        channelStrides: [strideTicks, strideTicks, strideTicks, strideTicks],
        nearBits: Math.log2(strideTicks) + 5,
      })),
    );
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
