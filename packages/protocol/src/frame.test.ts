import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeCodes } from "./codes.ts";
import {
  ByteReader,
  ByteWriter,
  type ClientMessage,
  clientMessage,
  decodeClientMessage,
  encodeHello,
  encodeInput,
  encodePing,
  formatVersion,
} from "./frame.ts";
import { clientMessageBytesMax, intentsPerMessageMax, recordBytesMax } from "./limits.ts";
import { anyText, edgy } from "./values-contract.ts";

const u32 = edgy(0, 2 ** 32 - 1);

type Write = ["u8" | "u16" | "u32" | "v" | "f64", number] | ["text", string] | ["bytes", Uint8Array];
const write: fc.Arbitrary<Write> = fc.oneof(
  edgy(0, 255).map((value): Write => ["u8", value]),
  edgy(0, 65_535).map((value): Write => ["u16", value]),
  u32.map((value): Write => ["u32", value]),
  fc
    .oneof(u32, fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21, 2 ** 28 - 1, 2 ** 28))
    .map((value): Write => ["v", value]),
  fc.double().map((value): Write => ["f64", value]),
  anyText.map((value): Write => ["text", value.toWellFormed()]),
  fc.uint8Array({ maxLength: 50 }).map((value): Write => ["bytes", value]),
);

describe("bytes", () => {
  test("come back as they were written, from any offset", () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 30 }), fc.nat(7), (writes, offset) => {
        const writer = new ByteWriter(4);
        for (let i = 0; i < offset; i++) writer.u8(0xee);
        for (const [what, value] of writes) {
          if (what === "bytes") writer.bytes(value);
          else if (what === "text") writer.text(value);
          else writer[what](value);
        }
        const bytes = writer.copy();
        assert.deepEqual(writer.view(), bytes);
        const reader = new ByteReader(bytes, offset);
        for (const [what, value] of writes) {
          if (what === "bytes") assert.deepEqual(reader.view(value.length), value);
          else if (what === "text") assert.equal(reader.text(4096), value);
          else assert.ok(Object.is(reader[what](), value), `${what} ${value}`);
        }
        assert.equal(reader.failed, false);
        assert.equal(reader.remaining, 0);
      }),
      { numRuns: 200 },
    );
  });

  test("are written from a range of other bytes, after a reset from the beginning", () => {
    const writer = new ByteWriter(1);
    writer.u32(7);
    writer.reset();
    writer.bytes(Uint8Array.of(1, 2, 3, 4), 1, 3);
    assert.deepEqual(writer.copy(), Uint8Array.of(2, 3));
  });

  test("read past their end as zeros, and the reader has failed", () => {
    for (const read of ["u8", "u16", "u32", "f64", "v"] as const) {
      const reader = new ByteReader(new Uint8Array(0));
      assert.equal(reader[read](), 0);
      assert.equal(reader.failed, true);
    }
    const short = new ByteReader(Uint8Array.of(1, 2, 3));
    assert.equal(short.u32(), 0);
    assert.equal(short.remaining, 0);
    const view = new ByteReader(Uint8Array.of(1));
    assert.equal(view.view(2).length, 0);
    assert.equal(view.failed, true);
  });

  test("of Node's Buffer are read as plain ones, so that a slice of them is a copy", () => {
    const buffer = Buffer.from([9, 1, 2, 3, 9]).subarray(1, 4);
    const reader = new ByteReader(buffer);
    const copy = reader.view(3).slice();
    buffer.fill(0);
    assert.deepEqual(copy, Uint8Array.of(1, 2, 3));
    const part = new ByteReader(Buffer.from([1, 2, 3, 4]), 1, 3);
    assert.deepEqual([part.u8(), part.u8(), part.u8(), part.failed], [2, 3, 0, true]);
  });

  test("of a number are five at most and 32 bits wide", () => {
    assert.equal(new ByteReader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)).v(), 2 ** 32 - 1);
    for (const bytes of [[0xff, 0xff, 0xff, 0xff, 0x10], [0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x80], []]) {
      const reader = new ByteReader(Uint8Array.from(bytes));
      assert.equal(reader.v(), 0);
      assert.equal(reader.failed, true);
    }
  });

  test("of a text are refused when too long, too few or not UTF-8", () => {
    const failing = (bytes: number[], bytesMax: number) => {
      const reader = new ByteReader(Uint8Array.from(bytes));
      assert.equal(reader.text(bytesMax), "");
      return reader.failed;
    };
    assert.equal(failing([2, 0x61, 0x62], 1), true);
    assert.equal(failing([3, 0x61, 0x62], 9), true);
    assert.equal(failing([1, 0xff], 9), true);
    assert.equal(failing([0], 9), false);
  });
});

function decoded(bytes: Uint8Array): ClientMessage {
  const message = decodeClientMessage(bytes);
  assert.ok(message.ok, message.ok ? "" : message.code);
  return message.value;
}

