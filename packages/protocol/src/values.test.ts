import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BitReader, BitWriter } from "./bits.ts";
import {
  bool,
  entityRef,
  int,
  oneOf,
  position,
  quantise,
  text,
  uint,
  unit,
  type WireType,
} from "./fields.ts";
import { type ArrayType, fixedArray, number } from "./schema.ts";
import { absoluteFrame, bitsFor, bitsOf, cutText, type Frame, readField, writeField } from "./values.ts";
import { anyText, edgy, valueOf, wireType } from "./values-contract.ts";

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.constant(absoluteFrame),
  fc.record({
    originX: edgy(-1_000_000, 1_000_000),
    originY: edgy(-1_000_000, 1_000_000),
    positionBits: fc.constantFrom(12, 13, 16, 24),
    zone: edgy(0, 4094),
  }),
);
const typeAndValue = wireType.chain((type) => fc.tuple(fc.constant(type), valueOf(type)));

function roundTrip(type: WireType | ArrayType, parts: Int32Array, words: string, at: Frame) {
  const writer = new BitWriter();
  writer.bits(5, 3);
  writeField(writer, type, parts, 0, words, at);
  const reader = new BitReader(writer.bytes());
  reader.bits(3);
  const back = new Int32Array(parts.length);
  const backWords = readField(reader, type, back, 0, at);
  assert.equal(reader.failed, false);
  assert.ok(reader.remainingBits < 8);
  return { parts: back, text: backWords };
}

/** What UTF-8 can say of a text within so many bytes, character by character. */
function cutSlowly(given: string, bytesMax: number): string {
  let kept = "";
  for (const character of given.toWellFormed()) {
    if (new TextEncoder().encode(kept + character).length > bytesMax) break;
    kept += character;
  }
  return kept;
}

describe("a field on the wire", () => {
  test("comes back as it was, in any frame", () => {
    fc.assert(
      fc.property(typeAndValue, frame, ([type, value], at) => {
        const parts = new Int32Array(2);
        quantise(type, value, parts, 0);
        if (type.type === "position" && at.positionBits > 0) {
          parts[0] = clampTo(parts[0]!, at.originX, at.positionBits);
          parts[1] = clampTo(parts[1]!, at.originY, at.positionBits);
        }
        const words = type.type === "text" ? (value as string) : "";
        const back = roundTrip(type, parts, words, at);
        assert.deepEqual(back.parts, parts);
        assert.equal(back.text, type.type === "text" ? cutSlowly(words, type.bytesMax) : "");
      }),
      { numRuns: 600 },
    );
  });

  test("is a position relative to its region's origin, clamped at the edges of what its bits can say", () => {
    const at: Frame = { originX: 6400, originY: -6400, positionBits: 13, zone: 1 };
    const low = [at.originX, at.originY];
    assert.deepEqual([...roundTrip(position(), Int32Array.from(low), "", at).parts], low);
    const beyond = Int32Array.of(low[0]! - 1, low[1]! - 1_000_000);
    assert.deepEqual([...roundTrip(position(), beyond, "", at).parts], low);
    const high = low.map((least) => least + 2 ** at.positionBits - 1);
    assert.deepEqual([...roundTrip(position(), Int32Array.of(0x7fffffff, 0x7fffffff), "", at).parts], high);
  });

  test("is a short reference within its zone and a long one elsewhere", () => {
    const bitsOfRef = (zonePlusOne: number, at: Frame) => {
      const writer = new BitWriter();
      writeField(writer, entityRef(), Int32Array.of(zonePlusOne, 0xffffff), 0, "", at);
      return writer.lengthBits;
    };
    const home: Frame = { ...absoluteFrame, zone: 4095 };
    assert.equal(bitsOfRef(0, home), 1);
    assert.equal(bitsOfRef(4096, home), 26);
    assert.equal(bitsOfRef(4095, home), 38);
    assert.equal(bitsOfRef(4096, absoluteFrame), 38);
  });

  test("is an array of its items, one after the other", () => {
    const item = fc.constantFrom<WireType>(
      uint(1),
      uint(16),
      uint(32),
      int(7),
      int(32),
      bool(),
      unit(8),
      oneOf("a", "b", "c"),
    );
    fc.assert(
      fc.property(item, edgy(1, 256), fc.infiniteStream(fc.integer()), (type, length, numbers) => {
        const array = fixedArray(type, length);
        const bits = bitsOf(type);
        const parts = Int32Array.from({ length }, () => {
          const raw = numbers.next().value as number;
          return type.type === "int" ? (raw << (32 - bits)) >> (32 - bits) : raw & (2 ** bits - 1);
        });
        assert.deepEqual(roundTrip(array, parts, "", absoluteFrame).parts, parts);
      }),
      { numRuns: 60 },
    );
  });

  test("that cannot be makes the reader fail and nothing throw", () => {
    const failing = (type: WireType, fill: (writer: BitWriter) => void) => {
      const writer = new BitWriter();
      fill(writer);
      const reader = new BitReader(writer.bytes());
      readField(reader, type, new Int32Array(2), 0, absoluteFrame);
      return reader.failed;
    };
    assert.equal(
      failing(oneOf("a", "b", "c"), (w) => w.bits(3, 2)),
      true,
    );
    assert.equal(
      failing(oneOf("a", "b", "c"), (w) => w.bits(2, 2)),
      false,
    );
    // A text longer than allowed, longer than the bytes, and one that is not UTF-8.
    assert.equal(
      failing(text(5), (w) => w.bits(6, 3)),
      true,
    );
    assert.equal(
      failing(text(5), (w) => w.bits(5, 3)),
      true,
    );
    assert.equal(
      failing(text(5), (w) => {
        w.bits(1, 3);
        w.bits(0xff, 8);
      }),
      true,
    );
    assert.equal(
      failing(position(), (w) => w.bits(1, 32)),
      true,
    );
  });
});

describe("a text", () => {
  test("is cut at a character, and what is left needs no cutting", () => {
    fc.assert(
      fc.property(anyText, edgy(1, 1024), (given, bytesMax) => {
        const cut = cutText(given, bytesMax);
        assert.equal(cut, cutSlowly(given, bytesMax));
        assert.equal(cutText(cut, bytesMax), cut);
      }),
      { numRuns: 300 },
    );
    assert.equal(cutText("ab\ud83d\ude00", 5), "ab");
    assert.equal(cutText("ab\ud83d\ude00", 6), "ab\ud83d\ude00");
    assert.equal(cutText("\ud83d", 3), "\ufffd");
  });

  test("keeps a byte order mark, which is a character like others", () => {
    assert.equal(cutText("\ufeffa", 8), "\ufeffa");
    assert.equal(roundTrip(text(8), new Int32Array(2), "\ufeffa", absoluteFrame).text, "\ufeffa");
  });
});

test("bits are as many as the largest value needs", () => {
  assert.deepEqual([-1, 0, 1, 2, 3, 255, 256, 2 ** 31].map(bitsFor), [0, 0, 1, 2, 2, 8, 9, 32]);
  assert.equal(bitsOf(oneOf("only")), 0);
  assert.equal(bitsOf(number()), 0);
  assert.equal(bitsOf(bool()), 1);
});

/** The nearest position that a region's frame can say. */
function clampTo(steps: number, origin: number, bits: number): number {
  return Math.min(Math.max(steps, origin), origin + 2 ** bits - 1);
}
