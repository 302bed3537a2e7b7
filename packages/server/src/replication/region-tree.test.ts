import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { phaseOf, regionDepthMax, RegionGrid } from "@myriad/protocol";
import fc from "fast-check";
import { RegionTree } from "./region-tree.ts";

const grid = new RegionGrid(3, { x: 100, y: -50, width: 192, height: 128 }, 64);

/** What may happen to a tree: the n-th leaf splits, or the n-th split region merges. */
const steps = fc.array(fc.record({ splits: fc.boolean(), n: fc.nat() }), { maxLength: 60 });
type Steps = typeof steps extends fc.Arbitrary<infer S> ? S : never;

function leavesOf(tree: RegionTree): number[] {
  return Array.from({ length: tree.used }, (_, region) => region).filter((region) => tree.isLeaf(region));
}

function splitsOf(tree: RegionTree): [number, number][] {
  const splits: [number, number][] = [];
  tree.eachSplit((region, first) => splits.push([region, first]));
  return splits;
}

function take(tree: RegionTree, { splits, n }: Steps[number], tick: number): void {
  const leaves = leavesOf(tree);
  const whole = splitsOf(tree);
  if (splits) tree.split(leaves[n % leaves.length]!, tree.freeQuad(), tick);
  else if (whole.length > 0) tree.merge(whole[n % whole.length]![0], tick);
}

function grown(given: Steps): RegionTree {
  const tree = new RegionTree(grid);
  given.forEach((step, tick) => take(tree, step, tick + 1));
  return tree;
}

function pairsOf(tree: RegionTree): { pairs: Uint16Array; count: number } {
  const splits = splitsOf(tree);
  return { pairs: Uint16Array.from(splits.flat()), count: splits.length };
}

describe("a tree of regions", () => {
  test("covers the zone with leaves that do not overlap: each point is in the one leaf that holds it", () => {
    fc.assert(
      fc.property(steps, fc.nat(191), fc.nat(127), (given, dx, dy) => {
        const tree = grown(given);
        const x = 100.5 + dx;
        const y = -49.5 + dy;
        const holding = leavesOf(tree).filter((leaf) => {
          const { left, top, sizeM } = tree.shapeOf(leaf);
          return x >= left && x < left + sizeM && y >= top && y < top + sizeM;
        });
        assert.deepEqual(holding, [tree.at(x, y)]);
      }),
    );
  });

  test("knows of each region its whole, its quarters, and the way to it from its cell", () => {
    fc.assert(
      fc.property(steps, (given) => {
        const tree = grown(given);
        for (let region = 0; region < tree.used; region++) {
          if (!tree.exists(region)) continue;
          const { cell, depth, path } = tree.pathOf(region);
          assert.ok(cell < grid.count && depth <= regionDepthMax);
          assert.deepEqual(grid.shapeAt(cell, depth, path), tree.shapeOf(region));
          const first = tree.firstOf(region);
          assert.equal(tree.isLeaf(region), first === 0);
          if (first === 0) continue;
          for (let quarter = first; quarter < first + 4; quarter++)
            assert.equal(tree.wholeOf(quarter), region);
        }
      }),
    );
  });

  test("gives the lowest free number, takes it back in a merge, and uses no more numbers than it must", () => {
    const tree = new RegionTree(grid);
    assert.deepEqual([tree.freeQuad(), tree.used], [6, 6]);
    assert.ok(tree.split(0, 6, 1) && tree.split(1, 10, 1) && tree.split(2, 14, 1));
    assert.deepEqual([tree.freeQuad(), tree.used], [18, 18]);
    assert.ok(tree.merge(1, 2));
    assert.deepEqual([tree.freeQuad(), tree.used, tree.exists(10)], [10, 18, false]);
    assert.ok(tree.merge(2, 3));
    assert.deepEqual([tree.used, tree.isLeaf(2), tree.wholeOf(14)], [10, true, -1]);
  });

  test("remembers since when a region is a leaf with its number", () => {
    const tree = new RegionTree(grid);
    assert.equal(tree.bornTick[0], 0);
    tree.split(0, 6, 41);
    assert.deepEqual([...tree.bornTick.subarray(6, 10)], [41, 41, 41, 41]);
    tree.merge(0, 97);
    assert.equal(tree.bornTick[0], 97);
  });

  test("shifts each region by its phase, quarters by one that they share", () => {
    const tree = new RegionTree(grid);
    for (let region = 0; region < grid.capacity; region++)
      assert.equal(tree.phases[region], phaseOf(grid, region));
  });

  test("refuses what cannot be, and stays as it was", () => {
    const tree = new RegionTree(grid);
    tree.split(0, 6, 1);
    const before = tree.version;
    const refused = [
      tree.split(0, 10, 2),
      tree.split(1, 6, 2),
      tree.split(1, 7, 2),
      tree.split(1, 2, 2),
      tree.split(1, grid.capacity, 2),
      tree.split(50, 10, 2),
      tree.split(70_000, 10, 2),
      tree.merge(1, 2),
      tree.merge(6, 2),
      tree.merge(70_000, 2),
    ];
    assert.deepEqual(new Set(refused), new Set([false]));
    tree.split(6, 10, 3);
    assert.equal(tree.merge(0, 4), false, "a quarter of it is split");
    assert.equal(tree.version, before + 1);
    let [region, first] = [10, 14];
    for (let depth = 3; depth <= regionDepthMax; depth++) {
      assert.ok(tree.split(region, first, 5));
      [region, first] = [first, first + 4];
    }
    assert.equal(tree.split(region, first, 6), false, "no region is smaller");
  });

  test("has no number left once all are in use, and says so", () => {
    const wide = new RegionGrid(0, { x: 0, y: 0, width: 1000, height: 65 }, 1);
    const tree = new RegionTree(wide);
    assert.equal(wide.quadsMax, 133);
    for (let cell = 0; cell < 133; cell++) assert.ok(tree.split(cell, tree.freeQuad(), 1));
    assert.equal(tree.freeQuad(), 0);
    assert.equal(tree.used, wide.capacity);
    tree.merge(7, 2);
    assert.equal(tree.freeQuad(), 65_000 + 4 * 7);
  });
});

