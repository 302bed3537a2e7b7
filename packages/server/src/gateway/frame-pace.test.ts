import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FramePace } from "./frame-pace.ts";

const sessions = Array.from({ length: 64 }, (_, session) => session);

function stridesOf(pace: FramePace): Map<number, number> {
  const counts = new Map<number, number>();
  for (const session of sessions) {
    const stride = pace.strideOf(session);
    counts.set(stride, (counts.get(stride) ?? 0) + 1);
  }
  return counts;
}

/** Frames per tick that all clients together get. */
function framesOf(pace: FramePace): number {
  return sessions.reduce((sum, session) => sum + 1 / pace.strideOf(session), 0);
}

function after(...loads: number[]): FramePace {
  const pace = new FramePace();
  for (const load of loads) pace.noteLoad(load);
  return pace;
}

describe("the pace of client frames", () => {
  test("is one frame a tick for everyone until a thread has too much to do", () => {
    const pace = after(0.5, 0.9, 0.92);
    assert.deepEqual(stridesOf(pace), new Map([[1, 64]]));
    assert.deepEqual([pace.slowness, pace.isExhausted], [0, false]);
  });

  test("halves the frames of a sixteenth of the clients in each second that is a little too full", () => {
    const pace = after(0.93);
    assert.deepEqual(
      stridesOf(pace),
      new Map([
        [2, 4],
        [1, 60],
      ]),
    );
    for (let second = 0; second < 40; second++) pace.noteLoad(0.93);
    assert.deepEqual(stridesOf(pace), new Map([[2, 64]]), "and goes no farther as long as some time is left");
    assert.equal(pace.slowness, 0.5);
  });

  test("goes to every fourth tick only while the thread is as good as never idle", () => {
    const pace = after(...new Array<number>(20).fill(1));
    assert.equal(pace.slowness > 0.5, true);
    for (let second = 0; second < 40; second++) pace.noteLoad(1);
    assert.deepEqual(stridesOf(pace), new Map([[4, 64]]));
    assert.deepEqual([pace.slowness, pace.isExhausted], [1, true]);
  });

  test("answers a crowd of newcomers within seconds: the fuller, the larger the steps", () => {
    let seconds = 0;
    const pace = new FramePace();
    for (; pace.slowness < 0.5; seconds++) pace.noteLoad(1);
    assert.ok(seconds <= 4, `${seconds} s`);
  });

  test("comes back when there is room, slower than it went, and stays where neither holds", () => {
    const secondsBack = (load: number) => {
      const pace = after(...new Array<number>(60).fill(1));
      let seconds = 0;
      for (; pace.slowness > 0; seconds++) pace.noteLoad(load);
      return seconds;
    };
    assert.deepEqual([0.74, 0.5, 0].map(secondsBack), [32, 16, 8]);
    const half = after(0.93, 0.93, 0.93);
    const before = half.slowness;
    for (const load of [0.75, 0.8, 0.92]) half.noteLoad(load);
    assert.equal(half.slowness, before);
  });

  test("changes a sixteenth of the clients at a step, and nobody's place among the sixteen", () => {
    const pace = new FramePace();
    let before = sessions.map((session) => pace.strideOf(session));
    for (let step = 0; step < 60; step++) {
      pace.noteLoad(step < 40 ? 0.99 : 0.5);
      const now = sessions.map((session) => pace.strideOf(session));
      for (const session of sessions) assert.equal(now[session], now[session % 16]);
      for (const session of sessions.slice(0, 15)) assert.ok(now[session]! >= now[session + 1]!);
      before = now;
    }
    assert.equal(before.length, 64);
  });

  test("settles under any amount of work: it never swings between two paces", () => {
    // What frames cost beside what else there is to do; a thread cannot be busier than always.
    const work = fc.record({
      frames: fc.double({ min: 0, max: 3, noNaN: true }),
      rest: fc.double({ min: 0, max: 0.7, noNaN: true }),
    });
    fc.assert(
      fc.property(work, ({ frames, rest }) => {
        const pace = new FramePace();
        const load = () => Math.min(1, rest + frames * (framesOf(pace) / sessions.length));
        for (let second = 0; second < 80; second++) pace.noteLoad(load());
        const settled = pace.slowness;
        for (let second = 0; second < 80; second++) {
          pace.noteLoad(load());
          assert.equal(pace.slowness, settled);
        }
      }),
      { numRuns: 400 },
    );
  });
});
