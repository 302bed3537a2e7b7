import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { RegionReshape } from "../bus/tick-frame.ts";
import { SeededRandom } from "../kernel/random.ts";
import { RegionTree } from "../replication/region-tree.ts";
import { ZoneView } from "./zone-view.ts";
import {
  all,
  compose,
  frameOf,
  grid,
  leavesOf,
  merge,
  move,
  passTo,
  plan,
  settledAt,
  split,
} from "./zone-view-testing.ts";

describe("a split in a view", () => {
  const here = grid.at(300, 400);

  test("is told where the region is steady, and its quarters go on at its level without a keyframe", () => {
    const { view, tree } = settledAt(300, 400);
    const reshape = split(tree, here, 2);
    const sent = compose(view, frameOf(tree, 2, { reshapes: [reshape] }), () => assert.fail("no keyframe"));
    assert.deepEqual([sent.reshapes, sent.drops, sent.keyframes], [[here], [], []]);
    for (let quarter = reshape.first; quarter < reshape.first + 4; quarter++) {
      assert.equal(view.steadyAt(quarter), 0);
      assert.ok(sent.blocks.includes(quarter));
    }
    assert.equal(view.levelAt(here), -1);
    // What the tree says afterwards changes nothing of it.
    move(view, 300, 400);
    assert.deepEqual(view.drops, []);
    assert.equal(view.steadyAt(reshape.first), 0);
  });

  test("of a region that waits for its keyframe is no split: it is dropped, its quarters are asked for", () => {
    const { view, tree } = settledAt(300, 400);
    view.invalidate();
    const reshape = split(tree, here, 2);
    const asked: number[] = [];
    const sent = compose(view, frameOf(tree, 2, { reshapes: [reshape] }), (region) => asked.push(region));
    assert.deepEqual([sent.reshapes, sent.drops], [[], [here]]);
    for (let quarter = reshape.first; quarter < reshape.first + 4; quarter++)
      assert.ok(asked.includes(quarter));
    assert.ok(!asked.includes(here));
    const next = compose(view, all(tree, 3));
    for (let quarter = reshape.first; quarter < reshape.first + 4; quarter++)
      assert.ok(next.keyframes.includes(quarter));
  });

  test("of a region out of view is nothing", () => {
    const { view, tree } = settledAt(300, 400);
    const reshape = split(tree, grid.at(780, 740), 2);
    const sent = compose(view, frameOf(tree, 2, { reshapes: [reshape] }), () => assert.fail("no keyframe"));
    assert.deepEqual([sent.reshapes, sent.drops], [[], []]);
  });

  test("may follow another one in a tick: a quarter that is split in the next one goes on, too", () => {
    const { view, tree } = settledAt(300, 400);
    const first = split(tree, here, 2);
    const frame = frameOf(tree, 2, { reshapes: [first] });
    const second = split(tree, first.first + 2, 3);
    // Both ticks go into one client frame: the tree is already that of the second.
    compose(view, frame, () => assert.fail("no keyframe"));
    const sent = compose(view, frameOf(tree, 3, { reshapes: [second] }), () => assert.fail("no keyframe"));
    assert.deepEqual(sent.reshapes, [first.first + 2]);
    move(view, 300, 400);
    assert.deepEqual(
      leavesOf(tree).filter((leaf) => view.levelAt(leaf) >= 0 && view.steadyAt(leaf) < 0),
      [],
    );
    assert.deepEqual(view.drops, []);
  });
});

describe("a merge in a view", () => {
  const here = grid.at(300, 400);

  function withQuarters() {
    const tree = new RegionTree(grid);
    const { first } = split(tree, here, 0);
    return { ...settledAt(300, 400, tree), first };
  }

  test("is told where all four are steady, and the whole goes on", () => {
    const { view, tree, first } = withQuarters();
    const reshape = merge(tree, here, 2);
    const sent = compose(view, frameOf(tree, 2, { reshapes: [reshape] }), () => assert.fail("no keyframe"));
    assert.deepEqual([sent.reshapes, sent.drops], [[here], []]);
    assert.equal(view.steadyAt(here), 0);
    assert.ok(sent.blocks.includes(here));
    assert.equal(view.levelAt(first), -1);
    move(view, 300, 400);
    assert.deepEqual([view.drops, view.steadyAt(here)], [[], 0]);
  });

  test("goes on at the level that all four have: of several the one with the fewest channels", () => {
    const tree = new RegionTree(grid);
    // From here the cell's nearer half is within 128 m and has `detailed`, the farther is beyond.
    const cell = grid.at(300, 400);
    const { first } = split(tree, cell, 0);
    const { left } = tree.shapeOf(first + 1);
    const { view } = settledAt(left - 140, 400, tree);
    const four = [0, 1, 2, 3].map((quadrant) => view.steadyAt(first + quadrant));
    assert.ok(new Set(four).size > 1, four.join());
    const reshape = merge(tree, cell, 2);
    compose(view, frameOf(tree, 2, { reshapes: [reshape] }));
    for (const level of four) assert.ok(plan.coversChannels(level, view.steadyAt(cell)));
  });

  test("of quarters of which one is unknown drops the others, and the whole is asked for", () => {
    const { view, tree, first } = withQuarters();
    passTo(view, 8);
    const frame = frameOf(tree, 10);
    view.invalidate();
    passTo(view, 9);
    view.settle(frameOf(tree, 10, { keyframes: [first, first + 1, first + 2] }), 1e9, () => {});
    view.refresh();
    view.composed(frame.tick);
    const reshape = merge(tree, here, 11);
    const asked: number[] = [];
    const sent = compose(view, frameOf(tree, 11, { reshapes: [reshape] }), (region) => asked.push(region));
    assert.deepEqual(sent.reshapes, []);
    assert.deepEqual(sent.drops, [first, first + 1, first + 2, first + 3]);
    assert.ok(asked.includes(here));
    assert.equal(view.steadyAt(here), -1);
  });
});

