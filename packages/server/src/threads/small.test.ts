import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ByteWriter } from "@myriad/protocol";
import { batchKind, writeHeader } from "../bus/header.ts";
import { SameThreadBus } from "../bus/same-thread.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { Metrics } from "../observe/metrics.ts";
import { VirtualTime } from "../platform/virtual-time.ts";
import { FlushQueue } from "./flush-queue.ts";
import { IntentSchedule } from "./intent-schedule.ts";
import { mergedMetrics, mergedStatus } from "./merge.ts";
import { importRealm } from "./realm-module.ts";
import { makeSharedMemory, SharedState } from "./shared-state.ts";
import { threadCounts } from "./thread-counts.ts";
import { zoneChecks } from "./zone-checks.ts";

suite("how many threads", () => {
  test("one for one core, else gateways and zone workers by cores", () => {
    assert.equal(threadCounts("auto", { cores: 1, zones: 20 }), undefined);
    const by = (cores: number) => threadCounts("auto", { cores, zones: 20 });
    assert.deepEqual(by(2), { gateways: 1, workers: 1 });
    assert.deepEqual(by(4), { gateways: 2, workers: 2 });
    assert.deepEqual(by(8), { gateways: 5, workers: 3 });
    assert.deepEqual(by(128), { gateways: 32, workers: 20 });
  });

  test("what was asked for, but no more zone workers than zones", () => {
    assert.equal(threadCounts("single", { cores: 64, zones: 20 }), undefined);
    const asked = { gateways: 3, zones: 5 };
    assert.deepEqual(threadCounts(asked, { cores: 1, zones: 20 }), { gateways: 3, workers: 5 });
    assert.deepEqual(threadCounts(asked, { cores: 1, zones: 2 }), { gateways: 3, workers: 2 });
  });
});

suite("what threads share", () => {
  test("signs of life, the time of each zone's next tick, zones that are down", () => {
    const state = new SharedState(makeSharedMemory({ threads: 2, zones: 3 }));
    state.beat(1);
    state.beat(1);
    assert.deepEqual([state.pulseOf(0), state.pulseOf(1)], [0, 2]);
    state.noteNextTick(2, 40);
    const inMs = state.nextTickInMs(2);
    assert.ok(inMs > 20 && inMs <= 40.1, `${inMs}`);
    state.noteNextTick(2, -10);
    assert.ok(state.nextTickInMs(2) < -9);
    state.setDown(1, true);
    assert.deepEqual(
      [0, 1, 2].map((zone) => state.isDown(zone)),
      [false, true, false],
    );
    state.setDown(1, false);
    assert.equal(state.isDown(1), false);
  });

  test("is said by readiness: zones that are brought back, zones that are silent", () => {
    const shared = new SharedState(makeSharedMemory({ threads: 1, zones: 3 }));
    const silent = new Set([2]);
    const gateway = {
      zoneSilence: () => [0, 1, 2].map((zone) => ({ zone, silentMs: 0, isSilent: silent.has(zone) })),
    } as unknown as Gateway;
    shared.setDown(1, true);
    assert.deepEqual(zoneChecks({ gateway, shared })(), { ok: false, detail: "restoring: 1; silent: 2" });
    assert.deepEqual(zoneChecks({ gateway })(), { ok: false, detail: "silent: 2" });
    silent.clear();
    assert.deepEqual(zoneChecks({ gateway })(), { ok: true });
  });
});

suite("a gateway's intents", () => {
  test("go out once per tick, shortly before the zone ticks", () => {
    const time = new VirtualTime();
    let nextTickMs = 37;
    const sentMs: number[] = [];
    const schedule = new IntentSchedule({
      clock: time,
      timers: time,
      tickRateHz: 20,
      zones: 1,
      nextTickMs: () => nextTickMs,
      send: () => sentMs.push(time.nowMs()),
    });
    for (let ms = 0; ms < 1000; ms++) {
      time.advance(1);
      if (time.nowMs() >= nextTickMs) nextTickMs += 50;
    }
    // The first goes out unasked; from then on 1 to 6 ms before each tick.
    const leads = sentMs.slice(2).map((ms) => (37 - (ms % 50) + 50) % 50);
    assert.ok(
      leads.every((lead) => lead >= 1 && lead <= 7),
      leads.join(" "),
    );
    assert.ok(Math.abs(sentMs.length - 20) <= 2, `${sentMs.length} sent`);
    schedule.close();
    time.advance(500);
    assert.ok(sentMs.at(-1)! < 1001);
  });

  test("go out all the same to a zone that does not say when it ticks", () => {
    const time = new VirtualTime();
    let sent = 0;
    const schedule = new IntentSchedule({
      clock: time,
      timers: time,
      tickRateHz: 20,
      zones: 2,
      nextTickMs: () => -500,
      send: () => (sent += 1),
    });
    time.advance(1000);
    assert.ok(Math.abs(sent - 40) <= 2, `${sent} sent`);
    schedule.close();
  });
});

