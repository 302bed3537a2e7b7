import { equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TokenBucket } from "./token-bucket.ts";

test("a bucket gives its burst at once and then its rate", () => {
  const bucket = new TokenBucket({ ratePerSecond: 60, burst: 120, nowMs: 0 });
  for (let taken = 0; taken < 120; taken += 1) ok(bucket.take(0));
  equal(bucket.take(0), false);
  equal(bucket.take(1000 / 60 + 1e-9), true);
  equal(bucket.take(1000 / 60 + 1e-9), false);
});

test("a bucket that rests never holds more than its burst", () => {
  const bucket = new TokenBucket({ ratePerSecond: 1000, burst: 5, nowMs: 0 });
  equal(bucket.available(1e9), 5);
});

test("a refused request takes nothing", () => {
  const bucket = new TokenBucket({ ratePerSecond: 1, burst: 10, nowMs: 0 });
  equal(bucket.take(0, 11), false);
  equal(bucket.take(0, 10), true);
});

test("a clock that goes back or has no time gives nothing and takes nothing", () => {
  const bucket = new TokenBucket({ ratePerSecond: 10, burst: 2, nowMs: 1000 });
  ok(bucket.take(1000, 2));
  equal(bucket.available(0), 0);
  equal(bucket.available(Number.NaN), 0);
  equal(bucket.available(1100), 1);
});

test("a bucket without a rate, burst or time is a bug", () => {
  const good = { ratePerSecond: 1, burst: 1, nowMs: 0 };
  for (const bad of [
    { ratePerSecond: 0 },
    { ratePerSecond: Infinity },
    { burst: 0.5 },
    { nowMs: Number.NaN },
  ]) {
    throws(() => new TokenBucket({ ...good, ...bad }), { name: "AssertionFailed" });
  }
});

test("over any span no more than burst + rate × time is granted", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.record({ waitMs: fc.integer({ min: 0, max: 200 }), cost: fc.integer({ min: 1, max: 5 }) })),
      (ratePerSecond, burst, requests) => {
        const bucket = new TokenBucket({ ratePerSecond, burst, nowMs: 0 });
        let nowMs = 0;
        let granted = 0;
        for (const { waitMs, cost } of requests) {
          nowMs += waitMs;
          if (bucket.take(nowMs, cost)) granted += cost;
          ok(granted <= burst + (ratePerSecond * nowMs) / 1000 + 1e-6);
        }
      },
    ),
  );
});
