/**
 * The embedded store on disk: the Store port, spoken to a worker thread that owns the database and serves all others.
 *
 * Invariant: at most `pendingMax` requests wait; one more is refused with `store_overloaded` and never sent.
 * Invariant: when the worker ends without being asked, every waiting request is rejected and every later one too.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { unreachable } from "../../kernel/assert.ts";
import { MyriadError } from "../../kernel/errors.ts";
import { Ring } from "../../kernel/ring.ts";
import { type BreakerOptions, withBreaker } from "../breaker.ts";
import type { Call } from "../calls.ts";
import { pendingRequestsMax } from "../limits.ts";
import type { Store } from "../port.ts";
import { type StoreAdapter, storeOver } from "../store-over.ts";
import {
  fromPlainError,
  type PlainReply,
  type Request,
  type WorkerMessage,
  type WorkerOptions,
} from "./messages.ts";
import { packCall, unpackAnswer } from "./packing.ts";

export interface SqliteStoreOptions {
  /** Directory of the database, made if need be. One server at a time: another one is refused. */
  readonly dataDir: string;
  /** The realm that the data belongs to. */
  readonly realmId: string;
  /** The part of the ids that a new database gives: 0 to below `idShardsMax`. @default as it is, or 0 */
  readonly idShard?: number;
  /** A monotonic clock in milliseconds, for `health`. */
  readonly nowMs: () => number;
  /** Requests that may wait. @default pendingRequestsMax */
  readonly pendingMax?: number;
  /** A circuit breaker before the database. @default none: every call is sent */
  readonly breaker?: BreakerOptions;
  /** The worker's program; another one only in tests. @default ./worker.ts */
  readonly workerUrl?: URL;
}

/** A store whose database other threads may use, too. */
export interface SqliteStore extends Store {
  /** A port for another thread, to be transferred to it and given to `sqliteStoreOver` there. */
  connect(): MessagePort;
}

interface Pending {
  readonly method: Call["method"] | undefined;
  resolve(value: unknown): void;
  reject(error: MyriadError): void;
}

/**
 * Starts the store's thread and opens the database.
 * Rejects with MyriadError: `data_dir_unusable`, `data_dir_in_use`, `data_newer_than_program`, `data_of_another_realm`,
 * `store_failed`.
 */
export async function createSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { dataDir, realmId, idShard, workerUrl } = options;
  const workerData: WorkerOptions = { dataDir, realmId, ...(idShard === undefined ? {} : { idShard }) };
  const worker = new Worker(workerUrl ?? new URL("./worker.ts", import.meta.url), {
    workerData,
    name: "store",
    // Not the process's own flags: some of them, --input-type for one, do not let a file be started.
    execArgv: [],
  });
  const line = new StoreLine({ ...options, port: worker, end: () => worker.terminate() });
  worker.on("error", (error) => line.lose(new MyriadError("store_failed", wordsOf(error), { cause: error })));
  worker.on("exit", () => line.lose(new MyriadError("store_failed", "the store's thread ended")));
  // The first "reply" is the news that the database is open.
  await line.wait();
  const connect = (): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ method: "attach", port: port1 } satisfies Request, [port1]);
    return port2;
  };
  return { ...storeOver(guarded(line, options)), connect };
}

/** The store as another thread uses it. Closing it leaves the database open for the others. */
export function sqliteStoreOver(
  port: MessagePort,
  options: Pick<SqliteStoreOptions, "nowMs" | "pendingMax" | "breaker">,
): Store {
  const line = new StoreLine({ ...options, port, end: async () => port.close() });
  port.on("close", () => line.lose(new MyriadError("store_failed", "the store's thread ended")));
  return storeOver(guarded(line, options));
}

function guarded(line: StoreLine, { breaker }: Pick<SqliteStoreOptions, "breaker">): StoreAdapter {
  return breaker === undefined ? line : withBreaker(line, breaker);
}

/** What a worker and a message port have in common. */
interface LinePort {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  on(event: "message", listener: (message: WorkerMessage) => void): unknown;
}

/** One thread's way to the database. */
class StoreLine implements StoreAdapter {
  readonly nowMs: () => number;
  readonly #port: LinePort;
  readonly #end: () => Promise<unknown>;
  readonly #pendingMax: number;
  /** In the order of the requests; the worker answers in the same order, so no ids are needed. */
  readonly #pending: Ring<Pending>;
  #lost: MyriadError | undefined = undefined;

  constructor(options: {
    port: LinePort;
    nowMs: () => number;
    pendingMax?: number;
    /** Lets go of the port. */
    end: () => Promise<unknown>;
  }) {
    const { port, nowMs, pendingMax = pendingRequestsMax, end } = options;
    this.nowMs = nowMs;
    this.#port = port;
    this.#end = end;
    this.#pendingMax = pendingMax;
    // One place more, so that an overloaded store can still be closed.
    this.#pending = new Ring(pendingMax + 1);
    port.on("message", (message: WorkerMessage) => this.#hear(message));
  }

  carry(call: Call): Promise<unknown> {
    if (this.#pending.length >= this.#pendingMax) {
      return Promise.reject(new MyriadError("store_overloaded", `${this.#pending.length} requests wait`));
    }
    const { message, transfer } = packCall(call);
    return this.#request(message, { method: call.method, transfer });
  }

  async close(): Promise<void> {
    // The database itself ends with the thread that started it; from others the worker takes it for the last request.
    await this.#request({ method: "close" });
    await this.#end();
  }

  /** Waits for the next answer. */
  wait(method?: Call["method"]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ method, resolve, reject });
    });
  }

  /** The database is out of reach: whoever waits is rejected, and whoever comes later. */
  lose(error: MyriadError): void {
    this.#lost ??= error;
    while (!this.#pending.isEmpty) this.#pending.shift()?.reject(this.#lost);
  }

  #request(
    request: Request,
    { method, transfer = [] }: { readonly method?: Call["method"]; readonly transfer?: ArrayBuffer[] } = {},
  ): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.#port.postMessage(request, transfer);
    return this.wait(method);
  }

  #hear(message: WorkerMessage): void {
    switch (message.kind) {
      case "ready":
        this.#settle([{ ok: true, value: undefined }]);
        return;
      case "unusable":
        this.#settle([{ ok: false, error: message.error }]);
        return;
      case "replies":
        this.#settle(message.replies);
        return;
      default:
        unreachable(message);
    }
  }

  #settle(replies: readonly PlainReply[]): void {
    for (const reply of replies) {
      const pending = this.#pending.shift();
      if (pending === undefined) return;
      const { method, resolve, reject } = pending;
      if (!reply.ok) reject(fromPlainError(reply.error));
      else resolve(method === undefined ? reply.value : unpackAnswer(method, reply.value));
    }
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
