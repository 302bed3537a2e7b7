/**
 * Zones under a magnifying glass: a realm whose rules each test gives, on a bus that may lose or double what zones tell
 * each other, with everything that sessions are told written down.
 *
 * Invariant: the same calls give the same worlds; store replies arrive between two ticks.
 */
import assert from "node:assert/strict";
import {
  ByteReader,
  ByteWriter,
  type ChannelRates,
  critical,
  decodeRecord,
  defaultChannelRates,
  defineSchema,
  detailed,
  encodeRecord,
  entity,
  entityRef,
  type EntityRef,
  fact,
  intent,
  levelsOf,
  metadata,
  number,
  oneOf,
  position,
  type RecordValue,
  saved,
  self,
  server,
  text,
  uint,
} from "@myriad/protocol";
import { encodeCharacter } from "../../packages/server/src/bus/character.ts";
import { batchKind, realmTag } from "../../packages/server/src/bus/header.ts";
import { type SessionInput, writeIntentBatch } from "../../packages/server/src/bus/intent-batch.ts";
import { SameThreadBus } from "../../packages/server/src/bus/same-thread.ts";
import { readTickFrame, type TickFrame } from "../../packages/server/src/bus/tick-frame.ts";
import type { EventType } from "../../packages/server/src/events/event-type.ts";
import type { Listener } from "../../packages/server/src/events/listen.ts";
import type { Outcome } from "../../packages/server/src/ledger/port.ts";
import type { CrowdOptions } from "../../packages/server/src/replication/replicator.ts";
import type { Store } from "../../packages/server/src/store/port.ts";
import { createMemoryStore } from "../../packages/server/src/store/sqlite/memory-store.ts";
import type { ZoneApi } from "../../packages/server/src/zone/api.ts";
import {
  type Area,
  defineModule,
  defineRealm,
  type MessageType,
  message,
  on,
  onMessage,
  onReply,
  onTimer,
  type Realm,
  reply,
  state,
  type System,
  timer,
} from "../../packages/server/src/zone/definitions.ts";
import type { TickInputs } from "../../packages/server/src/zone/inputs.ts";
import { type Metrics, noMetrics } from "../../packages/server/src/zone/metrics-port.ts";
import { checkedZones, compile } from "../../packages/server/src/zone/program.ts";
import { ZoneHost } from "../../packages/server/src/zone/zone-host.ts";

export const Player = entity(
  "player",
  {
    position: critical(position()),
    look: detailed(uint(8)),
    name: metadata(text(16)),
    hits: saved(self(uint(16))),
    vx: server(number()),
    vy: server(number()),
    target: server(entityRef()),
    memory: saved(server(text(40))),
  },
  { wakes: true, group: ["position", "name"] },
);
export const Drone = entity("drone", {
  position: critical(position()),
  vx: server(number()),
  target: server(entityRef()),
});
export const Ledgered = entity("ledgered", { words: server(text(20)) });

/** What a player asks for; the test's `act` says what it means. */
export const Act = intent("act", {
  what: oneOf("nothing", "go", "poke"),
  number: uint(32),
  target: entityRef(),
});
export const Wave = intent("wave", { words: text(20) });
export const Told = fact("told", { words: text(60), by: entityRef() });
export const Poked = message("probe.poked", { by: entityRef(), words: text(20) });
export const Echoed = message("probe.echoed", { by: entityRef(), words: text(20) });
export const Answered = reply("probe.answered", { place: uint(8), who: entityRef() });
export const Ring = timer("probe.ring", { words: text(20), who: entityRef() });
export const counters = state("probe.counters", { steps: number(), last: entityRef() });

export const schema = defineSchema({
  name: "probe",
  version: "1",
  entities: [Player, Drone, Ledgered],
  intents: [Act, Wave],
  facts: [Told],
});

export type ActValue = RecordValue<typeof Act.fields>;
export type MessageValue = RecordValue<typeof Poked.fields>;

