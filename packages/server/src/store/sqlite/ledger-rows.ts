/**
 * The ledger's rows in the embedded database.
 *
 * Invariant: every method runs inside a transaction that its caller opened.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import type { Holder, HolderKind, ItemId, OpenTransfer, Place } from "../../ledger/port.ts";
import type { LedgerRows } from "../../ledger/rows.ts";

/** Prepares the statements and gives the rows. */
export function ledgerRows(database: DatabaseSync): LedgerRows {
  const findItem = rowsOf(
    database,
    "SELECT item_type, holder_kind, holder_id, slot FROM items WHERE item_id = ?",
  );
  const findInPlace = rowsOf(
    database,
    "SELECT item_id FROM items WHERE holder_kind = ? AND holder_id = ? AND slot = ?",
  );
  const findSlots = rowsOf(
    database,
    "SELECT slot FROM items WHERE holder_kind = ? AND holder_id = ? ORDER BY slot",
  );
  const nextId = rowsOf(database, "UPDATE item_ids SET last = last + 1 RETURNING last");
  const insert = database.prepare(
    "INSERT INTO items (item_id, item_type, holder_kind, holder_id, slot) VALUES (?, ?, ?, ?, ?)",
  );
  const place = database.prepare(
    "UPDATE items SET holder_kind = ?, holder_id = ?, slot = ? WHERE item_id = ?",
  );
  const remove = database.prepare("DELETE FROM items WHERE item_id = ?");
  const findBalance = rowsOf(
    database,
    "SELECT amount FROM balances WHERE account_kind = ? AND account_id = ? AND currency = ?",
  );
  const writeBalance = database.prepare(`
    INSERT INTO balances (account_kind, account_id, currency, amount) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET amount = excluded.amount`);
  const raise = rowsOf(
    database,
    `INSERT INTO holders (holder_kind, holder_id, version) VALUES (?, ?, 1)
     ON CONFLICT DO UPDATE SET version = version + 1 RETURNING version`,
  );
  const keepTransfer = database.prepare("INSERT INTO transfers (transfer_id, transfer) VALUES (?, ?)");
  const findTransfer = rowsOf(database, "SELECT 1 FROM transfers WHERE transfer_id = ?");
  const endTransfer = database.prepare("DELETE FROM transfers WHERE transfer_id = ?");

  return {
    item(itemId) {
      const row = first(findItem, itemId);
      if (row === undefined) return undefined;
      const [itemType, kind, id, slot] = row as [number, HolderKind, number, number];
      return { itemType, place: { kind, id, slot } };
    },
    itemAt: ({ kind, id, slot }) => first(findInPlace, kind, id, slot)?.[0] as ItemId | undefined,
    freeSlots(holder, count, below) {
      const taken = new Set(slotsTaken(findSlots, holder));
      const free: number[] = [];
      for (let slot = 0; slot < below && free.length < count; slot += 1) {
        if (!taken.has(slot)) free.push(slot);
      }
      return free;
    },
    putNew(itemType, to) {
      const itemId = first(nextId)?.[0] as ItemId;
      insert.run(itemId, itemType, to.kind, to.id, to.slot);
      return itemId;
    },
    put(itemId, itemType, to) {
      insert.run(itemId, itemType, to.kind, to.id, to.slot);
    },
    move(itemId, to: Place) {
      place.run(to.kind, to.id, to.slot, itemId);
    },
    remove(itemId) {
      remove.run(itemId);
    },
    balance: ({ kind, id }, currency) =>
      (first(findBalance, kind, id, currency)?.[0] as number | undefined) ?? 0,
    setBalance({ kind, id }, currency, amount) {
      writeBalance.run(kind, id, currency, amount);
    },
    raiseVersion: ({ kind, id }) => first(raise, kind, id)?.[0] as number,
    keepTransfer(transfer: OpenTransfer) {
      keepTransfer.run(transfer.transferId, JSON.stringify(transfer));
    },
    hasTransfer: (transferId) => first(findTransfer, transferId) !== undefined,
    endTransfer(transferId) {
      endTransfer.run(transferId);
    },
  };
}

function slotsTaken(statement: StatementSync, { kind, id }: Holder): number[] {
  return (statement.all(kind, id) as unknown as [number][]).map(([slot]) => slot);
}

/** A statement whose rows are arrays: a trade reads six of them, and objects would be made for each. */
function rowsOf(database: DatabaseSync, sql: string): StatementSync {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

function first(
  statement: StatementSync,
  ...values: (number | string | null)[]
): SQLOutputValue[] | undefined {
  return statement.get(...values) as unknown as SQLOutputValue[] | undefined;
}
