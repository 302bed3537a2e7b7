import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { phaseOf } from "@myriad/protocol";
import { RegionTree } from "../replication/region-tree.ts";
import { introRimM } from "./view-plan.ts";
import type { ZoneView } from "./zone-view.ts";
import {
  all,
  cells,
  compose,
  everyRegionOf,
  frameOf,
  grid,
  leavesOf,
  levels,
  move,
  newAt,
  passTo,
  plan,
  regionsOf,
  settledAt,
  split,
  usual,
  weightsOf,
} from "./zone-view-testing.ts";

describe("a view", () => {
  test("has each region at the level of its distance", () => {
    const { view } = settledAt(300, 400);
    for (const region of cells) {
      const distance = grid.distanceTo(region, 300, 400);
      const ring = levels.findIndex(({ radiusM }) => radiusM > 0 && distance <= radiusM);
      assert.equal(view.levelAt(region), ring, `region ${region} at ${distance} m`);
      assert.equal(view.steadyAt(region), ring);
      assert.equal(view.ringOf(region), ring);
    }
    assert.equal(view.unsettled, 0);
  });

  test("lists quarters by their own distance", () => {
    const tree = new RegionTree(grid);
    split(tree, grid.at(300, 400), 0);
    const far = grid.at(360, 400);
    split(tree, far, 0);
    split(tree, tree.firstOf(far) + 1, 0);
    const { view } = settledAt(300, 400, tree);
    for (const leaf of leavesOf(tree)) {
      const { left, top, sizeM } = tree.shapeOf(leaf);
      const dx = Math.max(left - 300, 0, 300 - left - sizeM);
      const dy = Math.max(top - 400, 0, 400 - top - sizeM);
      const ring = levels.findIndex(({ radiusM }) => radiusM > 0 && Math.hypot(dx, dy) <= radiusM);
      assert.equal(view.steadyAt(leaf), ring, `region ${leaf}`);
    }
    assert.equal(view.steadyAt(far), -1, "a region that is split is none");
  });

  test("far away sees nothing, and holds nothing after it left", () => {
    const { view } = settledAt(300, 400);
    const held = cells.filter((region) => view.levelAt(region) >= 0);
    move(view, 5000, 5000);
    assert.deepEqual(
      view.drops.toSorted((a, b) => a - b),
      held,
    );
    view.composed(2);
    view.leave();
    assert.deepEqual(view.drops, []);
    assert.equal(view.levelAt(0), -1);
  });

  test("of a client that lost everything holds nothing, and tells nobody to drop", () => {
    const { view } = settledAt(300, 400);
    view.forgetClient();
    assert.ok(view.unsettled > 0);
    move(view, 5000, 5000);
    assert.deepEqual(view.drops, []);
  });
});

