import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TickClock } from "./tick-clock.ts";

/** Feeds frames of a zone with `tickMs` between them, each late by `delayMs(i)`; returns when the last one arrived. */
function feed(clock: TickClock, count: number, delayMs: (i: number) => number, tickMs = 50): number {
  let nowMs = 0;
  for (let i = 0; i < count; i++) {
    nowMs = Math.max(nowMs, i * tickMs + delayMs(i));
    clock.observe(i, nowMs);
  }
  return nowMs;
}

describe("a zone's clock", () => {
  test("runs with the zone when the network is even", () => {
    const clock = new TickClock(20);
    assert.equal(clock.isRunning, false);
    const nowMs = feed(clock, 100, () => 80);
    assert.equal(clock.newestTick, 99);
    assert.ok(Math.abs(clock.tickAt(nowMs + 25) - 99.5) < 1e-6);
    assert.ok(clock.jitterTicks < 1e-6);
  });

  test("follows the early frames and reports the late ones as jitter", () => {
    const clock = new TickClock(20);
    const nowMs = feed(clock, 400, (i) => 80 + ((i * 7919) % 60));
    const truth = (nowMs - 80) / 50;
    assert.ok(Math.abs(clock.tickAt(nowMs) - truth) < 0.5, `${clock.tickAt(nowMs)} for ${truth}`);
    assert.ok(clock.jitterTicks > 0.5 && clock.jitterTicks < 1.5, `jitter ${clock.jitterTicks}`);
  });

  test("slows down with a zone that does, and recovers", () => {
    const clock = new TickClock(20);
    const nowMs = feed(clock, 200, () => 50, 100);
    assert.ok(Math.abs(clock.ticksPerMs - 0.01) < 1e-4);
    assert.ok(Math.abs(clock.tickAt(nowMs) - 199) < 0.5);
    for (let i = 0; i < 100; i++) clock.observe(200 + i, nowMs + 50 * (i + 1));
    assert.equal(clock.ticksPerMs, 0.02);
  });

  test("begins anew after a stall and when another owner counts anew", () => {
    const clock = new TickClock(20);
    feed(clock, 50, () => 0);
    clock.observe(50, 50_000);
    assert.equal(clock.tickAt(50_000), 50);
    clock.observe(1, 50_050);
    assert.equal(clock.tickAt(50_050), 1);
    clock.observe(1, 50_060);
    assert.equal(clock.newestTick, 1);
  });

  test("never goes wild, whatever arrives when", () => {
    const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 300 })));
    fc.assert(
      fc.property(arrivals, (steps) => {
        const clock = new TickClock(20);
        let tick = 0;
        let nowMs = 0;
        for (const [ticks, ms] of steps) {
          tick += ticks;
          nowMs += ms;
          clock.observe(tick, nowMs);
          assert.ok(Number.isFinite(clock.tickAt(nowMs)));
          assert.ok(Math.abs(clock.tickAt(nowMs) - tick) <= 21, `${clock.tickAt(nowMs)} for ${tick}`);
          assert.ok(clock.ticksPerMs > 0 && clock.ticksPerMs <= 0.025);
          assert.ok(clock.jitterTicks >= 0);
        }
      }),
    );
  });
});
