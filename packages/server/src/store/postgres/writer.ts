/**
 * The connection that operations, saves and ticks go over: while one group is under way, the next one gathers.
 *
 * Invariant: calls take effect in the order in which they came.
 * Invariant: a transaction that could not be serialised is tried again; whether a commit whose answer was lost took
 * effect is never guessed: `store_failed`.
 */
import type { MyriadError } from "../../kernel/errors.ts";
import { groupAttemptsMax, groupCallsMax, groupRowsMax } from "./limits.ts";
import { type Connection, failureOf, mayRetry, rollback } from "./connection.ts";
import { type GroupedCall, type GroupReply, runGroup } from "./group.ts";
import { IdPool } from "./id-pool.ts";

/** A connection that can be given up. */
export interface WriterConnection extends Connection {
  end(): Promise<void>;
}

interface Waiting {
  readonly call: GroupedCall;
  /** What has to be over before. */
  readonly after: Promise<unknown> | undefined;
  resolve(value: unknown): void;
  reject(error: MyriadError): void;
}

export class Writer {
  readonly #connect: () => Promise<WriterConnection>;
  readonly #ids = new IdPool();
  #client: WriterConnection | undefined;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** The call that came last; when it is answered, all before it are. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param connect Makes a connection, at the first group and whenever the last one was lost. */
  constructor(connect: () => Promise<WriterConnection>) {
    this.#connect = connect;
  }

  /** Makes a call with the next group. Rejects with MyriadError. */
  write(call: GroupedCall, after: Promise<unknown> | undefined): Promise<unknown> {
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ call, after, resolve, reject });
    });
    this.#last = answer;
    // As a microtask, so that calls made in one go are one group.
    this.#running ??= Promise.resolve().then(() => this.#run());
    return answer;
  }

  /** Fulfilled when every call that was made until now is answered. Calls that come later are not waited for. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#last]);
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#client?.end().catch(() => {});
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#waiting[0]?.after;
      await this.#runGroup(this.#takeGroup());
    }
    this.#running = undefined;
  }

  /** The calls that wait, up to a good size, and up to one that has to wait for something else. */
  #takeGroup(): Waiting[] {
    let rows = 0;
    let count = 0;
    for (const { call, after } of this.#waiting) {
      if (count > 0 && (after !== undefined || count >= groupCallsMax || rows >= groupRowsMax)) break;
      rows += rowsOf(call);
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #runGroup(group: readonly Waiting[]): Promise<void> {
    const replies = await this.#attempt(group.map(({ call }) => call));
    // A call that the database could not take must not take the others with it.
    if (replies === undefined) {
      for (const one of group) settle([one], (await this.#attempt([one.call], true)) ?? []);
      return;
    }
    settle(group, replies);
  }

  /** The replies of a group; undefined when the database refused it and it is not the last try. Never rejects. */
  async #attempt(
    calls: readonly GroupedCall[],
    isLast = calls.length === 1,
  ): Promise<GroupReply[] | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#client ??= await this.#connect();
        const replies = await runGroup(this.#client, calls, this.#ids);
        this.#ids.keep();
        return replies;
      } catch (cause) {
        this.#ids.giveBack();
        const isOpen = await this.#recover();
        if (mayRetry(cause) && attempt < groupAttemptsMax) continue;
        if (isOpen && !isLast) return undefined;
        const error = failureOf("the transaction", cause);
        return calls.map(() => ({ ok: false, error }));
      }
    }
  }

  /** Leaves a connection without a transaction, or none. @returns whether there is one */
  async #recover(): Promise<boolean> {
    const client = this.#client;
    if (client === undefined) return false;
    if (await rollback(client)) return true;
    this.#client = undefined;
    // Not awaited: a line that is gone may take its time to say so.
    void client.end().catch(() => {});
    return false;
  }
}

function settle(group: readonly Waiting[], replies: readonly GroupReply[]): void {
  for (const [index, { resolve, reject }] of group.entries()) {
    const reply = replies[index];
    if (reply?.ok === true) resolve(reply.value);
    else if (reply !== undefined) reject(reply.error);
  }
}

function rowsOf(call: GroupedCall): number {
  switch (call.method) {
    case "applyOperations":
      return call.argument.operations.length;
    case "saveCharacters":
      return call.argument.saves.length;
    case "commitTick":
      return call.argument.operations.length + call.argument.saves.length;
  }
}