/** What a test decides of the game. */
export interface Rules {
  readonly act?: (zone: ZoneApi, actor: EntityRef, args: ActValue) => void;
  readonly wave?: (zone: ZoneApi, actor: EntityRef, words: string) => void;
  readonly poked?: (zone: ZoneApi, target: EntityRef, args: MessageValue) => void;
  readonly echoed?: (zone: ZoneApi, target: EntityRef, args: MessageValue) => void;
  readonly answered?: (
    zone: ZoneApi,
    owner: EntityRef,
    args: RecordValue<typeof Answered.fields>,
    outcome: Outcome,
  ) => void;
  readonly rang?: (zone: ZoneApi, owner: EntityRef, args: RecordValue<typeof Ring.fields>) => void;
  readonly systems?: readonly System[];
  readonly events?: readonly Listener<ZoneApi>[];
  readonly emits?: readonly EventType<never>[];
  readonly populate?: (zone: ZoneApi) => void;
  readonly areas?: (zone: number) => readonly Area[];
  /** Metres of nothing between two zones. @default 0 */
  readonly gapM?: number;
  readonly spawnAt?: { readonly zone: number; readonly x: number; readonly y: number };
}

/** Side of a zone, metres; zones lie in a row from west to east. */
export const sideM = 200;

export function probeRealm(rules: Rules): Realm {
  const { gapM = 0, spawnAt = { zone: 0, x: 100, y: 100 } } = rules;
  const probe = defineModule({
    name: "probe",
    entities: [Player, Drone, Ledgered],
    states: [counters],
    intents: [
      on(Act, (zone, actor, args) => rules.act?.(zone, actor, args)),
      on(Wave, (zone, actor, { words }) => rules.wave?.(zone, actor, words)),
    ],
    messages: [
      onMessage(Poked, (zone, target, args) => rules.poked?.(zone, target, args)),
      onMessage(Echoed, (zone, target, args) => rules.echoed?.(zone, target, args)),
    ],
    replies: [
      onReply(Answered, (zone, owner, args, outcome) => rules.answered?.(zone, owner, args, outcome)),
    ],
    timers: [onTimer(Ring, (zone, owner, args) => rules.rang?.(zone, owner, args))],
    systems: rules.systems ?? [],
    events: rules.events ?? [],
    emits: (rules.emits ?? []) as readonly EventType<unknown>[],
    ...(rules.populate === undefined ? {} : { populate: rules.populate }),
  });
  return defineRealm({
    name: "probe",
    schema,
    modules: [probe],
    player: Player,
    zones: (count) =>
      Array.from({ length: count }, (_, i) => ({
        name: `z${i}`,
        bounds: { x: i * (sideM + gapM), y: 0, width: sideM, height: sideM },
        areas: rules.areas?.(i) ?? [],
      })),
    spawnPoint: () => spawnAt,
    characterSchemaVersion: 1,
  });
}

/** Loses and doubles what zones tell each other, as a test says. */
export class LossyBus extends SameThreadBus {
  /** How often a batch arrives: 0 is lost, 2 is doubled. */
  copies: (from: number, to: number, tick: number) => number = () => 1;

  override sendZoneBatch(toZone: number, batch: Uint8Array): void {
    const reader = new ByteReader(batch, 8);
    const from = reader.u16();
    reader.skip(6);
    const copies = this.copies(from, toZone, reader.u32());
    for (let i = 0; i < copies; i++) super.sendZoneBatch(toZone, batch);
  }
}

export interface ProbeOptions extends Rules {
  /** @default 1 */
  readonly zones?: number;
  /** @default 20 */
  readonly tickRateHz?: number;
  /** @default 5000 */
  readonly saveEveryMs?: number;
  readonly metrics?: Metrics;
  readonly rates?: ChannelRates;
  /** When regions split and merge. @default they never do */
  readonly crowds?: CrowdOptions;
  readonly rowsMax?: Readonly<Record<string, number>>;
  readonly gateways?: readonly number[];
  /** Stands between zones and the store. */
  readonly wrapStore?: (store: Store) => Store;
  readonly journal?: (zone: number, tick: number, inputs: TickInputs) => void;
}

/** A session as its gateway knows it. */
export interface ProbeSession {
  readonly session: number;
  readonly name: string;
  zone: number;
  ended: string | undefined;
  lastIntent: number;
  readonly told: string[];
}

