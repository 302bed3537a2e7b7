/** Tests of the spatial index against a scan of all members, with the same comparisons and none of the cells. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AssertionFailed } from "../kernel/assert.ts";
import { SpatialIndex } from "./spatial-index.ts";
import { allKinds, kindMaskOf } from "./spatial-mask.ts";

interface Member {
  readonly handle: number;
  readonly x: number;
  readonly y: number;
}

const bounds = { x: -40, y: 20, width: 130, height: 75 };

/** Handles are unique by their low bits; generation and kind above them mix the order. */
function handleOf(key: number, generation: number, kind: number): number {
  return 3 * 2 ** 40 + generation * 2 ** 24 + kind * 2 ** 16 + key;
}

/** Coordinates that meet: cell borders, the bounds and beyond, a coarse lattice with many ties, and anything between. */
const coordinate = fc.oneof(
  fc.integer({ min: -8, max: 14 }).map((cell) => cell * 10),
  fc.integer({ min: -30, max: 40 }).map((step) => step * 4),
  fc.double({ min: -150, max: 250, noNaN: true }),
  fc.constantFrom(-40, 90, 20, 95, -1e6, 1e6, 90 - 2 ** -40, -40 + 2 ** -46),
);
const radius = fc.oneof(
  fc.constantFrom(0, 4, 8, 10, 20, 1e7, Number.POSITIVE_INFINITY),
  fc.double({ min: 0, max: 300, noNaN: true }),
);
const limit = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant(1000));
const kindMask = fc.oneof(fc.constant(allKinds), fc.integer());

const step = fc.record({
  action: fc.constantFrom("put", "put", "put", "remove", "moveRows"),
  key: fc.nat(60),
  generation: fc.nat(3),
  kind: fc.constantFrom(0, 1, 2, 31, 32, 200),
  x: coordinate,
  y: coordinate,
});
const histories = fc.array(step, { maxLength: 150, size: "max" });
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Plays the steps on an index and on a plain map. A small capacity makes the index grow. */
function play(steps: readonly Step[]): { index: SpatialIndex; members: Member[] } {
  const index = new SpatialIndex({ bounds, cellSizeM: 10, capacity: 4 });
  const model = new Map<number, Member>();
  for (const { action, key, generation, kind, x, y } of steps) {
    const member = model.get(key);
    if (action === "moveRows") {
      // Every third row moves, the others stand; where nobody is the columns hold anything.
      const rows = Array.from({ length: 64 }, (_, row) => model.get(key + row));
      const columns = { x: new Float64Array(64), y: new Float64Array(64) };
      rows.forEach((stood, row) => {
        const moves = row % 3 === 0;
        columns.x[row] = stood === undefined ? Number.NaN : moves ? x + row : stood.x;
        columns.y[row] = stood === undefined ? 7 : moves ? y - row : stood.y;
        if (stood !== undefined) model.set(key + row, { ...stood, x: columns.x[row]!, y: columns.y[row]! });
      });
      index.moveRows(key, columns.x, columns.y, 64);
    } else if (action === "remove") {
      if (member !== undefined) index.remove(key);
      model.delete(key);
    } else if (member === undefined) {
      index.insert(key, handleOf(key, generation, kind), x, y);
      model.set(key, { handle: handleOf(key, generation, kind), x, y });
    } else {
      index.move(key, x, y);
      model.set(key, { ...member, x, y });
    }
    assert.equal(index.has(key), model.has(key));
    assert.equal(index.size, model.size);
  }
  return { index, members: [...model.values()] };
}

function inMask({ handle }: Member, mask: number): boolean {
  const kind = Math.floor(handle / 2 ** 16) % 256;
  return mask === allKinds || (kind < 32 && Math.floor((mask >>> 0) / 2 ** kind) % 2 === 1);
}

function ascending(members: readonly Member[], limitOfAnswer: number): number[] {
  return members
    .map((member) => member.handle)
    .sort((a, b) => a - b)
    .slice(0, limitOfAnswer);
}

function squareTo(x: number, y: number): (member: Member) => number {
  return (member) => (member.x - x) * (member.x - x) + (member.y - y) * (member.y - y);
}

const out = new Float64Array(1000);
const answer = (count: number): number[] => [...out.subarray(0, count)];
const runs = { numRuns: 1500 };

