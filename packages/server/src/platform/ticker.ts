/**
 * The heartbeat of a thread: calls `onTick` for each of its slots at a fixed rate, without drift. A slot is a zone: n
 * zones tick spread over the interval, zone i at i/n of it, so that their frames leave evenly and no loop does everything
 * at once.
 *
 * Slot i of round r is due at start + (r + i/n) × interval, whatever the ticks before it took. A late tick runs at once;
 * when `catchUpMax` rounds in a row were late the backlog is given up: the schedule starts again from now, and what was
 * given up is dilation, of all slots alike.
 * Invariant: between two ticks the event loop turns, so sockets are served however late the ticker is.
 * Source: Bevy's fixed timestep and Glenn Fiedler's "Fix your timestep", for the bounded catching up.
 */
import { assert } from "../kernel/assert.ts";
import type { Cancel, Clock, Timers } from "../kernel/time.ts";

/** Three rounds are 150 ms at 20 Hz: a pause of the garbage collector is made good, a slow machine is not hidden. */
const defaultCatchUpMax = 3;
/** Dilation is spoken about down to here; below it a player would call it standing still. */
const dilationPercentMin = 10;
/** Milliseconds of lateness that are no backlog but a timer's grain or a busy slot, where slots are that close. */
const grainMs = 5;

export interface TickerOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Rounds per second: ticks of each slot. */
  readonly tickRateHz: number;
  /** @param slot 0 to slots − 1. @param dueMs When the tick was due; its next is one interval later. */
  readonly onTick: (slot: number, dueMs: number) => void;
  /** Slots of a round. @default 1 */
  readonly slots?: number;
  /** Late rounds in a row before the backlog is given up. @default 3 */
  readonly catchUpMax?: number;
  /** Told at each tick how many milliseconds after its time it began. @default nobody */
  readonly onLateness?: (latenessMs: number, slot: number) => void;
}

export class Ticker {
  readonly #options: TickerOptions;
  readonly #intervalMs: number;
  readonly #catchUpMax: number;
  #slots: number;
  #nextSlots: number;
  #slot = 0;
  /** When the ticks of the last second began. */
  #beganMs: Float64Array;
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
    this.#slots = 0;
    this.#nextSlots = options.slots ?? 1;
    this.#beganMs = new Float64Array(0);
    this.#beginRound();
  }

  /** The first tick comes one slot from now. */
  start(): void {
    assert(this.#cancel === undefined, "a ticker is started once");
    this.#dueMs = this.#options.clock.nowMs() + this.#slotMs;
    this.#schedule();
  }

  /** No tick begins after this. May be started again. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Slots of a round; another number holds from the next round on. */
  get slots(): number {
    return this.#nextSlots;
  }

  set slots(slots: number) {
    assert(Number.isInteger(slots) && slots >= 1, "a round has slots");
    this.#nextSlots = slots;
  }

  /** Milliseconds of simulation that were given up since the start. */
  get givenUpMs(): number {
    return this.#givenUpMs;
  }

  /** Percent of real time at which the last second was simulated, a whole number from 10 to 100. */
  get dilationPercent(): number {
    const nowMs = this.#options.clock.nowMs();
    // Ticks that were late and caught up are jitter, not dilation.
    if (nowMs - this.#givenUpAtMs > 1000 || this.#began === 0) return 100;
    const kept = Math.min(this.#began, this.#beganMs.length);
    const oldestMs = this.#beganMs[(this.#began - kept) % this.#beganMs.length] as number;
    const percent = (100 * kept * this.#slotMs) / Math.max(nowMs - oldestMs, this.#slotMs);
    return Math.max(dilationPercentMin, Math.min(100, Math.round(percent)));
  }

  get #slotMs(): number {
    return this.#intervalMs / this.#slots;
  }

  #schedule(): void {
    const waitMs = this.#dueMs - this.#options.clock.nowMs();
    this.#cancel =
      waitMs > 0 ? this.#options.timers.after(waitMs, this.#run) : this.#options.timers.soon(this.#run);
  }

  /** Bound once: hundreds of slots are scheduled each second. */
  readonly #run = (): void => {
    const { clock, onTick, onLateness } = this.#options;
    const nowMs = clock.nowMs();
    // Timers have whole milliseconds and may fire early by a fraction.
    if (nowMs < this.#dueMs) return this.#schedule();
    const slot = this.#slot;
    const dueMs = this.#dueMs;
    onLateness?.(nowMs - dueMs, slot);
    this.#beganMs[this.#began % this.#beganMs.length] = nowMs;
    this.#began += 1;
    this.#slot += 1;
    if (this.#slot === this.#slots) this.#beginRound();
    this.#dueMs += this.#slotMs;
    // Before the tick, so that a tick may stop the ticker.
    const running = this.#cancel;
    onTick(slot, dueMs);
    if (this.#cancel !== running) return;
    this.#giveUpBacklog();
    this.#schedule();
  };

  #beginRound(): void {
    this.#slot = 0;
    if (this.#slots === this.#nextSlots) return;
    this.#slots = this.#nextSlots;
    this.#beganMs = new Float64Array(Math.max(2, Math.ceil(this.#options.tickRateHz * this.#slots)));
    this.#began = 0;
    this.#lateInARow = 0;
  }

  #giveUpBacklog(): void {
    const nowMs = this.#options.clock.nowMs();
    const graceMs = this.#slots === 1 ? 0 : grainMs;
    if (nowMs < this.#dueMs + graceMs) {
      this.#lateInARow = 0;
      return;
    }
    this.#lateInARow += 1;
    if (this.#lateInARow <= this.#catchUpMax * this.#slots) return;
    this.#givenUpMs += nowMs - this.#dueMs;
    this.#givenUpAtMs = nowMs;
    this.#dueMs = nowMs;
    this.#lateInARow = 0;
  }
}