export class Probe {
  readonly bus = new LossyBus();
  readonly store: Store;
  readonly realm: Realm;
  readonly hosts: readonly ZoneHost[];
  readonly sessions = new Map<number, ProbeSession>();
  readonly problems: { module: string; what: string; error: unknown }[] = [];
  /** The last tick frame of each zone for the first gateway. */
  readonly frames: TickFrame[] = [];
  /** Every tick frame since the test last looked. */
  readonly allFrames: TickFrame[] = [];
  readonly waits: number[] = [];
  /** Asked of the next intent batch of every zone. */
  asks: { wantsDigests?: boolean; keyframes?: number[]; selves?: number[] } = {};
  readonly #gateways: readonly number[];
  readonly #pending = new Map<number, SessionInput[]>();
  #nextSession = 1;

  constructor(options: ProbeOptions = {}) {
    const { tickRateHz = 20, saveEveryMs = 5000, metrics = noMetrics, gateways = [0] } = options;
    const store = createMemoryStore({ realmId: "probe" });
    this.store = options.wrapStore?.(store) ?? store;
    this.realm = probeRealm(options);
    this.#gateways = gateways;
    const program = compile(this.realm);
    const zones = checkedZones(this.realm, options.zones ?? 1);
    this.hosts = zones.map(
      (_, zone) =>
        new ZoneHost({
          zone,
          zones,
          program,
          realmTag: realmTag("probe"),
          epoch: 1,
          tickRateHz,
          levels: levelsOf(options.rates ?? defaultChannelRates, tickRateHz),
          regionSizeM: 64,
          regionHysteresisM: 2,
          borderDepthM: 64,
          saveEveryMs,
          seed: 1,
          metrics,
          report: (problem) => this.problems.push(problem),
          bus: this.bus,
          store: this.store,
          gateways,
          nowMs: () => 0,
          wallMs: () => 0,
          delay: async (ms) => {
            this.waits.push(ms);
            // Not at once: a store that fails for ever would leave no turn to anybody else.
            await new Promise((resolve) => setImmediate(resolve));
          },
          ...(options.crowds === undefined ? {} : { crowds: options.crowds }),
          ...(options.rowsMax === undefined ? {} : { rowsMax: options.rowsMax }),
          ...(options.journal === undefined
            ? {}
            : { journal: (tick, inputs) => options.journal!(zone, tick, inputs) }),
        }),
    );
    for (const gateway of gateways) this.bus.onTickFrames(gateway, (batch) => this.#receive(batch));
  }

  get tick(): number {
    return this.hosts[0]!.core.tick;
  }

  /** The parts of one zone that game code sees. */
  api(zone = 0): ZoneApi {
    return this.hosts[zone]!.core.api;
  }

  /** Opens a character and hands it to its zone, as a gateway would; it is in the world after the next tick. */
  async enter(name: string, gateway = this.#gateways[0]!): Promise<ProbeSession> {
    const account = await this.store.account({ subject: name, name });
    const opened = await this.store.openCharacter({
      accountId: account.accountId,
      name,
      initial: { zone: 0, schemaVersion: 1, state: new Uint8Array(0) },
    });
    assert.ok(opened.ok);
    const items = await this.store.ledger.items({ kind: "character", id: opened.value.characterId });
    const session = ((gateway << 24) | this.#nextSession++) >>> 0;
    const player = { session, name, zone: opened.value.zone, ended: undefined, lastIntent: 0, told: [] };
    this.sessions.set(session, player);
    const character = encodeCharacter({ ...opened.value, items });
    this.input(player.zone, { kind: "join", session, character, lastIntent: 0 });
    return player;
  }

  async join(name: string, at?: { x: number; y: number }, gateway?: number): Promise<ProbeSession> {
    const player = await this.enter(name, gateway);
    await this.run(1);
    if (at !== undefined) this.put(this.ref(player), at, player.zone);
    return player;
  }

  input(zone: number, input: SessionInput): void {
    const list = this.#pending.get(zone);
    if (list === undefined) this.#pending.set(zone, [input]);
    else list.push(input);
  }

  act(player: ProbeSession, args: Partial<ActValue> = {}): void {
    this.record(player, 0, encodeRecord(Act.fields, { what: "nothing", number: 0, target: 0, ...args }));
  }

  wave(player: ProbeSession, words: string): void {
    this.record(player, 1, encodeRecord(Wave.fields, { words }));
  }

  /** Sends an intent as bytes. */
  record(player: ProbeSession, type: number, record: Uint8Array): void {
    const seq = ++player.lastIntent;
    this.input(player.zone, { kind: "intent", session: player.session, seq, type, record });
  }

  leave(player: ProbeSession, reason = 0): void {
    this.input(player.zone, { kind: "leave", session: player.session, reason });
  }

  /** Runs ticks of all zones in lockstep; store replies settle after each. */
  async run(ticks: number, each?: () => void): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      this.#sendInputs();
      for (const host of this.hosts) host.tick(100);
      await new Promise((resolve) => setImmediate(resolve));
      each?.();
    }
  }

