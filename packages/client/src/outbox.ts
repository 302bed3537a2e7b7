/**
 * Intents on their way: numbered, sent once, kept until a frame acknowledges them and repeated after a resume.
 *
 * Invariant: numbers only grow within a session, and intents leave in their order. The server applies each number once.
 */
import { encodeInput, intentsPerMessageMax } from "@myriad/protocol";
import { messageBytesMax, pendingIntentsMax } from "./limits.ts";

interface Pending {
  readonly seq: number;
  readonly type: number;
  readonly record: Uint8Array;
}

export class Outbox {
  #pending: Pending[] = [];
  /** Of the pending ones, how many were sent on this socket. */
  #sent = 0;
  #lastSeq = 0;

  /** Number of the newest intent, 0 before the first. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  get hasUnsent(): boolean {
    return this.#sent < this.#pending.length;
  }

  /** Queues an intent and answers its number; 0 when too many wait already. */
  add(type: number, record: Uint8Array): number {
    if (this.#pending.length >= pendingIntentsMax) return 0;
    this.#lastSeq++;
    this.#pending.push({ seq: this.#lastSeq, type, record });
    return this.#lastSeq;
  }

  /** Forgets what the zone has applied. */
  acknowledge(lastIntent: number): void {
    let count = 0;
    while (count < this.#sent && this.#pending[count]!.seq <= lastIntent) count++;
    if (count === 0) return;
    this.#pending.splice(0, count);
    this.#sent -= count;
  }

  /** The next input message with as many unsent intents as it may hold; without any it is an acknowledgement alone. */
  take(ackFrame: number): Uint8Array {
    const from = this.#sent;
    let to = from;
    let bytes = 0;
    while (to < this.#pending.length && to - from < intentsPerMessageMax) {
      bytes += this.#pending[to]!.record.length + 15;
      if (bytes > messageBytesMax && to > from) break;
      to++;
    }
    this.#sent = to;
    return encodeInput(ackFrame, this.#pending.slice(from, to));
  }

  /** After a resume: what was not acknowledged goes out again. */
  repeat(): void {
    this.#sent = 0;
  }

  /** A new session begins: numbers start again, nothing waits. */
  reset(): void {
    this.#pending = [];
    this.#sent = 0;
    this.#lastSeq = 0;
  }
}
