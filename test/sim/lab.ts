/**
 * A realm under glass: real zones on a real bus with a store in memory, and a stand-in gateway that joins players, sends
 * intents and records what they are told. For tests of game rules and borders; no sockets, no real time.
 *
 * Invariant: the same calls give the same worlds; store replies arrive between two ticks.
 */
import assert from "node:assert/strict";
import {
  ByteWriter,
  decodeRecord,
  defaultChannelRates,
  encodeRecord,
  type EntityRef,
  type FactType,
  type IntentType,
  levelsOf,
  type RecordFields,
  type RecordValue,
} from "@myriad/protocol";
import { encodeCharacter } from "../../packages/server/src/bus/character.ts";
import { batchKind, realmTag } from "../../packages/server/src/bus/header.ts";
import { type SessionInput, writeIntentBatch } from "../../packages/server/src/bus/intent-batch.ts";
import { SameThreadBus } from "../../packages/server/src/bus/same-thread.ts";
import { type FactRecord, readTickFrame, type TickFrame } from "../../packages/server/src/bus/tick-frame.ts";
import { createMemoryStore } from "../../packages/server/src/store/sqlite/memory-store.ts";
import type { Store } from "../../packages/server/src/store/port.ts";
import type { Realm } from "../../packages/server/src/zone/definitions.ts";
import { noMetrics } from "../../packages/server/src/zone/metrics-port.ts";
import { checkedZones, compile } from "../../packages/server/src/zone/program.ts";
import { ZoneHost } from "../../packages/server/src/zone/zone-host.ts";

export interface LabOptions {
  readonly realm: Realm;
  /** @default 1 */
  readonly zones?: number;
  /** @default 20 */
  readonly tickRateHz?: number;
  /** @default 1 */
  readonly seed?: number;
  /** @default 5000 */
  readonly saveEveryMs?: number;
  /** Called for handlers that threw; the default fails the test. */
  readonly report?: (problem: { module: string; what: string; error: unknown }) => void;
}

/** A fact that a player was told. */
export interface ToldFact {
  readonly name: string;
  readonly value: Record<string, unknown>;
}

export interface LabPlayer {
  readonly session: number;
  readonly name: string;
  /** Zone that the player is at home in. */
  zone: number;
  /** Everything told so far. */
  readonly facts: ToldFact[];
  ended: string | undefined;
  lastIntent: number;
}

const gateway = 1;

export class Lab {
  readonly bus = new SameThreadBus();
  readonly store: Store;
  readonly hosts: readonly ZoneHost[];
  readonly players = new Map<number, LabPlayer>();
  readonly frames = new Map<number, TickFrame>();
  readonly #options: LabOptions;
  readonly #pending = new Map<number, SessionInput[]>();
  #nextSession = 1;

