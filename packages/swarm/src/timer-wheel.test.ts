import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TimerWheel } from "./timer-wheel.ts";

function fired(wheel: TimerWheel, nowMs: number): [entry: number, dueMs: number][] {
  const seen: [number, number][] = [];
  wheel.advance(nowMs, (entry, dueMs) => seen.push([entry, dueMs]));
  return seen;
}

describe("TimerWheel", () => {
  it("fires an entry at the step that its deadline is rounded up to, once", () => {
    const wheel = new TimerWheel({ entries: 4, stepMs: 4, slots: 8, nowMs: 1000 });
    wheel.set(2, 1009);
    assert.deepEqual(fired(wheel, 1011.9), []);
    assert.deepEqual(fired(wheel, 1012), [[2, 1012]]);
    assert.deepEqual(fired(wheel, 2000), []);
  });

  it("keeps a deadline that is further away than a turn", () => {
    const wheel = new TimerWheel({ entries: 1, stepMs: 1, slots: 8, nowMs: 0 });
    wheel.set(0, 100);
    assert.deepEqual(fired(wheel, 99), []);
    assert.deepEqual(fired(wheel, 101), [[0, 100]]);
  });

  it("fires a deadline in the past at the next step", () => {
    const wheel = new TimerWheel({ entries: 1, stepMs: 4, slots: 8, nowMs: 0 });
    fired(wheel, 40);
    wheel.set(0, 8);
    assert.deepEqual(fired(wheel, 100), [[0, 44]]);
  });

  it("tells a repeated entry each of its own times after a stall", () => {
    const wheel = new TimerWheel({ entries: 1, stepMs: 4, slots: 8, nowMs: 0 });
    const times: number[] = [];
    wheel.set(0, 4);
    wheel.advance(1000, (entry, dueMs) => {
      times.push(dueMs);
      wheel.set(entry, dueMs + 240);
    });
    assert.deepEqual(times, [4, 244, 484, 724, 964]);
  });

  it("lets an entry cancel another that is due in the same step", () => {
    const wheel = new TimerWheel({ entries: 3, stepMs: 4, slots: 8, nowMs: 0 });
    for (const entry of [0, 1, 2]) wheel.set(entry, 8);
    const seen: number[] = [];
    wheel.advance(8, (entry) => {
      seen.push(entry);
      for (const other of [0, 1, 2]) wheel.cancel(other);
    });
    assert.equal(seen.length, 1);
    assert.deepEqual(fired(wheel, 100), []);
  });

  it("does what a sorted list would do", () => {
    const operation = fc.oneof(
      fc.record({
        do: fc.constant("set" as const),
        entry: fc.nat(9),
        inMs: fc.integer({ min: -20, max: 400 }),
      }),
      fc.record({ do: fc.constant("cancel" as const), entry: fc.nat(9) }),
      fc.record({ do: fc.constant("advance" as const), byMs: fc.nat(150) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const wheel = new TimerWheel({ entries: 10, stepMs: 4, slots: 16, nowMs: 0 });
        const model = new Map<number, number>();
        let nowMs = 0;
        for (const next of operations) {
          if (next.do === "set") {
            const dueMs = Math.max(wheel.nowMs + 4, Math.ceil((nowMs + next.inMs) / 4) * 4);
            wheel.set(next.entry, nowMs + next.inMs);
            model.set(next.entry, dueMs);
          } else if (next.do === "cancel") {
            wheel.cancel(next.entry);
            model.delete(next.entry);
          } else {
            nowMs += next.byMs;
            const due = [...model].filter(([, dueMs]) => dueMs <= nowMs);
            for (const [entry] of due) model.delete(entry);
            const byTime = (a: [number, number], b: [number, number]) => a[1] - b[1] || a[0] - b[0];
            const seen = fired(wheel, nowMs);
            assert.deepEqual(
              seen.map(([, dueMs]) => dueMs),
              seen.map(([, dueMs]) => dueMs).toSorted((a, b) => a - b),
            );
            assert.deepEqual(seen.toSorted(byTime), due.toSorted(byTime));
          }
        }
      }),
    );
  });
});
