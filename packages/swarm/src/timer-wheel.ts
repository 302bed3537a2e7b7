/**
 * A timer wheel: one deadline per entry, thousands of entries, one real timer under them.
 *
 * Time is cut into steps. A deadline hangs in the slot of its step modulo the number of slots, in a doubly linked list
 * of columns; one that is further away than a turn stays in its slot until its turn comes.
 *
 *   slot 0   1   2   3 … n   [firing]
 *        │       │              │
 *        7       4 ⇄ 9          2 ⇄ 5     entries by number
 *
 * Invariant: an entry has one deadline at most. `set` and `cancel` are O(1), allocate nothing and may be called while firing.
 * Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", scheme 6.
 * hot path
 */

const none = -1;

export class TimerWheel {
  readonly stepMs: number;
  readonly #slots: number;
  readonly #originMs: number;
  /** First entry of each slot; the last slot holds those that fire now. */
  readonly #head: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** The slot in which an entry hangs. */
  readonly #slot: Int32Array;
  /** The step at which it is due. */
  readonly #due: Float64Array;
  #step = 0;

  /** @param options.slots a power of two */
  constructor(options: { entries: number; stepMs: number; slots: number; nowMs: number }) {
    const { entries, slots } = options;
    this.stepMs = options.stepMs;
    this.#slots = slots;
    this.#originMs = options.nowMs;
    this.#head = new Int32Array(slots + 1).fill(none);
    this.#next = new Int32Array(entries).fill(none);
    this.#previous = new Int32Array(entries).fill(none);
    this.#slot = new Int32Array(entries).fill(none);
    this.#due = new Float64Array(entries);
  }

  /** The time up to which everything has fired. */
  get nowMs(): number {
    return this.#originMs + this.#step * this.stepMs;
  }

  /** Sets an entry's deadline, rounded up to a step and at least one step from now; replaces an earlier one. */
  set(entry: number, dueMs: number): void {
    this.cancel(entry);
    const step = Math.max(this.#step + 1, Math.ceil((dueMs - this.#originMs) / this.stepMs));
    this.#due[entry] = step;
    this.#hang(entry, step & (this.#slots - 1));
  }

  /** Takes an entry's deadline away, if it has one. */
  cancel(entry: number): void {
    const slot = this.#slot[entry]!;
    if (slot === none) return;
    const next = this.#next[entry]!;
    const previous = this.#previous[entry]!;
    if (previous === none) this.#head[slot] = next;
    else this.#next[previous] = next;
    if (next !== none) this.#previous[next] = previous;
    this.#slot[entry] = none;
  }

  /**
   * Fires what is due up to `nowMs`, step by step: after a stall each entry still hears of its own time, so a plan of
   * intended times keeps them. Costs a list's head per step.
   * @param fire is told the entry and the time at which it was due
   */
  advance(nowMs: number, fire: (entry: number, dueMs: number) => void): void {
    const until = Math.floor((nowMs - this.#originMs) / this.stepMs);
    while (this.#step < until) {
      const step = ++this.#step;
      this.#collect(step);
      const firing = this.#slots;
      const dueMs = this.nowMs;
      for (let entry = this.#head[firing]!; entry !== none; entry = this.#head[firing]!) {
        this.cancel(entry);
        fire(entry, dueMs);
      }
    }
  }

  /** Moves the entries of a step to the firing list, where `cancel` still finds them. */
  #collect(step: number): void {
    for (let entry = this.#head[step & (this.#slots - 1)]!; entry !== none; ) {
      const next = this.#next[entry]!;
      if (this.#due[entry] === step) {
        this.cancel(entry);
        this.#hang(entry, this.#slots);
      }
      entry = next;
    }
  }

  #hang(entry: number, slot: number): void {
    const first = this.#head[slot]!;
    this.#next[entry] = first;
    this.#previous[entry] = none;
    if (first !== none) this.#previous[first] = entry;
    this.#head[slot] = entry;
    this.#slot[entry] = slot;
  }
}
