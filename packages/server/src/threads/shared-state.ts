/**
 * What all threads of a realm may read at any time: signs of life, when each zone ticks next, which zones are down.
 *
 *   pulses   i32 per thread, counted up while it runs
 *   ticks    i32 per zone: time of its next tick in 1/16 ms of the machine's monotonic clock, modulo 2^32
 *   down     i32 per zone: 1 while it has no worker that runs
 *
 * Invariant: each place has one writer; whoever reads may be a moment behind and never waits.
 */
import { machineNowMs } from "../platform/system-time.ts";

const unitsPerMs = 16;

/** The memory; plain data that crosses threads. */
export interface SharedMemory {
  readonly threads: number;
  readonly zones: number;
  readonly words: SharedArrayBuffer;
}

export function makeSharedMemory(count: { threads: number; zones: number }): SharedMemory {
  return { ...count, words: new SharedArrayBuffer(4 * (count.threads + 2 * count.zones)) };
}

export class SharedState {
  readonly #words: Int32Array;
  readonly #ticksAt: number;
  readonly #downAt: number;

  constructor(memory: SharedMemory) {
    this.#words = new Int32Array(memory.words);
    this.#ticksAt = memory.threads;
    this.#downAt = memory.threads + memory.zones;
  }

  /** A thread is alive. */
  beat(thread: number): void {
    Atomics.add(this.#words, thread, 1);
  }

  pulseOf(thread: number): number {
    return Atomics.load(this.#words, thread);
  }

  /** A zone ticks next so many milliseconds from now. */
  noteNextTick(zone: number, inMs: number): void {
    const units = Math.round(((machineNowMs() + inMs) * unitsPerMs) % 2 ** 32);
    Atomics.store(this.#words, this.#ticksAt + zone, units | 0);
  }

  /** Milliseconds until a zone ticks; negative when it should have ticked, or never did. */
  nextTickInMs(zone: number): number {
    const now = Math.round((machineNowMs() * unitsPerMs) % 2 ** 32) | 0;
    return ((Atomics.load(this.#words, this.#ticksAt + zone) - now) | 0) / unitsPerMs;
  }

  setDown(zone: number, isDown: boolean): void {
    Atomics.store(this.#words, this.#downAt + zone, isDown ? 1 : 0);
  }

  isDown(zone: number): boolean {
    return Atomics.load(this.#words, this.#downAt + zone) === 1;
  }
}
