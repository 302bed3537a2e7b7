/**
 * A crowd: clients that join, receive and send over one wire.
 *
 * Two crowds make the load: a few watchers, who decode what comes the moment it comes, and all others, who are counted.
 * The others read in lots: a client that nobody looks at may read two updates at once, which halves what reading costs.
 * The server notices nothing of it; its bytes wait in the system's buffers for a tenth of a second.
 * Invariant: inputs are spread evenly over time and clients, whatever the number of clients and the way of reading.
 * Invariant: nothing that comes from a server throws out of here; what does not decode is counted.
 */
import { directions, inputsPerSecond } from "../world.ts";
import type { Meter } from "./meter.ts";
import { clientFrame, LightSocket, opcodes, type SocketListener } from "./web-socket.ts";
import { heard, type Sample, type Speaker, type Wire } from "./wire.ts";

/** Clients of a crowd that are on their way in at a time. */
const joiningMax = 64;
/** Times that a client tries to come in, and milliseconds between: a server that is busy with joins may refuse one. */
const attemptsMax = 8;
const attemptPauseMs = 500;
/** Milliseconds between two lots of inputs. */
const inputLotMs = 5;
/** Milliseconds between two readings of those who read in lots: two updates. */
const readLotMs = 100;

const nap = new Int32Array(new SharedArrayBuffer(4));

export interface CrowdOptions {
  readonly wire: Wire;
  readonly meter: Meter;
  readonly port: number;
  /** Numbers of the clients. */
  readonly clients: readonly number[];
  /** Whether the clients decode. */
  readonly isWatching: boolean;
}

export class Crowd implements SocketListener {
  readonly #options: CrowdOptions;
  /** By the client's place in the crowd, which is what its socket knows of it. */
  readonly #sockets: (LightSocket | undefined)[];
  readonly #speakers: readonly Speaker[];
  readonly #samples: (Sample | undefined)[];
  /** What waits for a client's welcome. */
  readonly #welcomes = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #inputTimer: NodeJS.Timeout | undefined;
  #inputsSinceMs = 0;
  #inputsSent = 0;
  #isGone = false;
  /** What waits for the moment after a reading. */
  #edges: (() => void)[] = [];

  constructor(options: CrowdOptions) {
    this.#options = options;
    const { length } = options.clients;
    this.#sockets = new Array<LightSocket | undefined>(length).fill(undefined);
    this.#samples = new Array<Sample | undefined>(length).fill(undefined);
    this.#speakers = options.clients.map((index, at) => ({
      index,
      say: (message, opcode) => this.#sockets[at]?.write(clientFrame(message, opcode)),
    }));
  }

  /** Brings everybody in; `joined` is told how many there are now. Rejects with the first who cannot come in. */
  async join(joined: (count: number) => void): Promise<void> {
    const { length } = this.#sockets;
    if (this.#options.isWatching) {
      for (let at = 0; at < length; at++) this.#samples[at] = await this.#options.wire.sample();
    }
    this.#inputsSinceMs = performance.now();
    this.#inputTimer = setInterval(() => this.#sendInputs(), inputLotMs);
    let next = 0;
    let count = 0;
    const comeIn = async (): Promise<void> => {
      while (next < length) {
        await this.#enter(next++);
        joined(++count);
      }
    };
    await Promise.all(Array.from({ length: joiningMax }, comeIn));
  }

  /** From now on this thread sleeps between two readings, but for the inputs. */
  readInLots(): void {
    clearInterval(this.#inputTimer);
    const sleep = (): void => {
      for (const edge of this.#edges.splice(0)) edge();
      const untilMs = performance.now() + readLotMs;
      while (performance.now() < untilMs) {
        Atomics.wait(nap, 0, 0, inputLotMs);
        // A write goes to the system at once, whatever this thread does afterwards.
        this.#sendInputs();
      }
      // After what waits has been read.
      if (!this.#isGone) setImmediate(sleep);
    };
    setImmediate(sleep);
  }

  /** Calls back when everything that came has been read: what is counted up to then does not hang on the lots. */
  atEdge(then: () => void): void {
    this.#edges.push(then);
  }

  leave(): void {
    this.#isGone = true;
    clearInterval(this.#inputTimer);
    for (const socket of this.#sockets) socket?.destroy();
  }

  opened(socket: LightSocket): void {
    this.#options.wire.opened(this.#speakers[socket.client]!);
  }

  received(_socket: LightSocket, count: number): void {
    this.#options.meter.received(count);
  }

  message(socket: LightSocket, bytes: Buffer, from: number, to: number, opcode: number): void {
    const at = socket.client;
    const what = this.#options.wire.hear(this.#speakers[at]!, bytes, from, to, opcode);
    if (what === heard.update) this.#options.meter.update(at, to - from);
    else if (what === heard.welcome) this.#welcome(at);
    const sample = this.#samples[at];
    if (sample !== undefined && opcode === opcodes.binary) this.#look(sample, bytes.subarray(from, to));
  }

  closed(socket: LightSocket, reason: string): void {
    const at = socket.client;
    this.#sockets[at] = undefined;
    const welcome = this.#welcomes.get(at);
    this.#welcomes.delete(at);
    if (welcome === undefined) this.#options.meter.lost();
    else welcome.reject(new Error(reason));
  }

  async #enter(at: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#tryToEnter(at);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (attempt === attemptsMax)
          throw new Error(`client ${this.#speakers[at]!.index}: ${reason}`, { cause: error });
        await new Promise((resolve) => setTimeout(resolve, attemptPauseMs * attempt));
      }
    }
  }

  async #tryToEnter(at: number): Promise<void> {
    const { wire, port } = this.#options;
    const door = await wire.knock(this.#speakers[at]!.index);
    await new Promise<void>((resolve, reject) => {
      this.#welcomes.set(at, { resolve, reject });
      this.#sockets[at] = new LightSocket({ client: at, port, ...door, listener: this });
    });
  }

  #welcome(at: number): void {
    this.#welcomes.get(at)?.resolve();
    this.#welcomes.delete(at);
  }

  #look(sample: Sample, message: Buffer): void {
    try {
      const seen = sample.read(message);
      if (seen !== undefined) this.#options.meter.saw(seen, Date.now() - seen.timeMs);
    } catch {
      this.#options.meter.malformed();
    }
  }

  /** Sends the inputs that are due, round after round. */
  #sendInputs(): void {
    const { length } = this.#sockets;
    const seconds = (performance.now() - this.#inputsSinceMs) / 1000;
    const due = Math.floor(seconds * inputsPerSecond * length);
    // After a hold-up one round is made up for, no more.
    this.#inputsSent = Math.max(this.#inputsSent, due - length);
    for (; this.#inputsSent < due; this.#inputsSent++) {
      this.#sendInput(this.#inputsSent % length, this.#inputsSent % directions);
    }
  }

  #sendInput(at: number, direction: number): void {
    const socket = this.#sockets[at];
    if (socket === undefined || this.#welcomes.has(at)) return;
    socket.write(clientFrame(this.#options.wire.input(this.#speakers[at]!.index, direction)));
  }
}
