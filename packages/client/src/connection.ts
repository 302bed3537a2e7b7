/**
 * A player's connection: the handshake, frames in, intents out, and the state of the world after a lost socket.
 *
 * connecting ──welcome──▶ playing ──socket lost──▶ reconnecting ──welcome──▶ playing
 *      └──────────────┬──────┴──────────────────────────┘
 *                     ▼ refused, left, or given up
 *                  closed (for good: a new connection is a new `connect`)
 *
 * Invariant: no bytes from the server make this throw. What cannot be decoded is counted, and keyframes are asked for.
 * Invariant: while playing, an acknowledgement goes out at least every 250 ms, and at once after 16 KiB.
 */
import {
  type ClientFrame,
  clientMessage,
  type DecodeCode,
  decodeClientFrame,
  decodeRecord,
  decodeServerText,
  describe,
  encodeHello,
  encodePing,
  encodeRecord,
  type FactType,
  formatVersion,
  type IntentType,
  type RecordFields,
  type RecordValue,
  type RawFact,
  type Schema,
  schemaHash,
  serverMessage,
  type Welcome,
} from "@myriad/protocol";
import { type Agreement, agree, agreementOf } from "./agreement.ts";
import { Emitter, type EventListener, type EventListeners } from "./emitter.ts";
import { type Environment, environmentWith, type SocketConstructor } from "./environment.ts";
import { acknowledgeBytes, acknowledgeMs, pingMs, resyncMsMax, resyncMsMin, silenceMsMax } from "./limits.ts";
import { type ConnectionState, Link } from "./link.ts";
import { Outbox } from "./outbox.ts";
import type { Truth } from "./predictor.ts";
import { ConnectionStats } from "./stats.ts";
import { World } from "./world.ts";

export interface ConnectOptions {
  /** http(s) or ws(s) address of the server; the path is /v1/play unless one is given. */
  readonly url: string;
  readonly schema: Schema;
  /** A ticket for the first attempt; it is used once. */
  readonly ticket?: string;
  /** Fetches a ticket whenever one is needed: with it, a connection also survives a session that cannot be resumed. */
  readonly getTicket?: () => Promise<string>;
  /** @default the global one */
  readonly WebSocket?: SocketConstructor;
  /** Clock, timers and chance, for tests. */
  readonly environment?: Partial<Environment>;
  readonly listeners?: EventListeners<ConnectionEvents>;
  /** Name and version of this program, for the server's log. @default "myriad-client" */
  readonly client?: string;
  /** Asks for digests and compares them. @default false */
  readonly wantsDigests?: boolean;
  /** Whether zones are decoded at all: a bot that only makes load does without. @default true */
  readonly decodesWorld?: boolean;
}

export type ConnectionEvents = {
  state: [state: ConnectionState];
  /** A session began or was resumed. */
  welcome: [welcome: Welcome];
  /** There is a new world: forget the entities of the one before. */
  world: [world: World];
  /** The game versions differ but fit together; the text names both. */
  versions: [text: string];
  /** A frame was applied. */
  frame: [frame: ClientFrame];
  /** An intent got its number. */
  sent: [seq: number];
  /** The server says something in words. */
  notice: [code: string, text: string];
  /** Bytes could not be decoded or applied. */
  problem: [code: DecodeCode];
};

/** Connects to a server. Returns at once; listen to "state". Throws TypeError when the url is none. */
export function connect(options: ConnectOptions): Connection {
  return new Connection(options);
}

export class Connection {
  readonly stats = new ConnectionStats();
  readonly environment: Environment;
  readonly #options: ConnectOptions;
  readonly #events = new Emitter<ConnectionEvents>();
  readonly #facts = new Emitter<{ [name: string]: [value: never] }>();
  readonly #outbox = new Outbox();
  readonly #link: Link;
  #agreement: Agreement;
  #welcome: Welcome | undefined;
  #world: World | undefined;
  #truth: Truth | undefined;
  #lastFrame = 0;
  #lastFact = 0;
  #heardMs = 0;
  #inputMs = 0;
  #intentMs = 0;
  #unacknowledgedBytes = 0;
  #flushing = false;
  #pingSentMs = 0;
  #pingNonce = 0;
  #resyncMs = Number.NEGATIVE_INFINITY;
  #resyncPauseMs = resyncMsMin;

