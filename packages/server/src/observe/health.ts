/**
 * Readiness: asks each dependency whether it answers, and how fast.
 *
 * Invariant: an answer always comes within the timeout; a check that throws or hangs is a dependency that is not ready.
 */
import type { Clock, Timers } from "../kernel/time.ts";

/** Milliseconds that a dependency may take: less than a load balancer waits. */
const checkMsMax = 2000;

export interface CheckResult {
  readonly ok: boolean;
  /** Why not, in a few words. */
  readonly detail?: string;
}

export interface DependencyHealth {
  readonly name: string;
  readonly ok: boolean;
  /** Milliseconds until the answer. */
  readonly latencyMs: number;
  readonly detail?: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly dependencies: readonly DependencyHealth[];
}

export type Check = () => CheckResult | Promise<CheckResult>;

export class Health {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #checks = new Map<string, Check>();

  constructor(options: { clock: Clock; timers: Timers }) {
    this.#clock = options.clock;
    this.#timers = options.timers;
  }

  /** Adds a dependency; a second one of the same name replaces the first. */
  add(name: string, check: Check): void {
    this.#checks.set(name, check);
  }

  /** Asks every dependency at once. Never rejects. */
  async readiness(): Promise<Readiness> {
    const dependencies = await Promise.all([...this.#checks].map(([name, check]) => this.#ask(name, check)));
    return { ready: dependencies.every(({ ok }) => ok), dependencies };
  }

  async #ask(name: string, check: Check): Promise<DependencyHealth> {
    const startMs = this.#clock.nowMs();
    let cancel = () => {};
    const timeout = new Promise<CheckResult>((resolve) => {
      cancel = this.#timers.after(checkMsMax, () => resolve({ ok: false, detail: "no answer in time" }));
    });
    const { ok, detail } = await Promise.race([answerOf(check), timeout]);
    cancel();
    const latencyMs = Math.round((this.#clock.nowMs() - startMs) * 1000) / 1000;
    return { name, ok, latencyMs, ...(detail === undefined ? {} : { detail }) };
  }
}

async function answerOf(check: Check): Promise<CheckResult> {
  try {
    return await check();
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message.slice(0, 200) : "failed" };
  }
}
