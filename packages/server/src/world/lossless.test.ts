import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bool,
  ByteReader,
  ByteWriter,
  finePosition,
  oneOf,
  position,
  text,
  uint,
  vector,
} from "@myriad/protocol";
import fc from "fast-check";
import { readLossless, writeLossless } from "./lossless.ts";

const fields = {
  place: position(),
  exact: finePosition(),
  push: vector({ max: 1 }),
  number: uint(8),
  isTrue: bool(),
  mood: oneOf("calm", "angry"),
  words: text(8),
};
const pair = fc.record({ x: fc.double(), y: fc.double() }, { noNullPrototype: true });
const record = fc.record(
  {
    place: pair,
    exact: pair,
    push: pair,
    number: fc.double(),
    isTrue: fc.boolean(),
    mood: fc.constantFrom("calm" as const, "angry" as const),
    words: fc.string({ unit: "grapheme", maxLength: 5000 }),
  },
  { noNullPrototype: true },
);

test("a record between zones keeps every bit, beyond what its types could send", () => {
  fc.assert(
    fc.property(record, (value) => {
      const writer = new ByteWriter();
      writeLossless(writer, fields, value);
      const reader = new ByteReader(writer.copy());
      assert.deepEqual(readLossless(reader, fields), value);
      assert.deepEqual([reader.failed, reader.remaining], [false, 0]);
    }),
  );
});

test("an option that there is not any more is the first one", () => {
  const writer = new ByteWriter();
  writer.v(5);
  assert.deepEqual(readLossless(new ByteReader(writer.copy()), { mood: fields.mood }), { mood: "calm" });
  const other = new ByteWriter();
  writeLossless(other, { mood: fields.mood }, { mood: "glad" as "calm" });
  assert.deepEqual(other.copy(), Uint8Array.of(0));
});

test("a record that is cut is told by its reader", () => {
  const writer = new ByteWriter();
  const at = { x: 1, y: 2 };
  writeLossless(writer, fields, {
    place: at,
    exact: at,
    push: at,
    number: 1,
    isTrue: true,
    mood: "angry",
    words: "hi",
  });
  for (let length = 0; length < writer.at; length++) {
    const reader = new ByteReader(writer.copy(), 0, length);
    readLossless(reader, fields);
    assert.equal(reader.failed, true);
  }
});
