/** A player over a real socket that decodes everything, compares digests and remembers what it was told. */
import assert from "node:assert/strict";
import {
  clientMessage,
  decodeClientFrame,
  decodeRecord,
  decodeServerText,
  encodeHello,
  encodeInput,
  encodeRecord,
  type IntentType,
  type RecordFields,
  type RecordValue,
  subprotocol,
  type Welcome,
} from "@myriad/protocol";
import { learnGame } from "../../packages/swarm/src/game.ts";
import { Latency } from "../../packages/swarm/src/latency.ts";
import { Observer } from "../../packages/swarm/src/observer.ts";
import { schema } from "./realm.ts";

/** Milliseconds between two acknowledgements. */
const acknowledgeMs = 50;

export async function ticketFor(url: string, name: string): Promise<string> {
  const body = JSON.stringify({ name });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/tickets`, { method: "POST", headers, body });
  const answer = (await response.json()) as { ticket?: string };
  assert.ok(answer.ticket !== undefined, JSON.stringify(answer));
  return answer.ticket;
}

export class ThreadPlayer {
  readonly name: string;
  readonly url: string;
  welcome: Welcome | undefined;
  closed: string | undefined;
  observer: Observer | undefined;
  mismatches = 0;
  frames = 0;
  lastFrameMs = 0;
  homeZone = -1;
  /** Home ticks in the order in which they came. */
  readonly ticks: number[] = [];
  readonly notices: string[] = [];
  readonly facts: { readonly name: string; readonly value: Record<string, unknown> }[] = [];
  #socket: WebSocket | undefined;
  #frame = 0;
  #fact = 0;
  #seq = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(url: string, name: string) {
    this.url = url;
    this.name = name;
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Number of the gateway that has the session: the first byte of the resume key. */
  get gateway(): number {
    return Buffer.from(this.welcome!.resumeKey, "base64url")[0]!;
  }

  async join(ticket?: string): Promise<this> {
    return this.#open(`ticket.${ticket ?? (await ticketFor(this.url, this.name))}`);
  }

  /** Comes back with its key, to whichever gateway the system chooses. */
  async resume(): Promise<this> {
    return this.#open(`resume.${this.welcome!.resumeKey}`);
  }

  /** Waits until the socket is closed by the other side; answers the reason. */
  async end(): Promise<string> {
    await until(() => this.closed !== undefined, `${this.name} is closed`);
    return this.closed!;
  }

  /** Drops the socket without a word. */
  drop(): void {
    clearInterval(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Says goodbye. */
  leave(): void {
    this.#send(Uint8Array.of(clientMessage.bye));
    this.drop();
  }

  intend<F extends RecordFields>(type: IntentType<string, F>, value: RecordValue<F>): void {
    const index = (schema.intents as readonly IntentType[]).indexOf(type as unknown as IntentType);
    this.#send(
      encodeInput(this.#frame, [{ seq: ++this.#seq, type: index, record: encodeRecord(type.fields, value) }]),
    );
  }

  /** Entities that it sees. */
  get seen(): number {
    return [...this.observer!.replicas.values()].reduce((sum, replica) => sum + replica.entities.size, 0);
  }

  async #open(credential: string): Promise<this> {
    this.drop();
    this.closed = undefined;
    let isWelcome = false;
    const socket = new WebSocket(`${this.url.replace("http", "ws")}/v1/play`, [subprotocol, credential]);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.addEventListener("open", () => {
      const hello = {
        formatVersion: 1,
        schemaHash: "0".repeat(16),
        wantsDigests: true,
        lastFact: this.#fact,
      };
      socket.send(encodeHello({ ...hello, client: "test" }) as Uint8Array<ArrayBuffer>);
    });
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.#socket) return;
      const bytes = new Uint8Array(data as ArrayBuffer);
      const frame = decodeClientFrame(bytes);
      if (frame.ok) {
        this.#take(frame.value, bytes);
        return;
      }
      const read = decodeServerText(bytes);
      assert.ok(read.ok, `a message can be read: ${frame.code}`);
      if (read.value.kind === "welcome") {
        this.#begin(read.value.welcome);
        isWelcome = true;
      }
      if (read.value.kind === "notice") this.notices.push(read.value.code);
    });
    socket.addEventListener("close", ({ reason, code }) => {
      if (socket === this.#socket) this.closed = reason === "" ? String(code) : reason;
    });
    this.#timer = setInterval(() => this.#send(encodeInput(this.#frame, [])), acknowledgeMs);
    await until(() => isWelcome || this.closed !== undefined, `${this.name} is answered`);
    return this;
  }

  #begin(welcome: Welcome): void {
    this.welcome = welcome;
    const learnt = learnGame(welcome);
    assert.ok(learnt.ok);
    this.observer = new Observer(learnt.game, { nearestGap: new Latency(), everyGap: new Latency() });
    if (welcome.resumed) return;
    this.#fact = 0;
    this.#frame = 0;
  }

  #take(
    frame: Extract<ReturnType<typeof decodeClientFrame>, { ok: true }>["value"],
    bytes: Uint8Array,
  ): void {
    this.frames += 1;
    this.lastFrameMs = performance.now();
    assert.ok(frame.frame > this.#frame, `frame ${frame.frame} after ${this.#frame}`);
    this.#frame = frame.frame;
    this.ticks.push(frame.tick);
    this.homeZone = frame.homeZone;
    for (const { number, type, from, to } of frame.facts) {
      this.#fact = number;
      const given = schema.facts[type]!;
      const decoded = decodeRecord(given.fields, bytes.slice(from, to));
      assert.ok(decoded.ok);
      this.facts.push({ name: given.name, value: decoded.value as Record<string, unknown> });
    }
    this.mismatches += this.observer!.apply(frame, performance.now()).mismatches.length;
  }

  #send(bytes: Uint8Array): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
  }
}

export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  msMax = 8000,
): Promise<void> {
  const startMs = performance.now();
  while (!(await holds())) {
    assert.ok(performance.now() - startMs < msMax, `${what} within ${msMax} ms`);
    await rest(10);
  }
}

export const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
