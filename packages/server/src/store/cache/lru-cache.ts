/**
 * A cache in this process: a map in the order of use.
 *
 * Invariant: never holds more than its policy allows, not for a moment.
 * Invariant: the versions of what was invalidated are remembered as long as somebody may still bring an older value.
 */
import { assert } from "../../kernel/assert.ts";
import type { Cache, CacheEntry, CachePolicy, CacheStats } from "./port.ts";

export interface LruCacheOptions<V> {
  readonly policy: CachePolicy;
  /** A monotonic clock in milliseconds. */
  readonly nowMs: () => number;
  /** Bytes that a value takes, about. @default every value counts as 0: only `entriesMax` limits */
  readonly sizeOf?: (value: V) => number;
}

interface Kept<V> {
  readonly value: V;
  readonly version: number;
  readonly bytes: number;
  readonly writtenAtMs: number;
  readAtMs: number;
}

/** Invalidated keys that are remembered, for each entry that the cache may hold. */
const outdatedPerEntry = 1;

export class LruCache<V> implements Cache<V> {
  readonly #policy: CachePolicy;
  readonly #nowMs: () => number;
  readonly #sizeOf: (value: V) => number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Kept<V>>();
  /** Versions below which a key's value is outdated, oldest first. */
  readonly #floors = new Map<string, number>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;
  #evictions = 0;
  #expirations = 0;
  #outdated = 0;

  constructor({ policy, nowMs, sizeOf = () => 0 }: LruCacheOptions<V>) {
    const { entriesMax, bytesMax, expiryMs, ageMs } = policy;
    assert(Number.isInteger(entriesMax) && entriesMax >= 1, "a cache has room for an entry");
    assert(bytesMax >= 0 && expiryMs > 0 && ageMs > 0, "a cache keeps what it gets for a while");
    this.#policy = policy;
    this.#nowMs = nowMs;
    this.#sizeOf = sizeOf;
  }

  async get(key: string): Promise<V | undefined> {
    return this.#read(key);
  }

  async getMany(keys: readonly string[]): Promise<(V | undefined)[]> {
    return keys.map((key) => this.#read(key));
  }

  async set(entry: CacheEntry<V>): Promise<boolean> {
    return this.#write(entry, true);
  }

  async invalidate(key: string, version: number): Promise<void> {
    const kept = this.#entries.get(key);
    if (kept !== undefined && kept.version < version) this.#drop(key, kept);
    const floor = Math.max(version, this.#floors.get(key) ?? 0);
    this.#floors.delete(key);
    this.#floors.set(key, floor);
    const floorsMax = this.#policy.entriesMax * outdatedPerEntry;
    for (const oldest of this.#floors.keys()) {
      if (this.#floors.size <= floorsMax) break;
      this.#floors.delete(oldest);
    }
  }

  async warm(entries: Iterable<CacheEntry<V>>): Promise<number> {
    let kept = 0;
    for (const entry of entries) if (this.#write(entry, false)) kept += 1;
    return kept;
  }

  stats(): CacheStats {
    const reads = this.#hits + this.#misses;
    return {
      hits: this.#hits,
      misses: this.#misses,
      hitRate: reads === 0 ? 1 : this.#hits / reads,
      entries: this.#entries.size,
      bytes: this.#bytes,
      evictions: this.#evictions,
      expirations: this.#expirations,
      outdated: this.#outdated,
    };
  }

  #read(key: string): V | undefined {
    const kept = this.#entries.get(key);
    const nowMs = this.#nowMs();
    if (kept === undefined || this.#isOver(key, kept, nowMs)) {
      this.#misses += 1;
      return undefined;
    }
    this.#hits += 1;
    kept.readAtMs = nowMs;
    // To the end: the least recently used is the first.
    this.#entries.delete(key);
    this.#entries.set(key, kept);
    return kept.value;
  }

  #isOver(key: string, kept: Kept<V>, nowMs: number): boolean {
    const { expiryMs, ageMs } = this.#policy;
    if (nowMs - kept.writtenAtMs < expiryMs && nowMs - kept.readAtMs < ageMs) return false;
    this.#drop(key, kept);
    this.#expirations += 1;
    return true;
  }

  #write({ key, value, version }: CacheEntry<V>, mayEvict: boolean): boolean {
    const before = this.#entries.get(key);
    if (version < Math.max(before?.version ?? 0, this.#floors.get(key) ?? 0)) {
      this.#outdated += 1;
      return false;
    }
    const { entriesMax, bytesMax } = this.#policy;
    const bytes = this.#sizeOf(value);
    if (bytes > bytesMax) {
      // What is here is older than what is too large to be here.
      if (before !== undefined) this.#drop(key, before);
      return false;
    }
    const needsEntry = before === undefined ? 1 : 0;
    const needsBytes = bytes - (before?.bytes ?? 0);
    const isFull = this.#entries.size + needsEntry > entriesMax || this.#bytes + needsBytes > bytesMax;
    if (isFull && !mayEvict) return false;
    if (before !== undefined) this.#drop(key, before);
    this.#makeRoom(bytes);
    const nowMs = this.#nowMs();
    this.#entries.set(key, { value, version, bytes, writtenAtMs: nowMs, readAtMs: nowMs });
    this.#bytes += bytes;
    return true;
  }

  #makeRoom(bytes: number): void {
    const { entriesMax, bytesMax } = this.#policy;
    for (const [key, kept] of this.#entries) {
      if (this.#entries.size < entriesMax && this.#bytes + bytes <= bytesMax) return;
      this.#drop(key, kept);
      this.#evictions += 1;
    }
  }

  #drop(key: string, kept: Kept<V>): void {
    this.#entries.delete(key);
    this.#bytes -= kept.bytes;
  }
}
