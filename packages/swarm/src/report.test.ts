import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { figuresOf } from "./figures.ts";
import { errorKindsMax, mismatchDetailsMax } from "./limits.ts";
import { Meters } from "./meters.ts";
import { tableOf, warningsOf } from "./report.ts";

function measured(change: (meters: Meters) => void = () => {}) {
  const meters = new Meters();
  meters.open();
  for (let i = 0; i < 1000; i++) meters.frame(100);
  for (let i = 0; i < 100; i++) meters.acknowledged(30 + i);
  meters.windowUpdates = 5000;
  change(meters);
  meters.close();
  const figures = figuresOf({
    players: 10,
    connected: 10,
    observers: 1,
    windowMs: 5000,
    playerMs: 50_000,
    cpuMs: 1234,
    meters,
  });
  return { meters, figures };
}

describe("figures", () => {
  it("have the promised keys, in their order", () => {
    const { figures } = measured();
    assert.equal(
      Object.keys(figures).join(),
      "players,connected,sessionsDropped,errors,seconds,framesPerSecondPerPlayer,bytesPerSecondPerPlayer," +
        "visiblePairUpdatesPerSecond,stateMismatches,intentToAckMs,frameGapMs,updateAgeMs,swarmCpuPercent",
    );
    assert.equal(Object.keys(figures.intentToAckMs).join(), "p50,p90,p99,p999,max");
    assert.equal(figures.framesPerSecondPerPlayer, 20);
    assert.equal(figures.bytesPerSecondPerPlayer, 2000);
    assert.equal(figures.visiblePairUpdatesPerSecond, 10_000);
    assert.equal(figures.swarmCpuPercent, 24.7);
  });

  it("forget what was measured before the window", () => {
    const meters = new Meters();
    meters.frame(10);
    meters.acknowledged(9999);
    meters.open();
    assert.deepEqual([meters.frames, meters.windowFrames, meters.intentToAck.count], [1, 0, 0]);
    assert.equal(meters.recentIntentToAck.count, 1);
  });
});

describe("tableOf", () => {
  it("shows the figures in rows", () => {
    const { figures, meters } = measured();
    const table = tableOf(figures, meters, 1);
    assert.match(table, /players +10 of 10, measured for 5\.0 s/);
    assert.match(table, /intent → ack +79\.\d +119\.\d +12\d\.\d/);
    assert.doesNotMatch(table, /×|mismatch:/);
  });

  it("lists what went wrong, most frequent first, and a bounded part of it", () => {
    const { figures, meters } = measured((given) => {
      given.error("rare");
      for (let i = 0; i < 3; i++) given.error("often");
      for (let i = 0; i < 100; i++) given.error(`kind ${i}`);
      const mismatch = { zone: 1, tick: 2, frame: 3, region: 4, level: 0, what: "digest" as const };
      for (let i = 0; i < 50; i++) given.mismatch(7, mismatch);
    });
    const table = tableOf(figures, meters, 1);
    assert.equal(figures.errors, 104);
    assert.equal(figures.stateMismatches, 50);
    assert.equal(meters.errorKinds.size, errorKindsMax);
    assert.match(table, /3 × often[^]*1 × rare/);
    assert.equal(table.match(/mismatch: digest, player 7, zone 1, tick 2/g)?.length, mismatchDetailsMax);
  });
});

describe("warningsOf", () => {
  it("is silent when all is well", () => {
    const { figures, meters } = measured();
    assert.deepEqual(warningsOf(figures, meters), []);
  });

  it("says that the swarm was the bottleneck, by its processor or by its timers", () => {
    const slow = measured((meters) => meters.timerLag.record(50));
    assert.match(
      warningsOf(slow.figures, slow.meters)[0] ?? "",
      /swarm itself was the bottleneck.*late by 50/,
    );
    const { figures, meters } = measured();
    const busy = warningsOf({ ...figures, swarmCpuPercent: 81 }, meters);
    assert.equal(busy.length, 1);
    assert.match(busy[0]!, /the swarm itself was the bottleneck \(81 % of a core.*fewer players/);
  });

  it("says that players are missing", () => {
    const { figures, meters } = measured();
    assert.match(
      warningsOf({ ...figures, connected: 7 }, meters)[0] ?? "",
      /3 players were not in the realm/,
    );
  });
});
