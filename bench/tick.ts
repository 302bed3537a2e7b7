/**
 * The replication tick: find changes, encode, hand over, compose, for 1,000 and 10,000 moving entities and 1,000 viewers.
 *
 * References: protobufjs encoding the same records, once for each viewer (what a server without shared blocks does) and
 * once in all (what it would cost if sharing were free).
 * Invariant: the zone and the gateway are the real ones; only sockets are left out, frames go to a sink.
 */
import {
  angle,
  bool,
  cosmetic,
  critical,
  defaultChannelRates,
  defineSchema,
  describe,
  detailed,
  encodeHello,
  encodeInput,
  encodeRecord,
  entity,
  fact,
  formatVersion,
  intent,
  levelsOf,
  metadata,
  number,
  oneOf,
  position,
  schemaHash,
  server,
  subprotocol,
  text,
  uint,
  unit,
} from "@myriad/protocol";
import protobuf from "protobufjs";
import { realmTag } from "../packages/server/src/bus/header.ts";
import { SameThreadBus } from "../packages/server/src/bus/same-thread.ts";
import { Gateway } from "../packages/server/src/gateway/gateway.ts";
import type { TicketVerifier } from "../packages/server/src/gateway/tickets.ts";
import type { Connection, ConnectionListener } from "../packages/server/src/gateway/transport.ts";
import { VirtualTime } from "../packages/server/src/platform/virtual-time.ts";
import { createMemoryStore } from "../packages/server/src/store/sqlite/memory-store.ts";
import { defineModule, defineRealm, every, on } from "../packages/server/src/zone/definitions.ts";
import { noMetrics } from "../packages/server/src/zone/metrics-port.ts";
import { compile } from "../packages/server/src/zone/program.ts";
import { ZoneHost } from "../packages/server/src/zone/zone-host.ts";
import { type BenchOptions, type BenchResult, median, percentile } from "./harness.ts";

const Walker = entity(
  "walker",
  {
    position: critical(position()),
    heading: critical(angle(8)),
    health: critical(unit(8)),
    action: detailed(oneOf("idle", "walk", "swing")),
    emote: cosmetic(uint(4)),
    name: metadata(text(16)),
    vx: server(number()),
    vy: server(number()),
  },
  { wakes: true },
);
const Stand = intent("stand", { still: bool() });
const Stood = fact("stood", { still: bool() });
const schema = defineSchema({
  name: "tick",
  version: "1",
  entities: [Walker],
  intents: [Stand],
  facts: [Stood],
});

const tickRateHz = 20;
const warmUpTicks = 100;

interface Measured {
  readonly simulateMs: number;
  readonly findAndEncodeMs: number;
  readonly handOverMs: number;
  readonly composeMs: number;
  readonly viewers: number;
  readonly frameBytes: number;
  readonly bytesPerUpdate: number;
  readonly protobufMs: number;
  readonly protobufOnceMs: number;
  /** From an intent's handler to the frame with its fact at the socket. */
  readonly eventMs: readonly number[];
  /** From a tick's beginning to its last frame at a socket. */
  readonly lagMs: readonly number[];
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const ticks = Math.max(80, options.rounds * 16);
  const few = await measure({ entities: 1000, viewers: 100, sideM: 512, ticks, options });
  const all = await measure({ entities: 1000, viewers: 1000, sideM: 512, ticks, options });
  const many = await measure({ entities: 10_000, viewers: 1000, sideM: 1600, ticks, options });
  return {
    results: {
      simulateMs1000: few.simulateMs,
      findAndEncodeMs1000: few.findAndEncodeMs,
      handOverMs1000: few.handOverMs,
      composeUsPerFrame: (all.composeMs * 1000) / all.viewers,
      replicationTickMs1000: replicationMs(few),
      replicationTickMs1000Viewers1000: replicationMs(all),
      findAndEncodeMs10000: many.findAndEncodeMs,
      replicationTickMs10000Viewers1000: replicationMs(many),
      findAndEncodeViewers1000To100: all.findAndEncodeMs / few.findAndEncodeMs,
      frameBytes: all.frameBytes,
      bytesPerUpdate: all.bytesPerUpdate,
      eventMsP50: percentile(all.eventMs, 50),
      eventMsP99: percentile(all.eventMs, 99),
      eventMsP99Entities10000: percentile(many.eventMs, 99),
      lagMsP50: percentile(all.lagMs, 50),
      lagMsP99: percentile(all.lagMs, 99),
      lagMsP99Entities10000: percentile(many.lagMs, 99),
    },
    references: {
      protobufjsMs1000Viewers100: few.protobufMs,
      protobufjsMs1000Viewers1000: all.protobufMs,
      protobufjsMs10000Viewers1000: many.protobufMs,
      protobufjsOnceMs1000: few.protobufOnceMs,
    },
    ratios: {
      protobufjs: all.protobufMs / replicationMs(all),
      protobufjsViewers100: few.protobufMs / replicationMs(few),
      protobufjs10000: many.protobufMs / replicationMs(many),
      protobufjsOnce: few.protobufOnceMs / few.findAndEncodeMs,
    },
  };
}

