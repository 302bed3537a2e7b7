/**
 * Test doubles: a clock that stands until it is moved, sockets that a test holds both ends of, a small schema and a
 * scripted server for it. No test, and nothing that runs in production.
 */
import {
  angle,
  cosmetic,
  critical,
  decodeClientMessage,
  type ClientMessage,
  defineSchema,
  describe,
  detailed,
  encodeRecord,
  encodeWelcome,
  entity,
  entityRef,
  fact,
  fixedArray,
  intent,
  metadata,
  oneOf,
  position,
  RegionGrid,
  schemaHash,
  self,
  text,
  uint,
  unit,
  type Welcome,
  bool,
} from "@myriad/protocol";
import type { Environment, SocketLike } from "./environment.ts";

export const Walker = entity(
  "walker",
  {
    position: critical(position()),
    heading: critical(angle(8)),
    health: detailed(unit(8)),
    mood: cosmetic(oneOf("calm", "angry")),
    name: metadata(text(24)),
    friend: metadata(entityRef()),
    coins: self(uint(16)),
    bag: self(fixedArray(uint(8), 4)),
    motto: self(text(16)),
  },
  { group: ["position", "name", "coins"], wakes: true },
);
export const Stone = entity("stone", { position: critical(position()), weight: metadata(uint(8)) });
export const Walk = intent("walk", { direction: angle(8), moving: bool() });
export const Shout = intent("shout", { text: text(64) });
export const Heard = fact("heard", { from: text(24), text: text(64) });
export const Hurt = fact("hurt", { amount: uint(8) });

export const fakeSchema = defineSchema({
  name: "fake",
  version: "1.2.3",
  entities: [Walker, Stone],
  intents: [Walk, Shout],
  facts: [Heard, Hurt],
});

export const walkerLayout = fakeSchema.kinds[0]!;
export const stoneLayout = fakeSchema.kinds[1]!;
/** Two zones side by side, each one region. */
export const west = new RegionGrid(0, { x: 0, y: 0, width: 64, height: 64 }, 64);
export const east = new RegionGrid(1, { x: 64, y: 0, width: 64, height: 64 }, 64);

export function fakeWelcome(parts: Partial<Welcome> = {}): Welcome {
  return {
    formatVersion: 1,
    realm: "test",
    server: "0.0.1",
    gameVersion: "1.2.3",
    session: 7,
    resumeKey: "key-1",
    resumeSeconds: 120,
    resumed: false,
    character: { id: 1, name: "Ann" },
    tickRateHz: 20,
    regionSizeM: 64,
    levels: [{ radiusM: 64, strideTicks: 1, channelStrides: [1, 1, 1, 1] }],
    zones: [
      { zone: 0, name: "west", bounds: west.bounds },
      { zone: 1, name: "east", bounds: east.bounds },
    ],
    schemaHash: schemaHash(describe(fakeSchema)),
    ...parts,
  };
}

/** A clock with timers that a test moves. */
export class FakeTime {
  nowMs = 1000;
  #timers: { atMs: number; order: number; work: () => void }[] = [];
  #order = 0;

  after = (delayMs: number, work: () => void): (() => void) => {
    const timer = { atMs: this.nowMs + delayMs, order: this.#order++, work };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** Lets time pass; timers run at their time, promises after each of them. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      await settled();
      const due = this.#timers
        .filter(({ atMs }) => atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.work();
    }
    this.nowMs = endMs;
  }
}

/** Lets promises that are ready run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

/** A socket whose other end is the test. */
export class FakeSocket implements SocketLike {
  binaryType = "";
  readonly url: string;
  readonly protocols: string[];
  readonly sent: ClientMessage[] = [];
  isClosed = false;
  readonly #listeners: { type: string; listener: (event: never) => void }[] = [];

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.push({ type, listener });
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    const decoded = decodeClientMessage(data.slice());
    if (!decoded.ok) throw new Error(`the client sent ${decoded.code}`);
    this.sent.push(decoded.value);
  }

  close(): void {
    this.isClosed = true;
  }

  /** Messages of a kind that the client sent, oldest first. */
  sentOf<K extends ClientMessage["kind"]>(kind: K): Extract<ClientMessage, { kind: K }>[] {
    return this.sent.filter((message) => message.kind === kind) as Extract<ClientMessage, { kind: K }>[];
  }

  open(): void {
    this.#emit("open", {});
  }

  receive(bytes: Uint8Array): void {
    this.#emit("message", { data: bytes.slice().buffer });
  }

  /** The server or the network ends the socket. */
  drop(code = 1006): void {
    this.#emit("close", { code, reason: "" });
  }

  /** A message that is text or something else. */
  receiveAnything(data: unknown): void {
    this.#emit("message", { data });
  }

  fail(): void {
    this.#emit("error", {});
  }

  #emit(type: string, event: object): void {
    for (const entry of this.#listeners) if (entry.type === type) entry.listener(event as never);
  }
}

/** An environment with a fake clock, and the sockets that were opened in it. */
export function fakeEnvironment(): { time: FakeTime; sockets: FakeSocket[]; environment: Environment } {
  const time = new FakeTime();
  const sockets: FakeSocket[] = [];
  class Socket extends FakeSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const environment = { nowMs: () => time.nowMs, after: time.after, random: () => 0.5, WebSocket: Socket };
  return { time, sockets, environment };
}

/** Opens a socket and welcomes it. */
export function greet(socket: FakeSocket, parts: Partial<Welcome> = {}): void {
  socket.open();
  socket.receive(encodeWelcome(fakeWelcome(parts)));
}

/** Facts as a frame carries them. */
export function heard(words: string): { type: number; record: Uint8Array } {
  return { type: 0, record: encodeRecord(Heard.fields, { from: "Bob", text: words }) };
}
