import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type ChannelRates,
  defaultChannelRates,
  lastDue,
  type Level,
  levelsOf,
  strideTicksMax,
} from "@myriad/protocol";
import fc from "fast-check";
import { ViewPlan } from "./view-plan.ts";

const levels = levelsOf(defaultChannelRates, 20);
const plan = new ViewPlan({ levels, hysteresisPercent: 10, stepM: 2 });
/** Of the default levels: full, without `detailed`, position and metadata only; the first four are the rings'. */
const near = 0;
const withoutDetailed = 2;
const silhouette = 3;

const rate = fc.record({
  radiusM: fc.constantFrom(32, 64, 100, 256),
  rateHz: fc.constantFrom(1, 2.5, 5, 10, 20),
});
const anyRates: fc.Arbitrary<ChannelRates> = fc.record({
  critical: rate,
  detailed: rate,
  cosmetic: rate,
  metadata: rate,
});

function channelsOf(level: Level): string {
  return level.channelStrides.map((stride) => (stride === 0 ? "-" : "x")).join("");
}

describe("the ring of a distance", () => {
  test("is kept until a tenth beyond it, and a nearer one is taken at its edge", () => {
    for (const [distance, current, ring] of [
      [64, 0, 1],
      [64.1, 0, 2],
      [70.3, 1, 1],
      [70.5, 1, 2],
      [64.1, 2, 2],
      [64, 2, 1],
      [281, 4, 4],
      [282, 4, 0],
      [257, 0, 0],
      [256, 0, 4],
      [200, 1, 4],
    ] as const) {
      assert.equal(plan.ringAt(distance * distance, current), ring, `${distance} m from ring ${current}`);
    }
  });

  test("has a sharp edge without hysteresis", () => {
    const sharp = new ViewPlan({ levels, hysteresisPercent: 0, stepM: 2 });
    assert.equal(sharp.ringAt(64.1 ** 2, 1), 2);
  });
});

describe("the level of a ring", () => {
  test("has the ring's channels, and the shortest stride that is long enough", () => {
    fc.assert(
      fc.property(
        anyRates,
        fc.nat(3),
        fc.nat(6),
        fc.constantFrom(1, 2, 4),
        (rates, n, doublings, strideMin) => {
          const given = levelsOf(rates, 20);
          const made = new ViewPlan({ levels: given, hysteresisPercent: 10, stepM: 2 });
          const rings = given.filter(({ radiusM }) => radiusM > 0);
          const ring = rings[n % rings.length]!;
          const level = given[made.levelFor(1 + (n % rings.length), doublings, strideMin)]!;
          assert.equal(channelsOf(level), channelsOf(ring));
          const asked = Math.min(strideTicksMax, Math.max(strideMin, ring.strideTicks * 2 ** doublings));
          const exists = given.some(
            (other) => channelsOf(other) === channelsOf(ring) && other.strideTicks === asked,
          );
          if (exists) assert.equal(level.strideTicks, asked);
          else assert.ok(level.strideTicks < asked, "where there are too many levels, the next shorter one");
          assert.ok(level.strideTicks >= ring.strideTicks);
        },
      ),
    );
  });

  test("is by default any stride up to 32 ticks of each set of channels", () => {
    const strides = (ring: number) =>
      [0, 1, 2, 3, 4, 5, 9].map((doublings) => levels[plan.levelFor(ring, doublings, 1)]!.strideTicks);
    assert.deepEqual(strides(1), [1, 2, 4, 8, 16, 32, 32]);
    assert.deepEqual(strides(3), [4, 8, 16, 32, 32, 32, 32]);
    assert.deepEqual(strides(4), [8, 16, 32, 32, 32, 32, 32]);
  });

  test("is never due more often than its client gets frames", () => {
    for (const strideMin of [1, 2, 4])
      for (let ring = 1; ring <= 4; ring++)
        assert.ok(levels[plan.levelFor(ring, 0, strideMin)]!.strideTicks >= strideMin);
  });
});