/** Everything between the simulation and the sockets. */
function replicationMs(m: Measured): number {
  return m.findAndEncodeMs + m.handOverMs + m.composeMs;
}

interface Size {
  readonly entities: number;
  readonly viewers: number;
  readonly sideM: number;
}

async function measure(at: Size & { ticks: number; options: BenchOptions }): Promise<Measured> {
  const { entities, viewers, ticks, options } = at;
  const label = `${entities} entities, ${viewers} viewers`;
  options.progress(`${label}: joining`);
  const world = await build(at);
  const { host, gateway, sinks, time } = world;
  const simulate: number[] = [];
  const encode: number[] = [];
  const handOver: number[] = [];
  const compose: number[] = [];
  const event: number[] = [];
  const lag: number[] = [];
  let bytes = 0;
  for (let tick = 0; tick < warmUpTicks + ticks; tick++) {
    if (tick % 20 === 0) options.progress(`${label}: tick ${tick} of ${warmUpTicks + ticks}`);
    const asker = sinks[tick % sinks.length]!;
    for (const sink of sinks) sink.acknowledge(sink === asker ? tick + 1 : 0);
    gateway.sendIntents();
    const began = options.now();
    host.tick(100);
    for (const sink of sinks) sink.bytes = 0;
    const start = options.now();
    gateway.flush();
    const composed = options.now() - start;
    time.advance(1000 / tickRateHz);
    if (tick < warmUpTicks) continue;
    lag.push(start + composed - began);
    if (asker.sentAtMs > world.handled.atMs) event.push(asker.sentAtMs - world.handled.atMs);
    simulate.push(host.phases.runMs);
    encode.push(host.phases.replicateMs);
    handOver.push(host.phases.sendMs);
    compose.push(composed);
    for (const sink of sinks) bytes += sink.bytes;
  }
  // One longest stride of ticks has every level as often as it is due: the mean over it is the mean for ever.
  const message = protobufMessage();
  const cycleTicks = 8;
  const proto: number[] = [];
  const protoOnce: number[] = [];
  let updates = 0;
  for (let tick = 0; tick < cycleTicks; tick++) {
    options.progress(`${label}: protobufjs, ${tick + 1} of ${cycleTicks}`);
    const seen = world.visible(tick);
    updates += seen.total / cycleTicks;
    const each = () => {
      for (const records of seen.lists) message.encode({ records }).finish();
    };
    const once = () => {
      for (const records of seen.planes) message.encode({ records }).finish();
    };
    for (let warm = 0; warm < 3; warm++) each();
    for (let warm = 0; warm < 3; warm++) once();
    proto.push(median(Array.from({ length: 5 }, () => timeOf(each, options.now))));
    protoOnce.push(median(Array.from({ length: 9 }, () => timeOf(once, options.now))));
  }
  gateway.close();
  host.close();
  return {
    simulateMs: median(simulate),
    findAndEncodeMs: cycleMedian(encode),
    handOverMs: cycleMedian(handOver),
    composeMs: cycleMedian(compose),
    viewers,
    frameBytes: bytes / (ticks * viewers),
    bytesPerUpdate: bytes / (ticks * updates),
    protobufMs: mean(proto),
    protobufOnceMs: mean(protoOnce),
    eventMs: event,
    lagMs: lag,
  };
}