describe("what is not steady", () => {
  test("waits at its old level for the tick after which its windows fit", () => {
    const { view, tree } = settledAt(300, 400);
    const waiting = cells.filter(
      (region) => grid.distanceTo(region, 300, 400) > 64 && grid.distanceTo(region, 350, 400) <= 64,
    );
    assert.ok(waiting.length > 0);
    move(view, 350, 400);
    for (const region of waiting) assert.deepEqual([view.levelAt(region), view.steadyAt(region)], [0, 1]);
    // Everything up to tick 3: the window of level 1 is open.
    passTo(view, 3);
    view.settle(frameOf(tree, 4), 1e9, () => {});
    for (const region of waiting) assert.equal(view.steadyAt(region), 1);
    passTo(view, 4);
    view.settle(frameOf(tree, 5), 1e9, () => {});
    for (const region of waiting) assert.equal(view.steadyAt(region), 0);
  });

  test("of strides over four waits for the region's own tick: regions are due at different ones", () => {
    const { view, tree } = settledAt(300, 400);
    view.assign(usual, 1, 5, 1);
    const region = grid.at(300, 400);
    const { strideTicks } = levels[view.levelAt(region)]!;
    assert.equal(strideTicks, 32);
    compose(view, frameOf(tree, 2));
    assert.equal(view.steadyAt(region), view.levelAt(region), "longer is free");
    view.assign(usual, Number.POSITIVE_INFINITY, 0, 1);
    for (let tick = 3; view.steadyAt(region) !== 0; tick++) {
      assert.ok(tick < 40);
      passTo(view, tick - 1);
      view.settle(frameOf(tree, tick), 1e9, () => {});
      if (view.steadyAt(region) === 0) assert.equal((tick - 1 + phaseOf(grid, region)) % 32, 0);
    }
  });

  test("for want of channels stays at its old level until its keyframe comes, and skips that tick's block", () => {
    const { view, tree } = settledAt(300, 400);
    move(view, 340, 400);
    const asked: number[] = [];
    compose(view, frameOf(tree, 2), (region) => asked.push(region));
    const steady = asked.filter((region) => view.steadyAt(region) > view.levelAt(region));
    assert.ok(steady.length > 0, "some come nearer");
    for (const region of steady) assert.ok(regionsOf(view.blocks, view.steadyAt(region)).includes(region));
    const sent = compose(view, all(tree, 3), () => assert.fail("every keyframe is there"));
    assert.deepEqual(
      sent.keyframes,
      asked.toSorted((a, b) => a - b),
    );
    for (const region of asked) assert.ok(!sent.blocks.includes(region));
    for (const region of asked) assert.ok(regionsOf(view.blocks, view.levelAt(region)).includes(region));
    assert.deepEqual(view.keyframes, []);
  });

  test("for want of room in a frame waits, and the nearest come first", () => {
    const { view, tree } = newAt(300, 400);
    const asked: number[] = [];
    assert.equal(
      view.settle(all(tree, 1), 9, (region) => asked.push(region)),
      8,
    );
    assert.equal(view.keyframes.length, 4);
    for (const region of view.keyframes) assert.equal(view.levelAt(region), 0);
    assert.ok(asked.length > 10);
    view.refresh();
    view.composed(1);
    assert.equal(
      view.settle(all(tree, 2), -5, () => {}),
      2,
      "one always goes",
    );
  });

  test("after a missed tick are the levels that were due in it", () => {
    const { view } = settledAt(300, 400);
    passTo(view, 8);
    // Tick 9 was missed: only the first ring is due in each tick.
    view.skipTo(10);
    assert.deepEqual([...new Set(cells.map((region) => view.steadyAt(region)))].toSorted(), [-1, 1, 2, 3]);
    assert.ok(view.unsettled > 0);
    passTo(view, 9);
    view.skipTo(13);
    const later = cells.filter((region) => view.steadyAt(region) >= 0);
    for (const region of later) {
      const phase = phaseOf(grid, region);
      const { strideTicks } = levels[view.steadyAt(region)]!;
      for (const tick of [10, 11, 12]) assert.notEqual((tick + phase) % strideTicks, 0, `region ${region}`);
    }
    assert.ok(later.length > 0);
  });
});

describe("the levels that a line has room for", () => {
  test("have longer strides the farther away, and the near ones last", () => {
    const { view } = settledAt(300, 400);
    let before = cells.map((region) => view.levelAt(region));
    for (const nearM of [200, 100, 50, 20, 5, 1]) {
      view.assign(usual, nearM, 0, 1);
      const now = cells.map((region) => view.levelAt(region));
      for (const region of cells) {
        if (now[region]! < 0) continue;
        const stride = levels[now[region]!]!.strideTicks;
        assert.ok(stride >= levels[before[region]!]!.strideTicks, "less room is never a shorter stride");
        if (grid.distanceTo(region, 300, 400) <= nearM) assert.equal(now[region], view.ringOf(region));
      }
      before = now;
    }
    assert.equal(view.levelAt(grid.at(300, 400)), 0, "where the viewer stands nothing is shed by distance");
    view.assign(usual, 1, 3, 1);
    assert.equal(levels[view.levelAt(grid.at(300, 400))]!.strideTicks, 8, "a crowd around it is");
  });

  test("cost less the longer they are, and never more than without a limit", () => {
    const weights = weightsOf((region) => (region * 7) % 60);
    const distances = fc.double({ min: 1, max: 400, noNaN: true });
    const { view } = settledAt(300, 400);
    fc.assert(
      fc.property(distances, distances, fc.nat(4), fc.constantFrom(1, 2, 4), (a, b, crowding, stride) => {
        const [narrow, wide] = [Math.min(a, b), Math.max(a, b)];
        const cost = (nearM: number, doublings: number) => view.costAt(weights, nearM, doublings, stride);
        assert.ok(cost(narrow, crowding) <= cost(wide, crowding));
        assert.ok(cost(narrow, crowding + 1) <= cost(narrow, crowding));
        assert.ok(cost(wide, crowding) <= cost(Number.POSITIVE_INFINITY, 0));
      }),
    );
  });

  test("are what the cost was computed for", () => {
    const weights = weightsOf((region) => (region * 7) % 60);
    const { view } = settledAt(300, 400);
    view.assign(weights, 30, 1, 2);
    const bits = cells
      // Where nobody moves no block is written.
      .filter((region) => view.levelAt(region) >= 0 && weights.loads[region]! > 0)
      .reduce(
        (sum, region) => sum + (weights.loads[region]! * 40 + 40) / levels[view.levelAt(region)]!.strideTicks,
        0,
      );
    assert.ok(Math.abs(view.costAt(weights, 30, 1, 2) - bits) < 1e-6);
  });

  test("are nearer ones where something happens: four times the importance is half the distance", () => {
    const place = grid.at(500, 400);
    const { view } = settledAt(300, 400);
    const strideAt = (importance: number) => {
      const weights = weightsOf(
        () => 0,
        (region) => (region === place ? importance : 16),
      );
      view.assign(weights, 50, 0, 1);
      return levels[view.levelAt(place)]!.strideTicks;
    };
    assert.ok(strideAt(64) < strideAt(16), `${strideAt(64)} and ${strideAt(16)} ticks`);
    assert.ok(strideAt(64) >= levels[view.ringOf(place)]!.strideTicks, "and never nearer than its ring");
  });
});

