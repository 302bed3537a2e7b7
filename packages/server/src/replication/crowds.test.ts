import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BitReader, idOf, phaseOf, regionDepthMax, strideTicksMax, ZoneReplica } from "@myriad/protocol";
import fc from "fast-check";
import { importanceOf, importanceUsual } from "./importance.ts";
import { type CrowdOptions, neverSplit, type Replicator } from "./replicator.ts";
import { disturb, setUp, testBounds, testSchema, Walker } from "./testing.ts";

const { kinds } = testSchema;
const crowds: CrowdOptions = { splitAbove: 5, mergeBelow: 3, regionSizeMinM: 2 };

function leavesOf({ tree }: Replicator): number[] {
  return Array.from({ length: tree.used }, (_, region) => region).filter((region) => tree.isLeaf(region));
}

/** A zone with so many walkers at one place, and one tick of it after the other. */
function crowd(count: number, options: Partial<CrowdOptions> = {}) {
  const { world, grid, levels, replicator } = setUp(1, { crowds: { ...crowds, ...options } });
  const refs = Array.from({ length: count }, (_, i) =>
    world.spawn(Walker, { position: { x: 1010 + (i % 10) * 5, y: -490 + Math.floor(i / 10) * 5 } }),
  );
  const reshaped: { tick: number; region: number; first: number; isMerge: boolean }[] = [];
  const run = (ticks: number) => {
    for (let i = 0; i < ticks; i++) {
      world.tick += 1;
      replicator.observe(world.tick, new Map());
      replicator.encode(false);
      for (const { region, first, isMerge } of replicator.reshapes)
        reshaped.push({ tick: world.tick, region, first, isMerge });
    }
    return reshaped.splice(0);
  };
  return { world, grid, levels, replicator, refs, run };
}

