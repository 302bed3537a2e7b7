import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BitReader, BitWriter } from "./bits.ts";
import { nearSteps, readNear, tellsNear, writeNear } from "./near-position.ts";

const coordinate = fc.integer({ min: -(2 ** 31) + 2 ** 30, max: 2 ** 30 });

test("whoever went no farther than the bits allow is found, from wherever it was known", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 16 }),
      coordinate,
      coordinate,
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: -1, max: 1, noNaN: true }),
      (bits, x, y, dx, dy) => {
        const known = Int32Array.of(9, x, y, 9);
        const to = [x + Math.round(dx * nearSteps(bits)), y + Math.round(dy * nearSteps(bits))] as const;
        const writer = new BitWriter();
        writeNear(writer, ...to, bits);
        assert.equal(writer.lengthBits, 2 * bits);
        readNear(new BitReader(writer.bytes()), known, 1, bits);
        assert.deepEqual([...known], [9, ...to, 9]);
      },
    ),
  );
});

test("any bits give some position, and never throw", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 8 }),
      fc.integer({ min: 1, max: 31 }),
      coordinate,
      (bytes, bits, x) => {
        const known = Int32Array.of(x, -x);
        readNear(new BitReader(bytes), known, 0, bits);
        assert.ok(Math.abs(known[0]! - x) <= 2 ** (bits - 1));
      },
    ),
  );
});

test("low bits are used only where a level has them and they are fewer than a region's", () => {
  assert.equal(tellsNear(undefined, 13), false);
  assert.equal(tellsNear(0, 13), false);
  assert.equal(tellsNear(6, 13), true);
  assert.equal(tellsNear(11, 11), false);
});
