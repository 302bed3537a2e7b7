import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Ticker } from "./ticker.ts";
import { VirtualTime } from "./virtual-time.ts";

function start(work: (time: VirtualTime, tick: number) => void = () => {}, catchUpMax?: number) {
  const time = new VirtualTime();
  const beganMs: number[] = [];
  const latenessMs: number[] = [];
  const ticker = new Ticker({
    clock: time,
    timers: time,
    tickRateHz: 20,
    onTick() {
      beganMs.push(time.nowMs());
      work(time, beganMs.length);
    },
    onLateness: (ms) => latenessMs.push(ms),
    ...(catchUpMax === undefined ? {} : { catchUpMax }),
  });
  ticker.start();
  return { time, ticker, beganMs, latenessMs };
}

suite("a ticker", () => {
  test("ticks at its rate without drift, whatever its ticks take", () => {
    const { time, beganMs, latenessMs, ticker } = start((clock, tick) =>
      clock.stall(tick % 3 === 0 ? 49 : 7),
    );
    time.advance(60_000);
    assert.ok(Math.abs(beganMs.length - 1200) <= 1, `${beganMs.length} ticks`);
    for (const [index, began] of beganMs.entries()) assert.equal(began, (index + 1) * 50);
    assert.ok(latenessMs.every((ms) => ms === 0));
    assert.equal(ticker.dilationPercent, 100);
  });

  test("waits out a timer that fires early", () => {
    const time = new VirtualTime();
    let ticks = 0;
    const hasty = { ...time, after: (ms: number, work: () => void) => time.after(Math.ceil(ms) - 0.5, work) };
    const timers = { after: hasty.after, every: time.every.bind(time), soon: time.soon.bind(time) };
    const ticker = new Ticker({ clock: time, timers, tickRateHz: 20, onTick: () => (ticks += 1) });
    ticker.start();
    time.advance(49.9);
    assert.equal(ticks, 0);
    time.advance(0.2);
    assert.equal(ticks, 1);
  });

  test("catches up to three late ticks in a row, and is on time again", () => {
    const { time, beganMs, latenessMs, ticker } = start((clock, tick) => {
      if (tick === 10) clock.stall(190);
    });
    time.advance(2000);
    assert.equal(beganMs.length, 40);
    assert.deepEqual(beganMs.slice(9, 14), [500, 690, 690, 690, 700]);
    assert.deepEqual(latenessMs.slice(9, 14), [0, 140, 90, 40, 0]);
    assert.equal(ticker.dilationPercent, 100);
    assert.equal(ticker.givenUpMs, 0);
  });

  test("gives up what is left after three, and says so", () => {
    const { time, beganMs, ticker } = start((clock, tick) => {
      if (tick === 10) clock.stall(600);
    });
    time.advance(1200);
    // Due at 550 … 1100; three were caught up at 1100, the rest is given up.
    assert.equal(ticker.givenUpMs, 400);
    assert.deepEqual(beganMs.slice(9, 16), [500, 1100, 1100, 1100, 1100, 1150, 1200]);
    assert.ok(ticker.dilationPercent < 80);
    time.advance(2500);
    assert.equal(ticker.dilationPercent, 100);
  });

  test("that can not keep up runs as fast as it can and tells at which speed", () => {
    const { time, beganMs, ticker } = start((clock) => clock.stall(200));
    time.advance(20_000);
    assert.ok(Math.abs(beganMs.length - 100) <= 5, `${beganMs.length} ticks`);
    assert.ok(Math.abs(ticker.dilationPercent - 25) <= 3, `${ticker.dilationPercent} %`);
  });

  test("spreads its slots over the interval, and no slot drifts", () => {
    const time = new VirtualTime();
    const ticks: [slot: number, atMs: number][] = [];
    const ticker = new Ticker({
      clock: time,
      timers: time,
      tickRateHz: 20,
      slots: 4,
      onTick: (slot) => {
        ticks.push([slot, time.nowMs()]);
        time.stall(slot === 2 ? 12 : 3);
      },
    });
    ticker.start();
    time.advance(10_000);
    assert.deepEqual(
      ticks.slice(0, 8).map(([slot, ms]) => `${slot} at ${ms}`),
      ["0 at 12.5", "1 at 25", "2 at 37.5", "3 at 50", "0 at 62.5", "1 at 75", "2 at 87.5", "3 at 100"],
    );
    assert.deepEqual(ticks.at(-1), [3, 10_000]);
    assert.equal(ticker.dilationPercent, 100);
  });

  test("shares the dilation among its slots when they do not fit together", () => {
    const time = new VirtualTime();
    const counts = [0, 0, 0, 0];
    const ticker = new Ticker({
      clock: time,
      timers: time,
      tickRateHz: 20,
      slots: 4,
      onTick: (slot) => {
        counts[slot]! += 1;
        time.stall(25);
      },
    });
    ticker.start();
    time.advance(20_000);
    assert.ok(Math.abs(ticker.dilationPercent - 50) <= 5, `${ticker.dilationPercent} %`);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
    assert.ok(Math.abs(counts[0]! - 200) <= 10, `${counts[0]} ticks`);
  });

  test("takes slots in and lets them go between two rounds", () => {
    const time = new VirtualTime();
    const ticks: string[] = [];
    const ticker = new Ticker({
      clock: time,
      timers: time,
      tickRateHz: 20,
      slots: 2,
      onTick: (slot) => ticks.push(`${slot} at ${time.nowMs()}`),
    });
    ticker.start();
    time.advance(30);
    ticker.slots = 1;
    time.advance(70);
    ticker.slots = 2;
    time.advance(100);
    assert.deepEqual(ticks, ["0 at 25", "1 at 50", "0 at 100", "0 at 150", "0 at 175", "1 at 200"]);
    assert.equal(ticker.slots, 2);
    assert.throws(() => (ticker.slots = 0), { name: "AssertionFailed" });
  });

  test("names no speed below 10 %", () => {
    const { time, ticker } = start((clock) => clock.stall(5000));
    time.advance(60_000);
    assert.equal(ticker.dilationPercent, 10);
  });

  test("may be told to catch up nothing", () => {
    const { time, beganMs } = start((clock, tick) => {
      if (tick === 1) clock.stall(120);
    }, 0);
    time.advance(300);
    assert.deepEqual(beganMs.slice(0, 4), [50, 170, 220, 270]);
  });

  test("stops at once, also from within a tick, and may start again", () => {
    const { time, ticker, beganMs } = start((_, tick) => {
      if (tick === 2) ticker.stop();
    });
    time.advance(500);
    assert.equal(beganMs.length, 2);
    ticker.start();
    time.advance(50);
    assert.equal(beganMs.length, 3);
    ticker.stop();
    ticker.stop();
    time.advance(500);
    assert.equal(beganMs.length, 3);
  });

  test("is started once, at a rate", () => {
    const { ticker } = start();
    assert.throws(() => ticker.start(), { name: "AssertionFailed" });
    const time = new VirtualTime();
    for (const tickRateHz of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => new Ticker({ clock: time, timers: time, tickRateHz, onTick: () => {} }), {
        name: "AssertionFailed",
      });
    }
  });
});

suite("virtual time", () => {
  test("runs work in the order of its time, then of its registration", () => {
    const time = new VirtualTime(1000);
    const ran: string[] = [];
    time.after(20, () => ran.push(`b ${time.nowMs()}`));
    time.after(10, () => ran.push(`a ${time.nowMs()}`));
    time.after(20, () => ran.push(`c ${time.nowMs()}`));
    const cancel = time.after(15, () => ran.push("never"));
    cancel();
    time.soon(() => ran.push(`now ${time.nowMs()}`));
    time.advance(30);
    assert.deepEqual(ran, ["now 0", "a 10", "b 20", "c 20"]);
    assert.equal(time.wallMs(), 1030);
    assert.equal(time.waiting, 0);
  });

  test("repeats until it is told to stop", () => {
    const time = new VirtualTime();
    let runs = 0;
    const cancel = time.every(10, () => (runs += 1));
    time.advance(35);
    assert.equal(runs, 3);
    cancel();
    time.advance(100);
    assert.equal(runs, 3);
  });

  test("ends with an assertion when timers start each other for ever", () => {
    const time = new VirtualTime();
    const again = () => void time.soon(again);
    again();
    assert.throws(() => time.advance(1), { name: "AssertionFailed" });
  });
});
