/**
 * Notices threads that give no signs of life.
 *
 * Invariant: a thread is only called hung when this thread itself ran meanwhile: a machine that stood still for seconds
 * says nothing about its threads.
 */
import type { Cancel, Clock, Timers } from "../kernel/time.ts";

/** Milliseconds between two looks. */
const lookMs = 200;
/** Milliseconds without a sign of life, of which there are ten a second, after which a thread is hung. */
const hungMs = 1500;
/** Milliseconds by which a look may be late before it counts as one after a standstill. */
const standstillMs = 500;

interface Watched {
  pulse: number;
  aliveMs: number;
}

export interface WatchdogOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Counts up while the thread runs. */
  readonly pulseOf: (thread: number) => number;
  /** Told once of each thread that hangs; it is watched no more. */
  readonly onHung: (thread: number, silentMs: number) => void;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #watched = new Map<number, Watched>();
  readonly #cancel: Cancel;
  #lookedMs: number;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#lookedMs = options.clock.nowMs();
    this.#cancel = options.timers.every(lookMs, () => this.#look());
  }

  /** Watches a thread from now on. */
  watch(thread: number): void {
    const { clock, pulseOf } = this.#options;
    this.#watched.set(thread, { pulse: pulseOf(thread), aliveMs: clock.nowMs() });
  }

  unwatch(thread: number): void {
    this.#watched.delete(thread);
  }

  close(): void {
    this.#cancel();
  }

  #look(): void {
    const { clock, pulseOf, onHung } = this.#options;
    const nowMs = clock.nowMs();
    const isAfterStandstill = nowMs - this.#lookedMs > lookMs + standstillMs;
    this.#lookedMs = nowMs;
    for (const [thread, watched] of this.#watched) {
      const pulse = pulseOf(thread);
      if (pulse !== watched.pulse || isAfterStandstill) {
        watched.pulse = pulse;
        watched.aliveMs = nowMs;
      } else if (nowMs - watched.aliveMs >= hungMs) {
        this.#watched.delete(thread);
        onHung(thread, nowMs - watched.aliveMs);
      }
    }
  }
}
