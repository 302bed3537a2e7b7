import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bigints, byteas, ints, texts } from "./arrays.ts";

/** Reads the binary form again, as the server would. */
function read(array: Buffer): { readonly typeId: number; readonly parts: Buffer[] } {
  const [dimensions, nulls, typeId] = [array.readInt32BE(0), array.readInt32BE(4), array.readInt32BE(8)];
  equal(nulls, 0);
  const parts: Buffer[] = [];
  if (dimensions === 0) {
    equal(array.length, 12);
    return { typeId, parts };
  }
  const length = array.readInt32BE(12);
  equal(array.readInt32BE(16), 1);
  let at = 20;
  for (let index = 0; index < length; index += 1) {
    const size = array.readInt32BE(at);
    parts.push(array.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  equal(at, array.length);
  return { typeId, parts };
}

test("whole numbers keep every digit, on both sides of 0", () =>
  fc.assert(
    fc.property(fc.array(fc.maxSafeInteger()), (values) => {
      const { typeId, parts } = read(bigints(values));
      equal(typeId, 20);
      deepEqual(
        parts.map((part) => Number(part.readBigInt64BE())),
        values.map((value) => value + 0),
      );
    }),
  ));

test("small numbers, texts and bytes come out as they went in", () =>
  fc.assert(
    fc.property(
      fc.array(fc.integer()),
      fc.array(fc.string({ unit: "grapheme" })),
      fc.array(fc.uint8Array()),
      (numbers, words, blobs) => {
        deepEqual(
          read(ints(numbers)).parts.map((part) => part.readInt32BE()),
          numbers.map((value) => value + 0),
        );
        deepEqual(
          read(texts(words)).parts.map((part) => part.toString("utf8")),
          words,
        );
        deepEqual(
          read(byteas(blobs)).parts.map((part) => new Uint8Array(part)),
          blobs.map((blob) => new Uint8Array(blob)),
        );
      },
    ),
  ));
