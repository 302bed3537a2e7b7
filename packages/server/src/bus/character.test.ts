import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CharacterRecord, decodeCharacter, encodeCharacter } from "./character.ts";

const plain = { noNullPrototype: true } as const;
const v = fc.constantFrom(0, 1, 127, 128, 2 ** 32 - 1);
const id = fc.constantFrom(1, 2 ** 40, Number.MAX_SAFE_INTEGER);
const metres = fc.double({ noNaN: true, noDefaultInfinity: true });
const item = fc.record({ itemId: id, itemType: v, slot: v }, plain);
const character: fc.Arbitrary<CharacterRecord> = fc.record(
  {
    characterId: id,
    name: fc.string({ unit: "grapheme", maxLength: 24 }).filter((name) => Buffer.byteLength(name) <= 256),
    version: v,
    sessionEpoch: v,
    schemaVersion: v,
    state: fc.uint8Array({ maxLength: 300 }),
    items: fc.array(item, { maxLength: 30 }),
    place: fc.record({ x: metres, y: metres }, plain),
  },
  {
    ...plain,
    requiredKeys: ["characterId", "name", "version", "sessionEpoch", "schemaVersion", "state", "items"],
  },
);
const plainOne: CharacterRecord = {
  characterId: 1,
  name: "Ada",
  version: 1,
  sessionEpoch: 1,
  schemaVersion: 1,
  state: new Uint8Array(0),
  items: [],
};

function code(bytes: Uint8Array): string {
  const read = decodeCharacter(bytes);
  return read.ok ? "accepted" : read.code;
}

test("a character comes back as it was, with a copy of its state", () => {
  fc.assert(
    fc.property(character, fc.boolean(), (given, isBuffer) => {
      const bytes = isBuffer ? Buffer.from(encodeCharacter(given)) : encodeCharacter(given);
      const read = decodeCharacter(bytes);
      assert.deepEqual(read, { ok: true, value: given });
      bytes.fill(0xff);
      assert.ok(read.ok);
      assert.deepEqual(read.value.state, given.state);
    }),
  );
});

test("a character that is cut is truncated at every length", () => {
  const bytes = encodeCharacter({
    ...plainOne,
    state: Uint8Array.of(1, 2),
    items: [{ itemId: 1, itemType: 2, slot: 3 }],
    place: { x: 1.5, y: -2 },
  });
  for (let length = 0; length < bytes.length; length++)
    assert.equal(code(bytes.subarray(0, length)), "truncated", `${length}`);
});

test("a character at no place of this world is refused", () => {
  for (const place of [
    { x: Number.NaN, y: 0 },
    { x: 0, y: Number.POSITIVE_INFINITY },
  ])
    assert.equal(code(encodeCharacter({ ...plainOne, place })), "out_of_range");
});

test("a character over a limit is refused", () => {
  assert.equal(code(encodeCharacter({ ...plainOne, state: new Uint8Array(65_536) })), "accepted");
  assert.equal(code(encodeCharacter({ ...plainOne, state: new Uint8Array(65_537) })), "too_large");
  const items = (length: number) => Array.from({ length }, () => ({ itemId: 1, itemType: 1, slot: 1 }));
  assert.equal(code(encodeCharacter({ ...plainOne, items: items(1024) })), "accepted");
  assert.equal(code(encodeCharacter({ ...plainOne, items: items(1025) })), "too_large");
  assert.equal(code(encodeCharacter({ ...plainOne, characterId: 0.5 })), "out_of_range");
  assert.equal(code(encodeCharacter({ ...plainOne, characterId: Number.NaN })), "out_of_range");
  assert.equal(code(encodeCharacter({ ...plainOne, name: "x".repeat(257) })), "truncated");
});