describe("regions that split and merge", () => {
  test("stay what viewers of every level hold, member for member and value for value", () => {
    let reshapes = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.integer({ min: 2, max: 8 }),
        (seed, splitAbove) => {
          const { world, grid, levels, replicator, random } = setUp(seed, {
            crowds: { splitAbove, mergeBelow: splitAbove - 1, regionSizeMinM: 2 },
          });
          const views = levels.map(() => new ZoneReplica({ grid, kinds, levels }));
          const joinedAt = levels.map(() => 1 + random.int(60));
          for (let tick = 1; tick <= 200; tick++) {
            world.tick = tick;
            disturb(world, random);
            replicator.observe(tick, new Map());
            reshapes += replicator.reshapes.length;
            const due = replicator.encode(false);
            views.forEach((view, index) => {
              if (tick < joinedAt[index]!) return;
              const at = `seed ${seed} tick ${tick} level ${index}`;
              if (tick === joinedAt[index]) {
                for (const leaf of leavesOf(replicator))
                  assert.equal(view.applyKeyframes(tick, replicator.keyframe(leaf).slice()), undefined, at);
              } else {
                for (const { bytes } of replicator.reshapes)
                  assert.equal(view.applyReshapes(bytes), undefined, at);
                const plane = due.find(({ level }) => level === index);
                if (plane !== undefined)
                  assert.equal(view.applyBlocks(index, tick, plane.blocks), undefined, at);
              }
              const leaves = leavesOf(replicator);
              assert.deepEqual(
                [...view.members.keys()].sort((a, b) => a - b),
                leaves,
                at,
              );
              for (const leaf of leaves) {
                assert.deepEqual(view.shapeOf(leaf), replicator.tree.shapeOf(leaf));
                if ((tick + phaseOf(grid, leaf)) % levels[index]!.strideTicks !== 0) continue;
                assert.deepEqual(view.members.get(leaf), [...replicator.membersOf(leaf)], at);
                assert.equal(
                  view.digest(leaf, index),
                  replicator.digest(leaf, index),
                  `${at} region ${leaf}`,
                );
              }
            });
          }
        },
      ),
      { numRuns: 12 },
    );
    assert.ok(reshapes > 60, `${reshapes} splits and merges`);
  });

  test("split above `splitAbove`, again and again until no region holds more", () => {
    const { replicator, run } = crowd(40);
    run(200);
    const counts = leavesOf(replicator).map((leaf) => replicator.membersOf(leaf).length);
    assert.ok(Math.max(...counts) <= 5, counts.join());
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      40,
    );
    const few = crowd(5);
    assert.deepEqual(few.run(200), []);
  });

  test("merge below `mergeBelow`, and between the two limits stay as they are", () => {
    const { world, replicator, refs, run } = crowd(40);
    run(200);
    const { version } = replicator.tree;
    for (const ref of refs.slice(6)) world.despawn(ref);
    run(200);
    // Six are more than one region may hold: at least the cell stays split.
    assert.ok(replicator.tree.version > version && replicator.tree.firstOf(0) !== 0);
    const four = replicator.tree.version;
    for (const ref of refs.slice(3, 6)) world.despawn(ref);
    assert.deepEqual(
      run(200).filter(({ region }) => region === 0),
      [],
      "three are not below three",
    );
    world.despawn(refs[2]!);
    run(200);
    assert.ok(replicator.tree.version > four);
    assert.deepEqual([replicator.tree.isLeaf(0), replicator.tree.used], [true, replicator.grid.count]);
  });

  test("do not become smaller than `regionSizeMinM`, nor than five splits make them", () => {
    for (const [regionSizeMinM, sideM] of [
      [16, 16],
      [20, 32],
      [0.1, 64 / 2 ** regionDepthMax],
    ] as const) {
      const { world, replicator, refs, run } = crowd(20, { regionSizeMinM });
      const { x, y } = world.table(Walker).columns.position;
      for (const ref of refs) [x[idOf(ref)], y[idOf(ref)]] = [1001, -499];
      run(300);
      assert.equal(replicator.tree.shapeOf(replicator.regionOf(0, 0)).sizeM, sideM);
    }
  });

  test("are reshaped only in the tick after all strides were due in them", () => {
    const { grid, world, refs, run } = crowd(40);
    const grown = run(200);
    for (const ref of refs) world.despawn(ref);
    const shrunk = run(200);
    assert.ok(grown.length > 4 && shrunk.length === grown.length);
    for (const { tick, region, first, isMerge } of [...grown, ...shrunk])
      assert.equal((tick - 1 + phaseOf(grid, isMerge ? first : region)) % strideTicksMax, 0);
  });

  test("take at most sixteen splits and merges in one tick, and the others later", () => {
    const { world, replicator, random } = setUp(1, { crowds: { ...crowds, splitAbove: 1, mergeBelow: 1 } });
    for (let i = 0; i < 300; i++) {
      const x = testBounds.x + random.float() * testBounds.width;
      const y = testBounds.y + random.float() * testBounds.height;
      world.spawn(Walker, { position: { x, y } });
    }
    let most = 0;
    for (world.tick = 1; world.tick < 400; world.tick++) {
      replicator.observe(world.tick, new Map());
      most = Math.max(most, replicator.reshapes.length);
    }
    assert.equal(most, 16);
    assert.ok(replicator.tree.version > 160, `${replicator.tree.version} splits`);
  });

  test("give a number at most one meaning in a tick: one that a merge takes back is given later", () => {
    const { world, replicator, random } = setUp(1, { crowds: { ...crowds, splitAbove: 3 } });
    let both = 0;
    for (let tick = 1; tick < 600; tick++) {
      world.tick = tick;
      disturb(world, random);
      replicator.observe(tick, new Map());
      const taken = replicator.reshapes.filter(({ isMerge }) => isMerge).map(({ first }) => first);
      const given = replicator.reshapes.filter(({ isMerge }) => !isMerge).map(({ first }) => first);
      if (taken.length > 0 && given.length > 0) both++;
      assert.deepEqual(
        given.filter((first) => taken.includes(first)),
        [],
      );
    }
    assert.ok(both > 0, "some tick had both");
  });

  test("cost two bits a member, and no values", () => {
    const { grid, replicator, run } = crowd(40);
    let bytes: Uint8Array | undefined;
    while (bytes === undefined) {
      run(1);
      bytes = replicator.reshapes[0]?.bytes;
    }
    assert.equal(bytes.length, Math.ceil((2 * grid.regionBits + 1 + 11 + 40 * 2) / 8));
    assert.equal(new BitReader(bytes).bits(grid.regionBits), 0);
  });

  test("never do when the zone is not asked to", () => {
    const { run } = crowd(400, neverSplit);
    assert.deepEqual(run(100), []);
  });
});

describe("what a region weighs", () => {
  test("is how many of its members moved within the longest window", () => {
    const { world, replicator, refs, run } = crowd(5);
    run(80);
    assert.equal(replicator.loads[0], 0);
    for (let i = 0; i < 40; i++) {
      for (const ref of refs.slice(0, 3)) world.table(Walker).columns.position.x[idOf(ref)]! += 0.1;
      run(1);
    }
    assert.equal(replicator.loads[0], 3);
    run(80);
    assert.equal(replicator.loads[0], 0);
  });

  test("is more where something happens to someone, for as long as it does", () => {
    const { world, replicator, refs, run } = crowd(5);
    run(80);
    assert.equal(replicator.importance[0], importanceUsual);
    const { columns } = world.table(Walker);
    for (let i = 0; i < 40; i++) {
      for (const ref of refs.slice(0, 2)) columns.health[idOf(ref)] = i / 40;
      for (const ref of refs) columns.heading[idOf(ref)] = i / 10;
      run(1);
    }
    assert.equal(replicator.importance[0], importanceOf(2), "to turn round is no event");
    run(80);
    assert.equal(replicator.importance[0], importanceUsual);
  });

  test("grows with each to whom something happens, to four times the usual", () => {
    assert.deepEqual([0, 1, 2, 6, 7, 1000].map(importanceOf), [16, 24, 32, 64, 64, 64]);
  });
});
