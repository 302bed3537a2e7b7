/**
 * Reads through a cache: what is not there is loaded, once, however many ask for it at the same moment.
 *
 * Invariant: keys that are missing in one read are loaded by one call.
 */
import type { Cache, Versioned } from "./port.ts";

/** Loads the values of keys, in their order; undefined for what there is not. */
export type Load<V> = (keys: readonly string[]) => Promise<readonly (Versioned<V> | undefined)[]>;

export class ReadThrough<V> {
  readonly #cache: Cache<V>;
  readonly #load: Load<V>;
  readonly #loading = new Map<string, Promise<V | undefined>>();

  constructor(cache: Cache<V>, load: Load<V>) {
    this.#cache = cache;
    this.#load = load;
  }

  /** The value of a key. Rejects as the loading does. What is not there is not remembered. */
  async get(key: string): Promise<V | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  /** The values of keys, in their order. Rejects as the loading does. */
  async getMany(keys: readonly string[]): Promise<(V | undefined)[]> {
    const found = await this.#cache.getMany(keys);
    const missing = keys.filter((key, at) => found[at] === undefined && !this.#loading.has(key));
    this.#begin([...new Set(missing)]);
    return Promise.all(keys.map((key, at) => found[at] ?? this.#loading.get(key)));
  }

  #begin(keys: readonly string[]): void {
    if (keys.length === 0) return;
    const loaded = this.#load(keys);
    for (const [at, key] of keys.entries()) {
      const one = loaded
        .then(async (values) => {
          const entry = values[at];
          if (entry !== undefined) await this.#cache.set({ key, ...entry });
          return entry?.value;
        })
        .finally(() => this.#loading.delete(key));
      // Whoever asked hears of it; that nobody does any more is no error.
      one.catch(() => {});
      this.#loading.set(key, one);
    }
  }
}
