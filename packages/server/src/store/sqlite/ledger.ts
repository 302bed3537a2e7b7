/**
 * The ledger in the embedded database: operations that take effect once, and what holders have.
 *
 * Invariant: an operation's effect and its outcome are written in one transaction, or neither is.
 * Invariant: every method runs inside a transaction that its caller opened.
 */
import type { DatabaseSync } from "node:sqlite";
import { contentOf } from "../../ledger/content.ts";
import { digestOf } from "../../ledger/operation.ts";
import type {
  Holder,
  Holdings,
  Item,
  ItemId,
  Money,
  OpenTransfer,
  Operation,
  Outcome,
} from "../../ledger/port.ts";
import { carryOut } from "../../ledger/rules.ts";
import type { OperationsRequest } from "../calls.ts";
import { ledgerRows } from "./ledger-rows.ts";
import type { ZoneFence } from "./zones.ts";

/** Prepares the statements and gives the calls that use them. */
export function ledgerTables(database: DatabaseSync, assertOwner: ZoneFence) {
  const rows = ledgerRows(database);
  const findOutcome = database.prepare("SELECT digest, outcome FROM operations WHERE operation_id = ?");
  const keepOutcome = database.prepare(
    "INSERT INTO operations (operation_id, digest, content, outcome) VALUES (?, ?, ?, ?)",
  );
  const findOfHolder = database.prepare(
    "SELECT item_id, item_type, slot FROM items WHERE holder_kind = ? AND holder_id = ? ORDER BY slot",
  );
  const findBalances = database.prepare(`
    SELECT currency, amount FROM balances
    WHERE account_kind = ? AND account_id = ? AND amount <> 0 ORDER BY currency`);
  const findVersion = database.prepare("SELECT version FROM holders WHERE holder_kind = ? AND holder_id = ?");
  const findTransfers = database.prepare("SELECT transfer FROM transfers ORDER BY sequence LIMIT ?");

  function applyOnce(operation: Operation): Outcome {
    const content = contentOf(operation);
    const digest = digestOf(content);
    const known = findOutcome.get(operation.operationId);
    if (known !== undefined) {
      return known["digest"] === digest
        ? JSON.parse(known["outcome"] as string)
        : { status: "refused", code: "operation_conflict" };
    }
    const outcome = carryOut(rows, operation);
    keepOutcome.run(operation.operationId, digest, content, JSON.stringify(outcome));
    return outcome;
  }

  function items({ kind, id }: Holder): Item[] {
    return findOfHolder.all(kind, id).map((row) => ({
      itemId: row["item_id"] as ItemId,
      itemType: row["item_type"] as number,
      slot: row["slot"] as number,
    }));
  }

  return {
    applyOperations({ operations, fence }: OperationsRequest): Outcome[] {
      if (fence !== undefined) assertOwner(fence);
      return operations.map(applyOnce);
    },

    items,

    holdings(holder: Holder): Holdings {
      const { kind, id } = holder;
      const balances = findBalances
        .all(kind, id)
        .map((row): Money => ({ currency: row["currency"] as number, amount: row["amount"] as number }));
      const version = (findVersion.get(kind, id)?.["version"] as number | undefined) ?? 0;
      return { version, items: items(holder), balances };
    },

    openTransfers(limit: number): OpenTransfer[] {
      return findTransfers.all(limit).map((row) => JSON.parse(row["transfer"] as string));
    },
  };
}
