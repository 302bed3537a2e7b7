import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { inflate } from "./inflate.ts";

const roomBytes = 1 << 20;
const strategies = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
];

/** Words that repeat, noise, and long runs: what makes every kind of block and copy. */
const texts = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .constantFrom("a lantern of brass", "the road east", "wolf")
        .map((text) => new TextEncoder().encode(text)),
      fc
        .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 40_000 }))
        .map(([byte, count]) => new Uint8Array(count).fill(byte)),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => new Uint8Array(Buffer.concat(pieces)));

function unpacked(bytes: Uint8Array, bytesMax = roomBytes) {
  return inflate(bytes, 0, bytes.length, bytesMax);
}

describe("unpacking", () => {
  test("gives back what was packed, at every level and with every kind of block", () => {
    fc.assert(
      fc.property(
        texts,
        fc.integer({ min: 0, max: 9 }),
        fc.constantFrom(...strategies),
        (text, level, strategy) => {
          const packed = deflateRawSync(text, { level, strategy });
          const result = inflate(
            Buffer.concat([Buffer.of(1, 2), packed, Buffer.of(3)]),
            2,
            packed.length + 2,
            2 << 20,
          );
          assert.ok(result.ok);
          assert.deepEqual(Buffer.from(result.value), Buffer.from(text));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("agrees with zlib about any bytes, and never throws", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(texts, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([text, at, flip]) => {
        const packed = new Uint8Array(deflateRawSync(text));
        packed[at % packed.length]! ^= flip;
        return packed;
      }),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        let expected: Uint8Array | undefined;
        try {
          const { buffer, engine } = inflateRawSync(given, {
            maxOutputLength: roomBytes,
            info: true,
          } as never) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
          // What stands behind the end of the stream is no part of it for zlib, and an error here.
          if (engine.bytesWritten === given.length) expected = buffer;
        } catch {
          expected = undefined;
        }
        const result = unpacked(given);
        assert.equal(result.ok, expected !== undefined);
        if (result.ok && expected !== undefined)
          assert.deepEqual(Buffer.from(result.value), Buffer.from(expected));
      }),
      { numRuns: 2000 },
    );
  });

  test("stops at the limit, however small the bomb: a code, and no memory for what did not fit", () => {
    const bomb = deflateRawSync(new Uint8Array(64 * 1024 * 1024), { level: 9 });
    assert.ok(bomb.length < 70_000);
    const before = process.memoryUsage().arrayBuffers;
    assert.deepEqual(unpacked(bomb, 1000), { ok: false, code: "too_large" });
    assert.deepEqual(unpacked(bomb, roomBytes), { ok: false, code: "too_large" });
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * roomBytes);
    const exact = deflateRawSync(new Uint8Array(1000));
    assert.ok(unpacked(exact, 1000).ok);
    assert.deepEqual(unpacked(exact, 999), { ok: false, code: "too_large" });
    assert.deepEqual(unpacked(deflateRawSync(new Uint8Array(1000), { level: 0 }), 999), {
      ok: false,
      code: "too_large",
    });
  });

  test("says what is wrong", () => {
    const code = (...bytes: number[]) => {
      const result = unpacked(Uint8Array.from(bytes));
      return result.ok ? "ok" : result.code;
    };
    assert.equal(code(), "truncated");
    assert.equal(code(0b111), "out_of_range", "a block of no kind");
    assert.equal(code(0b001, 1, 0, 0, 0, 7), "out_of_range", "a length that is not its complement's");
    assert.equal(code(0b001, 2, 0, 0xfd, 0xff, 7), "truncated", "fewer bytes than the length says");
    assert.equal(code(0b001, 1, 0, 0xfe, 0xff, 7), "ok");
    assert.equal(code(0b001, 1, 0, 0xfe, 0xff, 7, 7), "trailing_bytes");
    assert.equal(code(0b000, 1, 0, 0xfe, 0xff, 7), "truncated", "no last block");
    // A fixed block: length 3 (0000001), distance 1 (00000) with nothing before it.
    assert.equal(code(0b0000_0011, 0b0000_0010, 0), "out_of_range", "a copy of what is not there");
    // 31 distance codes.
    assert.equal(code(0b1111_1101, 0b1111_1111, 0, 0), "out_of_range");
  });
});
