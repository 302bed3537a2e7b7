import assert from "node:assert/strict";
import { it } from "node:test";
import { Latency } from "./latency.ts";

it("answers percentiles in milliseconds, exact to three digits", () => {
  const latency = new Latency();
  for (let ms = 1; ms <= 1000; ms++) latency.record(ms);
  const { p50, p90, p99, p999, max } = latency.percentiles();
  for (const [found, wanted] of [
    [p50, 500],
    [p90, 900],
    [p99, 990],
    [p999, 999],
    [max, 1000],
  ] as const) {
    assert.ok(Math.abs(found - wanted) <= wanted * 0.001, `${found} for ${wanted}`);
  }
});

it("counts a value as often as it is told, and keeps what is out of range at the edge", () => {
  const latency = new Latency();
  latency.record(5, 99);
  latency.record(-3);
  latency.record(1e12);
  assert.equal(latency.count, 101);
  assert.ok(Math.abs(latency.at(50) - 5) < 0.01);
  assert.ok(Math.abs(latency.percentiles().max - 600_000) < 600);
});

it("is all zeros when nothing was recorded or everything was forgotten", () => {
  const latency = new Latency();
  latency.record(3);
  latency.reset();
  assert.deepEqual(latency.percentiles(), { p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
});
