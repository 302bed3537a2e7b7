import { equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hash32, hash64 } from "./hash.ts";

const utf8 = new TextEncoder();

test("hash32 is MurmurHash3_x86_32", () => {
  // Vectors: published with the reference implementation's ports.
  equal(hash32(utf8.encode("")), 0);
  equal(hash32(utf8.encode(""), 1), 0x514e28b7);
  equal(hash32(utf8.encode(""), 0xffffffff), 0x81f16f39);
  equal(hash32(utf8.encode("test"), 0), 0xba6bd213);
  equal(hash32(utf8.encode("Hello, world!"), 0x9747b28c), 0x24884cba);
  equal(hash32(utf8.encode("The quick brown fox jumps over the lazy dog"), 0x9747b28c), 0x2fa826cd);
});

test("hash64 is the first half of MurmurHash3_x86_128", () => {
  equal(hash64(utf8.encode("")), "0000000000000000");
  equal(hash64(utf8.encode("The quick brown fox jumps over the lazy dog")), "2f1583c3ecee2c67");
});

test("any changed byte or length changes both hashes", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 70 });
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (original, at, change) => {
      const changed = original.slice();
      const index = at % changed.length;
      changed[index] = (changed[index] as number) ^ change;
      const longer = new Uint8Array([...original, 0]);
      for (const other of [changed, longer]) {
        notEqual(hash64(other), hash64(original));
        notEqual(hash32(other), hash32(original));
      }
    }),
  );
});

test("a hash depends on the bytes alone, not on where they lie in memory", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 7 }), (bytes, offset) => {
      const shifted = new Uint8Array(bytes.length + 16).fill(255);
      shifted.set(bytes, offset);
      const view = shifted.subarray(offset, offset + bytes.length);
      equal(hash32(view), hash32(bytes));
      equal(hash64(view), hash64(bytes));
    }),
  );
});

test("a seed gives another hash", () => {
  notEqual(hash64(utf8.encode("zone"), 1), hash64(utf8.encode("zone"), 2));
});