describe("a mirror of a tree", () => {
  test("that follows the list of its splits equals it, whatever it was before", () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const mirror = grown(before);
        const original = grown(after);
        const { pairs, count } = pairsOf(original);
        assert.ok(mirror.follow(pairs, count, 1000));
        assert.deepEqual(splitsOf(mirror), splitsOf(original));
        assert.equal(mirror.used, original.used);
        assert.deepEqual(leavesOf(mirror), leavesOf(original));
        for (const leaf of leavesOf(original)) {
          assert.deepEqual(mirror.shapeOf(leaf), original.shapeOf(leaf));
          assert.equal(mirror.wholeOf(leaf), original.wholeOf(leaf));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("that follows tick by tick has the same regions since the same ticks", () => {
    fc.assert(
      fc.property(steps, (given) => {
        const original = new RegionTree(grid);
        const mirror = new RegionTree(grid);
        given.forEach((step, tick) => {
          take(original, step, tick + 1);
          const { pairs, count } = pairsOf(original);
          assert.ok(mirror.follow(pairs, count, tick + 1));
          for (const leaf of leavesOf(original)) assert.equal(mirror.bornTick[leaf], original.bornTick[leaf]);
        });
      }),
    );
  });

  test("keeps what is the same and does not call it new", () => {
    const mirror = new RegionTree(grid);
    mirror.follow(Uint16Array.of(0, 6, 6, 10), 2, 5);
    mirror.follow(Uint16Array.of(0, 6, 1, 10), 2, 9);
    assert.deepEqual([mirror.bornTick[7], mirror.bornTick[6], mirror.bornTick[10]], [5, 9, 9]);
    const { version } = mirror;
    mirror.follow(Uint16Array.of(0, 6, 1, 10), 2, 12);
    assert.equal(mirror.version, version);
  });

  test("of a list that cannot be says so and throws nothing", () => {
    const list = fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, list, (before, words) => {
        const mirror = grown(before);
        const count = words.length >>> 1;
        mirror.follow(Uint16Array.from(words), count, 1000);
        assert.ok(mirror.used <= grid.capacity);
      }),
    );
    assert.equal(
      new RegionTree(grid).follow(Uint16Array.of(6, 10), 1, 1),
      false,
      "a quarter before its whole",
    );
  });

  test("that is cleared begins as a new one: whoever owns the zone next counts from other ticks", () => {
    fc.assert(
      fc.property(steps, (given) => {
        const mirror = grown(given);
        const { version } = mirror;
        mirror.clear();
        assert.deepEqual(leavesOf(mirror), leavesOf(new RegionTree(grid)));
        assert.ok(mirror.bornTick.every((tick) => tick === 0));
        assert.ok(mirror.version > version);
      }),
    );
  });
});
