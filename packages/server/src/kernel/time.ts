/**
 * Time as it is handed to whoever needs it: a clock and timers, as ports.
 *
 * Invariant: nothing above `platform/` reads a clock or starts a timer by itself; `platform/` holds the real ones and
 * one that tests move by hand.
 */

/** Two clocks: one that only grows, and the wall's. */
export interface Clock {
  /** Milliseconds, monotonic, with fractions, since some moment. */
  nowMs(): number;
  /** Whole milliseconds since 1970; may jump. */
  wallMs(): number;
}

/** Takes a timer back; without effect once it ran. */
export type Cancel = () => void;

export interface Timers {
  /** Runs `work` once, `delayMs` milliseconds from now or a little later. */
  after(delayMs: number, work: () => void): Cancel;
  /** Runs `work` again and again. Does not keep the process alive. */
  every(intervalMs: number, work: () => void): Cancel;
  /** Runs `work` once what waits at the sockets was served. */
  soon(work: () => void): Cancel;
}

/** Fresh random bytes that nobody can foretell: keys, tickets. */
export type RandomBytes = (count: number) => Uint8Array;
