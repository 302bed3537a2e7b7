/**
 * The order of calls that go over different connections: what shares a routing key waits for what came before.
 *
 * Grouped calls have one connection and so one order among themselves. Single calls wait for earlier single calls with a
 * key in common, and for the grouped ones that are under way if one of them has; grouped calls wait for single ones alike.
 *
 * Invariant: calls without a key in common never wait for each other.
 */

export class KeyOrder {
  /** The last single call of each key, settled or not. */
  readonly #tails = new Map<string, Promise<void>>();
  /** Grouped calls under way, by key. */
  readonly #grouped = new Map<string, number>();
  readonly #groupsIdle: () => Promise<void>;

  /** @param groupsIdle Fulfilled when every grouped call that is under way now was answered. */
  constructor(groupsIdle: () => Promise<void>) {
    this.#groupsIdle = groupsIdle;
  }

  /** Keys that something is under way for. */
  get size(): number {
    return this.#tails.size + this.#grouped.size;
  }

  /** What a grouped call has to wait for; undefined for nothing. From now on it is under way, until `endGrouped`. */
  beginGrouped(keys: readonly string[]): Promise<unknown> | undefined {
    for (const key of keys) this.#grouped.set(key, (this.#grouped.get(key) ?? 0) + 1);
    if (this.#tails.size === 0) return undefined;
    const tails = this.#tailsOf(keys);
    return tails.length === 0 ? undefined : Promise.all(tails);
  }

  endGrouped(keys: readonly string[]): void {
    for (const key of keys) {
      const count = (this.#grouped.get(key) ?? 0) - 1;
      if (count > 0) this.#grouped.set(key, count);
      else this.#grouped.delete(key);
    }
  }

  /** Does a single call's work in its turn. */
  async single<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before: Promise<unknown>[] = this.#tailsOf(keys);
    if (keys.some((key) => this.#grouped.has(key))) before.push(this.#groupsIdle());
    const result = before.length === 0 ? work() : Promise.all(before).then(work);
    const tail = settled(result);
    for (const key of keys) this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      for (const key of keys) if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }

  #tailsOf(keys: readonly string[]): Promise<void>[] {
    return keys.map((key) => this.#tails.get(key)).filter((tail) => tail !== undefined);
  }
}

async function settled(work: Promise<unknown>): Promise<void> {
  await Promise.allSettled([work]);
}
