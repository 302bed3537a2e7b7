import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServerWatch } from "./server-watch.ts";

const parts = 16;
const fromMs = 2 ** -10;

/** The bucket of a time, as docs/operations.md describes it. */
function bucketOf(ms: number): number {
  const doubling = Math.floor(Math.log2(ms / fromMs));
  return doubling * parts + Math.floor((ms / (fromMs * 2 ** doubling) - 1) * parts);
}

function countsOf(times: readonly number[]) {
  const counts = new Array<number>(384).fill(0);
  for (const ms of times) counts[bucketOf(ms)]!++;
  return { fromMs, partsPerDoubling: parts, counts };
}

function status(second: number, times: readonly number[], dilated: Record<number, number> = {}) {
  return {
    uptimeMs: 100_000 + second * 1000,
    rssBytes: (200 + second) * 2 ** 20,
    cpuUserUs: second * 300_000,
    cpuSystemUs: second * 200_000,
    gateway: { stale: second === 1 ? 9 : 0 },
    tickMs: countsOf(times),
    tickJitterMs: countsOf(times.map((ms) => ms / 10)),
    dilationPercent: Array.from({ length: 101 }, (_, percent) => dilated[percent] ?? 0),
  };
}

async function watchOf(answers: readonly unknown[]) {
  let next = 0;
  const watch = new ServerWatch(async () => {
    const answer = answers[next++];
    if (answer instanceof Error) throw answer;
    return answer;
  });
  for (let i = 0; i < answers.length; i++) await watch.look();
  return watch.figures();
}

describe("ServerWatch", () => {
  it("tells what happened between the first and the last look, and the highest of what stood", async () => {
    const before = [500, 500, 500];
    const between = Array.from({ length: 1000 }, (_, i) => 1 + i / 100);
    const figures = await watchOf([
      status(0, before, { 10: 5 }),
      status(1, before, { 10: 5 }),
      status(4, [...before, ...between], { 10: 5, 95: 2, 100: 70 }),
    ]);
    assert.ok(figures);
    const { rssMbMax, cpuPercent, tickMs, tickJitterMs, dilationMin, staleMax } = figures;
    assert.deepEqual([rssMbMax, cpuPercent, dilationMin, staleMax], [204, 50, 95, 9]);
    for (const [found, wanted] of [
      [tickMs.p50, 6],
      [tickMs.p99, 10.9],
      [tickMs.max, 11],
      [tickJitterMs.p50, 0.6],
    ] as const) {
      assert.ok(Math.abs(found - wanted) < wanted * 0.06, `${found} for ${wanted}`);
    }
  });

  it("skips answers that are none, and says nothing without two that are", async () => {
    const good = status(2, [3]);
    for (const broken of [
      undefined,
      null,
      7,
      {},
      new Error("refused"),
      { ...good, uptimeMs: "1" },
      { ...good, tickMs: { ...good.tickMs, counts: ["1"] } },
      { ...good, tickJitterMs: undefined },
      { ...good, dilationPercent: {} },
    ]) {
      assert.equal(await watchOf([good, broken]), undefined);
      const figures = await watchOf([status(1, []), broken, good]);
      assert.equal(figures?.cpuPercent, 50);
    }
  });

  it("says nothing of a server that was started again meanwhile", async () => {
    assert.equal(await watchOf([status(5, []), status(1, [])]), undefined);
  });

  it("is all zeros and in real time when no tick was counted", async () => {
    const figures = await watchOf([status(0, []), status(1, [])]);
    assert.deepEqual(figures?.tickMs, { p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
    assert.equal(figures?.dilationMin, 100);
  });
});
