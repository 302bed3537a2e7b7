/**
 * The embedded store on disk: the Store port, spoken to a worker thread that owns the database.
 *
 * Invariant: at most `pendingMax` requests wait; one more is refused with `store_overloaded` and never sent.
 * Invariant: when the worker ends without being asked, every waiting request is rejected and every later one too.
 */
import { Worker } from "node:worker_threads";
import { unreachable } from "../../kernel/assert.ts";
import { MyriadError } from "../../kernel/errors.ts";
import { Ring } from "../../kernel/ring.ts";
import { type Call, type StoreAdapter, storeOver } from "../calls.ts";
import { pendingRequestsMax } from "../limits.ts";
import type { Store } from "../port.ts";
import {
  fromPlainError,
  type PlainReply,
  type Request,
  type WorkerMessage,
  type WorkerOptions,
} from "./messages.ts";

export interface SqliteStoreOptions {
  /** Directory of the database, made if need be. One server at a time. */
  readonly dataDir: string;
  /** The realm that the data belongs to. */
  readonly realmId: string;
  /** A monotonic clock in milliseconds, for `health`. */
  readonly nowMs: () => number;
  /** Requests that may wait. @default pendingRequestsMax */
  readonly pendingMax?: number;
  /** The worker's program; another one only in tests. @default ./worker.ts */
  readonly workerUrl?: URL;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: MyriadError): void;
}

/**
 * Starts the store's thread and opens the database.
 * Rejects with MyriadError: `data_dir_unusable`, `data_newer_than_program`, `data_of_another_realm`, `store_failed`.
 */
export async function createSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const connection = new WorkerConnection(options);
  await connection.ready;
  return storeOver(connection);
}

class WorkerConnection implements StoreAdapter {
  /** Fulfilled when the database is open. */
  readonly ready: Promise<void>;
  readonly nowMs: () => number;
  readonly #worker: Worker;
  readonly #pendingMax: number;
  /** In the order of the requests; the worker answers in the same order, so no ids are needed. */
  readonly #pending: Ring<Pending>;
  #lost: MyriadError | undefined = undefined;

  constructor({ dataDir, realmId, nowMs, pendingMax = pendingRequestsMax, workerUrl }: SqliteStoreOptions) {
    this.nowMs = nowMs;
    this.#pendingMax = pendingMax;
    // One place more, so that an overloaded store can still be closed.
    this.#pending = new Ring(pendingMax + 1);
    const workerData: WorkerOptions = { dataDir, realmId };
    this.#worker = new Worker(workerUrl ?? new URL("./worker.ts", import.meta.url), {
      workerData,
      name: "store",
      // Not the process's own flags: some of them, --input-type for one, do not let a file be started.
      execArgv: [],
    });
    this.#worker.on("message", (message: WorkerMessage) => this.#hear(message));
    this.#worker.on("error", (error) =>
      this.#lose(new MyriadError("store_failed", wordsOf(error), { cause: error })),
    );
    this.#worker.on("exit", () => this.#lose(new MyriadError("store_failed", "the store's thread ended")));
    // The first "reply" is the news that the database is open.
    this.ready = this.#wait() as Promise<void>;
  }

  carry(call: Call): Promise<unknown> {
    if (this.#pending.length >= this.#pendingMax) {
      return Promise.reject(new MyriadError("store_overloaded", `${this.#pending.length} requests wait`));
    }
    return this.#request(call);
  }

  async close(): Promise<void> {
    await this.#request({ method: "close" });
    await this.#worker.terminate();
  }

  #request(request: Request): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.#worker.postMessage(withOwnBytes(request));
    return this.#wait();
  }

  #wait(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
    });
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
      if (reply.ok) pending?.resolve(reply.value);
      else pending?.reject(fromPlainError(reply.error));
    }
  }

  #lose(error: MyriadError): void {
    this.#lost ??= error;
    while (!this.#pending.isEmpty) this.#pending.shift()?.reject(this.#lost);
  }
}

/**
 * The request with copies of its bytes: a view would drag its whole buffer through the clone, and one over shared
 * memory would not be copied at all.
 */
function withOwnBytes(request: Request): Request {
  if (request.method === "saveCharacters") {
    const saves = request.argument.map((save) => ({ ...save, state: new Uint8Array(save.state) }));
    return { method: request.method, argument: saves };
  }
  if (request.method === "openCharacter") {
    const { initial } = request.argument;
    const argument = { ...request.argument, initial: { ...initial, state: new Uint8Array(initial.state) } };
    return { method: request.method, argument };
  }
  return request;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
