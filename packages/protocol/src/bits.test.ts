import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BitReader, BitWriter } from "./bits.ts";

type Step =
  | { do: "bits"; value: number; count: number }
  | { do: "gamma"; value: number }
  | { do: "align" }
  | { do: "raw"; bytes: Uint8Array; from: number; to: number };

const bitsStep = fc
  .integer({ min: 0, max: 32 })
  .chain((count) =>
    fc.integer({ min: 0, max: 2 ** count - 1 }).map((value): Step => ({ do: "bits", value, count })),
  );
const gammaStep = fc
  .oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2 ** 31 - 2 }))
  .map((value): Step => ({ do: "gamma", value }));
const rawStep = fc
  .tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(40), fc.nat(40))
  .map(([bytes, a, b]): Step => {
    const from = Math.min(a, b, bytes.length);
    return { do: "raw", bytes, from, to: Math.min(Math.max(a, b), bytes.length) };
  });
const step = fc.oneof(bitsStep, gammaStep, fc.constant<Step>({ do: "align" }), rawStep);

function apply(writer: BitWriter, given: Step): void {
  if (given.do === "bits") writer.bits(given.value, given.count);
  else if (given.do === "gamma") writer.gamma(given.value);
  else if (given.do === "align") writer.align();
  else writer.raw(given.bytes, given.from, given.to);
}

/** The same on an array of single bits. */
function applyToModel(bits: number[], given: Step): void {
  const put = (value: number, count: number) => {
    for (let i = 0; i < count; i++) bits.push(Math.floor(value / 2 ** i) % 2);
  };
  if (given.do === "bits") put(given.value, given.count);
  else if (given.do === "align") while (bits.length % 8 !== 0) bits.push(0);
  else if (given.do === "raw") for (let i = given.from; i < given.to; i++) put(given.bytes[i]!, 8);
  else {
    const width = Math.floor(Math.log2(given.value + 1));
    put(0, width);
    bits.push(1);
    put(given.value + 1 - 2 ** width, width);
  }
}

function packed(bits: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, at) => {
    bytes[at >>> 3]! |= bit << (at & 7);
  });
  return bytes;
}

describe("a bit writer", () => {
  test("writes what an array of bits would hold, whatever is mixed", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 64 }), (steps, capacity) => {
        const writer = new BitWriter(capacity);
        const model: number[] = [];
        for (const given of steps) {
          apply(writer, given);
          applyToModel(model, given);
          assert.equal(writer.lengthBits, model.length);
          assert.equal(writer.lengthBytes, Math.ceil(model.length / 8));
        }
        assert.deepEqual(writer.bytes(), packed(model));
      }),
      { numRuns: 300 },
    );
  });

  test("goes back to a mark as if the rest had never been written", () => {
    fc.assert(
      fc.property(fc.array(step), fc.array(step), fc.array(step), (before, undone, after) => {
        const writer = new BitWriter(16);
        const model: number[] = [];
        for (const given of before) apply(writer, given);
        for (const given of before) applyToModel(model, given);
        const mark = writer.mark();
        applyToModel(model, { do: "align" });
        assert.equal(mark * 8, model.length);
        for (const given of undone) apply(writer, given);
        writer.truncate(mark);
        for (const given of after) apply(writer, given);
        for (const given of after) applyToModel(model, given);
        assert.deepEqual(writer.bytes(), packed(model));
      }),
      { numRuns: 150 },
    );
  });

  test("takes a negative number as 32 bits, and is empty again after a reset", () => {
    const writer = new BitWriter();
    writer.bits(5, 3);
    writer.bits(-2, 32);
    const reader = new BitReader(writer.bytes());
    assert.equal(reader.bits(3), 5);
    assert.equal(reader.bits(32) | 0, -2);
    writer.reset();
    assert.equal(writer.lengthBytes, 0);
    assert.deepEqual(writer.bytes(), new Uint8Array(0));
  });

  test("loses nothing where its bytes end with its buffer", () => {
    for (let bits = 0; bits < 300; bits++) {
      const writer = new BitWriter(16);
      for (let i = 0; i < bits; i++) writer.bits(1, 1);
      const ones = writer.view().reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
      assert.equal(ones, bits);
    }
  });

  test("gives a view that the next write may change, and copies that it does not", () => {
    const writer = new BitWriter();
    writer.bits(7, 8);
    const view = writer.view();
    const copy = writer.bytes();
    writer.reset();
    writer.bits(9, 8);
    writer.mark();
    assert.equal(view[0], 9);
    assert.equal(copy[0], 7);
  });
});

describe("a bit reader", () => {
  test("reads back what was written", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(5), (steps, offset) => {
        const writer = new BitWriter(16);
        writer.raw(new Uint8Array(offset).fill(0xff));
        for (const given of steps) apply(writer, given);
        const reader = new BitReader(new Uint8Array(0));
        const bytes = writer.bytes();
        reader.reset(bytes, offset);
        for (const given of steps) {
          if (given.do === "bits") assert.equal(reader.bits(given.count), given.value);
          else if (given.do === "gamma") assert.equal(reader.gamma(), given.value);
          else if (given.do === "align") {
            reader.align();
            assert.equal(reader.remainingBits % 8, 0);
            assert.equal(reader.byteOffset * 8, bytes.length * 8 - reader.remainingBits);
          } else for (let i = given.from; i < given.to; i++) assert.equal(reader.bits(8), given.bytes[i]);
        }
        assert.equal(reader.failed, false);
        assert.ok(reader.remainingBits < 8);
      }),
      { numRuns: 300 },
    );
  });

  test("past the end it reads zeros and has failed, and stays there", () => {
    const reader = new BitReader(Uint8Array.of(0xff, 0xff), 1);
    assert.equal(reader.bits(6), 63);
    assert.equal(reader.bits(3), 0);
    assert.equal(reader.failed, true);
    assert.equal(reader.remainingBits, 0);
    assert.equal(reader.bits(0), 0);
    assert.equal(reader.bits(32), 0);
    reader.align();
    assert.equal(reader.remainingBits, 0);
    reader.reset(Uint8Array.of(1));
    assert.equal(reader.failed, false);
    assert.equal(reader.bits(8), 1);
  });

  test("fails on a count that has more zeros than any count", () => {
    const zeros = new BitReader(new Uint8Array(8));
    assert.equal(zeros.gamma(), 0);
    assert.equal(zeros.failed, true);
    const short = new BitReader(Uint8Array.of(0));
    assert.equal(short.gamma(), 0);
    assert.equal(short.failed, true);
  });
});