suite("flushes", () => {
  const frame = (zone: number, epoch = 1) => {
    const writer = new ByteWriter();
    writeHeader(writer, { kind: batchKind.tickFrame, realm: 1, zone, peer: 0, epoch, sequence: 1 });
    return writer.copy();
  };

  test("are one zone in each turn, once however many frames came of it", () => {
    const time = new VirtualTime();
    const bus = new SameThreadBus();
    const done: string[] = [];
    const queue = new FlushQueue({ timers: time, flush: (zone) => done.push(`flush ${zone}`) });
    const detach = queue.over(bus).onTickFrames(0, () => done.push("frame"));
    bus.sendTickFrame(0, frame(3));
    bus.sendTickFrame(0, frame(1));
    bus.sendTickFrame(0, frame(3));
    assert.deepEqual(done, ["frame", "frame", "frame"]);
    time.advance(0);
    assert.deepEqual(done.slice(3), ["flush 3", "flush 1"]);
    detach();
    bus.sendTickFrame(0, frame(3));
    time.advance(0);
    assert.equal(done.length, 5);
  });

  test("come before the first frame of a zone's new owner", () => {
    const time = new VirtualTime();
    const bus = new SameThreadBus();
    const done: string[] = [];
    const queue = new FlushQueue({ timers: time, flush: () => done.push("flush") });
    queue.over(bus).onTickFrames(0, () => done.push("frame"));
    bus.sendTickFrame(0, frame(3, 1));
    bus.sendTickFrame(0, frame(3, 2));
    time.advance(0);
    assert.deepEqual(done, ["frame", "flush", "frame", "flush"]);
  });
});

suite("measurements of several threads", () => {
  test("are added up, but for what belongs to the process", async () => {
    const all = [new Metrics(), new Metrics({ isProcess: false })];
    const phases = { takeInMs: 1, runMs: 1, commitMs: 0, replicateMs: 1, sendMs: 1 };
    for (const metrics of all) metrics.tick(1, phases, 4);
    all[0]!.dilation(80);
    all[1]!.forgetZone(1);
    const text = await mergedMetrics(
      await Promise.all(all.map(({ registry }) => registry.getMetricsAsJSON())),
    );
    assert.match(text, /^myriad_ticks_total 2$/m);
    assert.match(text, /^myriad_players\{zone="1"\} 4$/m);
    assert.match(text, /^myriad_dilation_percent 80$/m);
    assert.equal(text.match(/^myriad_memory_bytes\{kind="resident"\}/gm)?.length, 1);
    const [one, two] = all.map(({ status }) => status.read()) as [
      ReturnType<Metrics["status"]["read"]>,
      ReturnType<Metrics["status"]["read"]>,
    ];
    const merged = mergedStatus([one, two]);
    assert.equal(merged.ticks, 2);
    assert.equal(merged.rssBytes, Math.max(one.rssBytes, two.rssBytes));
    assert.equal(merged.tickMs.partsPerDoubling, one.tickMs.partsPerDoubling);
    assert.equal(
      merged.tickMs.counts.reduce((sum, count) => sum + count, 0),
      2,
    );
    assert.equal(merged.dilationPercent[80], 1);
    for (const metrics of all) metrics.close();
  });
});

suite("a realm's module", () => {
  const module = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;

  test("exports it as realm or by default", async () => {
    assert.equal((await importRealm(module("export const realm = { name: 'a', modules: [] }"))).name, "a");
    assert.equal((await importRealm(module("export default { name: 'b', modules: [] }"))).name, "b");
  });

  test("without one, or one that cannot be loaded, is an error that says so", async () => {
    const code = "realm_invalid";
    await assert.rejects(importRealm(module("export const other = 1")), { code, detail: /exports no realm/ });
    await assert.rejects(importRealm(module("throw new Error('broken')")), { code, detail: /broken/ });
  });
});
