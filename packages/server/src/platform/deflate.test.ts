import assert from "node:assert/strict";
import { test } from "node:test";
import { inflate } from "@myriad/protocol";
import fc from "fast-check";
import { deflate } from "./deflate.ts";

test("a client unpacks what the server packed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("wolf", "a lantern of brass", "\u4eca\u591c", "7"), { maxLength: 200 }),
      (words) => {
        const bytes = new TextEncoder().encode(words.join(" "));
        const packed = deflate(bytes);
        const unpacked = inflate(packed, 0, packed.length, bytes.length);
        assert.ok(unpacked.ok);
        assert.deepEqual(Buffer.from(unpacked.value), Buffer.from(bytes));
      },
    ),
  );
});