  constructor(options: LabOptions, store: Store) {
    this.#options = options;
    this.store = store;
    const { realm } = options;
    const tickRateHz = options.tickRateHz ?? 20;
    const program = compile(realm);
    const zones = checkedZones(realm, options.zones ?? 1);
    this.hosts = zones.map(
      (_, zone) =>
        new ZoneHost({
          zone,
          zones,
          program,
          realmTag: realmTag(realm.name),
          epoch: 1,
          tickRateHz,
          levels: levelsOf(defaultChannelRates, tickRateHz),
          regionSizeM: 64,
          regionHysteresisM: 2,
          borderDepthM: 64,
          saveEveryMs: options.saveEveryMs ?? 5000,
          seed: options.seed ?? 1,
          metrics: noMetrics,
          report:
            options.report ??
            ((problem) => {
              throw problem.error;
            }),
          bus: this.bus,
          store,
          gateways: [gateway],
          nowMs: () => 0,
          wallMs: () => 0,
          delay: async () => {},
        }),
    );
    this.bus.onTickFrames(gateway, (batch) => this.#receive(batch));
  }

  get tick(): number {
    return this.hosts[0]!.core.tick;
  }

  /** Logs a character in, as a gateway would, and runs ticks until it is in the world; at a place of its ticket's. */
  async join(name: string, placed?: { zone: number; x: number; y: number }): Promise<LabPlayer> {
    const account = await this.store.account({ subject: name, name });
    const { realm } = this.#options;
    const opened = await this.store.openCharacter({
      accountId: account.accountId,
      name,
      initial: { zone: 0, schemaVersion: realm.characterSchemaVersion, state: new Uint8Array(0) },
    });
    assert(opened.ok);
    const character = opened.value;
    const items = await this.store.ledger.items({ kind: "character", id: character.characterId });
    const session = (gateway << 24) | this.#nextSession++;
    const player: LabPlayer = {
      session,
      name,
      zone: placed?.zone ?? character.zone,
      facts: [],
      ended: undefined,
      lastIntent: 0,
    };
    this.players.set(session, player);
    const place = placed === undefined ? {} : { place: { x: placed.x, y: placed.y } };
    const bytes = encodeCharacter({ ...character, items: items.map((item) => ({ ...item })), ...place });
    this.input(player.zone, { kind: "join", session, character: bytes, lastIntent: 0 });
    await this.run(1);
    return player;
  }

  leave(player: LabPlayer): void {
    this.input(player.zone, { kind: "leave", session: player.session, reason: 0 });
  }

  /** Queues an intent for the next tick. */
  intent<F extends RecordFields>(
    player: LabPlayer,
    type: IntentType<string, F>,
    value: RecordValue<F>,
  ): void {
    const index = this.#options.realm.schema.intents.indexOf(type as unknown as IntentType);
    assert(index >= 0, `${type.name} is in the schema`);
    const seq = ++player.lastIntent;
    this.input(player.zone, {
      kind: "intent",
      session: player.session,
      seq,
      type: index,
      record: encodeRecord(type.fields, value),
    });
  }

  input(zone: number, input: SessionInput): void {
    const list = this.#pending.get(zone);
    if (list === undefined) this.#pending.set(zone, [input]);
    else list.push(input);
  }

  /** Runs ticks of all zones in lockstep; store replies settle after each. */
  async run(ticks: number): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      this.#sendInputs();
      for (const host of this.hosts) host.tick(100);
      await settle();
    }
  }

  /** Runs until a condition holds; fails after `ticksMax`. */
  async runUntil(holds: () => boolean, ticksMax = 600, what = "the condition"): Promise<void> {
    for (let i = 0; i < ticksMax; i++) {
      if (holds()) return;
      await this.run(1);
    }
    assert.fail(`${what} did not come true within ${ticksMax} ticks`);
  }

  /** The player's entity in its home zone; 0 when it has none. */
  refOf(player: LabPlayer): EntityRef {
    const session = this.hosts[player.zone]!.core.sessions.bySession.get(player.session);
    return session === undefined || session.leaving !== undefined ? 0 : session.player;
  }

  /** Values of the facts of one type that a player was told. */
  told<F extends RecordFields>(player: LabPlayer, type: FactType<string, F>): RecordValue<F>[] {
    return player.facts.filter((fact) => fact.name === type.name).map((fact) => fact.value as RecordValue<F>);
  }

  /** Hash of each zone. */
  hashes(): string[] {
    return this.hosts.map((host) => host.core.hash());
  }

  #sendInputs(): void {
    const { realm } = this.#options;
    for (const [zone, inputs] of this.#pending) {
      const writer = new ByteWriter(1024);
      const header = {
        kind: batchKind.intents,
        realm: realmTag(realm.name),
        zone,
        peer: gateway,
        epoch: 1,
        sequence: this.tick,
      };
      writeIntentBatch(writer, { header, wantsDigests: false, keyframes: [], selves: [], inputs });
      this.bus.sendIntents(zone, writer.view());
    }
    this.#pending.clear();
  }

  #receive(batch: Uint8Array): void {
    const read = readTickFrame(batch.slice());
    assert(read.ok, `a tick frame can be read: ${read.ok ? "" : read.code}`);
    const frame = read.value;
    const { zone } = frame.header;
    this.frames.set(zone, frame);
    for (const part of frame.sessions)
      for (const fact of part.facts) this.#tell(this.players.get(part.session), fact);
    for (const news of frame.news) {
      for (const player of this.players.values()) {
        // The lab lets everyone hear regional news; who views what is the gateway's business.
        if (news.to === "region" || (news.to === "zone" && player.zone === zone)) this.#tell(player, news);
        const session = this.hosts[player.zone]!.core.sessions.bySession.get(player.session);
        if (news.to === "group" && session?.group === news.group) this.#tell(player, news);
      }
    }
    for (const letter of frame.letters) {
      const to = [...this.players.values()].find(
        (p) => p.ended === undefined && p.name.toLowerCase() === letter.toName.toLowerCase(),
      );
      this.#tell(
        to ?? this.players.get(letter.fromSession),
        to === undefined ? letter.otherwise : letter.fact,
      );
    }
    for (const end of frame.ended) {
      const player = this.players.get(end.session);
      if (player === undefined) continue;
      if (end.how === "handedOver") player.zone = end.zone;
      else player.ended = end.reason;
    }
  }

  #tell(player: LabPlayer | undefined, fact: FactRecord): void {
    const type = this.#options.realm.schema.facts[fact.type];
    assert(type !== undefined, "a told fact is in the schema");
    const decoded = decodeRecord(type.fields, fact.record);
    assert(decoded.ok, `the fact ${type.name} can be decoded`);
    player?.facts.push({ name: type.name, value: decoded.value });
  }
}

/** Builds a lab with a fresh store. */
export async function createLab(options: LabOptions): Promise<Lab> {
  return new Lab(options, createMemoryStore({ realmId: options.realm.name }));
}

/** Lets promises of the memory store run: a few turns of the microtask queue are enough, a turn of the loop makes sure. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
