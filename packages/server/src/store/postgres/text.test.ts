import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { restored, storable } from "./text.ts";

const text = fc.string({ unit: fc.constantFrom("\0", "\\", "0", "a", "é") });

test("any text comes back as it was, and what is stored has no zero", () =>
  fc.assert(
    fc.property(text, (one) => {
      equal(restored(storable(one)), one);
      ok(!storable(one).includes("\0"));
    }),
  ));

test("two texts are stored alike only when they are the same", () =>
  fc.assert(
    fc.property(text, text, (left, right) => equal(storable(left) === storable(right), left === right)),
  ));

test("a usual text is stored as it is", () => equal(storable("Åsa Strauß"), "Åsa Strauß"));
