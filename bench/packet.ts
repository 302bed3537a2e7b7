/**
 * One message of a player through the gateway: rate, decode, every field's range, the copy that waits for the batch, the
 * batch itself. Microseconds at the median and at p99.
 *
 * A message acknowledges a frame and carries one intent, as players send them; a hundred players take turns, so that no
 * two messages in a row find the same session in the cache. The reference is what any server must do: JSON.parse of the
 * same message as text, and the check of its fields.
 */
import { encodeInput, encodeRecord, defaultChannelRates, levelsOf } from "@myriad/protocol";
import { setTimeout } from "node:timers/promises";
import { Histogram } from "../packages/server/src/kernel/histogram.ts";
import { Move } from "../packages/server/src/gateway/testing.ts";
import { type TestClient, TestGateway } from "../packages/server/src/gateway/testing-gateway.ts";
import { VirtualTime } from "../packages/server/src/platform/virtual-time.ts";
import { createMemoryStore } from "../packages/server/src/store/sqlite/memory-store.ts";
import type { BenchOptions, BenchResult } from "./harness.ts";

const players = 100;
/** Messages measured in one round. */
const messagesPerRound = 20_000;
/** Messages of each player between two batches: at 10 a second and 20 ticks, one in every second tick. */
const messagesPerTick = 1;
const warmUpRounds = 3;

export async function run(options: BenchOptions): Promise<BenchResult> {
  options.progress(`${players} players join`);
  const time = new VirtualTime();
  const game = await TestGateway.start({
    time,
    store: createMemoryStore(),
    settle: () => setTimeout(1),
    walkers: 0,
    levels: levelsOf(defaultChannelRates, 20),
    limits: { messagesPerSecond: 10_000, messagesBurst: 100_000, idleMs: 1e9 },
  });
  const clients: TestClient[] = [];
  for (let i = 0; i < players; i++) clients.push(await game.join(`Bot ${i}`));
  game.tick();
  let seq = 0;
  const ours = new Histogram();
  const batches = new Histogram();
  const json = new Histogram();
  const rounds = warmUpRounds + options.rounds;
  for (let round = 0; round < rounds; round++) {
    options.progress(
      round < warmUpRounds ? "warming up" : `round ${round - warmUpRounds + 1} of ${options.rounds}`,
    );
    if (round === warmUpRounds) for (const histogram of [ours, batches, json]) histogram.reset();
    for (let sent = 0; sent < messagesPerRound; ) {
      for (let i = 0; i < messagesPerTick; i++) {
        seq += 1;
        for (const client of clients) {
          const message = messageOf(seq);
          const start = options.now();
          client.connection.say(message);
          ours.record((options.now() - start) * 1000);
          sent += 1;
        }
      }
      time.advance(50);
      const start = options.now();
      game.gateway.sendIntents();
      batches.record(((options.now() - start) * 1000) / (players * messagesPerTick));
      game.zones[0]!.step();
      game.zones[0]!.inputs.length = 0;
      for (const client of clients) client.connection.received.length = 0;
    }
    measureJson(json, seq, options);
  }
  game.gateway.close();
  return {
    results: {
      messageUsP50: ours.percentile(50),
      messageUsP99: ours.percentile(99),
      messageUsMean: ours.mean,
      batchUsPerIntent: batches.percentile(50),
      packetUsP99: ours.percentile(99) + batches.percentile(99),
      messages: ours.count,
    },
    references: { jsonUsP50: json.percentile(50), jsonUsP99: json.percentile(99) },
    ratios: { json: json.mean / (ours.mean + batches.mean) },
  };
}

function messageOf(seq: number): Uint8Array {
  const record = encodeRecord(Move.fields, { heading: (seq % 60) / 10, speed: seq % 4 });
  // As `ws` hands it over: a Buffer.
  return Buffer.from(encodeInput(seq, [{ seq, type: 0, record }]));
}

/** The same message as JSON: parsed and checked, nothing kept. */
function measureJson(histogram: Histogram, seq: number, { now }: BenchOptions): void {
  let valid = 0;
  for (let i = 0; i < messagesPerRound / 10; i++) {
    const text = JSON.stringify({
      ack: seq,
      intents: [{ seq: seq + i, type: "move", heading: (i % 60) / 10, speed: i % 4 }],
    });
    const start = now();
    valid += isMove(JSON.parse(text)) ? 1 : 0;
    histogram.record((now() - start) * 1000);
  }
  if (valid === 0) throw new Error("every message is valid");
}

function isMove(data: unknown): boolean {
  const message = data as {
    ack?: unknown;
    intents?: { seq?: unknown; type?: unknown; heading?: unknown; speed?: unknown }[];
  };
  if (!Number.isSafeInteger(message.ack) || !Array.isArray(message.intents)) return false;
  return message.intents.every(
    ({ seq, type, heading, speed }) =>
      Number.isSafeInteger(seq) &&
      type === "move" &&
      typeof heading === "number" &&
      heading >= 0 &&
      heading < 6.3 &&
      typeof speed === "number" &&
      speed >= 0 &&
      speed <= 3,
  );
}
