import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { generationOf, idOf, kindOf, noEntity, packRef, rowOf, wireRef, zoneOf } from "./handle.ts";

const zone = fc.oneof(fc.constantFrom(0, 4094), fc.integer({ min: 0, max: 4094 }));
const generation = fc.oneof(fc.constantFrom(0, 1, 65_535), fc.nat(65_535));
const kind = fc.oneof(fc.constantFrom(0, 254), fc.nat(254));
const row = fc.oneof(fc.constantFrom(0, 65_535), fc.nat(65_535));

test("a reference gives back each of its parts, at every edge", () => {
  fc.assert(
    fc.property(zone, generation, kind, row, (z, g, k, r) => {
      const ref = packRef(z, g, k, r);
      assert.ok(Number.isSafeInteger(ref) && ref > 0);
      assert.deepEqual([zoneOf(ref), generationOf(ref), kindOf(ref), rowOf(ref)], [z, g, k, r]);
      assert.equal(idOf(ref), k * 65_536 + r);
      const wire = wireRef(z, idOf(ref));
      assert.equal(wire, packRef(z, 0, k, r));
    }),
  );
});

test("references of one zone and generation are ordered by kind and row", () => {
  fc.assert(
    fc.property(zone, generation, kind, row, kind, row, (z, g, k1, r1, k2, r2) => {
      const order = k1 - k2 || r1 - r2;
      assert.equal(Math.sign(packRef(z, g, k1, r1) - packRef(z, g, k2, r2)), Math.sign(order));
    }),
  );
});

test("no entity is no zone's", () => {
  assert.equal(noEntity, 0);
  assert.equal(zoneOf(noEntity), -1);
});
