import assert from "node:assert/strict";
import { test } from "node:test";
import { climb, judge, type Row } from "./ladder.ts";
import type { LoadFigures, Peer } from "./messages.ts";
import type { RunOutcome } from "./run.ts";

const good: LoadFigures = {
  cpuPercent: 20,
  rssMbMax: 100,
  updateHz: 20,
  slowUpdateHz: 19.9,
  refreshHz: 20,
  visibleMean: 30,
  ageMsMedian: 5,
  ageMsP99: 20,
  bytesPerSecond: 5000,
  updateBytes: 250,
  lost: 0,
  malformed: 0,
};

function outcomeWith(load: Partial<LoadFigures>, othersCpuPercent = 2): RunOutcome {
  const server = { cpuPercent: 50, rssMbMax: 100 };
  return { kind: "measured", server, load: { ...good, ...load }, othersCpuPercent };
}

test("a run holds when everybody and everything visible is updated at 95 percent of the rate, and nobody was lost", () => {
  assert.equal(judge(outcomeWith({})), "held");
  assert.equal(judge(outcomeWith({ updateHz: 19, refreshHz: 19 })), "held");
  assert.equal(judge(outcomeWith({ updateHz: 18.9 })), "missed");
  assert.equal(
    judge(outcomeWith({ refreshHz: 10 })),
    "missed",
    "messages that leave walkers out are no updates",
  );
  assert.equal(judge(outcomeWith({ lost: 1 })), "missed");
  assert.equal(judge(outcomeWith({ malformed: 1 })), "missed");
});

test("a run counts for nothing when the load program was over its limit, whether it held or not", () => {
  assert.equal(judge(outcomeWith({ cpuPercent: 80.1 })), "refused");
  assert.equal(judge(outcomeWith({ cpuPercent: 99, updateHz: 5 })), "refused");
  assert.equal(judge(outcomeWith({ cpuPercent: 80 })), "held");
});

test("a run that missed while others were busy says nothing; one that held all the same holds", () => {
  assert.equal(judge(outcomeWith({ updateHz: 12 }, 30)), "disturbed");
  assert.equal(judge(outcomeWith({ updateHz: 20 }, 30)), "held");
});

/** Climbs with servers that hold up to some count, and a load program that is too busy from another. */
async function climbWith(given: {
  limits: Partial<Record<Peer, number>>;
  counts: number[];
  tooBusyFrom?: number;
  badMoments?: string[];
  /** Runs in which something else keeps the cores busy. */
  disturbed?: string[];
}) {
  const runs: string[] = [];
  const told: Row[] = [];
  const badMoments = new Set(given.badMoments);
  const disturbed = [...(given.disturbed ?? [])];
  const climbs = await climb({
    peers: Object.keys(given.limits) as Peer[],
    counts: given.counts,
    async run(peer, players) {
      const name = `${peer} ${players}`;
      runs.push(name);
      if (players >= (given.tooBusyFrom ?? Number.POSITIVE_INFINITY)) return outcomeWith({ cpuPercent: 90 });
      const disturbance = disturbed.indexOf(name);
      if (disturbance >= 0) {
        disturbed.splice(disturbance, 1);
        return outcomeWith({ updateHz: 12 }, 60);
      }
      const isBad = badMoments.delete(name);
      return outcomeWith({ updateHz: isBad || players > given.limits[peer]! ? 12 : 20 });
    },
    tell: (row) => told.push(row),
  });
  return { climbs, runs, told };
}

test("counts go up, peers take turns, and who does not hold a count twice is not asked for more", async () => {
  const { runs, climbs, told } = await climbWith({
    limits: { myriad: 10_000, colyseus: 1000 },
    counts: [2000, 1000, 1100, 1000],
  });
  assert.deepEqual(runs, [
    "myriad 1000",
    "colyseus 1000",
    "myriad 1100",
    "colyseus 1100",
    "colyseus 1100",
    "myriad 2000",
  ]);
  assert.equal(told.length, runs.length);
  assert.deepEqual(
    climbs.map(({ peer, heldMax, isLimit }) => [peer, heldMax, isLimit]),
    [
      ["myriad", 2000, false],
      ["colyseus", 1000, true],
    ],
  );
});

test("a bad moment of the machine is no limit", async () => {
  const { climbs } = await climbWith({ limits: { ws: 5000 }, counts: [1000, 2000], badMoments: ["ws 1000"] });
  assert.equal(climbs[0]?.heldMax, 2000);
});

test("a disturbed run is repeated a few times, and then nothing is known of that count and beyond", async () => {
  const brief = await climbWith({
    limits: { ws: 5000 },
    counts: [1000, 2000],
    disturbed: ["ws 1000", "ws 1000"],
  });
  assert.equal(brief.climbs[0]?.heldMax, 2000);
  const long = await climbWith({
    limits: { ws: 5000 },
    counts: [1000, 1050],
    disturbed: Array(9).fill("ws 1050"),
  });
  assert.deepEqual([long.climbs[0]?.heldMax, long.climbs[0]?.isLimit], [1000, false]);
  assert.equal(long.runs.filter((run) => run === "ws 1050").length, 4);
});

test("the limit is narrowed down to a tenth", async () => {
  const { climbs, runs } = await climbWith({ limits: { colyseus: 1230 }, counts: [1000, 2000] });
  assert.equal(climbs[0]?.heldMax, 1150);
  assert.equal(climbs[0]?.isLimit, true);
  assert.deepEqual(
    new Set(runs),
    new Set(["1000", "2000", "1500", "1250", "1150"].map((n) => `colyseus ${n}`)),
  );
});

test("counts beyond what the load program carries are neither held nor missed", async () => {
  const { climbs, runs } = await climbWith({
    limits: { ws: 9000 },
    counts: [4000, 8000, 10_000],
    tooBusyFrom: 6000,
  });
  assert.equal(climbs[0]?.isLimit, false);
  assert.equal(climbs[0]?.heldMax, 5500);
  assert.equal(runs.filter((run) => run === "ws 8000").length, 1, "a refused run is not repeated");
  assert.ok(!runs.includes("ws 10000"));
});

test("who holds nothing has a limit of 0 and is not narrowed down", async () => {
  const { climbs, runs } = await climbWith({ limits: { colyseus: 10 }, counts: [1000] });
  assert.deepEqual([climbs[0]?.heldMax, climbs[0]?.isLimit, runs.length], [0, true, 2]);
});
