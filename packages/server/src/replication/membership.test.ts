import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RegionGrid, strideTicksMax } from "@myriad/protocol";
import fc from "fast-check";
import { Membership, RegionMembers } from "./membership.ts";

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

  test("remembers comings and goings of the longest window and forgets older ones", () => {
    const membership = new Membership(grid, 2);
    const region = membership.regions[0]!;
    for (let tick = 1; tick <= 400; tick++) {
      membership.enter(0, tick, tick);
      if (tick > 1) membership.leave(0, tick - 1, tick);
      membership.forget(tick);
      assert.deepEqual([region.activeTick, region.eventTick], [tick, tick]);
      assert.ok(region.enters.length <= 2 * strideTicksMax && region.leaves.length <= 2 * strideTicksMax);
      // Nothing of a window that may still be asked for is lost.
      const since = Math.max(0, tick - strideTicksMax);
      assert.equal(region.enters.filter((event) => event.tick > since).length, tick - since);
    }
  });
});
