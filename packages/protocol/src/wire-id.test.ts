import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BitReader, BitWriter } from "./bits.ts";
import { kindsMax, rowsPerKindMax } from "./limits.ts";
import { bitsFor } from "./values.ts";
import { edgy } from "./values-contract.ts";
import { readId, writeId } from "./wire-id.ts";

const kindsAndId = edgy(1, kindsMax).chain((kinds) =>
  fc.tuple(
    fc.constant(kinds),
    fc.tuple(edgy(0, kinds - 1), edgy(0, rowsPerKindMax - 1)).map(([kind, row]) => (kind << 16) | row),
  ),
);

function bitsOfId(id: number, kinds: number): number {
  const writer = new BitWriter();
  writeId(writer, id, kinds);
  return writer.lengthBits;
}

describe("an id in a list of members", () => {
  test("comes back as it was, among other bits, whatever the kind and the row", () => {
    fc.assert(
      fc.property(fc.array(kindsAndId, { minLength: 1, maxLength: 20 }), edgy(0, 31), (ids, shift) => {
        const writer = new BitWriter();
        writer.bits(0, shift);
        for (const [kinds, id] of ids) writeId(writer, id, kinds);
        writer.bits(1, 1);
        const reader = new BitReader(writer.bytes());
        reader.bits(shift);
        for (const [kinds, id] of ids) assert.equal(readId(reader, kinds), id);
        assert.equal(reader.bits(1), 1);
        assert.equal(reader.failed, false);
      }),
      { numRuns: 500 },
    );
  });

  test("takes four bits beside its kind and what its row needs, the highest one left out", () => {
    fc.assert(
      fc.property(kindsAndId, ([kinds, id]) => {
        const row = id & 0xffff;
        assert.equal(bitsOfId(id, kinds), bitsFor(kinds - 1) + 4 + Math.max(1, bitsFor(row) - 1));
      }),
    );
    assert.deepEqual(
      [0, 1, 2, 3, 4, 1999, 65_535].map((row) => bitsOfId(row, 1)),
      [5, 5, 5, 5, 6, 14, 19],
    );
    assert.equal(bitsOfId(1999, 5), 17);
  });

  test("of any bits is a number of a kind and a row, or makes the reader fail; nothing throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), edgy(1, kindsMax), (bytes, kinds) => {
        const reader = new BitReader(bytes);
        const id = readId(reader, kinds);
        assert.ok(
          id >= 0 && id >>> 16 < 2 ** bitsFor(kinds - 1),
          "a kind that does not exist comes out as it is",
        );
        if (bytes.length < 1) assert.ok(reader.failed);
      }),
    );
  });
});
