/**
 * Takes events out of the outbox and delivers them: again and again until each was taken or is a dead letter.
 *
 * Invariant: an event is settled only after its receiver answered, so a crash in between delivers it again.
 * Invariant: several relays may run beside each other; what one has claimed the others do not get.
 */
import type { Cancel, Timers } from "../kernel/time.ts";
import { eventsPerCallMax } from "./limits.ts";
import type { ClaimedEvent, EventOutbox, Settlement } from "./outbox-port.ts";

export interface RelayOptions {
  readonly outbox: EventOutbox;
  /** Hands an event over; fulfilled when the receiver has it for good. */
  readonly deliver: (event: ClaimedEvent) => Promise<void>;
  readonly timers: Timers;
  /** The wall's clock in whole milliseconds since 1970. */
  readonly wallMs: () => number;
  /** The store failed; the relay goes on. */
  readonly onFailure: (error: unknown) => void;
  /** Events that are delivered at the same moment. @default 64 */
  readonly batchMax?: number;
  /** Milliseconds between two looks at an outbox that was empty. @default 250 */
  readonly pollMs?: number;
  /** Milliseconds that one delivery may take before the event comes again. @default 30_000 */
  readonly deliveryMsMax?: number;
}

/** Enough to hide the way to a receiver, few enough for it to keep up. */
const batchMaxDefault = 64;
/** News for the world outside: nobody waits for them. */
const pollMsDefault = 250;
/** Longer than any receiver takes that works. */
const deliveryMsMaxDefault = 30_000;
/** Milliseconds before the second delivery; doubled for each further one. */
const retryMs = 1000;
/** Milliseconds that pauses grow to. */
const retryMsMax = 600_000;

export class OutboxRelay {
  readonly #options: RelayOptions;
  readonly #batchMax: number;
  #cancel: Cancel = () => {};
  #round: Promise<unknown> | undefined;
  #isRunning = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#batchMax = Math.min(options.batchMax ?? batchMaxDefault, eventsPerCallMax);
  }

  /** Begins to deliver, and goes on until `stop`. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#next(0);
  }

  /** Fulfilled when what is being delivered is settled; nothing is claimed any more. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel();
    await this.#round;
  }

  /** One round: claims what is due, delivers it, settles it. Rejects as the store does. @returns events claimed */
  async deliverOnce(): Promise<number> {
    const { outbox, wallMs, deliveryMsMax = deliveryMsMaxDefault } = this.#options;
    const nowMs = wallMs();
    const events = await outbox.claim({ limit: this.#batchMax, nowMs, untilMs: nowMs + deliveryMsMax });
    if (events.length === 0) return 0;
    await outbox.settle(await Promise.all(events.map((event) => this.#deliver(event))));
    return events.length;
  }

  async #deliver(event: ClaimedEvent): Promise<Settlement> {
    const { sequence, attempts } = event;
    try {
      await this.#options.deliver(event);
      return { sequence, delivered: true };
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      const pauseMs = Math.min(retryMs * 2 ** (attempts - 1), retryMsMax);
      return { sequence, delivered: false, error: words, retryAtMs: this.#options.wallMs() + pauseMs };
    }
  }

  #next(delayMs: number): void {
    if (!this.#isRunning) return;
    this.#cancel = this.#options.timers.after(delayMs, () => {
      this.#round = this.#runRound();
    });
  }

  async #runRound(): Promise<void> {
    let claimed = 0;
    try {
      claimed = await this.deliverOnce();
    } catch (error) {
      this.#options.onFailure(error);
    }
    this.#next(claimed === this.#batchMax ? 0 : (this.#options.pollMs ?? pollMsDefault));
  }
}
