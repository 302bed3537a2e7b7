import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "@myriad/protocol";
import fc from "fast-check";
import { batchKind, headerBytes } from "./header.ts";
import { type IntentBatch, readIntentBatch, type SessionInput, writeIntentBatch } from "./intent-batch.ts";

const plain = { noNullPrototype: true } as const;
const u32 = fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1);
const bytes = fc.uint8Array({ maxLength: 30 });
const input: fc.Arbitrary<SessionInput> = fc.oneof(
  fc.record({ kind: fc.constant("join"), session: u32, character: bytes, lastIntent: u32 }, plain),
  fc.record({ kind: fc.constant("leave"), session: u32, reason: fc.nat(255) }, plain),
  fc.record({ kind: fc.constant("intent"), session: u32, seq: u32, type: u32, record: bytes }, plain),
  fc.record({ kind: fc.constant("absent"), session: u32, absent: fc.boolean() }, plain),
) as fc.Arbitrary<SessionInput>;
const header = {
  kind: batchKind.intents,
  realm: 1,
  zone: 2,
  peer: 3,
  epoch: 4,
  sequence: 5,
  trace: undefined,
};
const batch: fc.Arbitrary<IntentBatch> = fc.record(
  {
    header: fc.constant(header),
    wantsDigests: fc.boolean(),
    keyframes: fc.array(fc.nat(65_535), { maxLength: 20 }),
    selves: fc.array(u32, { maxLength: 20 }),
    inputs: fc.array(input, { maxLength: 20 }),
  },
  plain,
);

function written(given: IntentBatch): Uint8Array {
  const writer = new ByteWriter(16);
  writeIntentBatch(writer, given);
  return writer.copy();
}

function code(given: Uint8Array): string {
  const read = readIntentBatch(given);
  return read.ok ? "accepted" : read.code;
}

test("an intent batch comes back as it was", () => {
  fc.assert(
    fc.property(batch, (given) => {
      assert.deepEqual(readIntentBatch(written(given)), { ok: true, value: given });
    }),
    { numRuns: 200 },
  );
});

test("an intent batch that is cut is truncated at every length", () => {
  const given = written({
    header,
    wantsDigests: true,
    keyframes: [1, 2],
    selves: [3],
    inputs: [
      { kind: "join", session: 1, character: Uint8Array.of(1, 2), lastIntent: 3 },
      { kind: "leave", session: 1, reason: 0 },
      { kind: "intent", session: 1, seq: 1, type: 300, record: Uint8Array.of(9) },
      { kind: "absent", session: 1, absent: true },
    ],
  });
  for (let length = 0; length < given.length; length++)
    assert.equal(code(given.subarray(0, length)), "truncated", `${length}`);
  assert.equal(code(Uint8Array.of(...given, 0)), "trailing_bytes");
});

test("an intent batch of another kind, or with an input that there is not, is refused", () => {
  const empty = { header, wantsDigests: false, keyframes: [], selves: [], inputs: [] };
  assert.equal(code(written({ ...empty, header: { ...header, kind: batchKind.zone } })), "unknown_type");
  const leaving = written({ ...empty, inputs: [{ kind: "leave", session: 1, reason: 0 }] });
  const kindAt = headerBytes + 4;
  assert.equal(leaving[kindAt], 2);
  assert.equal(code(leaving.with(kindAt, 9)), "unknown_type");
  assert.equal(code(leaving.with(0, 0)), "unknown_type");
});
