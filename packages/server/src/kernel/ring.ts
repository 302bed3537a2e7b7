/**
 * A first-in first-out queue with a fixed number of places.
 *
 * Invariant: the capacity never changes and nothing is allocated after the construction; a full ring refuses, it never overwrites.
 * Invariant: a place that was emptied holds no reference, so what was taken out can be collected.
 */
import { assert } from "./assert.ts";

export class Ring<T> {
  readonly #places: (T | undefined)[];
  #first = 0;
  #count = 0;

  /** @param capacity Places, 1 or more; all are allocated now. */
  constructor(capacity: number) {
    assert(Number.isSafeInteger(capacity) && capacity >= 1, "a ring has at least one place");
    this.#places = new Array<T | undefined>(capacity).fill(undefined);
  }

  /** Places in all. */
  get capacity(): number {
    return this.#places.length;
  }

  /** Items held now, 0 to `capacity`. */
  get length(): number {
    return this.#count;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get isFull(): boolean {
    return this.#count === this.#places.length;
  }

  /** Adds an item at the end. False, and nothing changed, when the ring is full. Never throws. */
  push(item: T): boolean {
    if (this.isFull) return false;
    this.#places[this.#placeOf(this.#count)] = item;
    this.#count += 1;
    return true;
  }

  /** Takes the oldest item out; undefined when the ring is empty. */
  shift(): T | undefined {
    if (this.isEmpty) return undefined;
    const item = this.#places[this.#first];
    this.#places[this.#first] = undefined;
    this.#first = this.#placeOf(1);
    this.#count -= 1;
    return item;
  }

  /** The oldest item, left in its place; undefined when the ring is empty. */
  peek(): T | undefined {
    return this.#places[this.#first];
  }

  /** The item that is `index` places behind the oldest one; undefined outside 0 … length − 1. */
  at(index: number): T | undefined {
    if (!(index >= 0 && index < this.#count)) return undefined;
    return this.#places[this.#placeOf(index)];
  }

  /** Lets go of every item. */
  clear(): void {
    this.#places.fill(undefined);
    this.#first = 0;
    this.#count = 0;
  }

  /** From the oldest to the newest. The ring must not change meanwhile. */
  *[Symbol.iterator](): Generator<T, void> {
    for (let index = 0; index < this.#count; index += 1) yield this.#places[this.#placeOf(index)] as T;
  }

  #placeOf(index: number): number {
    const place = this.#first + index;
    return place < this.#places.length ? place : place - this.#places.length;
  }
}
