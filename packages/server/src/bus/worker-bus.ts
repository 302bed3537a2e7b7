/**
 * The bus between the threads of one process: rings in shared memory, one for each pair that speaks to each other.
 *
 * Threads are numbered: gateways first, then zone workers. Which worker has a zone stands in shared memory too, so that a
 * zone changes its worker between two batches. Gateways are woken by a bell; a zone worker looks before each of its ticks.
 * Invariant: a batch for a zone that is elsewhere by now is passed on, not lost. One for a zone that is awaited here is
 * kept until its host comes.
 * Invariant: memory is bounded by the rings and by `awaitedBytesMax`; what does not fit is dropped and counted.
 */
import type { BatchReceiver, Bus } from "./port.ts";
import { droppedIn, makeRing, RingReader, RingWriter } from "./shared-ring.ts";

/** Bytes from a worker to a gateway: 200 ms of tick frames of 10,000 players, as much as a gateway keeps. */
const frameRingBytes = 8 * 1024 * 1024;
/** Bytes from a gateway to a worker: joins of a full realm within a few ticks. */
const intentRingBytes = 4 * 1024 * 1024;
/** Bytes from a worker to a worker: ghosts and handovers of some neighbours. */
const zoneRingBytes = 4 * 1024 * 1024;
/** Bytes kept for one zone on its way here: what comes within the second that a move may take. */
const awaitedBytesMax = 8 * 1024 * 1024;

const batch = { tickFrame: 1, intents: 2, zone: 3 } as const;
const nowhere = -1;

/** What all threads share; plain data, made once by whoever starts them. */
export interface BusPlan {
  readonly gateways: number;
  readonly workers: number;
  /** Ring from one thread to another at [from × threads + to]; undefined where they do not speak. */
  readonly rings: readonly (SharedArrayBuffer | undefined)[];
  /** Thread of each zone, −1 for none: one i32 each. */
  readonly routes: SharedArrayBuffer;
  /** One i32 for each gateway, counted up when something came. */
  readonly bells: SharedArrayBuffer;
}

export function planBus(count: { gateways: number; workers: number; zones: number }): BusPlan {
  const { gateways, workers, zones } = count;
  const threads = gateways + workers;
  const rings = Array.from({ length: threads * threads }, (_, index) => {
    const from = Math.floor(index / threads);
    const to = index % threads;
    if (from === to || (from < gateways && to < gateways)) return undefined;
    return makeRing(from < gateways ? intentRingBytes : to < gateways ? frameRingBytes : zoneRingBytes);
  });
  const routes = new SharedArrayBuffer(4 * zones);
  new Int32Array(routes).fill(nowhere);
  return { gateways, workers, rings, routes, bells: new SharedArrayBuffer(4 * gateways) };
}

/** From now on batches for the zone go to this thread. */
export function routeZone(plan: BusPlan, zone: number, thread: number): void {
  Atomics.store(new Int32Array(plan.routes), zone, thread);
}

/** Batches that found no room between threads, since the start. */
export function droppedBatches(plan: BusPlan): number {
  return plan.rings.reduce((sum, ring) => sum + (ring === undefined ? 0 : droppedIn(ring)), 0);
}

interface Awaited {
  readonly batches: { readonly kind: number; readonly bytes: Uint8Array }[];
  bytes: number;
}

export class WorkerBus implements Bus {
  readonly #plan: BusPlan;
  readonly #self: number;
  readonly #routes: Int32Array;
  readonly #bells: Int32Array;
  readonly #writers: (RingWriter | undefined)[];
  readonly #readers: RingReader[] = [];
  readonly #tickFrames = new Map<number, BatchReceiver>();
  readonly #intents = new Map<number, BatchReceiver>();
  readonly #zones = new Map<number, BatchReceiver>();
  readonly #awaited = new Map<number, Awaited>();
  #isOpen = true;
  /** Batches for zones that are nowhere, or for which too many waited. */
  dropped = 0;

