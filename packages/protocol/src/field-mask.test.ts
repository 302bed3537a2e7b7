import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BitReader, BitWriter } from "./bits.ts";
import { maskBits, readMask, writeMask } from "./field-mask.ts";
import { fieldsPerChannelMax } from "./limits.ts";

const fieldsAndMask = fc
  .integer({ min: 1, max: fieldsPerChannelMax })
  .chain((fields) => fc.tuple(fc.constant(fields), fc.integer({ min: 1, max: 2 ** fields - 1 })));

test("every mask comes back, and takes the bits that were said", () => {
  fc.assert(
    fc.property(fieldsAndMask, ([fields, mask]) => {
      const writer = new BitWriter();
      writeMask(writer, mask, fields);
      assert.equal(writer.lengthBits, maskBits(mask, fields));
      const reader = new BitReader(writer.bytes());
      assert.equal(readMask(reader, fields), mask);
    }),
  );
});

test("the first field alone takes one bit, the first two take two, nothing else is longer than two more than a mask", () => {
  assert.deepEqual(
    [1, 3, 2, 7].map((mask) => maskBits(mask, 3)),
    [1, 2, 5, 5],
  );
  assert.deepEqual(
    [1, 3, 2].map((mask) => maskBits(mask, 2)),
    [1, 2, 2],
  );
});

test("a channel with one field or none has no mask", () => {
  const reader = new BitReader(new Uint8Array(0));
  for (const fields of [0, 1]) {
    const writer = new BitWriter();
    writeMask(writer, 1, fields);
    assert.equal(writer.lengthBits, 0);
    assert.equal(maskBits(1, fields), 0);
    assert.equal(readMask(reader, fields), 1);
  }
  assert.equal(reader.failed, false);
});
