import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { LineRoom } from "./line-room.ts";

/** Plans every 32 ticks at so many bits per tick, while so many bytes are sent in each. */
function play(room: LineRoom, given: { from: number; plans: number; bits: number; sentBytes: number }): void {
  for (let i = 0; i < given.plans; i++) {
    const tick = given.from + 32 * i;
    room.learn(tick);
    room.planned({ tick, stride: 1, nearM: 100, bits: given.bits });
    for (let sent = 0; sent < 32; sent++) room.noteSent(given.sentBytes);
  }
  room.learn(given.from + 32 * given.plans);
}

describe("the room on a line", () => {
  test("learns what a game's entities really cost for each bit that was estimated", () => {
    for (const [sentBytes, correction] of [
      [50, 1],
      [100, 2],
      [25, 0.5],
      [1000, 4],
      [0, 0.25],
    ] as const) {
      const room = new LineRoom();
      play(room, { from: 1000, plans: 12, bits: 400, sentBytes });
      assert.ok(Math.abs(room.correction - correction) < 0.01, `${room.correction} for ${sentBytes} bytes`);
    }
  });

  test("follows by two fifths at each plan, so that one busy second does not turn it over", () => {
    const room = new LineRoom();
    play(room, { from: 0, plans: 1, bits: 400, sentBytes: 100 });
    assert.ok(Math.abs(room.correction - 1.4) < 1e-9);
  });

  test("measures over at least 32 ticks: a shorter time holds one stride of far regions and not the next", () => {
    const room = new LineRoom();
    room.learn(0);
    room.planned({ tick: 0, stride: 1, nearM: 1, bits: 400 });
    room.noteSent(10_000);
    room.learn(31);
    assert.equal(room.correction, 1);
    room.learn(32);
    assert.notEqual(room.correction, 1);
  });

  test("learns nothing from a time in which nothing could be sent", () => {
    const room = new LineRoom();
    play(room, { from: 0, plans: 12, bits: 400, sentBytes: 50 });
    room.planned({ tick: 384, stride: 1, nearM: 1, bits: 400 });
    room.learn(384 + 600);
    assert.ok(Math.abs(room.correction - 1) < 1e-9);
  });

  test("begins to measure anew in a zone that counts other ticks", () => {
    for (const elsewhere of [40, 90_000]) {
      const room = new LineRoom();
      play(room, { from: 5000, plans: 12, bits: 400, sentBytes: 50 });
      play(room, { from: elsewhere, plans: 3, bits: 400, sentBytes: 50 });
      assert.ok(Math.abs(room.correction - 1) < 0.01, `${room.correction}`);
      play(room, { from: elsewhere + 96, plans: 12, bits: 400, sentBytes: 100 });
      assert.ok(room.correction > 1.9, "and goes on learning");
    }
  });

  test("never corrects more than fourfold, whatever is said of a line", () => {
    const step = fc.record({ waits: fc.nat(200), bits: fc.nat(10_000), sentBytes: fc.nat(1_000_000) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const room = new LineRoom();
        let tick = 0;
        for (const { waits, bits, sentBytes } of steps) {
          tick += waits;
          room.learn(tick);
          room.planned({ tick, stride: 1, nearM: 1, bits });
          room.noteSent(sentBytes);
          assert.ok(room.correction >= 0.25 && room.correction <= 4);
        }
      }),
    );
  });
});