  /** @param self This thread's number. What was sent to a predecessor of the same number is forgotten. */
  constructor(plan: BusPlan, self: number) {
    this.#plan = plan;
    this.#self = self;
    this.#routes = new Int32Array(plan.routes);
    this.#bells = new Int32Array(plan.bells);
    const threads = plan.gateways + plan.workers;
    this.#writers = Array.from({ length: threads }, (_, to) => {
      const ring = plan.rings[self * threads + to];
      return ring === undefined ? undefined : new RingWriter(ring);
    });
    for (let from = 0; from < threads; from++) {
      const ring = plan.rings[from * threads + self];
      if (ring === undefined) continue;
      const reader = new RingReader(ring);
      reader.skip();
      this.#readers.push(reader);
    }
  }

  sendTickFrame(gateway: number, bytes: Uint8Array): void {
    if (this.#writers[gateway]?.write(batch.tickFrame, gateway, bytes) !== true) return;
    Atomics.add(this.#bells, gateway, 1);
    Atomics.notify(this.#bells, gateway);
  }

  sendIntents(zone: number, bytes: Uint8Array): void {
    this.#sendToZone(batch.intents, zone, bytes);
  }

  sendZoneBatch(toZone: number, bytes: Uint8Array): void {
    this.#sendToZone(batch.zone, toZone, bytes);
  }

  onTickFrames(gateway: number, receiver: BatchReceiver): () => void {
    return register(this.#tickFrames, gateway, receiver);
  }

  onIntents(zone: number, receiver: BatchReceiver): () => void {
    return register(this.#intents, zone, receiver);
  }

  onZoneBatches(zone: number, receiver: BatchReceiver): () => void {
    return register(this.#zones, zone, receiver);
  }

  /** Hands on what came. @returns How many batches there were. */
  drain(): number {
    let count = 0;
    for (const reader of this.#readers) count += reader.drain(this.#take);
    return count;
  }

  /** Calls `work` soon after something came for this gateway, until the bus is closed. */
  onBell(work: () => void): void {
    void this.#listen(work);
  }

  /** @returns Whether gateways have read everything that was sent to them from here until now. */
  mark(): () => boolean {
    const marks = this.#writers.slice(0, this.#plan.gateways).flatMap((writer) => writer?.mark() ?? []);
    return () => marks.every((isRead) => isRead());
  }

  /** A zone is on its way here: what comes for it is kept until `deliverAwaited`. */
  await(zone: number): void {
    this.#awaited.set(zone, { batches: [], bytes: 0 });
  }

  /** The zone has its host here now, or will not come: hands on, or forgets, what was kept for it. */
  deliverAwaited(zone: number): void {
    const awaited = this.#awaited.get(zone);
    this.#awaited.delete(zone);
    for (const { kind, bytes } of awaited?.batches ?? []) this.#take(kind, zone, bytes);
  }

  /** Stops listening. */
  close(): void {
    this.#isOpen = false;
    if (this.#self >= this.#plan.gateways) return;
    Atomics.add(this.#bells, this.#self, 1);
    Atomics.notify(this.#bells, this.#self);
  }

  #sendToZone(kind: number, zone: number, bytes: Uint8Array): void {
    const thread = Atomics.load(this.#routes, zone);
    if (thread === this.#self) this.#take(kind, zone, bytes);
    else if (thread === nowhere) this.dropped += 1;
    else this.#writers[thread]?.write(kind, zone, bytes);
  }

  /** Bound once: every batch passes here. */
  readonly #take = (kind: number, target: number, bytes: Uint8Array): void => {
    if (kind === batch.tickFrame) {
      this.#tickFrames.get(target)?.(bytes);
      return;
    }
    const receiver = (kind === batch.intents ? this.#intents : this.#zones).get(target);
    if (receiver !== undefined) {
      receiver(bytes);
      return;
    }
    const awaited = this.#awaited.get(target);
    if (awaited !== undefined && awaited.bytes + bytes.length <= awaitedBytesMax) {
      awaited.batches.push({ kind, bytes: new Uint8Array(bytes) });
      awaited.bytes += bytes.length;
      return;
    }
    const isElsewhere = awaited === undefined && Atomics.load(this.#routes, target) !== this.#self;
    if (isElsewhere) this.#sendToZone(kind, target, bytes);
    else this.dropped += 1;
  };

  async #listen(work: () => void): Promise<void> {
    while (this.#isOpen) {
      const seen = Atomics.load(this.#bells, this.#self);
      work();
      const { async: waits, value } = Atomics.waitAsync(this.#bells, this.#self, seen);
      if (waits) await value;
      // A bell that never stops must not keep the loop from its sockets.
      else await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
}

function register(receivers: Map<number, BatchReceiver>, key: number, receiver: BatchReceiver): () => void {
  receivers.set(key, receiver);
  return () => {
    if (receivers.get(key) === receiver) receivers.delete(key);
  };
}
