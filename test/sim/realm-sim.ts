/**
 * Gateway, zones, store and clients in one process on a virtual clock: the whole way of an intent and of a tick frame,
 * without sockets. Clients decode everything with the protocol's own replica and check the digests that they asked for.
 */
import assert from "node:assert/strict";
import {
  ByteReader,
  type ClientFrame,
  decodeClientFrame,
  decodeRecord,
  decodeServerText,
  defaultChannelRates,
  describe,
  encodeHello,
  encodeInput,
  encodeRecord,
  formatVersion,
  type IntentType,
  levelsOf,
  type RecordFields,
  type RecordValue,
  RegionGrid,
  schemaHash,
  section,
  serverMessage,
  subprotocol,
  type Welcome,
  type ChannelRates,
  type ZonePart,
  ZoneReplica,
} from "@myriad/protocol";
import { realmTag } from "../../packages/server/src/bus/header.ts";
import { SameThreadBus } from "../../packages/server/src/bus/same-thread.ts";
import { Gateway } from "../../packages/server/src/gateway/gateway.ts";
import type { TicketVerifier } from "../../packages/server/src/gateway/tickets.ts";
import type { Connection, ConnectionListener } from "../../packages/server/src/gateway/transport.ts";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { deflate } from "../../packages/server/src/platform/deflate.ts";
import { VirtualTime } from "../../packages/server/src/platform/virtual-time.ts";
import { createMemoryStore } from "../../packages/server/src/store/sqlite/memory-store.ts";
import type { Store } from "../../packages/server/src/store/port.ts";
import type { CrowdOptions } from "../../packages/server/src/replication/replicator.ts";
import type { Realm } from "../../packages/server/src/zone/definitions.ts";
import { noMetrics } from "../../packages/server/src/zone/metrics-port.ts";
import type { Deflate } from "../../packages/server/src/zone/packing.ts";
import { checkedZones, compile } from "../../packages/server/src/zone/program.ts";
import { ZoneHost } from "../../packages/server/src/zone/zone-host.ts";

/** A client in memory: the far end of a connection, with everything it received applied. */
export class SimClient {
  readonly name: string;
  readonly zones = new Map<number, ZoneReplica>();
  readonly problems: string[] = [];
  welcome: Welcome | undefined;
  frame: ClientFrame | undefined;
  closed: { code: number; reason: string } | undefined;
  own = 0;
  framesReceived = 0;
  bytesReceived = 0;
  digestsChecked = 0;
  /** Whether it says that it takes keyframes packed, and how many sections of them it got. */
  unpacks = true;
  packedReceived = 0;
  lastIntent = 0;
  lastFact = 0;
  /** While true nothing is read and nothing acknowledged; what comes waits. */
  isStalled = false;
  readonly facts: { name: string; value: Record<string, unknown> }[] = [];
  readonly #realm: Realm;
  readonly #inbox: Uint8Array[] = [];
  #listener: ConnectionListener | undefined;
  #outbox: Uint8Array[] = [];
  #buffered = 0;

  constructor(name: string, realm: Realm) {
    this.name = name;
    this.#realm = realm;
  }

