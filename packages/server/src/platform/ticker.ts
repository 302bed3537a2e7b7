/**
 * The heartbeat of a process: calls `onTick` at a fixed rate, without drift.
 *
 * Tick n is due at start + n × interval, whatever the ticks before it took. A late tick runs at once; after
 * `catchUpMax` late ones in a row the backlog is given up: the schedule starts again from now, and what was given up
 * is dilation.
 * Invariant: between two ticks the event loop turns, so sockets are served however late the ticker is.
 * Source: Bevy's fixed timestep and Glenn Fiedler's "Fix your timestep", for the bounded catching up.
 */
import { assert } from "../kernel/assert.ts";
import type { Cancel, Clock, Timers } from "../kernel/time.ts";

/** Three ticks are 150 ms at 20 Hz: a pause of the garbage collector is made good, a slow machine is not hidden. */
const defaultCatchUpMax = 3;
/** Dilation is spoken about down to here; below it a player would call it standing still. */
const dilationPercentMin = 10;

export interface TickerOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Ticks per second. */
  readonly tickRateHz: number;
  readonly onTick: () => void;
  /** Late ticks in a row before the backlog is given up. @default 3 */
  readonly catchUpMax?: number;
  /** Told at each tick how many milliseconds after its time it began. @default nobody */
  readonly onLateness?: (latenessMs: number) => void;
}

export class Ticker {
  readonly #options: TickerOptions;
  readonly #intervalMs: number;
  readonly #catchUpMax: number;
  /** When the last `tickRateHz` ticks began. */
  readonly #beganMs: Float64Array;
  #began = 0;
  #dueMs = 0;
  #lateInARow = 0;
  #givenUpMs = 0;
  #givenUpAtMs = Number.NEGATIVE_INFINITY;
  #cancel: Cancel | undefined;

  constructor(options: TickerOptions) {
    assert(options.tickRateHz > 0 && Number.isFinite(options.tickRateHz), "a ticker has a rate");
    this.#options = options;
    this.#intervalMs = 1000 / options.tickRateHz;
    this.#catchUpMax = options.catchUpMax ?? defaultCatchUpMax;
    this.#beganMs = new Float64Array(Math.max(2, Math.ceil(options.tickRateHz)));
  }

  /** The first tick comes one interval from now. */
  start(): void {
    assert(this.#cancel === undefined, "a ticker is started once");
    this.#dueMs = this.#options.clock.nowMs() + this.#intervalMs;
    this.#schedule();
  }

  /** No tick begins after this. May be started again. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Milliseconds of simulation that were given up since the start. */
  get givenUpMs(): number {
    return this.#givenUpMs;
  }

  /** Percent of real time at which the last second was simulated, a whole number from 10 to 100. */
  get dilationPercent(): number {
    const nowMs = this.#options.clock.nowMs();
    // Ticks that were late and caught up are jitter, not dilation.
    if (nowMs - this.#givenUpAtMs > 1000) return 100;
    const kept = Math.min(this.#began, this.#beganMs.length);
    const oldestMs = this.#beganMs[(this.#began - kept) % this.#beganMs.length] as number;
    const percent = (100 * kept * this.#intervalMs) / Math.max(nowMs - oldestMs, this.#intervalMs);
    return Math.max(dilationPercentMin, Math.min(100, Math.round(percent)));
  }

  #schedule(): void {
    const waitMs = this.#dueMs - this.#options.clock.nowMs();
    const run = () => this.#run();
    this.#cancel = waitMs > 0 ? this.#options.timers.after(waitMs, run) : this.#options.timers.soon(run);
  }

  #run(): void {
    const { clock, onTick, onLateness } = this.#options;
    const nowMs = clock.nowMs();
    // Timers have whole milliseconds and may fire early by a fraction.
    if (nowMs < this.#dueMs) return this.#schedule();
    onLateness?.(nowMs - this.#dueMs);
    this.#beganMs[this.#began % this.#beganMs.length] = nowMs;
    this.#began += 1;
    this.#dueMs += this.#intervalMs;
    // Before the tick, so that a tick may stop the ticker.
    const running = this.#cancel;
    onTick();
    if (this.#cancel !== running) return;
    this.#giveUpBacklog();
    this.#schedule();
  }

  #giveUpBacklog(): void {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#dueMs) {
      this.#lateInARow = 0;
      return;
    }
    this.#lateInARow += 1;
    if (this.#lateInARow <= this.#catchUpMax) return;
    this.#givenUpMs += nowMs - this.#dueMs;
    this.#givenUpAtMs = nowMs;
    this.#dueMs = nowMs;
    this.#lateInARow = 0;
  }
}
