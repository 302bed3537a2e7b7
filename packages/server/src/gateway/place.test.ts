import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { placeInZones } from "./place.ts";

const zones = [
  { zone: 0, name: "west", bounds: { x: 0, y: 0, width: 600, height: 500 } },
  { zone: 1, name: "east", bounds: { x: 600, y: 0, width: 600, height: 500 } },
  { zone: 7, name: "island", bounds: { x: 2000, y: -300, width: 100, height: 100 } },
];

test("a point is in the zone that holds it; borders belong to the zone that begins there", () => {
  assert.deepEqual(placeInZones(zones, { x: 100, y: 200.5 }), { zone: 0, x: 100, y: 200.5 });
  assert.deepEqual(placeInZones(zones, { x: 2050, y: -250 }), { zone: 7, x: 2050, y: -250 });
  assert.equal(placeInZones(zones, { x: 599.9, y: 250 }).zone, 0);
  assert.equal(placeInZones(zones, { x: 600, y: 250 }).zone, 1);
});

test("a point outside of all comes into the nearest zone, and nobody begins on an edge", () => {
  assert.deepEqual(placeInZones(zones, { x: -50, y: 900 }), { zone: 0, x: 2, y: 498 });
  assert.deepEqual(placeInZones(zones, { x: 1900, y: -250 }), { zone: 7, x: 2002, y: -250 });
  assert.deepEqual(placeInZones(zones, { x: 600, y: 0 }), { zone: 1, x: 602, y: 2 });
});

test("whatever the point, the answer is inside of its zone", () => {
  const far = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(far, far, (x, y) => {
      const placed = placeInZones(zones, { x, y });
      const { bounds } = zones.find(({ zone }) => zone === placed.zone)!;
      assert.ok(placed.x >= bounds.x + 2 && placed.x <= bounds.x + bounds.width - 2);
      assert.ok(placed.y >= bounds.y + 2 && placed.y <= bounds.y + bounds.height - 2);
    }),
  );
});