describe("a gap in which regions split", () => {
  test("makes the new ones unknown, and the old ones are dropped", () => {
    const { view, tree } = settledAt(300, 400);
    const here = grid.at(300, 400);
    const { first } = split(tree, here, 7);
    view.skipTo(9);
    assert.deepEqual(view.drops, [here]);
    assert.deepEqual([view.steadyAt(first), view.levelAt(first)], [-1, 0]);
  });

  test("knows a number that was given to another place again", () => {
    const tree = new RegionTree(grid);
    const here = grid.at(300, 400);
    const { first } = split(tree, here, 0);
    const { view } = settledAt(300, 400, tree);
    merge(tree, here, 5);
    const there = grid.at(360, 400);
    assert.equal(split(tree, there, 6).first, first);
    view.skipTo(9);
    assert.deepEqual(
      view.drops.toSorted((a, b) => a - b),
      [there, first, first + 1, first + 2, first + 3].sort((a, b) => a - b),
    );
    for (const region of [here, first, first + 3]) assert.equal(view.steadyAt(region), -1);
  });
});

test("a view that wanders while regions split and merge is always what its place asks for, and drops what it held", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = new SeededRandom(seed);
      const tree = new RegionTree(grid);
      const view = new ZoneView(tree, plan);
      view.lastTick = 0;
      const held = new Set<number>();
      let [x, y] = [300, 400];
      for (let tick = 1; tick < 60; tick++) {
        const reshapes: RegionReshape[] = [];
        for (let n = random.int(4); n > 0; n--) {
          const leaves = leavesOf(tree);
          const leaf = leaves[random.int(leaves.length)]!;
          if (tree.shapeOf(leaf).depth < 5 && tree.freeQuad() !== 0) reshapes.push(split(tree, leaf, tick));
        }
        const wholes: number[] = [];
        tree.eachSplit((region, first) => {
          const isOld = reshapes.every((reshape) => reshape.first !== first);
          const areLeaves = [0, 1, 2, 3].every((quadrant) => tree.isLeaf(first + quadrant));
          if (isOld && areLeaves && random.chance(0.1)) wholes.push(region);
        });
        for (const whole of wholes) reshapes.push(merge(tree, whole, tick));
        if (tick === 1) view.moveTo(x, y);
        const keyframes = leavesOf(tree).filter(() => random.chance(0.9));
        const sent = compose(view, frameOf(tree, tick, { keyframes, reshapes }));
        for (const region of sent.drops) assert.ok(held.delete(region), `tick ${tick}: ${region} was held`);
        for (const { region, first, isMerge } of reshapes) {
          if (!sent.reshapes.includes(region)) continue;
          const four = [0, 1, 2, 3].map((quadrant) => first + quadrant);
          for (const gone of isMerge ? four : [region]) assert.ok(held.delete(gone), `tick ${tick}: ${gone}`);
          for (const come of isMerge ? [region] : four) held.add(come);
        }
        for (const region of sent.keyframes) held.add(region);
        for (const region of sent.blocks) assert.ok(held.has(region), `tick ${tick}: a block of ${region}`);
        const stride = random.chance(0.1) ? 2000 : 60;
        x += (random.float() - 0.5) * stride;
        y += (random.float() - 0.5) * stride;
        move(view, x, y);
        for (const leaf of leavesOf(tree)) {
          const { left, top, sizeM } = tree.shapeOf(leaf);
          const dx = Math.max(left - x, 0, x - left - sizeM);
          const dy = Math.max(top - y, 0, y - top - sizeM);
          if (Math.hypot(dx, dy) <= 256)
            assert.ok(view.levelAt(leaf) >= 0, `tick ${tick}: ${leaf} is in view`);
          if (Math.hypot(dx, dy) > 256 * 1.1) assert.equal(view.levelAt(leaf), -1);
        }
      }
    }),
    { numRuns: 40 },
  );
});