  /** The session's entity in its home zone; 0 when it has none. */
  ref(player: ProbeSession): EntityRef {
    const session = this.hosts[player.zone]!.core.sessions.bySession.get(player.session);
    return session === undefined || session.leaving !== undefined ? 0 : session.player;
  }

  /** Sets an entity somewhere between two ticks. */
  put(ref: EntityRef, at: { x: number; y: number }, zone = 0): void {
    const { world } = this.hosts[zone]!.core;
    for (const kind of [Player, Drone]) {
      const row = world.table(kind).row(ref);
      if (row < 0) continue;
      const { x, y } = world.table(kind).columns.position;
      x[row] = at.x;
      y[row] = at.y;
    }
  }

  /** Rows of a kind's ghosts in a zone. */
  ghosts(zone: number, kind: typeof Player | typeof Drone = Player): EntityRef[] {
    const table = this.hosts[zone]!.core.world.table<typeof Drone.fields>(kind as typeof Drone);
    const refs: EntityRef[] = [];
    for (let row = table.nextSeen(-1); row >= 0; row = table.nextSeen(row))
      if (table.isGhost(row)) refs.push(table.ref(row));
    return refs;
  }

  #sendInputs(): void {
    const { wantsDigests = false, keyframes = [], selves = [] } = this.asks;
    this.asks = {};
    const zones = new Set([
      ...this.#pending.keys(),
      ...(keyframes.length + selves.length > 0 || wantsDigests ? [0] : []),
    ]);
    for (const zone of zones) {
      for (const gateway of this.#gateways) {
        const inputs = (this.#pending.get(zone) ?? []).filter(({ session }) => session >>> 24 === gateway);
        const writer = new ByteWriter(1024);
        const header = {
          kind: batchKind.intents,
          realm: realmTag("probe"),
          zone,
          peer: gateway,
          epoch: 1,
          sequence: this.tick,
        };
        writeIntentBatch(writer, { header, wantsDigests, keyframes, selves, inputs });
        this.bus.sendIntents(zone, writer.view());
      }
    }
    this.#pending.clear();
  }

  #receive(batch: Uint8Array): void {
    const read = readTickFrame(batch.slice());
    assert.ok(read.ok, read.ok ? "" : read.code);
    const frame = read.value;
    this.allFrames.push(frame);
    if (frame.header.peer === this.#gateways[0]) this.frames[frame.header.zone] = frame;
    for (const part of frame.sessions) {
      const player = this.sessions.get(part.session);
      for (const { record } of part.facts) {
        const told = decodeRecord(Told.fields, record);
        assert.ok(told.ok);
        player?.told.push(told.value.words);
      }
    }
    for (const end of frame.ended) {
      const player = this.sessions.get(end.session);
      if (player === undefined) continue;
      if (end.how === "handedOver") player.zone = end.zone;
      else player.ended = end.reason;
    }
  }
}

/** Moves players and drones by their velocities: the one rule that most tests want. */
export function drift(zone: ZoneApi): void {
  for (const kind of [Player, Drone]) {
    const table = zone.table<typeof Drone.fields>(kind as typeof Drone);
    const { columns: c } = table;
    for (let row = table.next(-1); row >= 0; row = table.next(row))
      c.position.x[row] = c.position.x[row]! + c.vx[row]! * zone.secondsPerTick;
  }
}

/** A message type that a test may send though no module declares it. */
export const Undeclared: MessageType = message("probe.undeclared", {});
