/**
 * A clock and timers that stand still until somebody moves them: for tests and for simulation.
 *
 * Invariant: work runs in the order of its time, then of its registration, with the clock standing at its time.
 * Invariant: deterministic; nothing here looks at the machine.
 */
import { assert } from "../kernel/assert.ts";
import type { Cancel, Clock, Timers } from "../kernel/time.ts";

/** Work that one `advance` may run: beyond it, timers start each other for ever. */
const runsPerAdvanceMax = 1_000_000;

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly work: () => void;
}

export class VirtualTime implements Clock, Timers {
  #nowMs = 0;
  #wallStartMs: number;
  #order = 0;
  #entries: Entry[] = [];

  /** @param wallStartMs What the wall's clock shows at time 0. */
  constructor(wallStartMs = 1_800_000_000_000) {
    this.#wallStartMs = wallStartMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return Math.floor(this.#wallStartMs + this.#nowMs);
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#entries.length;
  }

  after(delayMs: number, work: () => void): Cancel {
    const entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, work };
    this.#entries.push(entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  every(intervalMs: number, work: () => void): Cancel {
    const run = (): void => {
      cancel = this.after(intervalMs, run);
      work();
    };
    let cancel = this.after(intervalMs, run);
    return () => cancel();
  }

  soon(work: () => void): Cancel {
    return this.after(0, work);
  }

  /** Lets `ms` milliseconds pass and runs what is due in them. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let runs = 0; ; runs += 1) {
      assert(runs < runsPerAdvanceMax, "timers start each other for ever");
      const next = this.#next();
      if (next === undefined || next.dueMs > untilMs) break;
      this.#entries = this.#entries.filter((entry) => entry !== next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.work();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Lets time pass without running anything: what a busy thread sees. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  #next(): Entry | undefined {
    let best: Entry | undefined;
    for (const entry of this.#entries) {
      const isEarlier =
        best === undefined ||
        entry.dueMs < best.dueMs ||
        (entry.dueMs === best.dueMs && entry.order < best.order);
      if (isEarlier) best = entry;
    }
    return best;
  }
}