  /** The server's end of a new connection, offering `credential`. */
  connection(credential: string): Connection {
    this.closed = undefined;
    this.#inbox.length = 0;
    this.#buffered = 0;
    // The connection's methods are called on the connection.
    // oxlint-disable-next-line typescript/no-this-alias
    const client = this;
    let listener: ConnectionListener | undefined;
    const isOpen = () => listener !== undefined && client.#listener === listener;
    return {
      remoteAddress: "127.0.0.1",
      origin: undefined,
      offered: [subprotocol, credential],
      get bufferedBytes() {
        return client.#buffered;
      },
      listen(given) {
        listener = given;
        client.#listener = given;
        const hash = schemaHash(describe(client.#realm.schema));
        const hello = {
          formatVersion,
          schemaHash: hash,
          wantsDigests: true,
          unpacks: client.unpacks,
          lastFact: client.lastFact,
          client: "sim",
        };
        client.#outbox = [encodeHello(hello)];
      },
      send(message) {
        if (isOpen()) client.#receive(message.slice());
      },
      sendFrame(bytes, start, end) {
        if (isOpen()) client.#receive(bytes.slice(start, end));
        return true;
      },
      rest: () => true,
      ping() {
        if (!client.isStalled) listener?.alive();
      },
      close(code, reason) {
        client.closed = { code, reason };
        const gone = listener;
        client.#listener = undefined;
        gone?.closed();
      },
      terminate() {
        this.close(1006, "terminated");
      },
    };
  }

  get isOpen(): boolean {
    return this.#listener !== undefined;
  }

  /** The network breaks: neither side says goodbye. */
  cut(): void {
    const gone = this.#listener;
    this.#listener = undefined;
    gone?.closed();
  }

  intent<F extends RecordFields>(type: IntentType<string, F>, value: RecordValue<F>): void {
    const index = this.#realm.schema.intents.indexOf(type as unknown as IntentType);
    this.#outbox.push(
      encodeInput(this.frame?.frame ?? 0, [
        { seq: ++this.lastIntent, type: index, record: encodeRecord(type.fields, value) },
      ]),
    );
  }

  /** Reads what came and sends what waits, an acknowledgement at least. */
  pump(): void {
    if (this.isStalled) return;
    for (const message of this.#inbox.splice(0)) {
      this.#buffered -= message.length;
      this.#apply(message);
    }
    if (this.welcome !== undefined && this.frame !== undefined && this.#outbox.length === 0) {
      this.#outbox.push(encodeInput(this.frame.frame, []));
    }
    for (const message of this.#outbox.splice(0)) this.#listener?.message(message);
  }

  #receive(message: Uint8Array): void {
    this.#inbox.push(message);
    this.#buffered += message.length;
  }

  #apply(message: Uint8Array): void {
    this.bytesReceived += message.length;
    if (message[0] === serverMessage.frame) return this.#applyFrame(message);
    const decoded = decodeServerText(message);
    if (!decoded.ok) this.problems.push(`server text: ${decoded.code}`);
    else if (decoded.value.kind === "welcome") this.#applyWelcome(decoded.value.welcome);
  }

  #applyWelcome(welcome: Welcome): void {
    this.welcome = welcome;
    this.zones.clear();
    for (const { zone, bounds } of welcome.zones) {
      const grid = new RegionGrid(zone, bounds, welcome.regionSizeM);
      this.zones.set(
        zone,
        new ZoneReplica({ grid, kinds: this.#realm.schema.kinds, levels: welcome.levels }),
      );
    }
  }

  #applyFrame(message: Uint8Array): void {
    const decoded = decodeClientFrame(message);
    if (!decoded.ok) {
      this.problems.push(`frame: ${decoded.code}`);
      return;
    }
    const frame = decoded.value;
    this.frame = frame;
    this.framesReceived++;
    if (frame.own !== undefined) this.own = frame.own;
    for (const raw of frame.facts) {
      if (raw.number <= this.lastFact) continue;
      if (raw.number !== this.lastFact + 1) this.problems.push(`fact ${raw.number} after ${this.lastFact}`);
      this.lastFact = raw.number;
      const type = this.#realm.schema.facts[raw.type]!;
      const value = decodeRecord(type.fields, frame.bytes, raw.from, raw.to);
      if (value.ok) this.facts.push({ name: type.name, value: value.value });
      else this.problems.push(`fact ${type.name}: ${value.code}`);
    }
    for (const part of frame.zones) this.#applyZone(part);
  }

