/**
 * The intents of one session that its zone has not acknowledged: those that wait for a batch and those on their way.
 *
 * Invariant: sequence numbers only grow; an old or repeated one is ignored, so an intent is applied at most once.
 * Invariant: bounded; a full queue refuses. After a handover everything unacknowledged goes to the new owner, once.
 */
import { Ring } from "../kernel/ring.ts";
import { intentsWaitingMax } from "./limits.ts";

export interface WaitingIntent {
  readonly seq: number;
  readonly type: number;
  readonly record: Uint8Array;
}

export type PushResult = "taken" | "old" | "full";

export class IntentQueue {
  readonly #ring = new Ring<WaitingIntent>(intentsWaitingMax);
  /** The newest `#unsent` of the ring wait for a batch. */
  #unsent = 0;
  #lastSeq = 0;

  get unsent(): number {
    return this.#unsent;
  }

  get length(): number {
    return this.#ring.length;
  }

  /** True for a number that was seen before, or is older than one that was. */
  isOld(seq: number): boolean {
    return seq <= this.#lastSeq;
  }

  /** Takes an intent; the record must belong to the queue. */
  push(intent: WaitingIntent): PushResult {
    if (this.isOld(intent.seq)) return "old";
    if (!this.#ring.push(intent)) return "full";
    this.#lastSeq = intent.seq;
    this.#unsent += 1;
    return "taken";
  }

  /** The next intent for a batch; undefined when none waits. It is kept until it is acknowledged. */
  next(): WaitingIntent | undefined {
    if (this.#unsent === 0) return undefined;
    const intent = this.#ring.at(this.#ring.length - this.#unsent);
    this.#unsent -= 1;
    return intent;
  }

  /** The zone applied or refused everything up to this number. */
  acknowledge(seq: number): void {
    for (let first = this.#ring.peek(); first !== undefined && first.seq <= seq; first = this.#ring.peek()) {
      this.#ring.shift();
    }
    this.#unsent = Math.min(this.#unsent, this.#ring.length);
  }

  /** Another owner decides now: what was not acknowledged is sent again. */
  repeat(): void {
    this.#unsent = this.#ring.length;
  }
}
