import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GatewayStats } from "../gateway/stats.ts";
import { VirtualTime } from "../platform/virtual-time.ts";
import { Health } from "./health.ts";
import { Metrics } from "./metrics.ts";

/** The value of one line of a scrape; undefined when there is none. */
function valueOf(text: string, line: string): number | undefined {
  const found = text.split("\n").find((candidate) => candidate.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.split(" ").at(-1));
}

suite("metrics", () => {
  test("tell of ticks, phases, players, lateness and dilation", async () => {
    const metrics = new Metrics();
    const phases = { takeInMs: 0.2, runMs: 3, commitMs: 0.1, replicateMs: 1, sendMs: 0.5 };
    metrics.tick(0, phases, 12);
    metrics.tick(1, phases, 3);
    metrics.composed(2);
    metrics.lateness(0.4);
    metrics.dilation(83);
    const text = await metrics.text();
    metrics.close();
    assert.equal(valueOf(text, "myriad_ticks_total"), 2);
    assert.equal(valueOf(text, 'myriad_tick_phase_ms_count{phase="run"}'), 2);
    assert.equal(valueOf(text, 'myriad_tick_phase_ms_count{phase="compose"}'), 1);
    assert.equal(valueOf(text, 'myriad_players{zone="0"}'), 12);
    assert.equal(valueOf(text, "myriad_tick_lateness_ms_count"), 1);
    assert.equal(valueOf(text, "myriad_dilation_percent"), 83);
    assert.ok(valueOf(text, 'myriad_memory_bytes{kind="resident"}')! > 1e6);
    assert.ok(valueOf(text, "myriad_cpu_seconds_total")! > 0);
    assert.ok(valueOf(text, 'myriad_event_loop_delay_ms{quantile="0.99"}') !== undefined);
    assert.ok(text.includes("myriad_gc_pause_ms"));
    assert.match(metrics.contentType, /text\/plain/);
  });

  test("count pauses of the collector", async () => {
    const metrics = new Metrics();
    for (let i = 0; i < 200; i++) Array.from({ length: 100_000 }, () => ({}));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(valueOf(await metrics.text(), "myriad_gc_pause_ms_count")! > 0);
    metrics.close();
  });

  test("read a gateway's counts when they are scraped, not twice", async () => {
    const metrics = new Metrics();
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
    metrics.watchGateway({ stats, counts: () => counts });
    stats.framesSent = 10;
    stats.closes.ticket_expired = 2;
    stats.messages.input = 5;
    stats.messagesDropped = 1;
    stats.intents.forwarded = 8;
    await metrics.text();
    stats.framesSent = 12;
    const text = await metrics.text();
    metrics.close();
    assert.equal(valueOf(text, "myriad_client_frames_total"), 12);
    assert.equal(valueOf(text, 'myriad_closes_total{reason="ticket_expired"}'), 2);
    assert.equal(valueOf(text, 'myriad_closes_total{reason="left"}'), 0);
    assert.equal(valueOf(text, 'myriad_messages_total{type="input"}'), 5);
    assert.equal(valueOf(text, 'myriad_messages_total{type="dropped"}'), 1);
    assert.equal(valueOf(text, 'myriad_intents_total{fate="forwarded"}'), 8);
    assert.equal(valueOf(text, 'myriad_sessions{state="absent"}'), 4);
    assert.equal(valueOf(text, "myriad_buffered_bytes"), 7);
  });
});

suite("metrics of game modules", () => {
  test("are counters, gauges and durations by name", async () => {
    const metrics = new Metrics();
    metrics.game.counter("kills");
    metrics.game.counter("kills", 2);
    metrics.game.gauge("camps_awake", -3);
    metrics.game.duration("chase", 40);
    const text = await metrics.text();
    metrics.close();
    assert.equal(valueOf(text, "myriad_game_kills_total"), 3);
    assert.equal(valueOf(text, "myriad_game_camps_awake"), -3);
    assert.equal(valueOf(text, "myriad_game_chase_ms_count"), 1);
    assert.equal(valueOf(text, "myriad_game_metrics_refused_total"), 0);
  });

  test("with bad names or values, of two kinds, or too many are refused, and nothing throws", async () => {
    const metrics = new Metrics();
    const { game } = metrics;
    game.counter("Kills");
    game.counter("__proto__");
    game.gauge("", 1);
    game.duration("x".repeat(65), 1);
    game.counter("fine", -1);
    game.counter("fine", Number.NaN);
    game.gauge("level", 1);
    game.counter("level");
    game.gauge("level", Number.POSITIVE_INFINITY);
    assert.equal(valueOf(await metrics.text(), "myriad_game_metrics_refused_total"), 8);
    for (let i = 0; i < 300; i++) game.counter(`many_${i}`);
    const text = await metrics.text();
    metrics.close();
    assert.equal(text.match(/^myriad_game_many_\d+_total /gm)!.length, 255);
    assert.equal(valueOf(text, "myriad_game_level"), 1);
  });
});

suite("readiness", () => {
  test("is that of every dependency, with its latency", async () => {
    const time = new VirtualTime();
    const health = new Health({ clock: time, timers: time });
    health.add("store", async () => {
      time.stall(3);
      return { ok: true };
    });
    assert.deepEqual(await health.readiness(), {
      ready: true,
      dependencies: [{ name: "store", ok: true, latencyMs: 3 }],
    });
    health.add("zone 1", () => ({ ok: false, detail: "silent" }));
    const { ready, dependencies } = await health.readiness();
    assert.equal(ready, false);
    assert.deepEqual(dependencies[1], { name: "zone 1", ok: false, latencyMs: 0, detail: "silent" });
  });

  test("does not wait for ever, and a check that throws is not ready", async () => {
    const time = new VirtualTime();
    const health = new Health({ clock: time, timers: time });
    health.add("hangs", () => new Promise(() => {}));
    health.add("throws", () => {
      throw new Error("broken");
    });
    health.add("rejects", () => Promise.reject(Object.create(null)));
    const answer = health.readiness();
    await new Promise((resolve) => setImmediate(resolve));
    time.advance(2000);
    const { dependencies } = await answer;
    assert.deepEqual(
      dependencies.map(({ ok, detail }) => ({ ok, detail })),
      [
        { ok: false, detail: "no answer in time" },
        { ok: false, detail: "broken" },
        { ok: false, detail: "failed" },
      ],
    );
    assert.equal(time.waiting, 0);
  });
});
