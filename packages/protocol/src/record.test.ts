import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BitWriter } from "./bits.ts";
import { decodeCodes } from "./codes.ts";
import { bool, defaultOf, dequantise, oneOf, quantise, text, uint, type WireType } from "./fields.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import type { RecordFields } from "./schema.ts";
import { cutText } from "./values.ts";
import { recordWithValue, wildValue } from "./values-contract.ts";

/** A value as it is after quantising. */
function settled(type: WireType, value: unknown): unknown {
  if (type.type === "text") return cutText(value as string, type.bytesMax);
  const parts = new Int32Array(2);
  quantise(type, value, parts, 0);
  return dequantise(type, parts, 0);
}

describe("a record", () => {
  test("comes back as its quantised values, also from the middle of other bytes", () => {
    fc.assert(
      fc.property(recordWithValue, fc.nat(9), ({ fields, value }, offset) => {
        const bytes = encodeRecord(fields, value as never);
        const around = new Uint8Array(bytes.length + 2 * offset).fill(0xa5);
        around.set(bytes, offset);
        const back = decodeRecord(fields, around, offset, offset + bytes.length);
        assert.ok(back.ok);
        for (const name in fields) {
          assert.deepEqual(
            (back.value as Record<string, unknown>)[name],
            settled(fields[name]!, value[name]),
            `${name}: ${fields[name]!.type}`,
          );
        }
      }),
      { numRuns: 400 },
    );
  });

  test("that ends before newer fields gives them their defaults", () => {
    fc.assert(
      fc.property(recordWithValue, fc.nat(6), ({ fields, value }, kept) => {
        const names = Object.keys(fields);
        const older = Object.fromEntries(Object.entries(fields).slice(0, kept)) as RecordFields;
        const bytes = encodeRecord(older, value as never);
        const back = decodeRecord(fields, bytes);
        assert.ok(back.ok);
        for (const name of names.slice(kept))
          assert.deepEqual((back.value as Record<string, unknown>)[name], defaultOf(fields[name]!));
      }),
      { numRuns: 300 },
    );
  });

  test("that was cut is refused, or ends at a field that nobody can tell from the end", () => {
    const fields = { a: uint(16), b: uint(16), c: text(20) };
    const bytes = encodeRecord(fields, { a: 0xabcd, b: 0xffff, c: "hello" });
    for (let length = 0; length < bytes.length; length++) {
      const back = decodeRecord(fields, bytes, 0, length);
      if (length === 0) assert.deepEqual(back, { ok: true, value: { a: 0, b: 0, c: "" } });
      else if (length === 2) assert.deepEqual(back, { ok: true, value: { a: 0xabcd, b: 0, c: "" } });
      else if (length === 4) assert.deepEqual(back, { ok: true, value: { a: 0xabcd, b: 0xffff, c: "" } });
      else assert.equal(back.ok ? "" : back.code, length > 4 ? "out_of_range" : "truncated", `${length}`);
    }
  });

  test("with bytes left over is refused; the padding of its last byte is not", () => {
    const fields = { a: bool() };
    assert.deepEqual(decodeRecord(fields, Uint8Array.of(1)), { ok: true, value: { a: true } });
    assert.deepEqual(decodeRecord(fields, Uint8Array.of(1, 0)), { ok: false, code: "trailing_bytes" });
    assert.deepEqual(decodeRecord({}, new Uint8Array(0)), { ok: true, value: {} });
    assert.deepEqual(decodeRecord({}, Uint8Array.of(0)), { ok: false, code: "trailing_bytes" });
  });

  test("with an option that there is not is out of range", () => {
    const writer = new BitWriter();
    writer.bits(3, 2);
    writer.bits(1, 8);
    const back = decodeRecord({ a: oneOf("x", "y", "z"), b: uint(8) }, writer.bytes());
    assert.deepEqual(back, { ok: false, code: "out_of_range" });
  });

  test("takes any values without throwing, and always says something decodable", () => {
    fc.assert(
      fc.property(
        recordWithValue,
        fc.array(wildValue, { minLength: 6, maxLength: 6 }),
        ({ fields }, wild) => {
          const value = Object.fromEntries(Object.keys(fields).map((name, i) => [name, wild[i]]));
          assert.ok(decodeRecord(fields, encodeRecord(fields, value as never)).ok);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("of any bytes is a value or a code", () => {
    fc.assert(
      fc.property(recordWithValue, fc.uint8Array({ maxLength: 60 }), ({ fields }, bytes) => {
        const back = decodeRecord(fields, bytes);
        assert.ok(back.ok || back.code in decodeCodes);
      }),
      { numRuns: 500 },
    );
  });
});
