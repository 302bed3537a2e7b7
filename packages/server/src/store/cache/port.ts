/**
 * The cache's port: copies of what was read, kept for a while near to who reads it. Adapters: in this process here, shared
 * ones for the cluster.
 *
 * Invariant: losing a cache loses speed, never truth; nothing of the ledger is ever answered out of one.
 * Invariant: versions decide: what is known to be outdated is never given, nor put back by somebody who read it before.
 */

export interface CachePolicy {
  /** Entries; the one that was not read for the longest time makes room. */
  readonly entriesMax: number;
  /** Bytes of all values as `sizeOf` counts them; the one that was not read for the longest time makes room. */
  readonly bytesMax: number;
  /** Milliseconds after which an entry is not given any more, however often it was read. */
  readonly expiryMs: number;
  /** Milliseconds without being read after which an entry is not given any more. */
  readonly ageMs: number;
}

/** A value and its version, which grows whenever the value changes. */
export interface Versioned<V> {
  readonly value: V;
  readonly version: number;
}

export interface CacheEntry<V> extends Versioned<V> {
  readonly key: string;
}

export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Hits of all reads, 0 to 1; 1 before the first read. */
  readonly hitRate: number;
  readonly entries: number;
  readonly bytes: number;
  /** Entries that made room for others. */
  readonly evictions: number;
  /** Entries that were found too old. */
  readonly expirations: number;
  /** Values that came too late: a newer version was known. */
  readonly outdated: number;
}

export interface Cache<V> {
  /** The value of a key; undefined when it is not here, or not any more. Never rejects: a cache that fails has nothing. */
  get(key: string): Promise<V | undefined>;

  /** The values of keys, in their order. Never rejects. */
  getMany(keys: readonly string[]): Promise<(V | undefined)[]>;

  /** Keeps a value, unless a newer version is known. Never rejects. @returns whether it was kept */
  set(entry: CacheEntry<V>): Promise<boolean>;

  /** The value is at `version` now: what is older is forgotten, and not kept when it comes late. Never rejects. */
  invalidate(key: string, version: number): Promise<void>;

  /** Keeps entries as long as there is room, and evicts nothing for them. Never rejects. @returns how many were kept */
  warm(entries: Iterable<CacheEntry<V>>): Promise<number>;

  stats(): CacheStats;
}
