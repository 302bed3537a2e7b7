import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  angle,
  bool,
  clampInt,
  defaultOf,
  dequantise,
  entityRef,
  finePosition,
  int,
  oneOf,
  partCount,
  position,
  quantise,
  quantiseAngle,
  text,
  uint,
  unit,
  type Vector,
  vector,
  type WireType,
} from "./fields.ts";
import { packRef, wireRef } from "./handle.ts";
import { valueOf, wildValue, wireType } from "./values-contract.ts";

const withValue = wireType.chain((type) => fc.tuple(fc.constant(type), valueOf(type)));

/** How far a value may be from what its parts stand for: half a step. */
function toleranceOf(type: WireType): number {
  switch (type.type) {
    case "position":
      return 1 / 128;
    case "finePosition":
      return 1 / 2048;
    case "vector":
      return type.max / (2 ** (type.bits - 1) - 1) / 2;
    case "unit":
      return 1 / (2 ** type.bits - 1) / 2;
    default:
      return 0;
  }
}

describe("quantising", () => {
  test("comes back within half a step, and exactly for what is whole", () => {
    fc.assert(
      fc.property(withValue, ([type, value]) => {
        if (type.type === "text") return;
        const parts = new Int32Array(4);
        quantise(type, value, parts, 1);
        const back = dequantise(type, parts, 1);
        const tolerance = toleranceOf(type) * 1.000001;
        if (type.type === "angle") {
          const turn = Math.abs(((value as number) - (back as number)) / (2 * Math.PI));
          const off = Math.abs(turn - Math.round(turn));
          assert.ok(off <= 0.5 / 2 ** type.bits + 1e-12);
        } else if (partCount(type) === 2 && type.type !== "entityRef") {
          const [given, got] = [value as Vector, back as Vector];
          assert.ok(Math.abs(given.x - got.x) <= tolerance && Math.abs(given.y - got.y) <= tolerance);
        } else if (type.type === "unit") {
          assert.ok(Math.abs((value as number) - (back as number)) <= tolerance);
        } else if (type.type === "entityRef") {
          const ref = value as number;
          assert.equal(back, ref === 0 ? 0 : wireRef(Math.floor(ref / 2 ** 40) - 1, ref & 0xffffff));
        } else {
          assert.equal(back, value);
        }
        // Nothing beside its own parts was written.
        assert.equal(parts[0], 0);
        assert.equal(parts[1 + partCount(type)], 0);
      }),
      { numRuns: 500 },
    );
  });

  test("of what parts stand for gives the same parts", () => {
    fc.assert(
      fc.property(withValue, ([type, value]) => {
        const once = new Int32Array(2);
        const twice = new Int32Array(2);
        quantise(type, value, once, 0);
        quantise(type, dequantise(type, once, 0), twice, 0);
        assert.deepEqual(twice, once);
      }),
      { numRuns: 500 },
    );
  });

  test("never throws and stays in range, whatever it is given", () => {
    fc.assert(
      fc.property(wireType, wildValue, (type, value) => {
        const parts = new Int32Array(2);
        quantise(type, value, parts, 0);
        const back = dequantise(type, parts, 0);
        if (type.type === "uint") assert.ok((back as number) >= 0 && (back as number) < 2 ** type.bits);
        if (type.type === "int") assert.ok(Math.abs(back as number) <= 2 ** (type.bits - 1));
        if (type.type === "unit") assert.ok((back as number) >= 0 && (back as number) <= 1);
        if (type.type === "angle") assert.ok((back as number) >= 0 && (back as number) < 2 * Math.PI);
        if (type.type === "oneOf") assert.ok(type.options.includes(back as string));
        if (type.type === "vector") assert.ok(Math.abs((back as Vector).x) <= type.max);
      }),
      { numRuns: 500 },
    );
  });

  test("clamps at both ends and takes NaN for nothing", () => {
    const parts = new Int32Array(2);
    const of = (type: WireType, value: unknown) => {
      quantise(type, value, parts, 0);
      return dequantise(type, parts, 0);
    };
    assert.equal(of(uint(32), 2 ** 40), 2 ** 32 - 1);
    assert.equal(of(uint(32), -1), 0);
    assert.equal(of(uint(8), Number.NaN), 0);
    assert.equal(of(int(32), -(2 ** 40)), -(2 ** 31));
    assert.equal(of(int(32), 2 ** 40), 2 ** 31 - 1);
    assert.equal(of(int(2), Number.NaN), 0);
    assert.equal(of(unit(8), 1.5), 1);
    assert.equal(of(unit(1), 0.5), 1);
    assert.equal(of(bool(), 1), false);
    assert.equal(of(oneOf("a", "b"), "c"), "a");
    assert.equal(of(oneOf("a", "b"), "__proto__"), "a");
    assert.deepEqual(of(position(), { x: 1e12, y: -1e12 }), { x: 0x7fffffff / 64, y: -0x7fffffff / 64 });
    assert.deepEqual(of(finePosition(), null), { x: 0, y: 0 });
    assert.deepEqual(of(vector({ max: 5 }), { x: 9, y: -9 }), { x: 5, y: -5 });
    assert.equal(of(entityRef(), -3), 0);
    assert.equal(of(entityRef(), packRef(4094, 9, 254, 65_535)), wireRef(4094, 0xfeffff));
    assert.equal(of(text(4), "x"), "");
  });

  test("wraps angles at both ends", () => {
    assert.equal(quantiseAngle(2 * Math.PI, 8), 0);
    assert.equal(quantiseAngle(2 * Math.PI - 1e-9, 8), 0);
    assert.equal(quantiseAngle(-1e-9, 8), 0);
    assert.equal(quantiseAngle(-Math.PI / 2, 8), 192);
    assert.equal(quantiseAngle(Number.POSITIVE_INFINITY, 8), 0);
    assert.equal(quantiseAngle(Number.NaN, 8), 0);
  });

  test("rounds halves up and keeps NaN inside the range", () => {
    assert.equal(clampInt(0.5, -5, 5), 1);
    assert.equal(clampInt(-0.5, -5, 5), 0);
    assert.equal(clampInt(Number.NaN, -5, 5), 0);
    assert.equal(clampInt(Number.NaN, 3, 5), 3);
  });
});

test("every type has a default of its own shape, and zero bits stand for it", () => {
  fc.assert(
    fc.property(wireType, (type) => {
      const parts = new Int32Array(2);
      assert.deepEqual(dequantise(type, parts, 0), defaultOf(type));
    }),
  );
  assert.equal(defaultOf(text(3)), "");
});

test("types refuse sizes that cannot be", () => {
  for (const make of [
    () => uint(0),
    () => uint(33),
    () => uint(1.5),
    () => int(1),
    () => int(33),
    () => angle(0),
    () => angle(17),
    () => unit(0),
    () => unit(17),
    () => vector({ max: 1, bits: 1 }),
    () => vector({ max: 1, bits: 25 }),
    () => vector({ max: 0 }),
    () => vector({ max: -1 }),
    () => vector({ max: Number.POSITIVE_INFINITY }),
    () => vector({ max: Number.NaN }),
    () => text(0),
    () => text(1025),
    () => text(1.5),
    () => oneOf(),
    () => oneOf("a", "a"),
    () => oneOf(...Array.from({ length: 257 }, (_, i) => `o${i}`)),
  ]) {
    assert.throws(make, RangeError);
  }
  assert.equal(vector({ max: 1 }).bits, 12);
  assert.equal(angle().bits, 8);
  assert.equal(unit().bits, 8);
});