/** Ticks of a cycle differ by the levels that are due: the median of each place in the cycle, then their mean. */
function cycleMedian(values: readonly number[]): number {
  return mean(
    Array.from({ length: 8 }, (_, place) => median(values.filter((__, index) => index % 8 === place))),
  );
}

async function build(size: Size) {
  const { entities, sideM, viewers } = size;
  const handled = { atMs: 0 };
  const time = new VirtualTime();
  const bus = new SameThreadBus();
  const store = createMemoryStore({ realmId: "tick" });
  const levels = levelsOf(defaultChannelRates, tickRateHz);
  const realm = defineRealm({
    name: "tick",
    schema,
    modules: [walkers(entities - viewers, handled)],
    player: Walker,
    zones: () => [{ name: "field", bounds: { x: 0, y: 0, width: sideM, height: sideM } }],
    spawnPoint: (_, chance) => ({ zone: 0, x: chance * sideM, y: ((chance * 9973) % 1) * sideM }),
    characterSchemaVersion: 1,
  });
  const zones = realm.zones(1);
  const host = new ZoneHost({
    zone: 0,
    zones,
    program: compile(realm),
    realmTag: realmTag("tick"),
    epoch: 1,
    tickRateHz,
    levels,
    regionSizeM: 64,
    regionHysteresisM: 2,
    borderDepthM: 64,
    // Saves are the store's bench; here they would only make noise.
    saveEveryMs: 600_000,
    seed: 1,
    metrics: noMetrics,
    report: ({ error }) => {
      throw error;
    },
    rowsMax: { walker: 16_384 },
    bus,
    store,
    gateways: [0],
    nowMs: () => performance.now(),
    wallMs: () => time.wallMs(),
    delay: async () => {},
  });
  const gateway = new Gateway({
    index: 0,
    realm: "tick",
    version: "bench",
    schema,
    tickRateHz,
    regionSizeM: 64,
    levels,
    hysteresisPercent: 10,
    viewStepM: 2,
    zones: [{ zone: 0, name: "field", bounds: zones[0]!.bounds }],
    capacity: viewers,
    limits: {
      messagesPerSecond: 1000,
      messagesBurst: 1000,
      handshakeMs: 60_000,
      idleMs: 600_000,
      heartbeatMs: 300_000,
      resumeSeconds: 10,
    },
    isOriginAllowed: () => true,
    newCharacter: () => ({ zone: 0, schemaVersion: 1, state: new Uint8Array(0) }),
    bus,
    store,
    tickets: openTickets(time),
    clock: time,
    timers: time,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    onFailure: (error) => {
      throw error;
    },
  });
  const sinks = Array.from({ length: viewers }, (_, index) => new Sink(`w${index}`));
  for (const sink of sinks) gateway.accept(sink);
  for (let tick = 0; tick < 200 && sinks.some((sink) => sink.frame === 0); tick++) {
    gateway.sendIntents();
    host.tick(100);
    gateway.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const table = host.core.world.table(Walker);
  const { x, y } = table.columns.position;
  /** Records that are due in each viewer's rings at a tick, and in each plane, as objects for protobufjs. */
  const visible = (tick: number) => {
    const { grid } = host.core;
    const records = Array.from({ length: table.rowsUsed }, (_, row) => ({
      id: row,
      x: Math.round(x[row]! * 64),
      y: Math.round(y[row]! * 64),
      heading: Math.round(table.columns.heading[row]! * 40) & 255,
      health: 255,
    }));
    const byRegion: (typeof records)[] = Array.from({ length: grid.count }, () => []);
    for (const record of records) byRegion[grid.at(x[record.id]!, y[record.id]!)]!.push(record);
    const due = levels.map((level) => tick % level.strideTicks === 0);
    let total = 0;
    const lists = [...host.core.sessions.bySession.values()].map((session) => {
      const own = table.row(session.player);
      const list = byRegion.flatMap((members, region) => {
        const distance = grid.distanceTo(region, x[own]!, y[own]!);
        const level = levels.findIndex(({ radiusM }) => distance <= radiusM);
        return level >= 0 && due[level] ? members : [];
      });
      total += list.length;
      return list;
    });
    return { lists, total, planes: levels.filter((_, level) => due[level]).map(() => records) };
  };
  return { host, gateway, sinks, time, visible, handled };
}

/** Everybody runs and turns; some fight. Who asks to stand is told so, and when that was is noted. */
function walkers(others: number, handled: { atMs: number }) {
  return defineModule({
    name: "walkers",
    entities: [Walker],
    intents: [
      on(Stand, (zone, actor, { still }) => {
        handled.atMs = performance.now();
        zone.tell(actor, Stood, { still });
      }),
    ],
    populate: (zone) => {
      for (let i = 0; i < others; i++) {
        const x = zone.random.float() * zone.bounds.width;
        const y = zone.random.float() * zone.bounds.height;
        zone.spawn(Walker, { position: { x, y }, health: 1, name: `c${i}` });
      }
    },
    systems: [
      every(
        0,
        function walk(zone) {
          const table = zone.table(Walker);
          const { position: at, vx, vy, heading, action, health } = table.columns;
          const { width, height } = zone.bounds;
          for (let row = table.next(-1); row >= 0; row = table.next(row)) {
            if (vx[row] === 0) {
              vx[row] = zone.random.float() * 10 - 5;
              vy[row] = zone.random.float() * 10 - 5;
              health[row] = 1;
            }
            at.x[row] = at.x[row]! + vx[row]! / tickRateHz;
            at.y[row] = at.y[row]! + vy[row]! / tickRateHz;
            if (at.x[row]! < 0 || at.x[row]! > width) vx[row] = -vx[row]!;
            if (at.y[row]! < 0 || at.y[row]! > height) vy[row] = -vy[row]!;
            if ((row + zone.tick) % 8 === 0) heading[row] = (heading[row]! + 0.3) % 6.28;
            if ((row + zone.tick) % 40 === 0) action[row] = (action[row]! + 1) % 3;
          }
        },
        { moves: true },
      ),
    ],
  });
}

const standing = encodeRecord(Stand.fields, { still: true });

/** A connection that swallows frames and acknowledges them. */
class Sink implements Connection {
  readonly remoteAddress = "127.0.0.1";
  readonly origin = undefined;
  readonly offered: readonly string[];
  readonly bufferedBytes = 0;
  frame = 0;
  bytes = 0;
  sentAtMs = 0;
  #listener: ConnectionListener | undefined;

  constructor(name: string) {
    this.offered = [subprotocol, `ticket.${name}`];
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    const hash = schemaHash(describe(schema));
    listener.message(
      encodeHello({ formatVersion, schemaHash: hash, wantsDigests: false, lastFact: 0, client: "sink" }),
    );
  }

  /** Acknowledges the last frame; with a number it asks for something, too. */
  acknowledge(asked: number): void {
    if (this.frame === 0) return;
    const intents = asked === 0 ? [] : [{ seq: asked, type: 0, record: standing }];
    this.#listener?.message(encodeInput(this.frame, intents));
  }

  send(): void {}

  sendFrame(bytes: Uint8Array, start: number, end: number): boolean {
    // The frame's number stands behind the message's first byte.
    const at = start + 1;
    this.frame = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    this.bytes = end - start;
    this.sentAtMs = performance.now();
    return true;
  }

  ping(): void {}

  rest(): boolean {
    return true;
  }

  close(): void {
    this.#listener?.closed();
  }

  terminate(): void {}
}

function openTickets(time: VirtualTime): TicketVerifier {
  const verify = async (token: string) => ({
    ok: true,
    value: { ticketId: token, subject: token, name: token, expiresAtMs: time.wallMs() + 30_000 },
  });
  return { verify } as unknown as TicketVerifier;
}

function protobufMessage(): protobuf.Type {
  const { root } = protobuf.parse(`syntax = "proto3";
    message Update { uint32 id = 1; sint32 x = 2; sint32 y = 3; uint32 heading = 4; uint32 health = 5; }
    message Frame { repeated Update records = 1; }`);
  return root.lookupType("Frame");
}

function timeOf(work: () => void, now: () => number): number {
  const start = now();
  work();
  return now() - start;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
