import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addTallies, figuresOf } from "./figures.ts";
import { errorKindsMax, mismatchDetailsMax } from "./limits.ts";
import { Meters } from "./meters.ts";
import { tableOf, warningsOf } from "./report.ts";
import { swarmOptions } from "./testing.ts";

function measured(change: (meters: Meters) => void = () => {}) {
  const meters = new Meters();
  meters.open();
  for (let i = 0; i < 1000; i++) meters.frame(100);
  for (let i = 0; i < 100; i++) meters.acknowledged(30 + i);
  meters.windowUpdates = 5000;
  change(meters);
  meters.close();
  const tally = {
    connected: 10,
    observers: 1,
    windowMs: 5000,
    playerMs: 50_000,
    cpuMs: 1234,
    equalAgain: 0,
    floodTold: 0,
    floodClosed: 0,
  };
  const figures = figuresOf(swarmOptions({ players: 10 }), tally, meters);
  return { meters, figures };
}

describe("figures", () => {
  it("have the promised keys, in their order", () => {
    const { figures } = measured();
    assert.equal(
      Object.keys(figures).join(),
      "players,connected,sessionsDropped,errors,seconds,framesPerSecondPerPlayer,bytesPerSecondPerPlayer," +
        "visiblePairUpdatesPerSecond,stateMismatches,intentToAckMs,frameGapMs,updateAgeMs,swarmCpuPercent,refreshGapMs",
    );
    assert.equal(Object.keys(figures.intentToAckMs).join(), "p50,p90,p99,p999,max");
    assert.equal(figures.framesPerSecondPerPlayer, 20);
    assert.equal(figures.bytesPerSecondPerPlayer, 2000);
    assert.equal(figures.visiblePairUpdatesPerSecond, 10_000);
    assert.equal(figures.swarmCpuPercent, 24.7);
  });

  it("of shares add up to those of one swarm", () => {
    const tally = {
      connected: 5,
      observers: 1,
      windowMs: 1000,
      playerMs: 5000,
      cpuMs: 200,
      equalAgain: 2,
      floodTold: 1,
      floodClosed: 1,
    };
    const shares = [10, 30].map((ms) => {
      const meters = new Meters();
      meters.open();
      for (let i = 0; i < 50; i++) meters.frame(200);
      meters.acknowledged(ms);
      meters.floodMs.record(1500);
      meters.floodSent = 7;
      meters.error(`after ${ms}`);
      meters.error("both");
      meters.mismatch(ms, { zone: 0, tick: 1, frame: 1, region: 0, level: 0, what: "digest" });
      return meters.read();
    });
    const meters = new Meters();
    for (const share of shares) meters.add(share);
    const options = swarmOptions({ players: 12, stall: { clients: 5, seconds: 1 }, flooders: 2 });
    const figures = figuresOf(options, addTallies([tally, { ...tally, windowMs: 900 }]), meters);
    assert.deepEqual([figures.connected, figures.errors, figures.stateMismatches], [10, 4, 2]);
    assert.deepEqual([figures.framesPerSecondPerPlayer, figures.bytesPerSecondPerPlayer], [10, 2000]);
    assert.deepEqual([figures.seconds, figures.swarmCpuPercent], [1, 40]);
    const { p50, max } = figures.intentToAckMs;
    assert.ok(Math.abs(p50 - 10) < 0.02 && Math.abs(max - 30) < 0.05, `${p50} ${max}`);
    assert.deepEqual(figures.stall, { clients: 5, seconds: 1, equalAgain: 4 });
    assert.deepEqual(figures.flood, { clients: 2, intents: 14, told: 2, closed: 2, closedAfterMs: 1500 });
    assert.deepEqual(Object.fromEntries(meters.errorKinds), { "after 10": 1, both: 2, "after 30": 1 });
    const table = tableOf(figures, meters, 2);
    assert.match(table, /stall +5 read nothing for 1 s, 4 were equal at the end/);
    assert.match(table, /flood +2 sent 14 intents; 2 were told, 2 closed, after 1\.5 s at most/);
    assert.deepEqual(warningsOf(figures, meters, 2), [], "who was closed for a flood is not missing");
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
    assert.equal(warningsOf({ ...figures, swarmCpuPercent: 81 }, meters, 2).length, 0, "two have two cores");
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
