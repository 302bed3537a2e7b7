/**
 * Numbers for new items, fetched some at a time.
 *
 * Invariant: a number that was fetched is given once: the database counts on whether or not a transaction commits, and the
 * numbers of one that failed are given to the next.
 */
import { assert } from "../../kernel/assert.ts";
import { ask, type Connection, type Statement } from "./connection.ts";
import type { ItemIds } from "./ledger-set.ts";

/** Numbers fetched at least: one question for some seconds of loot. */
const fetchedMin = 256;

const nextIds: Statement = {
  name: "next_ids",
  text: "SELECT nextval('item_ids') FROM generate_series(1, $1)",
};

export class IdPool implements ItemIds {
  #ready: number[] = [];
  #taken = 0;

  /** Sees to it that `count` numbers are there. */
  async prepare(client: Connection, count: number): Promise<void> {
    const missing = this.#taken + count - this.#ready.length;
    if (missing <= 0) return;
    const { rows } = await ask(client, nextIds, [Math.max(missing, fetchedMin)]);
    this.#ready.push(...(rows as [number][]).map(([id]) => id));
  }

  take(): number {
    const id = this.#ready[this.#taken];
    assert(id !== undefined, "numbers are prepared before they are taken");
    this.#taken += 1;
    return id;
  }

  /** The transaction committed: what was taken is used. */
  keep(): void {
    this.#ready = this.#ready.slice(this.#taken);
    this.#taken = 0;
  }

  /** The transaction failed: what was taken is free again. */
  giveBack(): void {
    this.#taken = 0;
  }
}
