import assert from "node:assert/strict";
import { test } from "node:test";
import { figuresOf, Meter } from "./meter.ts";

const own = { cpuPercent: 40, rssMbMax: 100 };

test("figures are per client and second over all threads, ages and refreshes those of the clients that decode", () => {
  const crowd = new Meter(2);
  const watchers = new Meter(1);
  crowd.update(0, 999);
  crowd.begin(0);
  watchers.begin(0);
  for (let tick = 0; tick < 20; tick++) {
    crowd.received(204);
    crowd.update(0, 100);
    crowd.update(1, 100);
    watchers.received(102);
    watchers.update(0, 100);
    // Every second update leaves half of the ten out.
    watchers.saw({ timeMs: 0, updates: tick % 2 === 0 ? 10 : 5, visible: 10 }, tick);
  }
  const figures = figuresOf([crowd.end(1000), watchers.end(1000)], own);
  assert.equal(figures.updateHz, 20);
  assert.equal(figures.refreshHz, 15);
  assert.equal(figures.visibleMean, 10);
  assert.equal(figures.updateBytes, 100);
  assert.equal(figures.bytesPerSecond, (20 * 204 + 20 * 102) / 3);
  assert.deepEqual([figures.ageMsMedian, figures.ageMsP99], [10, 19]);
  assert.deepEqual([figures.lost, figures.malformed, figures.cpuPercent], [0, 0, 40]);
});

test("a client that starves shows in the slow ones, lost ones stay lost, and before the beginning nothing is seen", () => {
  const meter = new Meter(100);
  meter.lost();
  meter.saw({ timeMs: 0, updates: 1, visible: 1 }, 5000);
  meter.begin(0);
  meter.malformed();
  for (let client = 1; client < 100; client++) for (let i = 0; i < 10; i++) meter.update(client, 1);
  const figures = figuresOf([meter.end(500)], own);
  assert.equal(figures.slowUpdateHz, 20);
  assert.ok(figures.updateHz < 20);
  assert.deepEqual([figures.lost, figures.malformed, figures.ageMsP99, figures.refreshHz], [1, 1, 0, 0]);
});

test("a look between tells the rate since the last one, and spoils nothing of the measurement", () => {
  const meter = new Meter(2);
  meter.update(0, 1);
  meter.peek(1000);
  meter.begin(1000);
  for (let i = 0; i < 30; i++) meter.update(i % 2, 1);
  assert.equal(meter.peek(2000), 15);
  assert.equal(meter.peek(3000), 0);
  assert.equal(figuresOf([meter.end(3000)], own).updateHz, 7.5);
  assert.equal(new Meter(0).peek(1000), 0);
});
