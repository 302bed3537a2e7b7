/**
 * Tests of the numeric tables against Math.*, which is exact enough for a comparison though not the same everywhere.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  angleDifference,
  clamp,
  cosFineStep,
  cosRadians,
  cosStep,
  fineSteps,
  headingDifference,
  headingOf,
  headingOfRadians,
  headingSteps,
  length,
  radiansOfHeading,
  sinFineStep,
  sinRadians,
  sinStep,
  TAU,
} from "./numeric.ts";

const tolerance = 1e-15;
const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe("the tables of sines", () => {
  test("agree with Math.sin and Math.cos at every step", () => {
    for (let step = 0; step < headingSteps; step += 1) {
      assert.ok(Math.abs(sinStep(step) - Math.sin((step * TAU) / headingSteps)) <= tolerance, `sin ${step}`);
      assert.ok(Math.abs(cosStep(step) - Math.cos((step * TAU) / headingSteps)) <= tolerance, `cos ${step}`);
    }
    for (let step = 0; step < fineSteps; step += 1) {
      assert.ok(Math.abs(sinFineStep(step) - Math.sin((step * TAU) / fineSteps)) <= tolerance, `sin ${step}`);
      assert.ok(Math.abs(cosFineStep(step) - Math.cos((step * TAU) / fineSteps)) <= tolerance, `cos ${step}`);
    }
  });

  test("are exact at the quarters and never negative zero", () => {
    assert.deepEqual([0, 64, 128, 192].map(sinStep), [0, 1, 0, -1]);
    assert.deepEqual([0, 64, 128, 192].map(cosStep), [1, 0, -1, 0]);
    assert.deepEqual([0, 1024, 2048, 3072].map(sinFineStep), [0, 1, 0, -1]);
    assert.deepEqual([0, 1024, 2048, 3072].map(cosFineStep), [1, 0, -1, 0]);
    assert.equal(sinStep(32), cosStep(32));
  });

  test("wrap in both directions", () => {
    assert.equal(sinStep(-1), sinStep(255));
    assert.equal(cosStep(256 * 7 + 3), cosStep(3));
    assert.equal(sinFineStep(-5), sinFineStep(fineSteps - 5));
  });

  test("are the same bits as when they were recorded", () => {
    // A sum over all bits would hide two errors that cancel; a rolling multiply does not.
    let hash = 0;
    for (let step = 0; step < fineSteps; step += 1) {
      const bits = new BigUint64Array(Float64Array.of(sinFineStep(step)).buffer)[0] as bigint;
      hash = (Math.imul(hash, 31) + Number(bits & 0xffffffffn)) | 0;
    }
    assert.equal(hash, -1343793548);
  });
});

describe("sinRadians and cosRadians", () => {
  test("agree with Math.sin and Math.cos", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e5, max: 1e5, noNaN: true }), (angle) => {
        assert.ok(Math.abs(sinRadians(angle) - Math.sin(angle)) <= tolerance);
        assert.ok(Math.abs(cosRadians(angle) - Math.cos(angle)) <= tolerance);
      }),
      { numRuns: 5000 },
    );
  });

  test("are exact at the quarters that matter", () => {
    assert.equal(sinRadians(0), 0);
    assert.equal(cosRadians(0), 1);
    assert.equal(sinRadians(TAU / 4), 1);
    assert.equal(cosRadians(TAU / 2), -1);
    assert.equal(sinRadians((3 * TAU) / 4), -1);
  });

  test("answer NaN for what is not finite", () => {
    for (const angle of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.ok(Number.isNaN(sinRadians(angle)));
      assert.ok(Number.isNaN(cosRadians(angle)));
    }
  });
});

describe("headingOf", () => {
  test("is the step nearest to Math.atan2", () => {
    fc.assert(
      fc.property(finite, finite, (dx, dy) => {
        const exact = (Math.atan2(dy, dx) / TAU) * headingSteps;
        const onBorder = Math.abs(exact - Math.floor(exact) - 0.5) < 1e-9;
        // Below the smallest normal number a product has no digits left to compare.
        fc.pre(!onBorder && (Math.abs(dx) > 1e-290 || Math.abs(dy) > 1e-290));
        assert.equal(headingOf(dx, dy), Math.round(exact) & 255);
      }),
      { numRuns: 20_000 },
    );
  });

  test("gives every heading back from its own direction, near and far", () => {
    for (let step = 0; step < headingSteps; step += 1) {
      for (const distance of [1e-9, 1, 64.25, 1e9]) {
        assert.equal(headingOf(cosStep(step) * distance, sinStep(step) * distance), step);
      }
    }
  });

  test("changes exactly halfway between two headings", () => {
    for (let step = 0; step < headingSteps; step += 1) {
      const border = ((step + 0.5) * TAU) / headingSteps;
      assert.equal(headingOf(Math.cos(border - 1e-9), Math.sin(border - 1e-9)), step);
      assert.equal(headingOf(Math.cos(border + 1e-9), Math.sin(border + 1e-9)), (step + 1) & 255);
    }
  });

  test("answers 0 where there is no direction", () => {
    assert.equal(headingOf(0, 0), 0);
    assert.equal(headingOf(-0, -0), 0);
    assert.equal(headingOf(Number.NaN, Number.NaN), 0);
  });

  test("knows the axes and the diagonals", () => {
    const directions = [
      [1, 0],
      [1, 1],
      [0, 1],
      [-1, 1],
      [-1, 0],
      [-1, -1],
      [0, -1],
      [1, -1],
    ] as const;
    assert.deepEqual(
      directions.map(([dx, dy]) => headingOf(dx, dy)),
      [0, 32, 64, 96, 128, 160, 192, 224],
    );
  });
});

describe("angles and lengths", () => {
  test("headingOfRadians rounds to the nearest heading over any number of turns", () => {
    for (let step = -600; step < 600; step += 1) {
      assert.equal(headingOfRadians((step * TAU) / headingSteps), step & 255);
      assert.equal(headingOfRadians(((step + 0.49) * TAU) / headingSteps), step & 255);
      assert.equal(headingOfRadians(((step + 0.51) * TAU) / headingSteps), (step + 1) & 255);
    }
  });

  test("radiansOfHeading is the way back", () => {
    assert.equal(radiansOfHeading(64), TAU / 4);
    for (let step = 0; step < headingSteps; step += 1) {
      assert.equal(headingOfRadians(radiansOfHeading(step)), step);
      assert.equal(radiansOfHeading(step - 256), radiansOfHeading(step));
    }
  });

  test("headingDifference takes the shorter way", () => {
    assert.equal(headingDifference(250, 5), 11);
    assert.equal(headingDifference(5, 250), -11);
    assert.equal(headingDifference(0, 128), -128);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), (from, to) => {
        const way = headingDifference(from, to);
        assert.ok(way >= -128 && way <= 127);
        assert.equal((from + way) & 255, to);
      }),
    );
  });

  test("angleDifference takes the shorter way and ends at the same direction", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -50, max: 50, noNaN: true }),
        fc.double({ min: -50, max: 50, noNaN: true }),
        (from, to) => {
          const way = angleDifference(from, to);
          assert.ok(way >= -Math.PI - 1e-12 && way < Math.PI + 1e-12);
          assert.ok(Math.abs(Math.cos(from + way) - Math.cos(to)) < 1e-12);
          assert.ok(Math.abs(Math.sin(from + way) - Math.sin(to)) < 1e-12);
        },
      ),
    );
  });

  test("clamp keeps a value between its limits", () => {
    assert.deepEqual(
      [-2, 0, 0.5, 1, 7].map((value) => clamp(value, 0, 1)),
      [0, 0, 0.5, 1, 1],
    );
    assert.ok(Number.isNaN(clamp(Number.NaN, 0, 1)));
  });

  test("length agrees with Math.hypot", () => {
    assert.equal(length(3, -4), 5);
    assert.equal(length(0, 0), 0);
    fc.assert(
      fc.property(finite, finite, (dx, dy) => {
        // Squares of tiny numbers underflow; no world is that small.
        fc.pre(Math.abs(dx) > 1e-100 && Math.abs(dy) > 1e-100);
        const exact = Math.hypot(dx, dy);
        assert.ok(Math.abs(length(dx, dy) - exact) <= exact * 1e-15);
      }),
    );
  });
});

test("numeric.ts uses no function that engines approximate", () => {
  const source = readFileSync(new URL("./numeric.ts", import.meta.url), "utf8");
  const calls = new Set([...source.matchAll(/Math\.(\w+)\(/g)].map((match) => match[1]));
  assert.deepEqual([...calls].sort(), ["floor", "sqrt"]);
});