describe("a spatial index answers like a scan of all members", () => {
  test("radius", () => {
    fc.assert(
      fc.property(
        histories,
        coordinate,
        coordinate,
        radius,
        limit,
        kindMask,
        (steps, x, y, r, most, mask) => {
          const { index, members } = play(steps);
          const square = squareTo(x, y);
          const expected = members.filter((member) => square(member) <= r * r && inMask(member, mask));
          assert.deepEqual(answer(index.radius(x, y, r, out, most, mask)), ascending(expected, most));
        },
      ),
      runs,
    );
  });

  test("box", () => {
    fc.assert(
      fc.property(
        histories,
        coordinate,
        coordinate,
        coordinate,
        coordinate,
        limit,
        kindMask,
        (steps, x0, y0, x1, y1, most, mask) => {
          const { index, members } = play(steps);
          const inside = (m: Member): boolean => m.x >= x0 && m.x <= x1 && m.y >= y0 && m.y <= y1;
          const expected = members.filter((member) => inside(member) && inMask(member, mask));
          assert.deepEqual(answer(index.box(x0, y0, x1, y1, out, most, mask)), ascending(expected, most));
        },
      ),
      runs,
    );
  });

  test("cone", () => {
    const cosine = fc.oneof(fc.constantFrom(-1, 0, 0.5, 1), fc.double({ min: -1, max: 1, noNaN: true }));
    fc.assert(
      fc.property(
        histories,
        coordinate,
        coordinate,
        fc.double({ min: 0, max: 7, noNaN: true }),
        cosine,
        radius,
        limit,
        kindMask,
        (steps, x, y, angle, halfAngleCos, r, most, mask) => {
          const { index, members } = play(steps);
          const dirX = 2 * Math.cos(angle);
          const dirY = 2 * Math.sin(angle);
          const square = squareTo(x, y);
          const needed = halfAngleCos * Math.sqrt(dirX * dirX + dirY * dirY);
          const expected = members.filter((member) => {
            if (square(member) > r * r || !inMask(member, mask)) return false;
            if (halfAngleCos === -1) return true;
            return (member.x - x) * dirX + (member.y - y) * dirY >= needed * Math.sqrt(square(member));
          });
          const count = index.cone(x, y, dirX, dirY, halfAngleCos, r, out, most, mask);
          assert.deepEqual(answer(count), ascending(expected, most));
        },
      ),
      runs,
    );
  });

  test("nearest", () => {
    const wanted = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constant(100));
    fc.assert(
      fc.property(
        histories,
        coordinate,
        coordinate,
        wanted,
        radius,
        kindMask,
        (steps, x, y, k, most, mask) => {
          const { index, members } = play(steps);
          const square = squareTo(x, y);
          const expected = members
            .filter((member) => square(member) <= most * most && inMask(member, mask))
            .sort((a, b) => square(a) - square(b) || a.handle - b.handle)
            .slice(0, k);
          assert.deepEqual(
            answer(index.nearest(x, y, k, most, out, mask)),
            expected.map((member) => member.handle),
          );
        },
      ),
      runs,
    );
  });

  test("in a crowd of thousands on one spot and after everybody left", () => {
    const index = new SpatialIndex({ bounds, cellSizeM: 10, capacity: 1 });
    const crowd = new Float64Array(5000);
    for (let key = 0; key < 5000; key += 1) index.insert(key, handleOf(4999 - key, 0, 1), 31 + (key % 7), 42);
    assert.equal(index.radius(33, 42, 12, crowd, 5000), 5000);
    assert.deepEqual(
      [...crowd.subarray(0, 5000)],
      Array.from({ length: 5000 }, (_, key) => handleOf(key, 0, 1)),
    );
    assert.deepEqual(
      [...crowd.subarray(0, index.radius(33, 42, 12, crowd, 2))],
      [handleOf(0, 0, 1), handleOf(1, 0, 1)],
    );
    index.clear();
    assert.equal(index.size, 0);
    assert.equal(index.box(-1e9, -1e9, 1e9, 1e9, crowd, 5000), 0);
    index.insert(7, handleOf(7, 0, 0), 31, 42);
    assert.equal(index.nearest(0, 0, 5, Number.POSITIVE_INFINITY, crowd), 1);
  });
});

