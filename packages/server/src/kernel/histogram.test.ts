import { equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Histogram } from "./histogram.ts";

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The true nearest-rank percentile. */
function percentileOf(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1] as number;
}

const latency = fc.double({ min: 2 ** -19, max: 2 ** 43, noNaN: true });

test("an empty histogram answers 0 to everything", () => {
  const histogram = new Histogram();
  equal(histogram.count, 0);
  equal(histogram.min, 0);
  equal(histogram.max, 0);
  equal(histogram.mean, 0);
  equal(histogram.percentile(99), 0);
});

test("count, smallest, largest and mean are exact", () => {
  const histogram = histogramOf([1.25, 7, 0.5]);
  equal(histogram.count, 3);
  equal(histogram.min, 0.5);
  equal(histogram.max, 7);
  equal(histogram.mean, 8.75 / 3);
  equal(histogram.percentile(0), 0.5);
  equal(histogram.percentile(100), 7);
});

test("any percentile is within 0.4 % of the true one", () => {
  const percents = [0, 1, 25, 50, 90, 99, 99.9, 100];
  fc.assert(
    fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), (values) => {
      const histogram = histogramOf(values);
      for (const percent of percents) {
        const truth = percentileOf(values, percent);
        const error = Math.abs(histogram.percentile(percent) - truth) / truth;
        ok(error <= 0.004, `p${percent}: ${truth} was told ${error} off`);
      }
    }),
  );
});

test("values outside the buckets still count and stay between the smallest and the largest", () => {
  const histogram = histogramOf([0, 1e-12, 1e300, 1e308]);
  equal(histogram.count, 4);
  equal(histogram.percentile(0), 0);
  equal(histogram.percentile(100), 1e308);
  const median = histogram.percentile(50);
  ok(median >= 0 && median < 1e-5);
  equal(histogramOf([1e300, 1e300, 1e300]).percentile(50), 1e300);
});

test("merging two histograms equals recording both", () => {
  fc.assert(
    fc.property(fc.array(latency), fc.array(latency), (left, right) => {
      const merged = histogramOf(left);
      merged.merge(histogramOf(right));
      const whole = histogramOf([...left, ...right]);
      equal(merged.count, whole.count);
      equal(merged.min, whole.min);
      equal(merged.max, whole.max);
      for (const percent of [10, 50, 95]) equal(merged.percentile(percent), whole.percentile(percent));
    }),
  );
});

test("a reset histogram is as new", () => {
  const histogram = histogramOf([5, 6, 7]);
  histogram.reset();
  equal(histogram.count, 0);
  equal(histogram.max, 0);
  histogram.record(2);
  equal(histogram.percentile(50), 2);
});

test("a value that is no latency, or a percentile that is none, is a bug", () => {
  for (const value of [-1, Number.NaN, Infinity])
    throws(() => histogramOf([value]), { name: "AssertionFailed" });
  for (const percent of [-1, 101, Number.NaN]) {
    throws(() => new Histogram().percentile(percent), { name: "AssertionFailed" });
  }
});
