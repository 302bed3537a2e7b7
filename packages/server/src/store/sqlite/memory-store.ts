/**
 * The embedded store in this thread and in memory: for tests and for simulation.
 *
 * Invariant: the same code and the same SQL as the store on disk; only the file and the thread are missing.
 * Invariant: deterministic: a call takes effect before it returns, and its promise is settled as a microtask.
 */
import type { Call } from "../calls.ts";
import type { Store } from "../port.ts";
import { storeOver } from "../store-over.ts";
import { type Reply, SqliteCore } from "./core.ts";
import { openDatabase } from "./open.ts";

export interface MemoryStoreOptions {
  /** @default "memory" */
  readonly realmId?: string;
  /** The part of the ids that this store gives: 0 to below `idShardsMax`. @default 0 */
  readonly idShard?: number;
  /** A monotonic clock in milliseconds, for `health`. @default a clock that stands still */
  readonly nowMs?: () => number;
}

/** A store that forgets everything when it is closed. */
export function createMemoryStore({
  realmId = "memory",
  idShard = 0,
  nowMs = () => 0,
}: MemoryStoreOptions = {}): Store {
  const core = new SqliteCore(openDatabase({ dataDir: undefined, realmId, idShard }));
  return storeOver({
    async carry(call: Call): Promise<unknown> {
      const [reply] = core.execute([call]) as [Reply];
      if (!reply.ok) throw reply.error;
      return reply.value;
    },
    async close(): Promise<void> {
      core.close();
    },
    nowMs,
  });
}