  constructor(options: ConnectOptions) {
    this.#options = options;
    const own = options.WebSocket === undefined ? {} : { WebSocket: options.WebSocket };
    this.environment = environmentWith({ ...options.environment, ...own });
    this.#agreement = agreementOf(options.schema);
    for (const [name, listener] of Object.entries(options.listeners ?? {})) {
      this.#events.on(name as "state", listener as EventListener<ConnectionEvents["state"]>);
    }
    this.#link = new Link({
      url: options.url,
      ticket: options.ticket,
      getTicket: options.getTicket,
      environment: this.environment,
      changed: (state) => this.#stateChanged(state),
      opened: () => this.#hello(),
      received: (bytes) => this.#received(bytes),
    });
    this.#link.open();
  }

  get state(): ConnectionState {
    return this.#link.state;
  }

  /** What the server said at the beginning of the session; undefined before. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  /** The world in view; undefined before the first welcome. A session that could not be resumed brings a new one. */
  get world(): World | undefined {
    return this.#world;
  }

  /** What the newest frame says of the own position; undefined before the first one that says any. */
  get truth(): Truth | undefined {
    return this.#truth;
  }

  /** Number of the newest frame. */
  get lastFrame(): number {
    return this.#lastFrame;
  }

  /** Listens to news of one type or to what happens to the connection; returns what ends it. */
  on<F extends RecordFields>(fact: FactType<string, F>, handler: (value: RecordValue<F>) => void): () => void;
  on<K extends keyof ConnectionEvents>(event: K, listener: EventListener<ConnectionEvents[K]>): () => void;
  on(what: FactType | keyof ConnectionEvents, listener: (...args: never[]) => void): () => void {
    return typeof what === "string"
      ? this.#events.on(what as "state", listener as unknown as EventListener<ConnectionEvents["state"]>)
      : this.#facts.on(what.name, listener);
  }

  /**
   * Asks for something. Answers the intent's number; 0 when it was not sent: not playing, too many unacknowledged
   * intents, or the server does not know it. Throws RangeError on an intent of another schema.
   */
  send<F extends RecordFields>(intent: IntentType<string, F>, value: RecordValue<F>): number {
    const type = this.#options.schema.intents.indexOf(intent as IntentType);
    if (type < 0) throw new RangeError(`${intent.name} is no intent of this schema`);
    const fields = this.#agreement.intents[type];
    if (fields === undefined || this.state.kind !== "playing") return 0;
    const seq = this.#outbox.add(type, encodeRecord(fields as F, value));
    if (seq === 0) return 0;
    this.#events.emit("sent", seq);
    this.#scheduleFlush();
    return seq;
  }

  /** Sends waiting intents now. */
  flush(): void {
    this.#flushing = false;
    if (this.state.kind !== "playing") return;
    while (this.#outbox.hasUnsent) this.#sendInput();
  }

  /** Leaves the world and closes. */
  leave(): void {
    this.#link.send(Uint8Array.of(clientMessage.bye));
    this.#link.end("left", "you left");
  }

  /** Ends the pause before the next attempt to reconnect. */
  retryNow(): void {
    this.#link.retryNow();
  }

  /** Throws the socket away as a bad network would. For tests of what happens then. */
  dangerouslyDropSocket(): void {
    this.#link.lost();
  }

  #stateChanged(state: ConnectionState): void {
    if (state.kind === "playing") this.#heardMs = this.environment.nowMs();
    else this.stats.interrupted();
    this.#events.emit("state", state);
  }

  #hello(): void {
    const { client = "myriad-client", wantsDigests = false, schema } = this.#options;
    const hash = schemaHash(describe(schema));
    this.#link.send(
      encodeHello({
        formatVersion,
        schemaHash: hash,
        wantsDigests,
        unpacks: true,
        lastFact: this.#lastFact,
        client,
      }),
    );
  }

  #received(bytes: Uint8Array): void {
    const now = this.environment.nowMs();
    this.#heardMs = now;
    this.stats.received(bytes.length, now);
    this.#unacknowledgedBytes += bytes.length;
    if (bytes[0] === serverMessage.frame) return this.#receivedFrame(bytes, now);
    const decoded = decodeServerText(bytes);
    if (!decoded.ok) return this.#receivedGarbage(decoded.code);
    const message = decoded.value;
    switch (message.kind) {
      case "welcome":
        return this.#welcomed(message.welcome);
      case "notice":
        return this.#events.emit("notice", message.code, message.text);
      case "pong":
        if (message.nonce === this.#pingNonce) this.stats.roundTrip(now - this.#pingSentMs);
        return;
    }
  }

  #receivedGarbage(code: DecodeCode): void {
    this.#problem(code);
    // Without a welcome nothing that follows can be understood.
    if (this.state.kind !== "playing") {
      this.#link.end("welcome_unusable", `the server's welcome could not be understood: ${code}`);
    }
  }

  #welcomed(welcome: Welcome): void {
    const { schema } = this.#options;
    const agreed = agree(schema, welcome);
    if (!agreed.ok) return this.#link.end("schema_incompatible", agreed.reason);
    const isSameWorld = welcome.resumed && this.#welcome?.schemaHash === welcome.schemaHash;
    let world = isSameWorld ? this.#world : undefined;
    if (world === undefined) {
      try {
        world = new World(schema, agreed.agreement, welcome);
      } catch (error) {
        return this.#link.end(
          "welcome_unusable",
          `the server's welcome describes no world: ${String(error)}`,
        );
      }
    }
    const hasNewWorld = world !== this.#world;
    if (!hasNewWorld) world.renew(this.environment.nowMs());
    if (welcome.resumed) this.#resumed();
    else this.#begun();
    this.#agreement = agreed.agreement;
    this.#welcome = welcome;
    this.#world = world;
    this.#link.welcomed(welcome);
    if (hasNewWorld) this.#events.emit("world", world);
    this.#events.emit("welcome", welcome);
    if (!agreed.agreement.same) {
      const theirs = `${welcome.schema?.name ?? schema.name} ${welcome.gameVersion}`;
      this.#events.emit("versions", `this client is ${schema.name} ${schema.version}, the server ${theirs}`);
    }
    this.flush();
    this.#beat(welcome);
  }

  #resumed(): void {
    this.stats.resumes++;
    this.#outbox.repeat();
  }

  #begun(): void {
    this.#outbox.reset();
    this.stats.dilation = 100;
    this.#truth = undefined;
    this.#lastFrame = 0;
    this.#lastFact = 0;
  }

  /** Acknowledges, pings and listens for silence, for as long as this welcome's socket lives. */
  #beat(welcome: Welcome): void {
    if (this.#welcome !== welcome || this.state.kind !== "playing") return;
    const now = this.environment.nowMs();
    if (now - this.#heardMs > silenceMsMax) return this.#link.lost();
    if (now - this.#inputMs >= acknowledgeMs - 10) this.#sendInput();
    if (now - this.#pingSentMs >= pingMs) {
      this.#pingNonce = (this.#pingNonce + 1) >>> 0;
      this.#pingSentMs = now;
      this.#link.send(encodePing(this.#pingNonce));
    }
    this.environment.after(acknowledgeMs / 2, () => this.#beat(welcome));
  }

  #receivedFrame(bytes: Uint8Array, now: number): void {
    const world = this.#world;
    if (world === undefined || this.state.kind !== "playing") return this.#problem("state_mismatch");
    const decoded = decodeClientFrame(bytes);
    if (!decoded.ok) {
      this.#problem(decoded.code);
      return this.#resync(now);
    }
    const frame = decoded.value;
    this.stats.frame(frame.tick, frame.homeZone !== world.homeZone, now);
    // Told when it changes.
    this.stats.dilation = frame.dilation ?? this.stats.dilation;
    this.#lastFrame = frame.frame;
    this.#outbox.acknowledge(frame.lastIntent);
    this.#recordTruth(frame);
    if (this.#options.decodesWorld !== false) this.#applyFrame(world, frame, now);
    for (const fact of frame.facts) this.#receivedFact(fact, bytes);
    this.#events.emit("frame", frame);
    const isDue = now - this.#inputMs >= acknowledgeMs || this.#unacknowledgedBytes >= acknowledgeBytes;
    if (isDue && this.state.kind === "playing") this.#sendInput();
  }

  #applyFrame(world: World, frame: ClientFrame, now: number): void {
    const { problems, mismatches } = world.apply(frame, now);
    this.stats.mismatches += mismatches;
    for (const problem of problems) this.#problem(problem);
    if (problems.length > 0 || mismatches > 0) this.#resync(now);
  }

  #recordTruth({ homeZone, tick, lastIntent, ticksSince, position }: ClientFrame): void {
    const { x, y } = position ?? this.#truth ?? {};
    if (x === undefined || y === undefined) return;
    this.#truth = { zone: homeZone, tick, lastIntent, ticksSince, x, y };
  }

  #receivedFact(fact: RawFact, bytes: Uint8Array): void {
    if (fact.number <= this.#lastFact) return;
    this.#lastFact = fact.number;
    const type = this.#options.schema.facts[fact.type];
    const fields = this.#agreement.facts[fact.type];
    // A newer server may tell what this side has no name for.
    if (type === undefined || fields === undefined)
      return this.#agreement.same ? this.#problem("unknown_type") : undefined;
    const decoded = decodeRecord(fields, bytes, fact.from, fact.to);
    if (decoded.ok) this.#facts.emit(type.name, decoded.value as never);
    else this.#problem(decoded.code);
  }

  #problem(code: DecodeCode): void {
    this.stats.decodeProblems++;
    this.#events.emit("problem", code);
  }

  /** Asks for keyframes, with growing pauses while they do not help. */
  #resync(now: number): void {
    const since = now - this.#resyncMs;
    if (since < this.#resyncPauseMs) return;
    this.#resyncPauseMs =
      since > 2 * resyncMsMax ? resyncMsMin : Math.min(resyncMsMax, this.#resyncPauseMs * 2);
    this.#resyncMs = now;
    this.stats.resyncs++;
    this.#world?.renew(now);
    this.#link.send(Uint8Array.of(clientMessage.resync));
  }

  /** The first intent goes at once with those of the same moment, the next ones at most twice a tick. */
  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    const pauseMs = 500 / (this.#welcome?.tickRateHz ?? 20);
    const waitMs = this.#intentMs + pauseMs - this.environment.nowMs();
    if (waitMs > 0) this.environment.after(waitMs, () => this.flush());
    else queueMicrotask(() => this.flush());
  }

  #sendInput(): void {
    const now = this.environment.nowMs();
    if (this.#outbox.hasUnsent) this.#intentMs = now;
    this.#inputMs = now;
    this.#unacknowledgedBytes = 0;
    this.#link.send(this.#outbox.take(this.#lastFrame));
  }
}
