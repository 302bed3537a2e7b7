import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { GatewayStats } from "../gateway/stats.ts";
import { bucketCount, CumulativeHistogram } from "./cumulative-histogram.ts";
import { Status } from "./status.ts";

/** Where the bucket of a reading begins, as docs/operations.md says. */
function beginOf(
  bucket: number,
  { fromMs, partsPerDoubling: parts }: { fromMs: number; partsPerDoubling: number },
) {
  return fromMs * 2 ** Math.floor(bucket / parts) * (1 + (bucket % parts) / parts);
}

suite("a cumulative histogram", () => {
  test("counts each value in the bucket that begins at or below it", () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** -10, max: 15_000, noNaN: true }), (ms) => {
        const histogram = new CumulativeHistogram();
        histogram.record(ms);
        const read = histogram.read();
        const bucket = read.counts.length - 1;
        assert.equal(read.counts[bucket], 1);
        assert.ok(beginOf(bucket, read) <= ms && ms < beginOf(bucket + 1, read), `${bucket} for ${ms}`);
      }),
    );
  });

  test("grows only, so that the difference of two readings is what came between them", () => {
    const histogram = new CumulativeHistogram();
    for (const ms of [0.5, 3, 3, 70]) histogram.record(ms);
    const before = histogram.read();
    for (const ms of [3, 500]) histogram.record(ms);
    const after = histogram.read();
    const between = after.counts.map((count, bucket) => count - (before.counts[bucket] ?? 0));
    const found = between.flatMap((count, bucket) => (count === 0 ? [] : [[beginOf(bucket, after), count]]));
    assert.deepEqual(found, [
      [3, 1],
      [496, 1],
    ]);
  });

  test("takes any number: what is below or above all buckets is in the first or the last", () => {
    const histogram = new CumulativeHistogram();
    assert.deepEqual(histogram.read().counts, []);
    for (const ms of [0, -5, Number.NaN, 1e-9]) histogram.record(ms);
    for (const ms of [1e9, Number.POSITIVE_INFINITY]) histogram.record(ms);
    const { counts } = histogram.read();
    assert.deepEqual([counts[0], counts[bucketCount - 1], counts.length], [4, 2, bucketCount]);
  });
});

suite("the status of a process", () => {
  test("tells memory, processor time and uptime before anything runs", () => {
    const { rssBytes, cpuUserUs, uptimeMs, gateway } = new Status().read();
    assert.ok(rssBytes > 1e6 && cpuUserUs > 0 && uptimeMs > 0);
    assert.equal(gateway.playing, 0);
  });

  test("counts ticks by their length and by their distance from their time, early or late", () => {
    const status = new Status();
    status.tick(2);
    status.tick(2);
    status.lateness(-4);
    status.lateness(4);
    const { ticks, tickMs, tickJitterMs } = status.read();
    assert.equal(ticks, 2);
    assert.deepEqual([tickMs.counts.length - 1, tickMs.counts.at(-1)], [11 * 16, 2]);
    assert.deepEqual([tickJitterMs.counts.length - 1, tickJitterMs.counts.at(-1)], [12 * 16, 2]);
  });

  test("tells how often zones were dilated, by percent", () => {
    const status = new Status();
    for (const percent of [100, 100, 83.4, 83, 250, -1]) status.dilation(percent);
    const { dilationPercent } = status.read();
    assert.deepEqual([dilationPercent[100], dilationPercent[83], dilationPercent[0]], [3, 2, 1]);
    assert.equal(dilationPercent.length, 101);
  });

  test("reads a gateway's counts when it is asked", () => {
    const status = new Status();
    const stats = new GatewayStats();
    const counts = {
      handshaking: 1,
      loading: 2,
      playing: 3,
      absent: 4,
      closing: 5,
      stale: 6,
      bufferedBytes: 7,
    };
    status.watch({ stats, counts: () => counts });
    stats.framesSent = 10;
    stats.bytesOut = 900;
    stats.bytesIn = 90;
    stats.stales = 2;
    const { clientFrames, clientBytesOut, clientBytesIn, stales, gateway } = status.read();
    assert.deepEqual([clientFrames, clientBytesOut, clientBytesIn, stales], [10, 900, 90, 2]);
    assert.deepEqual(gateway, counts);
  });
});
