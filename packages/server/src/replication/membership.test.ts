import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RegionGrid, strideTicksMax } from "@myriad/protocol";
import fc from "fast-check";
import { EventLog, Membership, RegionMembers } from "./membership.ts";

const grid = new RegionGrid(0, { x: 0, y: 0, width: 192, height: 128 }, 64);

describe("members of a region", () => {
  test("are a sorted set", () => {
    const step = fc.tuple(fc.boolean(), fc.nat(40));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const members = new RegionMembers();
        const model = new Set<number>();
        for (const [enters, id] of steps) {
          if (enters && !model.has(id)) members.insert(id);
          else if (!enters) members.remove(id);
          if (enters) model.add(id);
          else model.delete(id);
          const sorted = [...model].sort((a, b) => a - b);
          assert.deepEqual([...members.ids.subarray(0, members.count)], sorted);
          assert.equal(members.has(id), model.has(id));
        }
      }),
    );
  });
});

describe("comings and goings", () => {
  test("are a list to which newer ones are added and from which older ones are dropped", () => {
    const step = fc.record({ id: fc.nat(0xff_ffff), waits: fc.nat(3), forgets: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const log = new EventLog();
        let model: { tick: number; id: number }[] = [];
        let tick = 1;
        for (const { id, waits, forgets } of steps) {
          tick += waits;
          log.push(tick, id);
          model.push({ tick, id });
          if (forgets) {
            log.dropBefore(tick - 5);
            model = model.filter((event) => event.tick > tick - 5);
          }
          const kept = Array.from({ length: log.count }, (_, i) => ({ tick: log.ticks[i], id: log.ids[i] }));
          assert.deepEqual(kept, model);
        }
      }),
    );
  });
});

describe("membership", () => {
  test("changes only beyond the hysteresis, and then to the region that holds the point", () => {
    const membership = new Membership(grid, 2);
    assert.equal(membership.regionFor(-1, 70, 10), 1);
    assert.equal(membership.regionFor(0, 10, 10), 0);
    // Region 0 ends at 64 m; two metres beyond it is still its own.
    assert.equal(membership.regionFor(0, 65.9, 10), 0);
    assert.equal(membership.regionFor(0, 66, 10), 1);
    assert.equal(membership.regionFor(1, 62, 10), 1);
    assert.equal(membership.regionFor(1, 61.9, 10), 0);
    assert.equal(membership.regionFor(0, 10, 66), 3);
    assert.equal(membership.regionFor(3, 10, 62), 3);
    assert.equal(membership.regionFor(0, 190, 120), 5);
    const strict = new Membership(grid, 0);
    assert.equal(strict.regionFor(0, 64, 10), 1);
    assert.equal(strict.regionFor(1, 63.9, 10), 0);
  });

  test("of a small region changes beyond an eighth of its side: else nobody would ever leave it", () => {
    const membership = new Membership(grid, 2);
    let region = 0;
    for (let depth = 0; depth < 5; depth++) region = membership.split(region, 1, () => 0);
    assert.deepEqual(membership.tree.shapeOf(region).sizeM, 2);
    assert.equal(membership.regionFor(region, 2.2, 1), region);
    assert.equal(membership.regionFor(region, 2.25, 1), region + 1);
    assert.equal(membership.regionFor(-1, 1, 2.1), region + 2);
    assert.equal(membership.regionFor(region, 70, 1), 1, "however far: into the leaf that holds the point");
  });

  test("goes over into the quarters of a split and back in a merge, which is no coming or going", () => {
    const placed = fc.uniqueArray(fc.record({ id: fc.nat(400), quadrant: fc.nat(3) }), {
      selector: ({ id }) => id,
      maxLength: 60,
    });
    fc.assert(
      fc.property(placed, (given) => {
        const membership = new Membership(grid, 2);
        for (const { id } of given) membership.enter(0, id, 5);
        const before = [...membership.regions[0]!.ids.subarray(0, given.length)];
        const quadrants = new Map(given.map(({ id, quadrant }) => [id, quadrant]));
        const first = membership.split(0, 9, (id) => quadrants.get(id)!);
        assert.equal(first, grid.count);
        assert.equal(membership.regions[0]!.count, 0);
        for (let quadrant = 0; quadrant < 4; quadrant++) {
          const members = membership.regions[first + quadrant]!;
          assert.deepEqual(
            [...members.ids.subarray(0, members.count)],
            before.filter((id) => quadrants.get(id) === quadrant),
          );
          assert.deepEqual([members.enters.count, members.leaves.count, members.eventTick], [0, 0, 0]);
          if (given.length > 0)
            assert.equal(members.activeTick, 5, "its blocks go on where the whole's ended");
        }
        assert.ok(membership.merge(0, 40));
        const whole = membership.regions[0]!;
        assert.deepEqual([...whole.ids.subarray(0, whole.count)], before);
        assert.equal(membership.regions[first]!.count, 0);
        assert.equal(membership.merge(0, 41), false);
      }),
    );
  });

  test("remembers comings and goings of the longest window and forgets older ones", () => {
    const membership = new Membership(grid, 2);
    const region = membership.regions[0]!;
    for (let tick = 1; tick <= 400; tick++) {
      membership.enter(0, tick, tick);
      if (tick > 1) membership.leave(0, tick - 1, tick);
      membership.forget(tick);
      assert.deepEqual([region.activeTick, region.eventTick], [tick, tick]);
      assert.ok(region.enters.count <= 2 * strideTicksMax && region.leaves.count <= 2 * strideTicksMax);
      // Nothing of a window that may still be asked for is lost.
      const since = Math.max(0, tick - strideTicksMax);
      const kept = region.enters.ticks.subarray(0, region.enters.count).filter((entered) => entered > since);
      assert.equal(kept.length, tick - since);
    }
  });
});
