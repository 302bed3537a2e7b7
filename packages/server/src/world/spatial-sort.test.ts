/** Tests of the handle sorter against Float64Array.prototype.sort. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HandleSorter } from "./spatial-sort.ts";

const handle = fc.oneof(
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 500 }),
  // One zone, few generations and kinds: the digits that a real crowd shares.
  fc
    .tuple(fc.nat(3), fc.nat(5), fc.nat(9999))
    .map(([generation, kind, row]) => 2 ** 41 + generation * 2 ** 24 + kind * 2 ** 16 + row),
);

test("a few handles and a crowd come out ascending, and what stands behind them stays", () => {
  const sorter = new HandleSorter();
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(handle, { maxLength: 70, size: "max" }),
        fc.array(handle, { minLength: 60, maxLength: 600, size: "max" }),
      ),
      fc.array(handle, { maxLength: 3 }),
      (handles, behind) => {
        const values = Float64Array.from([...handles, ...behind]);
        sorter.sort(values, handles.length);
        assert.deepEqual(values, Float64Array.from([...Float64Array.from(handles).sort(), ...behind]));
      },
    ),
    { numRuns: 500 },
  );
});

test("handles that differ in every byte, up to the largest safe integer, are sorted", () => {
  const values = Float64Array.from(
    { length: 200 },
    (_, at) => Number.MAX_SAFE_INTEGER - at * 2 ** 45 - at * 257,
  );
  const expected = values.slice().sort();
  new HandleSorter().sort(values, values.length);
  assert.deepEqual(values, expected);
});

test("one handle that differs from a whole crowd in a single byte finds its place", () => {
  for (const odd of [0, 50, 99]) {
    const values = Float64Array.from({ length: 100 }, (_, at) => at + (at === odd ? 2 ** 24 : 0));
    const expected = values.slice().sort();
    new HandleSorter().sort(values, values.length);
    assert.deepEqual(values, expected);
  }
});
