/**
 * The store in PostgreSQL: the Store port over a connection for writing in groups and a pool for everything else.
 *
 * Invariant: what must be current is asked of the primary; only what may be stale is asked of a replica, and of the
 * primary when the replica cannot answer.
 * Invariant: at most `pendingMax` requests wait; one more is refused with `store_overloaded` and never sent.
 */
import pg from "pg";
import { assert } from "../../kernel/assert.ts";
import { isMyriadError, MyriadError } from "../../kernel/errors.ts";
import { isRealmId } from "../../ledger/operation.ts";
import { type BreakerOptions, withBreaker } from "../breaker.ts";
import type { Call } from "../calls.ts";
import { idShardsMax, pendingRequestsMax } from "../limits.ts";
import type { Store } from "../port.ts";
import { routeOf } from "../routing.ts";
import { type StoreAdapter, storeOver } from "../store-over.ts";
import {
  type Connection,
  clientConfig,
  failureOf,
  isAnswer,
  mayRetry,
  prepareConnection,
} from "./connection.ts";
import { type GroupedCall, isGrouped } from "./group.ts";
import { groupAttemptsMax, poolConnectionsMax } from "./limits.ts";
import { connectTo, prepareRealm, schemaOf } from "./open.ts";
import { KeyOrder } from "./order.ts";
import { withOwnBytes } from "./own-bytes.ts";
import { performSingle, type SingleCall } from "./singles.ts";
import { Writer, type WriterConnection } from "./writer.ts";

export interface PostgresStoreOptions {
  /** `postgresql://user:password@host:port/database` of the primary. The user may make schemas. */
  readonly url: string;
  /** A copy that follows the primary, for what may be stale. @default none: the primary answers everything */
  readonly replicaUrl?: string;
  /** The realm that the data belongs to; its tables are in the schema `myriad_` and this. */
  readonly realmId: string;
  /** The part of the ids that a new schema gives: 0 to below `idShardsMax`. @default as it is, or 0 */
  readonly idShard?: number;
  /** A monotonic clock in milliseconds, for `health`. */
  readonly nowMs: () => number;
  /** Connections for reads and logins; one more is for writing. @default poolConnectionsMax */
  readonly connectionsMax?: number;
  /** Requests that may wait. @default pendingRequestsMax */
  readonly pendingMax?: number;
  /** A circuit breaker before the database. @default none: every call is sent */
  readonly breaker?: BreakerOptions;
}

/**
 * Connects and makes the realm's tables ready.
 * Rejects with MyriadError: `database_unusable`, `data_newer_than_program`, `data_of_another_realm`.
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { realmId, idShard } = options;
  assert(isRealmId(realmId), "a realm's id has 1 to 32 lower-case letters, digits and hyphens");
  assert(
    idShard === undefined || (Number.isInteger(idShard) && idShard >= 0 && idShard < idShardsMax),
    "a shard's number is 0 to 1023",
  );
  await prepareRealm(options);
  const adapter = new PostgresAdapter(options);
  return storeOver(options.breaker === undefined ? adapter : withBreaker(adapter, options.breaker));
}

class PostgresAdapter implements StoreAdapter {
  readonly nowMs: () => number;
  readonly #pendingMax: number;
  readonly #primary: pg.Pool;
  readonly #replica: pg.Pool | undefined;
  readonly #writer: Writer;
  readonly #order: KeyOrder;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(options: PostgresStoreOptions) {
    const { url, replicaUrl, realmId, nowMs, pendingMax = pendingRequestsMax } = options;
    const { connectionsMax = poolConnectionsMax } = options;
    const schema = schemaOf(realmId);
    this.nowMs = nowMs;
    this.#pendingMax = pendingMax;
    this.#primary = poolOf({ url, schema, connectionsMax });
    this.#replica =
      replicaUrl === undefined ? undefined : poolOf({ url: replicaUrl, schema, connectionsMax });
    this.#writer = new Writer(() => connectToWrite(url, schema));
    this.#order = new KeyOrder(() => this.#writer.idle());
  }

  carry(call: Call): Promise<unknown> {
    // Health is asked when nothing else goes through, so it does not queue.
    if (call.method === "ping") return this.#single(call);
    if (this.#pending.size >= this.#pendingMax)
      return Promise.reject(new MyriadError("store_overloaded", `${this.#pending.size} requests wait`));
    const own = withOwnBytes(call);
    const answer = isGrouped(own) ? this.#grouped(own) : this.#inTurn(own);
    this.#pending.add(answer);
    const forget = (): void => void this.#pending.delete(answer);
    answer.then(forget, forget);
    return answer;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#pending);
    await this.#writer.close();
    await Promise.all([this.#primary.end(), this.#replica?.end()]);
  }

  async #grouped(call: GroupedCall): Promise<unknown> {
    const { keys } = routeOf(call);
    const after = this.#order.beginGrouped(keys);
    try {
      return await this.#writer.write(call, after);
    } finally {
      this.#order.endGrouped(keys);
    }
  }

  #inTurn(call: SingleCall): Promise<unknown> {
    return this.#order.single(routeOf(call).keys, () => this.#single(call));
  }

  async #single(call: SingleCall): Promise<unknown> {
    if (this.#replica !== undefined && routeOf(call).consistency === "may_be_stale") {
      try {
        return await this.#over(this.#replica, call);
      } catch {
        // Whatever ails the copy, the primary knows the answer.
      }
    }
    return this.#over(this.#primary, call);
  }

  async #over(pool: pg.Pool, call: SingleCall): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await withClient(pool, (client) => performSingle(client, call));
      } catch (cause) {
        if (mayRetry(cause) && attempt < groupAttemptsMax) continue;
        throw failureOf(call.method, cause);
      }
    }
  }
}

/** While the server runs, a database that cannot be reached is one that fails. */
async function connectToWrite(url: string, schema: string): Promise<WriterConnection> {
  try {
    return (await connectTo({ url, schema })) as WriterConnection;
  } catch (cause) {
    const words = isMyriadError(cause) ? cause.detail : String(cause);
    throw new MyriadError("store_failed", words, { cause });
  }
}

function poolOf(options: { url: string; schema: string; connectionsMax: number }): pg.Pool {
  const pool = new pg.Pool({ ...clientConfig(options), max: options.connectionsMax });
  pool.on("connect", (client) => void prepareConnection(client as Connection, options).catch(() => {}));
  // A connection that is lost while nobody uses it is replaced when somebody does.
  pool.on("error", () => {});
  return pool;
}

/** Borrows a connection. One that was lost, or left in an unknown state, is not given back. */
async function withClient<T>(pool: pg.Pool, use: (client: Connection) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let isGood = false;
  try {
    const value = await use(client as Connection);
    isGood = true;
    return value;
  } catch (error) {
    isGood = isAnswer(error) || error instanceof MyriadError;
    throw error;
  } finally {
    client.release(!isGood);
  }
}
