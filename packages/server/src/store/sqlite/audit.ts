/**
 * The books of the embedded store, read beside a running server or without one.
 *
 * Invariant: all pages of one reader are of the moment of the first: one read transaction, which holds up no writer. While
 * it is open the write-ahead log grows, so a reader is closed when its audit is done.
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type {
  AuditReader,
  BalanceRow,
  CharacterRow,
  ItemRow,
  OperationRow,
  TransferRow,
} from "../audit-port.ts";
import type { CharacterId } from "../ids.ts";
import { assertAuditLimit } from "../zone-checks.ts";
import { openReadOnly } from "./open.ts";

/** Opens the books of a data directory. Throws MyriadError: `data_dir_unusable`, `data_newer_than_program`. */
export function openSqliteAudit(dataDir: string): AuditReader {
  return sqliteAuditOver(openReadOnly(dataDir));
}

/** The books of an open database, which belongs to the reader from now on. */
export function sqliteAuditOver(database: DatabaseSync): AuditReader {
  database.exec("BEGIN");
  const operations = database.prepare(`
    SELECT sequence, operation_id, digest, content, outcome FROM operations WHERE sequence > ?
    ORDER BY sequence LIMIT ?`);
  const items = database.prepare("SELECT * FROM items WHERE item_id > ? ORDER BY item_id LIMIT ?");
  const balances = database.prepare(`
    SELECT * FROM balances WHERE (account_kind, account_id, currency) > (?, ?, ?)
    ORDER BY account_kind, account_id, currency LIMIT ?`);
  const transfers = database.prepare(
    "SELECT * FROM transfers WHERE transfer_id > ? ORDER BY transfer_id LIMIT ?",
  );
  const characters = database.prepare(`
    SELECT character_id, name, zone, version, session_epoch, schema_version, length(state) AS state_bytes
    FROM characters WHERE character_id > ? ORDER BY character_id LIMIT ?`);

  return {
    async operations({ after = 0, limit }): Promise<OperationRow[]> {
      assertAuditLimit(limit);
      return operations.all(after, limit).map((row) => {
        const content = row["content"] as string | null;
        return {
          sequence: row["sequence"] as number,
          operationId: row["operation_id"] as string,
          digest: row["digest"] as string,
          ...(content === null ? {} : { content }),
          outcome: row["outcome"] as string,
        };
      });
    },
    async items({ after = 0, limit }): Promise<ItemRow[]> {
      assertAuditLimit(limit);
      return items.all(after, limit).map((row) => ({
        itemId: row["item_id"] as number,
        itemType: row["item_type"] as number,
        holderKind: row["holder_kind"] as string,
        holderId: row["holder_id"] as number,
        slot: row["slot"] as number,
      }));
    },
    async balances({ after = { accountKind: "", accountId: 0, currency: 0 }, limit }): Promise<BalanceRow[]> {
      assertAuditLimit(limit);
      const rows = balances.all(after.accountKind, after.accountId, after.currency, limit);
      return rows.map((row) => ({
        accountKind: row["account_kind"] as string,
        accountId: row["account_id"] as number,
        currency: row["currency"] as number,
        amount: row["amount"] as number,
      }));
    },
    async transfers({ after = "", limit }): Promise<TransferRow[]> {
      assertAuditLimit(limit);
      return transfers.all(after, limit).map((row) => ({
        transferId: row["transfer_id"] as string,
        transfer: row["transfer"] as string,
      }));
    },
    async characters({ after = 0, limit }): Promise<CharacterRow[]> {
      assertAuditLimit(limit);
      return characters.all(after, limit).map(characterOf);
    },
    async close(): Promise<void> {
      database.close();
    },
  };
}

function characterOf(row: Record<string, SQLOutputValue>): CharacterRow {
  return {
    characterId: row["character_id"] as CharacterId,
    name: row["name"] as string,
    zone: row["zone"] as number,
    version: row["version"] as number,
    sessionEpoch: row["session_epoch"] as number,
    schemaVersion: row["schema_version"] as number,
    stateBytes: row["state_bytes"] as number,
  };
}