  #applyZone(part: ZonePart): void {
    const replica = this.zones.get(part.zone)!;
    const { bytes, tick } = part;
    for (const { kind, level, from, to } of part.sections) {
      let problem: string | undefined;
      switch (kind) {
        case section.drops: {
          const reader = new ByteReader(bytes, from, to);
          const regions: number[] = [];
          while (reader.remaining > 0) regions.push(reader.u16());
          replica.drop(regions);
          break;
        }
        case section.reshapes:
          problem = replica.applyReshapes(bytes, from, to);
          break;
        case section.keyframes:
          problem = replica.applyKeyframes(tick, bytes, from, to);
          break;
        case section.packedKeyframes:
          this.packedReceived++;
          problem = replica.applyPackedKeyframes(tick, bytes, from, to);
          break;
        case section.intros:
          problem = replica.applyIntros(level, tick, bytes, from, to);
          break;
        case section.blocks:
          problem = replica.applyBlocks(level, tick, bytes, from, to);
          break;
        case section.digests: {
          const reader = new ByteReader(bytes, from, to);
          while (reader.remaining > 0) {
            const region = reader.u16();
            const expected = reader.u32();
            this.digestsChecked++;
            const found = replica.digest(region, level);
            if (found !== expected)
              problem = `digest of zone ${part.zone} region ${region} level ${level}: ${found} not ${expected}`;
          }
        }
      }
      if (problem !== undefined)
        this.problems.push(`tick ${tick} section ${kind} level ${level}: ${problem}`);
    }
  }
}

export interface SimOptions {
  readonly realm: Realm;
  /** @default 1 */
  readonly zones?: number;
  /** @default 20 */
  readonly tickRateHz?: number;
  /** @default 1 */
  readonly seed?: number;
  readonly rates?: ChannelRates;
  /** @default 10 */
  readonly hysteresisPercent?: number;
  /** @default 64 */
  readonly regionSizeM?: number;
  /** @default regions never split */
  readonly crowds?: CrowdOptions;
  /** @default keyframes are packed as the server does it */
  readonly deflate?: Deflate;
  /** @default no limit */
  readonly clientBudgetKbitPerSecond?: number;
  /** @default 1000 */
  readonly capacity?: number;
  /** @default 120 */
  readonly resumeSeconds?: number;
}

export class RealmSim {
  readonly time = new VirtualTime();
  readonly bus = new SameThreadBus();
  readonly store: Store;
  readonly hosts: readonly ZoneHost[];
  readonly gateway: Gateway;
  readonly clients: SimClient[] = [];
  readonly failures: unknown[] = [];
  readonly #options: SimOptions;
  readonly #intervalMs: number;
  #tickets = 0;