test("who has left a zone sees nothing of it over a gap in its ticks, or under a new owner", () => {
  for (const after of [(view: ZoneView) => view.skipTo(50), (view: ZoneView) => view.restart(50)]) {
    const { view } = settledAt(300, 400);
    view.leave();
    const drops = [...view.drops];
    assert.ok(drops.length > 0);
    after(view);
    assert.ok(cells.every((region) => view.levelAt(region) === -1));
    assert.deepEqual([view.unsettled, view.drops], [0, drops]);
  }
});

describe("intros", () => {
  test("are for regions near the edge of what the client sees of their channels, and no others", () => {
    const { view } = settledAt(300, 400);
    passTo(view, 300);
    const introduced = new Set(everyRegionOf(view.introsAt(300)));
    for (const region of everyRegionOf(view.blocks)) {
      const distance = grid.distanceTo(region, 300, 400);
      const takes = plan.takesIntros(view.ringOf(region) + 1, distance, 64);
      assert.equal(introduced.has(region), takes, `region ${region} at ${distance} m`);
    }
    assert.ok(introduced.size > 0 && introduced.size < everyRegionOf(view.blocks).length);
  });

  test("are for every region that lies near one in the midst of the view until 96 ticks after that came to be known", () => {
    const { view, tree } = settledAt(300, 400);
    assert.equal(view.introsUntil, 1 + 96);
    const every = everyRegionOf(view.blocks);
    assert.deepEqual(everyRegionOf(view.introsAt(97)), every, "all are new");
    assert.ok(everyRegionOf(view.introsAt(98)).length < every.length);
    passTo(view, 200);
    move(view, 301, 400);
    compose(view, all(tree, 201));
    assert.equal(view.introsUntil, 97, "nothing came into its midst");
    move(view, 600, 600);
    compose(view, all(tree, 202));
    assert.equal(view.introsUntil, 202 + 96);
  });

  test("are not for regions far from all that is unknown in the midst, while something is", () => {
    const { view, tree } = settledAt(300, 400);
    passTo(view, 200);
    // Some regions come so near that more of their channels are wanted than the client has.
    move(view, 330, 400);
    compose(view, frameOf(tree, 201));
    assert.ok(view.introsUntil >= 201, "something is unknown");
    const distanceOf = (region: number) => grid.distanceTo(region, 330, 400);
    const wanting = cells.filter(
      (region) => view.levelAt(region) >= 0 && view.levelAt(region) !== view.steadyAt(region),
    );
    const young = wanting.filter((region) => !plan.isRim(view.ringOf(region) + 1, distanceOf(region)));
    const gap = (a: number, b: number) => Math.abs(a - b) - 64;
    const isNear = (region: number) =>
      young.some((other) => {
        const dx = Math.max(0, gap(grid.left(region), grid.left(other)));
        const dy = Math.max(0, gap(grid.top(region), grid.top(other)));
        return Math.hypot(dx, dy) <= introRimM;
      });
    const introduced = new Set(everyRegionOf(view.introsAt(201)));
    for (const region of everyRegionOf(view.blocks)) {
      const takes = plan.takesIntros(view.ringOf(region) + 1, distanceOf(region), 64);
      if (takes || isNear(region)) assert.ok(introduced.has(region), `region ${region}`);
    }
    const spared = everyRegionOf(view.blocks).filter((region) => !introduced.has(region)).length;
    assert.ok(spared > 0 && young.length > 0, `${spared} spared, ${young.length} unknown`);
  });

  test("are for every region as long as one in the midst is unknown", () => {
    const { view, tree } = settledAt(300, 400);
    passTo(view, 400);
    view.skipTo(403);
    for (let tick = 403; tick < 450; tick++) {
      passTo(view, tick - 1);
      compose(view, frameOf(tree, tick));
    }
    assert.ok(view.introsUntil >= 449);
  });
});
