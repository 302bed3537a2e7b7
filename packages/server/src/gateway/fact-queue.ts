/**
 * The facts of one session: numbered, kept until the client acknowledged a frame that carried them.
 *
 * Invariant: numbers grow by one without gaps as facts are added; what a client is told in frames is one ascending run.
 * Invariant: bounded in count and bytes; a full queue says so and the caller decides, nothing is lost silently.
 */
import { factBytesWaitingMax, factsWaitingMax } from "./limits.ts";

interface WaitingFact {
  readonly type: number;
  /** Shared by all sessions that got the same news; never changed. */
  readonly record: Uint8Array;
  /** Frame that carried it last; 0 while it waits. */
  frame: number;
}

export class FactQueue {
  readonly #facts: (WaitingFact | undefined)[] = [];
  /** Index of the oldest fact in `#facts`. */
  #head = 0;
  /** Number of the oldest fact. */
  #first = 1;
  #unsent = 0;
  #bytes = 0;

  get length(): number {
    return this.#facts.length - this.#head;
  }

  /** Facts that no frame carried yet. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Number of the first fact that no frame carried yet. */
  get firstUnsent(): number {
    return this.#first + this.length - this.#unsent;
  }

  /** Adds a fact; false when the queue is full and nothing was added. */
  push(type: number, record: Uint8Array): boolean {
    if (this.length >= factsWaitingMax || this.#bytes + record.length > factBytesWaitingMax) return false;
    this.#facts.push({ type, record, frame: 0 });
    this.#bytes += record.length;
    this.#unsent += 1;
    return true;
  }

  /** Makes room by forgetting the oldest fact; its number stays taken, so the client sees the gap. */
  dropOldest(): void {
    if (this.length > 0) this.#shift();
  }

  /** Shows the facts that wait, oldest first, and notes the frame that carries them. */
  send(frame: number, each: (type: number, record: Uint8Array) => void): void {
    for (let index = this.#facts.length - this.#unsent; index < this.#facts.length; index++) {
      const fact = this.#facts[index] as WaitingFact;
      fact.frame = frame;
      each(fact.type, fact.record);
    }
    this.#unsent = 0;
  }

  /** The client has every frame up to this one: facts that they carried are done. */
  acknowledge(frame: number): void {
    while (this.length > this.#unsent && (this.#facts[this.#head] as WaitingFact).frame <= frame)
      this.#shift();
  }

  /** Everything that waits, oldest first, with the number of the first: for another gateway. */
  give(): { first: number; waiting: { type: number; record: Uint8Array }[] } {
    const waiting = this.#facts.slice(this.#head).map((fact) => ({ type: fact!.type, record: fact!.record }));
    return { first: this.#first, waiting };
  }

  /** Goes on where another gateway's queue stood. Only on a new queue. */
  take(given: {
    first: number;
    waiting: readonly { readonly type: number; readonly record: Uint8Array }[];
  }): void {
    this.#first = given.first;
    for (const { type, record } of given.waiting) this.push(type, record);
  }

  /**
   * A client came back and has facts up to this number: the later ones are sent again.
   * @returns False when a fact that it does not have was dropped meanwhile.
   */
  resume(lastFact: number): boolean {
    const hasGap = lastFact < this.#first - 1;
    while (this.length > 0 && this.#first <= lastFact) this.#shift();
    this.#unsent = this.length;
    return !hasGap;
  }

  #shift(): void {
    const fact = this.#facts[this.#head] as WaitingFact;
    if (this.#unsent === this.length) this.#unsent -= 1;
    this.#facts[this.#head++] = undefined;
    this.#first += 1;
    this.#bytes -= fact.record.length;
    // Moves the rest to the front now and then, so that the array does not grow for ever.
    if (this.#head === this.#facts.length || this.#head > factsWaitingMax) {
      this.#facts.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
