import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { defaultChannelRates, lastDue, type Level, levelsOf, RegionGrid } from "@myriad/protocol";
import fc from "fast-check";
import { SeededRandom } from "../kernel/random.ts";
import { KeptFrame } from "./kept-frame.ts";
import { tickFrameBytes } from "./testing.ts";
import { ViewPlan } from "./view-plan.ts";
import { type Runs, ZoneView } from "./zone-view.ts";

const levels = levelsOf(defaultChannelRates, 20);
const plan = new ViewPlan({ levels, hysteresisPercent: 10, stepM: 2 });
const bounds = { x: -100, y: 50, width: 900, height: 700 };
const grid = new RegionGrid(0, bounds, 64);

function frameOf(tick: number, keyframes: readonly { region: number; bytes: Uint8Array }[]): KeptFrame {
  const frame = new KeptFrame(grid.count);
  const content = {
    header: { realm: 0, zone: 0, epoch: 0, peer: 0 },
    tick,
    timeMs: 0,
    dilation: 100,
    regions: grid.count,
    planes: [],
    keyframes,
    importance: new Uint8Array(0),
    news: [],
    groups: [],
    letters: [],
    sessions: [],
    ended: [],
  };
  assert.ok(frame.load(tickFrameBytes(content)));
  return frame;
}

const all = (tick: number) =>
  frameOf(
    tick,
    Array.from({ length: grid.count }, (_, region) => ({ region, bytes: new Uint8Array(2) })),
  );

function regionsOf(runs: Runs, level: number): number[] {
  const regions: number[] = [];
  for (let i = runs.starts[level]!; i < runs.ends[level]!; i += 2) {
    for (let region = runs.spans[i]!; region < runs.spans[i + 1]!; region++) regions.push(region);
  }
  return regions;
}

/** A view that has everything around a place at tick 1. */
function settledAt(x: number, y: number): ZoneView {
  const view = new ZoneView(grid, plan);
  view.lastTick = 0;
  view.moveTo(x, y);
  view.settle(all(1), 1e9, () => assert.fail("every keyframe is there"));
  view.refresh(1);
  view.composed(1);
  view.refresh(2);
  return view;
}

