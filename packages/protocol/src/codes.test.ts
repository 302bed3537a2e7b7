import assert from "node:assert/strict";
import { test } from "node:test";
import { closeCodes, closeReasonOf, decodeCodes, noticeCodes } from "./codes.ts";

test("every reason for a close has a code of its own in the range left to applications", () => {
  const codes = Object.values(closeCodes).map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
  for (const [reason, { code, text }] of Object.entries(closeCodes)) {
    assert.ok(code >= 4000 && code < 5000);
    assert.equal(closeReasonOf(code), reason);
    // A WebSocket close carries at most 123 bytes of reason.
    assert.ok(Buffer.byteLength(reason) <= 123 && text.length > 0);
  }
});

test("a close code of somebody else is no reason of ours", () => {
  for (const code of [1000, 1006, 4999, Number.NaN]) assert.equal(closeReasonOf(code), undefined);
});

test("no code means two things", () => {
  const names = [...Object.keys(closeCodes), ...Object.keys(noticeCodes), ...Object.keys(decodeCodes)];
  assert.equal(new Set(names).size, names.length);
});
