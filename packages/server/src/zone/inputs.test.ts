import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "@myriad/protocol";
import fc from "fast-check";
import type { SessionInput } from "../bus/intent-batch.ts";
import { decodeInputs, encodeInputs, noInputs, type StoreReply, type TickInputs } from "./inputs.ts";

const plain = { noNullPrototype: true } as const;
const id = fc.constantFrom(1, 2 ** 31, Number.MAX_SAFE_INTEGER);
const place = fc.record({ kind: fc.constantFrom("character", "ground"), id, slot: fc.nat(24) }, plain);
const replies = fc.oneof(
  fc.record({ kind: fc.constant("saved"), session: fc.nat(), version: fc.nat() }, plain),
  fc.record({ kind: fc.constant("saveRefused"), session: fc.nat(), code: fc.string() }, plain),
  fc.record(
    {
      kind: fc.constant("ledger"),
      request: id,
      outcome: fc.oneof(
        fc.record({ status: fc.constant("refused"), code: fc.string() }, plain),
        fc.record(
          { status: fc.constant("done"), itemId: id, itemType: fc.nat(), from: place, to: place },
          plain,
        ),
      ),
    },
    plain,
  ),
) as fc.Arbitrary<StoreReply>;
const bytes = fc.uint8Array({ maxLength: 30 });
const input = fc.oneof(
  fc.record({ kind: fc.constant("join"), session: fc.nat(), character: bytes, lastIntent: fc.nat() }, plain),
  fc.record(
    { kind: fc.constant("intent"), session: fc.nat(), seq: fc.nat(), type: fc.nat(), record: bytes },
    plain,
  ),
  fc.record({ kind: fc.constant("absent"), session: fc.nat(), absent: fc.boolean() }, plain),
) as fc.Arbitrary<SessionInput>;
const inputs: fc.Arbitrary<TickInputs> = fc.record(
  {
    drain: fc.constantFrom("server_closing", ""),
    zones: fc.array(bytes, { maxLength: 4 }),
    replies: fc.array(replies, { maxLength: 4 }),
    gateways: fc.array(
      fc.record({ gateway: fc.nat(255), inputs: fc.array(input, { maxLength: 6 }) }, plain),
      { maxLength: 3 },
    ),
  },
  { ...plain, requiredKeys: ["zones", "replies", "gateways"] },
);

test("a tick's inputs come back as they were", () => {
  fc.assert(
    fc.property(inputs, (given) => {
      assert.deepEqual(decodeInputs(encodeInputs(given)), { ok: true, value: given });
    }),
    { numRuns: 200 },
  );
  assert.deepEqual(decodeInputs(encodeInputs(noInputs)), { ok: true, value: noInputs });
});

test("a reply that cannot be is malformed", () => {
  const code = (json: string) => {
    const writer = new ByteWriter();
    writer.v(0);
    writer.v(1);
    writer.text(json);
    writer.v(0);
    writer.u8(0);
    const read = decodeInputs(writer.copy());
    return read.ok ? "accepted" : read.code;
  };
  const done = { status: "done", itemId: 1, itemType: 2 };
  assert.equal(code(JSON.stringify({ kind: "ledger", request: 1, outcome: done })), "accepted");
  for (const data of [
    null,
    1,
    [],
    { kind: "other" },
    { kind: "saved", session: 1 },
    { kind: "saved", session: "1", version: 1 },
    { kind: "saveRefused", session: 1, code: 1 },
    { kind: "saveRefused", session: 1.5, code: "x" },
    { kind: "ledger", request: 1 },
    { kind: "ledger", request: 1, outcome: null },
    { kind: "ledger", request: 1, outcome: { status: "maybe" } },
    { kind: "ledger", request: 1, outcome: { status: "refused" } },
    { kind: "ledger", request: 1, outcome: { ...done, itemId: "1" } },
    { kind: "ledger", request: null, outcome: done },
  ]) {
    assert.equal(code(JSON.stringify(data)), "json_malformed", JSON.stringify(data));
  }
  assert.equal(code("{"), "json_malformed");
});

test("inputs that are cut are refused at every length", () => {
  const given = encodeInputs({
    zones: [Uint8Array.of(1, 2)],
    replies: [{ kind: "saved", session: 1, version: 2 }],
    gateways: [{ gateway: 1, inputs: [{ kind: "leave", session: 1, reason: 0 }] }],
    drain: "server_closing",
  });
  for (let length = 0; length < given.length; length++)
    assert.equal(decodeInputs(given.subarray(0, length)).ok, false, `${length}`);
});
