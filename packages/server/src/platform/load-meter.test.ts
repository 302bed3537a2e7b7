import assert from "node:assert/strict";
import { test } from "node:test";
import { measureLoad } from "./load-meter.ts";
import { VirtualTime } from "./virtual-time.ts";

test("the share of a second in which the loop was busy is told once per second", async () => {
  const pause = () => new Promise((resolve) => setTimeout(resolve, 60));
  await pause();
  const time = new VirtualTime();
  const shares: number[] = [];
  const stop = measureLoad({ timers: time, onLoad: (share) => shares.push(share) });
  const untilMs = performance.now() + 60;
  while (performance.now() < untilMs);
  await new Promise((resolve) => setImmediate(resolve));
  time.advance(1000);
  await pause();
  time.advance(1000);
  assert.equal(shares.length, 2);
  const [busy, idle] = shares as [number, number];
  assert.ok(busy > idle && busy <= 1 && idle >= 0, `${busy} busy, ${idle} idle`);
  stop();
  time.advance(5000);
  assert.equal(shares.length, 2);
});