  constructor(options: SimOptions) {
    this.#options = options;
    const { realm } = options;
    const tickRateHz = options.tickRateHz ?? 20;
    this.#intervalMs = 1000 / tickRateHz;
    this.store = createMemoryStore({ realmId: realm.name, nowMs: () => this.time.nowMs() });
    const program = compile(realm);
    const zones = checkedZones(realm, options.zones ?? 1);
    const levels = levelsOf(options.rates ?? defaultChannelRates, tickRateHz);
    const regionSizeM = options.regionSizeM ?? 64;
    this.hosts = zones.map(
      (_, zone) =>
        new ZoneHost({
          zone,
          zones,
          program,
          realmTag: realmTag(realm.name),
          epoch: 1,
          tickRateHz,
          levels,
          regionSizeM,
          regionHysteresisM: 2,
          ...(options.crowds === undefined ? {} : { crowds: options.crowds }),
          borderDepthM: 64,
          deflate: options.deflate ?? deflate,
          saveEveryMs: 5000,
          seed: options.seed ?? 1,
          metrics: noMetrics,
          report: (problem) => this.failures.push(problem.error),
          bus: this.bus,
          store: this.store,
          gateways: [0],
          nowMs: () => this.time.nowMs(),
          wallMs: () => this.time.wallMs(),
          delay: async () => {},
        }),
    );
    const random = new SeededRandom(options.seed ?? 1, 4000);
    this.gateway = new Gateway({
      index: 0,
      realm: realm.name,
      version: "sim",
      schema: realm.schema,
      tickRateHz,
      regionSizeM,
      levels,
      hysteresisPercent: options.hysteresisPercent ?? 10,
      viewStepM: 2,
      clientBudgetKbitPerSecond: options.clientBudgetKbitPerSecond ?? Number.POSITIVE_INFINITY,
      zones: zones.map((zone, index) => ({ zone: index, name: zone.name, bounds: zone.bounds })),
      capacity: options.capacity ?? 1000,
      limits: {
        messagesPerSecond: 60,
        messagesBurst: 120,
        handshakeMs: 5000,
        idleMs: 60_000,
        heartbeatMs: 25_000,
        resumeSeconds: options.resumeSeconds ?? 120,
      },
      isOriginAllowed: () => true,
      newCharacter: () => ({
        zone: 0,
        schemaVersion: realm.characterSchemaVersion,
        state: new Uint8Array(0),
      }),
      bus: this.bus,
      store: this.store,
      tickets: simTickets(this.time),
      clock: this.time,
      timers: this.time,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => random.int(256)),
      onFailure: (error) => this.failures.push(error),
    });
  }

  /** Connects a new player and runs until it has its first frame. */
  async join(name: string): Promise<SimClient> {
    const client = new SimClient(name, this.#options.realm);
    this.clients.push(client);
    this.connect(client);
    await this.runUntil(
      () => client.frame !== undefined || client.closed !== undefined,
      100,
      `${name} joins`,
    );
    return client;
  }

  /** Connects a client with a new ticket. */
  connect(client: SimClient): void {
    this.gateway.accept(client.connection(`ticket.${client.name}.${this.#tickets++}`));
  }

  /** Connects a client whose socket broke, by its resume key. */
  resume(client: SimClient): void {
    this.gateway.accept(client.connection(`resume.${client.welcome!.resumeKey}`));
  }

  /** Lets ticks pass: clients speak, zones tick, the gateway composes, clients read. */
  async run(ticks: number, each?: () => void): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      for (const client of this.clients) client.pump();
      this.gateway.sendIntents();
      for (const host of this.hosts) host.tick(100);
      this.gateway.flush();
      for (const client of this.clients) client.pump();
      this.time.advance(this.#intervalMs);
      await new Promise((resolve) => setImmediate(resolve));
      each?.();
    }
  }

  async runUntil(holds: () => boolean, ticksMax = 600, what = "the condition"): Promise<void> {
    for (let i = 0; i < ticksMax; i++) {
      if (holds()) return;
      await this.run(1);
    }
    assert.fail(`${what} did not come true within ${ticksMax} ticks`);
  }

  /** Where a player is, by its name; undefined when it is in no zone. */
  whereIs(name: string): { zone: number; id: number; x: number; y: number } | undefined {
    for (const host of this.hosts) {
      for (const session of host.core.sessions.bySession.values()) {
        if (session.name !== name || session.leaving !== undefined) continue;
        const position = host.core.api.positionOf(session.player);
        if (position !== undefined)
          return { zone: host.core.options.zone, id: session.player & 0xffffff, ...position };
      }
    }
    return undefined;
  }

  /** What is wrong between what a client holds and what the zones say it should see; empty when all is well. */
  divergence(client: SimClient, withinM = 50): string[] {
    const wrong = [...client.problems];
    const own = this.whereIs(client.name);
    if (own === undefined) return wrong;
    for (const host of this.hosts) {
      const replica = client.zones.get(host.core.options.zone)!;
      for (const table of host.core.world.tables) {
        for (let row = table.next(-1); row >= 0; row = table.next(row)) {
          const ref = table.ref(row);
          const at = host.core.api.positionOf(ref);
          if (at === undefined || Math.abs(at.x - own.x) > withinM || Math.abs(at.y - own.y) > withinM)
            continue;
          if (!replica.entities.has(ref & 0xffffff))
            wrong.push(
              `${client.name} does not see ${table.kind.name} ${row} of zone ${host.core.options.zone}`,
            );
        }
      }
      for (const entity of replica.entities.values()) {
        const table = host.core.world.tables[entity.kind.index]!;
        if (!table.isOwned(entity.id & 0xffff))
          wrong.push(`${client.name} still sees ${entity.kind.name} ${entity.id & 0xffff}`);
      }
    }
    return wrong;
  }
}

/** Tickets that are what they say: signatures are checked on threads of their own and would bring real time in. */
function simTickets(time: VirtualTime): TicketVerifier {
  const verify = async (token: string) => {
    const name = token.split(".")[0]!;
    return { ok: true, value: { ticketId: token, subject: name, name, expiresAtMs: time.wallMs() + 30_000 } };
  };
  return { verify } as unknown as TicketVerifier;
}