describe("a change of level", () => {
  const change = (current: number, next: number, last: number) => plan.mayChange(current, next, last);

  test("to fewer channels and a longer stride is free at any tick", () => {
    for (let last = 0; last < 64; last++) {
      for (let current = 0; current < 4; current++)
        for (let next = current; next < 4; next++) assert.ok(change(current, next, last));
      for (let doublings = 0; doublings < 5; doublings++)
        assert.ok(change(plan.levelFor(1, doublings, 1), plan.levelFor(1, doublings + 1, 1), last));
    }
  });

  test("to more channels needs a keyframe at any tick, and to a shorter stride only the right one", () => {
    assert.equal(plan.coversChannels(1, near), true);
    assert.equal(plan.coversChannels(withoutDetailed, 1), false);
    assert.equal(plan.coversChannels(silhouette, withoutDetailed), false);
    // After an even tick the block of two ticks is complete, after an odd one it is not.
    assert.equal(change(1, near, 8), true);
    assert.equal(change(1, near, 9), false);
    const slow = plan.levelFor(1, 5, 1);
    for (let last = 0; last < 64; last++) {
      assert.equal(change(withoutDetailed, 1, last), false);
      assert.equal(change(slow, near, last), last % 32 === 0);
    }
  });

  test("is free exactly if the next window begins within what the client has", () => {
    const strides = fc.constantFrom(0, 1, 2, 4, 8, 16, 32);
    const level = fc
      .array(strides, { minLength: 4, maxLength: 4 })
      .map((channelStrides): Level => ({ radiusM: 10, strideTicks: 1, channelStrides }));
    fc.assert(
      fc.property(level, level, fc.nat(200), (a, b, last) => {
        const two = new ViewPlan({ levels: [a, b], hysteresisPercent: 0, stepM: 1 });
        const isContinued = b.channelStrides.every((stride, channel) => {
          if (stride === 0) return true;
          const has = a.channelStrides[channel]!;
          if (has === 0) return false;
          // The first window after `last` begins here, and what the client has of the channel ends there.
          const nextDue = lastDue(last, stride) + stride;
          return nextDue - stride <= lastDue(last, has);
        });
        assert.equal(two.mayChange(0, 1, last), isContinued);
      }),
    );
  });

  test("comes too late when a block was due in a tick that was missed", () => {
    for (const [level, from, to, wasDue] of [
      [near, 8, 9, true],
      [1, 8, 9, false],
      [1, 9, 10, true],
      [silhouette, 9, 15, false],
      [silhouette, 9, 16, true],
    ] as const)
      assert.equal(plan.wasDue(level, from, to), wasDue, `level ${level} in (${from}, ${to}]`);
  });
});

describe("newcomers of a region", () => {
  test("are told in full within 24 m of where the viewer ceases to see the channels, measured to its far corner", () => {
    // The nearest two rings have the same channels: they reach 128 m together.
    for (const [ring, distanceM, sizeM, takes] of [
      [1, 0, 64, false],
      [1, 13, 64, false],
      [1, 14, 64, true],
      [2, 100, 2, false],
      [2, 102, 2, true],
      [3, 160, 4, false],
      [3, 100, 64, true],
      [4, 220, 8, false],
      [4, 250, 8, true],
    ] as const)
      assert.equal(plan.takesIntros(ring, distanceM, sizeM), takes, `ring ${ring}, ${distanceM} m`);
  });

  test("of a region beyond that edge matter only to regions that take intros anyway", () => {
    for (const [ring, distanceM, isRim] of [
      [1, 70, false],
      [2, 128, false],
      [2, 129, true],
      [3, 200, true],
      [4, 256, false],
      [4, 257, true],
    ] as const)
      assert.equal(plan.isRim(ring, distanceM), isRim, `ring ${ring}, ${distanceM} m`);
  });

  test("who cross from where the viewer sees the channels stand, 24 m round, where the viewer sees them", () => {
    const place = fc.double({ min: 0, max: 300, noNaN: true });
    fc.assert(
      fc.property(place, fc.constantFrom(2, 4, 8, 16, 32, 64), (distanceM, sizeM) => {
        const ring = plan.ringAt(distanceM ** 2, 0);
        if (ring === 0 || plan.takesIntros(ring, distanceM, sizeM)) return;
        // Anywhere in the region and 24 m on is at most this far away.
        const farthestM = distanceM + sizeM * Math.SQRT2 + 24;
        const there = plan.ringAt(farthestM ** 2, 0);
        assert.ok(there > 0 && !plan.isRim(ring, farthestM));
        assert.ok(plan.coversChannels(plan.levelFor(there, 0, 1), plan.levelFor(ring, 0, 1)));
      }),
    );
  });
});
