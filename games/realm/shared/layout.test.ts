import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { boundsOfZone, isInRealm, zoneAt, zoneSizeM } from "./layout.ts";

const zone = fc.integer({ min: 0, max: 4094 });

test("four zones are a square of two by two, nine of three by three", () => {
  for (const [count, side] of [
    [1, 1],
    [4, 2],
    [9, 3],
    [64, 8],
  ] as const) {
    const corners = Array.from({ length: count }, (_, index) => boundsOfZone(index));
    ok(corners.every(({ x, y }) => x < side * zoneSizeM && y < side * zoneSizeM));
    equal(new Set(corners.map(({ x, y }) => `${x} ${y}`)).size, count);
  }
});

test("every point of a zone is found in that zone, and zones have no point in common", () => {
  const inside = fc.double({ min: 0, max: zoneSizeM - 0.001, noNaN: true });
  fc.assert(
    fc.property(zone, inside, inside, (index, dx, dy) => {
      const { x, y } = boundsOfZone(index);
      equal(zoneAt(x + dx, y + dy), index);
    }),
  );
});

test("west and north of the world there is no zone, and no number is a place", () => {
  deepEqual([zoneAt(-0.001, 5), zoneAt(5, -0.001), zoneAt(Number.NaN, 5)], [-1, -1, -1]);
});

test("a realm ends where its last zone does, a margin before it", () => {
  ok(isInRealm(1, 1, 1, 1));
  ok(!isInRealm(0.9, 1, 1, 1));
  ok(!isInRealm(511.5, 300, 1, 1));
  ok(isInRealm(511.5, 300, 2, 1));
  // Three zones are an L: zone 3 would be at the south-west.
  ok(!isInRealm(300, 512.5, 3, 1));
  ok(isInRealm(600, 512.5, 3, 1));
  ok(!isInRealm(512.5, 600, 3, 1));
});
