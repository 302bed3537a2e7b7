/**
 * When a gateway sends each zone its intents: shortly before the zone ticks. Whoever sends too early makes intents older,
 * whoever sends too late makes them a whole tick older.
 *
 * Zones write the time of their next tick into shared memory (shared-state.ts); a batch goes out `leadMs` before it.
 * Invariant: a zone that does not say when it ticks is sent its batch all the same, once per interval: joins wait in it.
 */
import type { Cancel, Clock, Timers } from "../kernel/time.ts";

/** Milliseconds between sending and the tick: the timer's grain, and a burst of frames that is being written. */
const leadMs = 5;
/** Milliseconds that count as on time. */
const grainMs = 0.5;

export interface IntentScheduleOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly tickRateHz: number;
  readonly zones: number;
  /** When a zone ticks next, by this clock; a time that is past when it does not tick. */
  readonly nextTickMs: (zone: number) => number;
  /** Sends one zone its batch. */
  readonly send: (zone: number) => void;
}

export class IntentSchedule {
  readonly #options: IntentScheduleOptions;
  readonly #intervalMs: number;
  /** The tick for which each zone was sent its last batch, and when that was. */
  readonly #servedMs: Float64Array;
  readonly #sentMs: Float64Array;
  readonly #cancels: (Cancel | undefined)[];
  /** Bound once for each zone. */
  readonly #runs: readonly (() => void)[];

  constructor(options: IntentScheduleOptions) {
    const { zones, clock } = options;
    this.#options = options;
    this.#intervalMs = 1000 / options.tickRateHz;
    this.#servedMs = new Float64Array(zones).fill(Number.NEGATIVE_INFINITY);
    this.#sentMs = new Float64Array(zones).fill(clock.nowMs());
    this.#cancels = Array.from({ length: zones }, () => undefined);
    this.#runs = Array.from({ length: zones }, (_, zone) => () => this.#run(zone));
    for (let zone = 0; zone < zones; zone++) this.#wait(zone, (this.#intervalMs * (zone + 1)) / zones);
  }

  /** Nothing is sent any more. */
  close(): void {
    for (const cancel of this.#cancels) cancel?.();
  }

  #run(zone: number): void {
    const { clock, nextTickMs, send } = this.#options;
    const nowMs = clock.nowMs();
    const tickMs = nextTickMs(zone);
    const isServed = tickMs - this.#servedMs[zone]! < this.#intervalMs / 2;
    const sendsAtMs = tickMs - leadMs;
    if (!isServed && sendsAtMs > nowMs + grainMs && sendsAtMs < nowMs + 2 * this.#intervalMs) {
      this.#wait(zone, sendsAtMs - nowMs);
      return;
    }
    const silentMs = nowMs - this.#sentMs[zone]!;
    if (isServed && silentMs < this.#intervalMs - grainMs) {
      // Its tick is due; the time of the one after it will stand there soon.
      this.#wait(zone, Math.min(this.#intervalMs - silentMs, Math.max(1, tickMs + leadMs - nowMs)));
      return;
    }
    this.#servedMs[zone] = tickMs;
    this.#sentMs[zone] = nowMs;
    send(zone);
    this.#wait(zone, this.#intervalMs - (clock.nowMs() - nowMs) - grainMs);
  }

  #wait(zone: number, ms: number): void {
    this.#cancels[zone] = this.#options.timers.after(Math.max(0, ms), this.#runs[zone]!);
  }
}
