import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bool, oneOf, text, uint } from "./fields.ts";
import { decodeClientMessage, encodeInput } from "./frame.ts";
import { InputMessage } from "./input-message.ts";
import { checkRecord, decodeRecord, encodeRecord } from "./record.ts";

const v = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(2 ** 14, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1));
const intent = fc.record({ seq: v, type: v, record: fc.uint8Array({ maxLength: 20 }) });
const intents = fc.array(intent, { maxLength: 66 });

/** What the reader finds, in the form of the decoder's answer. */
function read(message: InputMessage, bytes: Uint8Array, from: number, to: number): unknown {
  const code = message.read(bytes, from, to);
  if (code !== undefined) return { ok: false, code };
  const found = Array.from({ length: message.count }, (_, i) => ({
    seq: message.seqs[i],
    type: message.types[i],
    from: message.froms[i]! - from,
    to: message.tos[i]! - from,
  }));
  return { ok: true, value: { kind: "input", ackFrame: message.ackFrame, intents: found } };
}

test("an input message is read in place as the decoder reads it, whole, cut or with other bytes", () => {
  const message = new InputMessage();
  fc.assert(
    fc.property(
      fc.nat({ max: 2 ** 32 - 1 }),
      intents,
      fc.nat({ max: 9 }),
      fc.nat(),
      fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 }))),
      (ackFrame, list, before, cut, change) => {
        const encoded = encodeInput(ackFrame, list);
        const length = cut % 3 === 0 ? 1 + (cut % encoded.length) : encoded.length;
        const bytes = new Uint8Array(before + encoded.length + 4).fill(0x55);
        bytes.set(encoded, before);
        if (change !== null && change[0] % length > 0) bytes[before + (change[0] % length)] = change[1];
        assert.ok(InputMessage.isOne(bytes, before, before + length));
        const expected = decodeClientMessage(bytes.slice(before, before + length));
        assert.deepEqual(read(message, bytes, before, before + length), expected);
      },
    ),
    { numRuns: 3000 },
  );
});

test("other messages, and nothing, are no input messages; a message over 16 KiB is too large", () => {
  assert.equal(InputMessage.isOne(Uint8Array.of(1, 2), 0, 2), false);
  assert.equal(InputMessage.isOne(Uint8Array.of(2), 1, 1), false);
  assert.equal(new InputMessage().read(new Uint8Array(20_000).fill(2), 0, 16_385), "too_large");
});

test("a record is checked as it would be decoded, whatever the bytes", () => {
  const fields = { a: uint(5), b: oneOf("x", "y", "z"), c: text(12), d: bool(), e: uint(32) };
  const codeOf = (bytes: Uint8Array) => {
    const decoded = decodeRecord(fields, bytes);
    return decoded.ok ? undefined : decoded.code;
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
      assert.equal(checkRecord(fields, bytes), codeOf(bytes));
    }),
    { numRuns: 5000 },
  );
  const good = encodeRecord(fields, { a: 3, b: "y", c: "héllo", d: true, e: 4_000_000_000 });
  for (let length = 0; length <= good.length; length++)
    assert.equal(checkRecord(fields, good.subarray(0, length)), codeOf(good.subarray(0, length)));
});