suite("rings", () => {
  test("each region is in the ring of its distance", () => {
    const view = settledAt(300, 400);
    for (let region = 0; region < grid.count; region++) {
      const distance = grid.distanceTo(region, 300, 400);
      const ring = levels.findIndex(({ radiusM }) => distance <= radiusM);
      assert.equal(view.levelAt(region), ring, `region ${region} at ${distance} m`);
      assert.equal(view.steadyAt(region), ring);
    }
  });

  test("a region keeps its nearer ring until it is a tenth beyond it, and takes a nearer one at its edge", () => {
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

  test("without hysteresis the edge is sharp", () => {
    const sharp = new ViewPlan({ levels, hysteresisPercent: 0, stepM: 2 });
    assert.equal(sharp.ringAt(64.1 ** 2, 1), 2);
  });

  test("a viewer far away sees nothing, and holds nothing after it left", () => {
    const view = settledAt(300, 400);
    const held = Array.from({ length: grid.count }, (_, region) => region).filter(
      (r) => view.levelAt(r) >= 0,
    );
    view.moveTo(5000, 5000);
    assert.deepEqual(
      view.drops.toSorted((a, b) => a - b),
      held,
    );
    view.composed(2);
    view.leave();
    assert.deepEqual(view.drops, []);
    assert.equal(view.levelAt(0), -1);
  });
});

suite("changes of level", () => {
  const change = (current: number, next: number, last: number) => plan.mayChange(current, next, last);

  test("outward is free at any tick", () => {
    for (let last = 0; last < 64; last++) {
      for (let current = 0; current < levels.length; current++) {
        for (let next = current; next < levels.length; next++) assert.ok(change(current, next, last));
      }
    }
  });

  test("inward needs every channel, and then its phase", () => {
    assert.equal(plan.coversChannels(1, 0), true);
    assert.equal(plan.coversChannels(2, 1), false);
    assert.equal(plan.coversChannels(3, 2), false);
    // After an even tick the block of two ticks is complete, after an odd one it is not.
    assert.equal(change(1, 0, 8), true);
    assert.equal(change(1, 0, 9), false);
    for (let last = 0; last < 64; last++) assert.equal(change(2, 1, last), false);
  });

  test("the rule says exactly whether the next window begins within what the client has", () => {
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

  test("a region that waits for its phase stays steady at its old level", () => {
    const view = settledAt(300, 400);
    const waiting = Array.from({ length: grid.count }, (_, region) => region).filter(
      (region) => grid.distanceTo(region, 300, 400) > 64 && grid.distanceTo(region, 350, 400) <= 64,
    );
    assert.ok(waiting.length > 0);
    view.moveTo(350, 400);
    for (const region of waiting) assert.deepEqual([view.levelAt(region), view.steadyAt(region)], [0, 1]);
    // Everything up to tick 3: the window of level 1 is open.
    view.lastTick = 3;
    view.settle(frameOf(4, []), 1e9, () => {});
    for (const region of waiting) assert.equal(view.steadyAt(region), 1);
    view.lastTick = 4;
    view.settle(frameOf(5, []), 1e9, () => {});
    for (const region of waiting) assert.equal(view.steadyAt(region), 0);
  });

  test("a region without the channels stays at its old level until its keyframe comes, and skips that tick's block", () => {
    const view = settledAt(300, 400);
    view.moveTo(340, 400);
    const asked: number[] = [];
    view.settle(frameOf(2, []), 1e9, (region) => asked.push(region));
    assert.ok(asked.length > 0);
    const steady = asked.filter((region) => view.steadyAt(region) > view.levelAt(region));
    assert.ok(steady.length > 0, "some come nearer");
    view.refresh(2);
    for (const region of steady) assert.ok(regionsOf(view.blocks, view.steadyAt(region)).includes(region));
    view.composed(2);
    view.settle(all(3), 1e9, () => assert.fail("every keyframe is there"));
    assert.deepEqual(
      view.keyframes.toSorted((a, b) => a - b),
      asked.toSorted((a, b) => a - b),
    );
    view.refresh(3);
    for (const region of asked) {
      for (let level = 0; level < 4; level++) assert.ok(!regionsOf(view.blocks, level).includes(region));
    }
    view.composed(3);
    view.refresh(4);
    for (const region of asked) assert.ok(regionsOf(view.blocks, view.levelAt(region)).includes(region));
    assert.deepEqual(view.keyframes, []);
  });

  test("keyframes over the budget of a frame wait, and the nearest come first", () => {
    const view = new ZoneView(grid, plan);
    view.lastTick = 0;
    view.moveTo(300, 400);
    const asked: number[] = [];
    assert.equal(
      view.settle(all(1), 9, (region) => asked.push(region)),
      8,
    );
    assert.equal(view.keyframes.length, 4);
    for (const region of view.keyframes) assert.equal(view.levelAt(region), 0);
    assert.ok(asked.length > 10);
    view.refresh(1);
    view.composed(1);
    assert.equal(
      view.settle(all(2), -5, () => {}),
      2,
      "one always goes",
    );
  });
});

suite("gaps", () => {
  test("a missed tick matters to the levels that were due in it", () => {
    const view = settledAt(300, 400);
    view.lastTick = 8;
    // Tick 9 was missed: only the first ring is due in each tick.
    view.skipTo(10);
    const levelsNow = new Set(Array.from({ length: grid.count }, (_, region) => view.steadyAt(region)));
    assert.deepEqual([...levelsNow].toSorted(), [-1, 1, 2, 3]);
    assert.ok(view.unsettled > 0);
    view.lastTick = 9;
    view.skipTo(13);
    const later = new Set(Array.from({ length: grid.count }, (_, region) => view.steadyAt(region)));
    assert.deepEqual([...later].toSorted(), [-1, 3]);
  });

  test("what the client lost it holds no more, and is not told to drop", () => {
    const view = settledAt(300, 400);
    view.forgetClient();
    assert.ok(view.unsettled > 0);
    view.moveTo(5000, 5000);
    assert.deepEqual(view.drops, []);
  });
});

suite("intros", () => {
  test("are for regions beside others that the client does not get at the same level or nearer", () => {
    const view = settledAt(300, 400);
    for (let level = 0; level < levels.length; level++) {
      const introduced = new Set(regionsOf(view.introsAt(99), level));
      for (const region of regionsOf(view.blocks, level)) {
        let isBeside = false;
        for (let other = 0; other < grid.count; other++) {
          const dx = Math.abs((other % grid.columns) - (region % grid.columns));
          const dy = Math.abs(Math.floor(other / grid.columns) - Math.floor(region / grid.columns));
          const steady = view.steadyAt(other);
          if (dx <= 1 && dy <= 1 && (steady < 0 || steady > level)) isBeside = true;
        }
        assert.equal(introduced.has(region), isBeside, `region ${region}`);
      }
    }
  });

  test("are for every region for 32 ticks after a change", () => {
    const view = settledAt(300, 400);
    assert.equal(view.introsUntil, 34);
    view.moveTo(301, 400);
    view.refresh(20);
    assert.equal(view.introsUntil, 34, "nothing changed");
    view.moveTo(500, 400);
    view.refresh(21);
    assert.equal(view.introsUntil, 53);
  });
});

test("a view that wanders at random is always what its place asks for, and every region is dropped that it held", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = new SeededRandom(seed);
      const view = new ZoneView(grid, plan);
      view.lastTick = 0;
      const held = new Set<number>();
      let [x, y] = [300, 400];
      for (let tick = 1; tick < 60; tick++) {
        const stride = random.chance(0.1) ? 2000 : 60;
        x += (random.float() - 0.5) * stride;
        y += (random.float() - 0.5) * stride;
        view.moveTo(x, y);
        view.settle(all(tick), 1e9, () => {});
        view.refresh(tick);
        for (const region of view.drops) {
          assert.ok(held.delete(region), `tick ${tick}: ${region} was held`);
        }
        for (const region of view.keyframes) held.add(region);
        for (let level = 0; level < levels.length; level++) {
          for (const region of regionsOf(view.blocks, level)) assert.ok(held.has(region));
        }
        view.composed(tick);
        for (let region = 0; region < grid.count; region++) {
          const distance = grid.distanceTo(region, x, y);
          if (distance <= 256) assert.ok(held.has(region), `tick ${tick}: ${region} at ${distance} m`);
          if (distance > 256 * 1.1) assert.ok(!held.has(region));
        }
      }
    }),
    { numRuns: 30 },
  );
});
