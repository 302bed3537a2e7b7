/**
 * A circuit breaker before the database: when it fails again and again, calls are refused at once instead of waiting for
 * the same failure, until it answers again.
 *
 *     closed ──failures in a row──▶ open ──pause──▶ half open ──one call succeeds──▶ closed
 *                                    ▲                  │
 *                                    └──it fails: pause doubled
 *
 * Invariant: a call that is refused has no effect and says so: `store_away`. One that was sent and is not answered in time
 * may have had one: `store_failed`.
 * Invariant: `ping` always goes through: whoever asks for health learns the truth, and its answer closes the circuit.
 */
import { isMyriadError, MyriadError } from "../kernel/errors.ts";
import type { Timers } from "../kernel/time.ts";
import type { Call, Method } from "./calls.ts";
import type { StoreAdapter } from "./store-over.ts";

export type BreakerState = "closed" | "open" | "half_open";

/** Where the breaker says what it does, for metrics and the log. */
export interface BreakerMetrics {
  /** The state changed. */
  state(state: BreakerState): void;
  /** A call was refused without being sent. */
  refused(method: Method): void;
  /** A call failed, or was not answered in time. */
  failed(method: Method, error: MyriadError): void;
}

export interface BreakerOptions {
  readonly timers: Timers;
  /** @default nothing is counted */
  readonly metrics?: BreakerMetrics;
  /** Failures in a row, without a success in between, that open the circuit. @default 5 */
  readonly failuresMax?: number;
  /** Milliseconds until the first try after it opened. @default 500 */
  readonly pauseMs?: number;
  /** Milliseconds that the pause grows to, doubling. @default 10_000 */
  readonly pauseMsMax?: number;
  /** Milliseconds to wait for an answer. @default 40_000, above the database's own limits */
  readonly answerMsMax?: number;
}

/** One failure is a call's own; five in a row with nothing between them are the database's. */
const failuresMaxDefault = 5;
/** Short, because a restart of the database takes seconds and zones wait for it. */
const pauseMsDefault = 500;
/** Long enough to leave a struggling database alone, short enough for nobody to notice that it is back. */
const pauseMsMaxDefault = 10_000;
/** A statement is given up after 30 s by PostgreSQL, its line after 35. */
const answerMsMaxDefault = 40_000;

const silent: BreakerMetrics = { state: () => {}, refused: () => {}, failed: () => {} };

/** The adapter behind a breaker. */
export function withBreaker(adapter: StoreAdapter, options: BreakerOptions): StoreAdapter {
  return new Breaker(adapter, options);
}

class Breaker implements StoreAdapter {
  readonly #adapter: StoreAdapter;
  readonly #timers: Timers;
  readonly #metrics: BreakerMetrics;
  readonly #failuresMax: number;
  readonly #pauseMsMin: number;
  readonly #pauseMsMax: number;
  readonly #answerMsMax: number;
  #state: BreakerState = "closed";
  #failures = 0;
  #pauseMs: number;
  /** When the circuit may be tried again. */
  #triesAtMs = 0;
  /** A half open circuit lets one call through. */
  #isTrying = false;

  constructor(adapter: StoreAdapter, options: BreakerOptions) {
    this.#adapter = adapter;
    this.#timers = options.timers;
    this.#metrics = options.metrics ?? silent;
    this.#failuresMax = options.failuresMax ?? failuresMaxDefault;
    this.#pauseMsMin = options.pauseMs ?? pauseMsDefault;
    this.#pauseMsMax = options.pauseMsMax ?? pauseMsMaxDefault;
    this.#answerMsMax = options.answerMsMax ?? answerMsMaxDefault;
    this.#pauseMs = this.#pauseMsMin;
  }

  async carry(call: Call): Promise<unknown> {
    if (call.method === "ping") return this.#send(call);
    if (this.#state === "open" && this.nowMs() >= this.#triesAtMs) this.#enter("half_open");
    if (this.#state === "open" || (this.#state === "half_open" && this.#isTrying)) {
      this.#metrics.refused(call.method);
      throw new MyriadError("store_away", `${call.method} was not sent`);
    }
    this.#isTrying = this.#state === "half_open";
    return this.#send(call);
  }

  close(): Promise<void> {
    return this.#adapter.close();
  }

  nowMs(): number {
    return this.#adapter.nowMs();
  }

  async #send(call: Call): Promise<unknown> {
    try {
      const answer = await this.#inTime(this.#adapter.carry(call), call.method);
      this.#succeed();
      return answer;
    } catch (error) {
      // Whatever else comes back is an answer: the database is there.
      if (isMyriadError(error, "store_failed")) this.#fail(call.method, error);
      else if (!isMyriadError(error, "store_overloaded")) this.#succeed();
      throw error;
    }
  }

  async #inTime(answer: Promise<unknown>, method: Method): Promise<unknown> {
    const late = Promise.withResolvers<never>();
    const cancel = this.#timers.after(this.#answerMsMax, () =>
      late.reject(new MyriadError("store_failed", `${method} was not answered in ${this.#answerMsMax} ms`)),
    );
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      cancel();
    }
  }

  #succeed(): void {
    this.#failures = 0;
    this.#isTrying = false;
    this.#pauseMs = this.#pauseMsMin;
    this.#enter("closed");
  }

  #fail(method: Method, error: MyriadError): void {
    this.#metrics.failed(method, error);
    this.#failures += 1;
    const wasTrying = this.#isTrying;
    this.#isTrying = false;
    if (this.#state === "half_open" && wasTrying) {
      this.#pauseMs = Math.min(this.#pauseMs * 2, this.#pauseMsMax);
    } else if (this.#state !== "closed" || this.#failures < this.#failuresMax) {
      return;
    }
    this.#triesAtMs = this.nowMs() + this.#pauseMs;
    this.#enter("open");
  }

  #enter(state: BreakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#metrics.state(state);
  }
}
