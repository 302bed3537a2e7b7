/**
 * A whole gateway for tests: time that is moved by hand, zones that really replicate, clients that decode what they get.
 */
import {
  type ClientFrame,
  decodeClientFrame,
  decodeServerText,
  defaultChannelRates,
  encodeHello,
  encodeInput,
  encodeRecord,
  type Hello,
  type Level,
  levelsOf,
  type RecordFields,
  type RecordValue,
  schemaHash,
  describe,
  type Welcome,
  type ZoneBounds,
} from "@myriad/protocol";
import { SameThreadBus } from "../bus/same-thread.ts";
import { assert } from "../kernel/assert.ts";
import { SeededRandom } from "../kernel/random.ts";
import type { Clock, Timers } from "../kernel/time.ts";
import type { CrowdOptions } from "../replication/replicator.ts";
import type { Store } from "../store/port.ts";
import type { GatewayLimits, GatewayOptions } from "./gateway-options.ts";
import { Gateway } from "./gateway.ts";
import { FakeConnection, FakeZone, testSchema } from "./testing.ts";
import { developmentTickets, type TicketIssuer } from "./tickets.ts";

/** Time that a test moves. */
export interface TestTime extends Clock, Timers {
  advance(ms: number): void;
}

export interface TestGatewayOptions {
  readonly time: TestTime;
  readonly store: Store;
  /** Lets what was started asynchronously go on: real time passes, the test's does not. */
  readonly settle: () => Promise<void>;
  readonly seed?: number;
  readonly walkers?: number;
  readonly bounds?: readonly ZoneBounds[];
  readonly levels?: readonly Level[];
  /** When regions split and merge. @default they never do */
  readonly crowds?: CrowdOptions;
  readonly limits?: Partial<GatewayLimits>;
  readonly options?: Partial<GatewayOptions>;
}

/** The defaults of an operator. */
export const testLimits: GatewayLimits = {
  messagesPerSecond: 60,
  messagesBurst: 120,
  handshakeMs: 5000,
  idleMs: 60_000,
  heartbeatMs: 25_000,
  resumeSeconds: 120,
};

const realm = "test";
const tickMs = 50;
/** Rounds of waiting before a login counts as stuck. */
const settlesMax = 5000;

export class TestGateway {
  readonly time: TestTime;
  readonly store: Store;
  readonly bus = new SameThreadBus();
  readonly random: SeededRandom;
  readonly zones: readonly FakeZone[];
  readonly levels: readonly Level[];
  readonly gateway: Gateway;
  readonly issuer: TicketIssuer;
  /** Errors that the gateway reported. */
  readonly failures: unknown[] = [];
  readonly #settle: () => Promise<void>;

  static async start(options: TestGatewayOptions): Promise<TestGateway> {
    const random = new SeededRandom(options.seed ?? 1, 1);
    const randomBytes = (count: number) => Uint8Array.from({ length: count }, () => random.int(256));
    const tickets = await developmentTickets({ realm, clock: options.time, randomBytes });
    return new TestGateway(options, { random, randomBytes, ...tickets });
  }

  private constructor(
    options: TestGatewayOptions,
    made: {
      random: SeededRandom;
      randomBytes: (count: number) => Uint8Array;
    } & Awaited<ReturnType<typeof developmentTickets>>,
  ) {
    const { time, store, seed = 1, walkers = 60 } = options;
    const bounds = options.bounds ?? [{ x: 0, y: 0, width: 600, height: 500 }];
    const levels = options.levels ?? levelsOf(defaultChannelRates, 1000 / tickMs);
    const zones = bounds.map((rect, zone) => ({ zone, name: `zone ${zone}`, bounds: rect }));
    const regionSizeM = 64;
    this.time = time;
    this.store = store;
    this.#settle = options.settle;
    this.random = made.random;
    this.issuer = made.issuer;
    this.levels = levels;
    this.zones = zones.map(
      (info) =>
        new FakeZone({
          info,
          realm,
          bus: this.bus,
          gateway: 0,
          levels,
          regionSizeM,
          seed,
          walkers,
          crowds: options.crowds,
        }),
    );
    this.gateway = new Gateway({
      index: 0,
      realm,
      version: "test",
      schema: testSchema,
      tickRateHz: 1000 / tickMs,
      regionSizeM,
      levels,
      hysteresisPercent: 10,
      viewStepM: 2,
      zones,
      capacity: 100,
      limits: { ...testLimits, ...options.limits },
      isOriginAllowed: () => true,
      newCharacter: () => ({ zone: 0, schemaVersion: 1, state: new Uint8Array(0) }),
      bus: this.bus,
      store,
      tickets: made.verifier,
      clock: time,
      timers: time,
      randomBytes: made.randomBytes,
      onFailure: (error) => this.failures.push(error),
      ...options.options,
    });
  }

