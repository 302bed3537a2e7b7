/**
 * The synchronous heart of the embedded store: a group of calls in one transaction, one sync of the disk for all of them.
 *
 * Invariant: no reply of a group exists before its commit returned. A call that fails takes back its own changes only.
 * Invariant: after an I/O error or a damaged file nothing is tried again: what a repeated sync reports is worthless.
 */
import type { DatabaseSync } from "node:sqlite";
import type { MyriadError } from "../../kernel/errors.ts";
import { type Call, perform, type StoreCalls } from "../calls.ts";
import { characterTables } from "./characters.ts";
import { failureOf, tickCommits } from "./commit.ts";
import { ledgerTables } from "./ledger.ts";
import { outboxTables } from "./outbox.ts";
import { zoneFence, zoneTables } from "./zones.ts";

export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: MyriadError };

/** SQLite's primary result codes after which the file cannot be trusted: IOERR, CORRUPT, NOTADB. */
const fatalCodes: readonly number[] = [10, 11, 26];

export class SqliteCore {
  readonly #database: DatabaseSync;
  readonly #calls: StoreCalls;
  readonly #onClosed: () => void;
  readonly #begin;
  readonly #savepoint;
  readonly #release;
  readonly #rollbackToSavepoint;
  #broken: MyriadError | undefined = undefined;

  /**
   * @param database Opened by `openDatabase`; belongs to the core from now on.
   * @param onClosed Called once the database is closed.
   */
  constructor(database: DatabaseSync, onClosed: () => void = () => {}) {
    this.#onClosed = onClosed;
    const ping = database.prepare("SELECT count(*) FROM meta");
    this.#database = database;
    const assertOwner = zoneFence(database);
    const characters = characterTables(database, assertOwner);
    const ledger = ledgerTables(database, assertOwner);
    const zones = zoneTables(database, assertOwner);
    const outbox = outboxTables(database);
    this.#calls = {
      ...characters,
      ...ledger,
      ...zones,
      ...outbox,
      ...tickCommits({ assertOwner, zones, outbox, ...ledger, ...characters }),
      ping() {
        ping.get();
        return null;
      },
    };
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#savepoint = database.prepare("SAVEPOINT one_call");
    this.#release = database.prepare("RELEASE one_call");
    this.#rollbackToSavepoint = database.prepare("ROLLBACK TO one_call");
  }

  /**
   * Makes the calls in their order, in one transaction.
   * @returns One reply per call, in the same order. Never throws; failures are replies with `store_failed`.
   */
  execute(calls: readonly Call[]): Reply[] {
    if (this.#broken !== undefined) return this.#failAll(calls, this.#broken);
    try {
      this.#begin.run();
      const replies = calls.map((call) => this.#executeOne(call));
      // Not prepared: the transaction's end is the one statement that a test must be able to make fail.
      this.#database.exec("COMMIT");
      return replies;
    } catch (cause) {
      return this.#failAll(calls, this.#abandon(cause));
    }
  }

  /** Closes the database; its log is folded into the file. */
  close(): void {
    this.#database.close();
    this.#onClosed();
  }

  /** One call within its own savepoint. Throws only when the whole transaction is lost. */
  #executeOne(call: Call): Reply {
    this.#savepoint.run();
    try {
      const value = perform(this.#calls, call);
      this.#release.run();
      return { ok: true, value };
    } catch (cause) {
      // A full disk or an I/O error may have ended the transaction, and the calls before this one with it.
      if (isFatal(cause) || !this.#database.isTransaction) throw cause;
      this.#rollbackToSavepoint.run();
      this.#release.run();
      return { ok: false, error: failureOf(call.method, cause) };
    }
  }

  #abandon(cause: unknown): MyriadError {
    const error = failureOf("the transaction", cause);
    if (isFatal(cause)) this.#broken = error;
    try {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    } catch (rollbackCause) {
      this.#broken = failureOf("the rollback", rollbackCause);
    }
    return error;
  }

  #failAll(calls: readonly Call[], error: MyriadError): Reply[] {
    return calls.map(() => ({ ok: false, error }));
  }
}

function isFatal(cause: unknown): boolean {
  const code: unknown = cause instanceof Error && "errcode" in cause ? cause.errcode : undefined;
  // The low byte is the primary code; the bytes above say which kind of it.
  return typeof code === "number" && fatalCodes.includes(code & 0xff);
}