describe("the edges of a query", () => {
  const index = new SpatialIndex({ bounds, cellSizeM: 10, capacity: 8 });
  index.insert(0, handleOf(0, 0, 0), 0, 50);
  index.insert(1, handleOf(1, 0, 40), 3, 54);

  test("a negative, NaN or empty measure answers nobody", () => {
    assert.equal(index.radius(0, 50, -1, out, 10), 0);
    assert.equal(index.radius(0, 50, Number.NaN, out, 10), 0);
    assert.equal(index.radius(Number.NaN, 50, 10, out, 10), 0);
    assert.equal(index.radius(0, 50, 10, out, 0), 0);
    assert.equal(index.radius(0, 50, 10, out, Number.NaN), 0);
    assert.equal(index.cone(0, 50, 0, 0, 0.5, 10, out, 10), 0);
    assert.equal(index.cone(0, 50, 1, 0, 0.5, -1, out, 10), 0);
    assert.equal(index.box(10, 0, -10, 100, out, 10), 0);
    assert.equal(index.nearest(0, 50, 0, 10, out), 0);
    assert.equal(index.nearest(0, 50, 1, -1, out), 0);
    assert.equal(index.nearest(Number.NaN, 50, 1, 10, out), 0);
  });

  test("the border belongs to the area", () => {
    assert.equal(index.radius(0, 50, 5, out, 10), 2);
    assert.equal(index.box(0, 50, 3, 54, out, 10), 2);
    assert.equal(index.nearest(0, 50, 2, 5, out), 2);
  });

  test("a buffer shorter than the limit bounds the answer", () => {
    assert.equal(index.radius(0, 50, 5, new Float64Array(1), 10), 1);
    assert.equal(index.nearest(0, 50, 10, 5, new Float64Array(1)), 1);
  });

  test("kinds from 32 on are found without a mask only", () => {
    assert.equal(index.radius(3, 54, 1, out, 10), 1);
    assert.equal(index.radius(3, 54, 1, out, 10, kindMaskOf(8)), 0);
    assert.equal(index.radius(0, 50, 1, out, 10, kindMaskOf(0, 5)), 1);
    assert.equal(index.radius(0, 50, 1, out, 10, kindMaskOf()), 0);
  });

  test("a cone holds who is in front and nobody beside or behind", () => {
    const cone = new SpatialIndex({ bounds, cellSizeM: 10, capacity: 8 });
    [0, 29, 31, 90, 180, 329, 331].forEach((degrees, key) => {
      const angle = (degrees * Math.PI) / 180;
      cone.insert(key, handleOf(key, 0, 0), 5 * Math.cos(angle), 60 + 5 * Math.sin(angle));
    });
    const count = cone.cone(0, 60, 10, 0, Math.cos(Math.PI / 6), 6, out, 10);
    assert.deepEqual(
      answer(count),
      [0, 1, 6].map((key) => handleOf(key, 0, 0)),
    );
  });

  test("all around means all around, also exactly behind, where rounding loses the angle", () => {
    for (let degrees = 0; degrees < 360; degrees += 1) {
      const behind = new SpatialIndex({ bounds, cellSizeM: 10, capacity: 8 });
      const dirX = Math.cos((degrees * Math.PI) / 180);
      const dirY = Math.sin((degrees * Math.PI) / 180);
      behind.insert(0, handleOf(0, 0, 0), 20 - 3 * dirX, 50 - 3 * dirY);
      assert.equal(behind.cone(20, 50, dirX, dirY, -1, 10, out, 10), 1, `${degrees} degrees`);
    }
  });

  test("a member whose distance is rounded down to the radius counts, though its cell begins beyond it", () => {
    const far = new SpatialIndex({ bounds, cellSizeM: 10, capacity: 8 });
    const x = -(2 ** -47);
    far.insert(0, handleOf(0, 0, 0), x, 50);
    assert.equal(85 - x, 85, "the distance is rounded");
    assert.equal(far.radius(85, 50, 85, out, 10), 1);
    assert.equal(far.nearest(85, 50, 1, 85, out), 1);
  });
});

describe("misuse is a failed assertion", () => {
  const fresh = (): SpatialIndex => new SpatialIndex({ bounds, cellSizeM: 10, capacity: 4 });
  const bug = (run: () => unknown): void => assert.throws(run, AssertionFailed);

  test("of a key", () => {
    const index = fresh();
    index.insert(2, 1, 0, 50);
    bug(() => index.insert(2, 2, 0, 50));
    bug(() => index.insert(-1, 2, 0, 50));
    bug(() => index.insert(1.5, 2, 0, 50));
    bug(() => index.insert(262_144, 2, 0, 50));
    bug(() => index.move(3, 0, 0));
    bug(() => index.move(99, 0, 0));
    bug(() => index.remove(3));
    bug(() => index.remove(-1));
    assert.equal(index.has(-1), false);
    assert.equal(index.size, 1);
  });

  test("of a position", () => {
    const index = fresh();
    index.insert(0, 1, 0, 50);
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      bug(() => index.insert(1, 2, wrong, 0));
      bug(() => index.insert(1, 2, 0, wrong));
      bug(() => index.move(0, wrong, 0));
      bug(() => index.move(0, 0, wrong));
    }
    assert.equal(index.radius(0, 50, 0, out, 1), 1);
  });

  test("of the options", () => {
    bug(() => new SpatialIndex({ bounds: { ...bounds, width: 0 }, cellSizeM: 10, capacity: 4 }));
    bug(() => new SpatialIndex({ bounds: { ...bounds, x: Number.NaN }, cellSizeM: 10, capacity: 4 }));
    bug(() => new SpatialIndex({ bounds, cellSizeM: 0, capacity: 4 }));
    bug(() => new SpatialIndex({ bounds, cellSizeM: 0.01, capacity: 4 }));
    bug(() => new SpatialIndex({ bounds, cellSizeM: 10, capacity: 0 }));
  });
});