function refusal(...bytes: number[]): string {
  const message = decodeClientMessage(Uint8Array.from(bytes));
  return message.ok ? "accepted" : message.code;
}

describe("a client's messages", () => {
  test("say hello with every number and text that they may hold", () => {
    const hash = fc
      .array(edgy(0, 15), { minLength: 16, maxLength: 16 })
      .map((digits) => digits.map((d) => d.toString(16)).join(""));
    fc.assert(
      fc.property(
        hash,
        fc.boolean(),
        fc.boolean(),
        u32,
        anyText,
        edgy(0, 255),
        (schemaHash, wantsDigests, unpacks, lastFact, name, version) => {
          const client = name.slice(0, 64).toWellFormed();
          const hello = { formatVersion: version, schemaHash, wantsDigests, unpacks, lastFact, client };
          assert.deepEqual(decoded(encodeHello(hello)), { kind: "hello", hello });
        },
      ),
    );
    const long = encodeHello({
      formatVersion,
      schemaHash: "zz",
      wantsDigests: false,
      lastFact: 0,
      client: "x".repeat(99),
    });
    const message = decoded(long);
    assert.ok(message.kind === "hello" && message.hello.client.length === 64);
    assert.equal(message.hello.schemaHash, "0".repeat(16));
  });

  test("carry intents up to their limits", () => {
    const intent = fc.record(
      { seq: u32, type: u32, record: fc.uint8Array({ maxLength: 40 }) },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(u32, fc.array(intent, { maxLength: intentsPerMessageMax }), (ack, intents) => {
        const bytes = encodeInput(ack, intents);
        const message = decoded(bytes);
        assert.ok(message.kind === "input");
        assert.equal(message.ackFrame, ack);
        const back = message.intents.map(({ seq, type, from, to }) => ({
          seq,
          type,
          record: bytes.slice(from, to),
        }));
        assert.deepEqual(back, intents);
      }),
    );
    const intents = (count: number, size: number) =>
      Array.from({ length: count }, () => ({ seq: 1, type: 1, record: new Uint8Array(size) }));
    const sizes: [number, number, string][] = [
      [intentsPerMessageMax, 1, "ok"],
      [intentsPerMessageMax + 1, 1, "too_large"],
      [1, recordBytesMax, "ok"],
      [1, recordBytesMax + 1, "too_large"],
      [9, recordBytesMax, "too_large"],
    ];
    for (const [count, size, expected] of sizes) {
      const message = decodeClientMessage(encodeInput(0, intents(count, size)));
      assert.equal(message.ok ? "ok" : message.code, expected);
    }
  });

  test("are short where there is nothing more to say", () => {
    fc.assert(
      fc.property(u32, (nonce) => assert.deepEqual(decoded(encodePing(nonce)), { kind: "ping", nonce })),
    );
    assert.deepEqual(decoded(Uint8Array.of(clientMessage.resync)), { kind: "resync" });
    assert.deepEqual(decoded(Uint8Array.of(clientMessage.bye)), { kind: "bye" });
  });

  test("written by hand are refused by what is wrong with them", () => {
    assert.equal(refusal(), "truncated");
    assert.equal(refusal(0), "unknown_type");
    assert.equal(refusal(6), "unknown_type");
    assert.equal(refusal(clientMessage.resync, 0), "trailing_bytes");
    assert.equal(refusal(clientMessage.bye, 0), "trailing_bytes");
    assert.equal(refusal(clientMessage.ping, 1, 2, 3), "truncated");
    assert.equal(refusal(clientMessage.ping, 1, 2, 3, 4, 5), "trailing_bytes");
    assert.equal(refusal(clientMessage.hello, 1), "truncated");
    assert.equal(refusal(clientMessage.input, 1, 2, 3), "truncated");
    assert.equal(refusal(clientMessage.input, 0, 0, 0, 0), "accepted");
    // An intent: seq 1, type 0, two bytes promised, one there.
    assert.equal(refusal(clientMessage.input, 0, 0, 0, 0, 1, 0, 2, 9), "truncated");
    assert.equal(refusal(clientMessage.input, 0, 0, 0, 0, 1), "truncated");
    assert.equal(refusal(clientMessage.input, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff), "truncated");
    const large = decodeClientMessage(new Uint8Array(clientMessageBytesMax + 1).fill(clientMessage.bye));
    assert.deepEqual(large, { ok: false, code: "too_large" });
  });

  test("of any bytes are a message or a code", () => {
    const bytes = fc.tuple(fc.constantFrom(1, 2, 3, 4, 5, 6), fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(bytes, ([head, rest]) => {
        const message = decodeClientMessage(Uint8Array.of(head, ...rest));
        assert.ok(message.ok || message.code in decodeCodes);
      }),
      { numRuns: 500 },
    );
  });
});
