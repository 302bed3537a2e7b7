import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "./arena.ts";

test("what an arena cuts out is zero, aligned, and apart from everything else", () => {
  const arena = new Arena();
  const cut = [arena.u8(3), arena.f64(5), arena.u16(7), arena.i32(1), arena.f32(9), arena.f64(0)];
  for (const [index, array] of cut.entries()) {
    assert.equal(array.byteOffset % 64, 0);
    assert.ok(array.every((value) => value === 0));
    array.fill(index + 1);
  }
  for (const [index, array] of cut.entries()) assert.ok(array.every((value) => value === index + 1));
});

test("an arena goes on in another block when one is full, and gives an array larger than a block one of its own", () => {
  const arena = new Arena();
  const first = arena.u8(10 * 1024 * 1024);
  const second = arena.u8(10 * 1024 * 1024);
  const large = arena.f64(4 * 1024 * 1024);
  assert.equal(new Set([first.buffer, second.buffer, large.buffer]).size, 3);
  assert.equal(large.length, 4 * 1024 * 1024);
});