  /** One tick of everything. */
  tick(isLost: (zone: number) => boolean = () => false): void {
    this.time.advance(tickMs);
    this.gateway.sendIntents();
    for (const zone of this.zones) zone.step(isLost(zone.zone));
    this.gateway.flush();
  }

  ticks(count: number): void {
    for (let i = 0; i < count; i++) this.tick();
  }

  /** A connection that offers what is given, and our subprotocol. */
  offer(...credentials: readonly string[]): TestClient {
    const connection = new FakeConnection(["myriad.1", ...credentials]);
    this.gateway.accept(connection);
    return new TestClient(connection);
  }

  /** A client with a fresh ticket that said hello; its login goes on. */
  async knock(name: string, hello: Partial<Hello> = {}): Promise<TestClient> {
    const { ticket } = await this.issuer.issue(name);
    const client = this.offer(`ticket.${ticket}`);
    client.hello(hello);
    return client;
  }

  /** A client that plays. */
  async join(name: string, hello: Partial<Hello> = {}): Promise<TestClient> {
    const client = await this.knock(name, hello);
    await this.until(() => client.isWelcome || client.closedWith !== undefined);
    assert(client.isWelcome, `welcomed, not ${client.closedWith}`);
    return client;
  }

  /** A client that asks for its session back. */
  resume(client: TestClient, lastFact = client.lastFact, hello: Partial<Hello> = {}): TestClient {
    const next = this.offer(`resume.${client.read().welcome.resumeKey}`);
    next.hello({ ...hello, lastFact });
    next.read();
    return next;
  }

  /** Waits for what goes on beside the test's time. */
  async until(isDone: () => boolean): Promise<void> {
    for (let i = 0; i < settlesMax && !isDone(); i++) await this.#settle();
    assert(isDone(), "what was awaited happened");
  }
}

/** A client that reads everything and answers when it is told to. */
export class TestClient {
  readonly connection: FakeConnection;
  readonly frames: ClientFrame[] = [];
  readonly facts: { readonly number: number; readonly type: number; readonly record: Uint8Array }[] = [];
  readonly notices: string[] = [];
  readonly pongs: number[] = [];
  #welcome: Welcome | undefined;
  #read = 0;
  #seq = 0;

  constructor(connection: FakeConnection) {
    this.connection = connection;
  }

  get welcome(): Welcome {
    assert(this.#welcome !== undefined, "the client was welcomed");
    return this.#welcome;
  }

  get isWelcome(): boolean {
    this.read();
    return this.#welcome !== undefined;
  }

  get session(): number {
    return this.welcome.session;
  }

  get closedWith(): string | undefined {
    return this.connection.closedWith?.reason;
  }

  get lastFrame(): ClientFrame | undefined {
    return this.frames.at(-1);
  }

  get lastFact(): number {
    return this.facts.at(-1)?.number ?? 0;
  }

  /** Decodes what came since the last time. */
  read(): this {
    for (; this.#read < this.connection.received.length; this.#read++) {
      const bytes = this.connection.received[this.#read]!;
      const frame = decodeClientFrame(bytes);
      if (frame.ok) {
        this.frames.push(frame.value);
        for (const { number, type, from, to } of frame.value.facts) {
          this.facts.push({ number, type, record: bytes.slice(from, to) });
        }
        continue;
      }
      const message = decodeServerText(bytes);
      assert(message.ok, "every message decodes");
      if (message.value.kind === "welcome") this.#welcome = message.value.welcome;
      if (message.value.kind === "notice") this.notices.push(message.value.code);
      if (message.value.kind === "pong") this.pongs.push(message.value.nonce);
    }
    return this;
  }

  hello(hello: Partial<Hello> = {}): void {
    const own = {
      formatVersion: 1,
      schemaHash: testSchemaHash,
      wantsDigests: false,
      lastFact: 0,
      client: "test",
    };
    this.connection.say(encodeHello({ ...own, ...hello }));
  }

  /** Acknowledges every frame that was read. */
  acknowledge(): void {
    this.read();
    this.connection.say(encodeInput(this.lastFrame?.frame ?? 0, []));
  }

  /** Sends one intent, acknowledging nothing. */
  intend<F extends RecordFields>(
    intent: { readonly name: string; readonly fields: F },
    value: RecordValue<F>,
    seq = ++this.#seq,
  ): void {
    this.#seq = Math.max(this.#seq, seq);
    const type = testSchema.intents.findIndex(({ name }) => name === intent.name);
    const record = encodeRecord(intent.fields, value);
    this.connection.say(encodeInput(0, [{ seq, type, record }]));
  }
}

export const testSchemaHash = schemaHash(describe(testSchema));
