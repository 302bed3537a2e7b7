import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { VirtualTime } from "../platform/virtual-time.ts";
import { Watchdog } from "./watchdog.ts";

function start() {
  const time = new VirtualTime();
  const pulses = [0, 0];
  const hung: string[] = [];
  const watchdog = new Watchdog({
    clock: time,
    timers: time,
    pulseOf: (thread) => pulses[thread]!,
    onHung: (thread, silentMs) => hung.push(`${thread} after ${silentMs}`),
  });
  /** Lets time pass in which the given threads give signs of life. */
  const pass = (ms: number, ...alive: number[]) => {
    for (let gone = 0; gone < ms; gone += 100) {
      for (const thread of alive) pulses[thread]! += 1;
      time.advance(100);
    }
  };
  return { time, watchdog, hung, pass };
}

suite("the watchdog", () => {
  test("notices a thread without signs of life within two seconds, once", () => {
    const { watchdog, hung, pass } = start();
    watchdog.watch(0);
    watchdog.watch(1);
    pass(5000, 0, 1);
    assert.deepEqual(hung, []);
    pass(1900, 0);
    assert.deepEqual(hung, ["1 after 1600"]);
    pass(5000, 0);
    assert.equal(hung.length, 1);
    watchdog.watch(1);
    pass(5000, 0, 1);
    assert.equal(hung.length, 1);
  });

  test("blames nobody after the machine stood still", () => {
    const { time, watchdog, hung, pass } = start();
    watchdog.watch(0);
    pass(1000, 0);
    time.stall(60_000);
    pass(1000);
    assert.deepEqual(hung, []);
    pass(1000);
    assert.equal(hung.length, 1);
  });

  test("lets threads go, and stops", () => {
    const { watchdog, hung, pass } = start();
    watchdog.watch(0);
    watchdog.unwatch(0);
    pass(5000);
    watchdog.watch(1);
    watchdog.close();
    pass(5000);
    assert.deepEqual(hung, []);
  });
});
