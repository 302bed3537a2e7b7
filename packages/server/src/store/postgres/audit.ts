/**
 * The books of a realm in PostgreSQL, read beside its servers, from the primary or a replica.
 *
 * Invariant: all pages of one reader are of one moment: one transaction that sees no later commit and writes nothing.
 */
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
import { ask, askOnce, type Connection, failureOf, type Parameter, type Statement } from "./connection.ts";
import { connectTo, schemaOf } from "./open.ts";
import { restored } from "./text.ts";

const operations: Statement = {
  name: "audit_operations",
  text: `
    SELECT sequence, operation_id, digest, content, outcome FROM operations WHERE sequence > $1
    ORDER BY sequence LIMIT $2`,
};
const items: Statement = {
  name: "audit_items",
  text: `
    SELECT item_id, item_type, holder_kind, holder_id, slot FROM items WHERE item_id > $1
    ORDER BY item_id LIMIT $2`,
};
const balances: Statement = {
  name: "audit_balances",
  text: `
    SELECT account_kind, account_id, currency, amount FROM balances
    WHERE (account_kind, account_id, currency) > ($1, $2, $3)
    ORDER BY account_kind, account_id, currency LIMIT $4`,
};
const transfers: Statement = {
  name: "audit_transfers",
  text: "SELECT transfer_id, transfer FROM transfers WHERE transfer_id > $1 ORDER BY transfer_id LIMIT $2",
};
const characters: Statement = {
  name: "audit_characters",
  text: `
    SELECT character_id, name, zone, version, session_epoch, schema_version, length(state)
    FROM characters WHERE character_id > $1 ORDER BY character_id LIMIT $2`,
};

/** Opens the books of a realm. Rejects with MyriadError: `database_unusable`, `store_failed`. */
export async function openPostgresAudit({
  url,
  realmId,
}: {
  readonly url: string;
  readonly realmId: string;
}): Promise<AuditReader> {
  const client = await connectTo({ url, schema: schemaOf(realmId) });
  const connection = client as Connection;
  async function page<Row>(
    statement: Statement,
    values: readonly Parameter[],
    limit: number,
    rowOf: (row: readonly unknown[]) => Row,
  ): Promise<Row[]> {
    assertAuditLimit(limit);
    try {
      return (await ask(connection, statement, [...values, limit])).rows.map(rowOf);
    } catch (cause) {
      throw failureOf("the audit", cause);
    }
  }
  await askOnce(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  return {
    operations: ({ after = 0, limit }) => page(operations, [after], limit, operationOf),
    items: ({ after = 0, limit }) => page(items, [after], limit, itemOf),
    balances: ({ after = { accountKind: "", accountId: 0, currency: 0 }, limit }) =>
      page(balances, [after.accountKind, after.accountId, after.currency], limit, balanceOf),
    transfers: ({ after = "", limit }) => page(transfers, [after], limit, transferOf),
    characters: ({ after = 0, limit }) => page(characters, [after], limit, characterOf),
    async close() {
      await client.end();
    },
  };
}

function operationOf(row: readonly unknown[]): OperationRow {
  const [sequence, operationId, digest, content, outcome] = row as [number, string, string, string, string];
  return { sequence, operationId, digest, content, outcome };
}

function itemOf(row: readonly unknown[]): ItemRow {
  const [itemId, itemType, holderKind, holderId, slot] = row as [number, number, string, number, number];
  return { itemId, itemType, holderKind, holderId, slot };
}

function balanceOf(row: readonly unknown[]): BalanceRow {
  const [accountKind, accountId, currency, amount] = row as [string, number, number, number];
  return { accountKind, accountId, currency, amount };
}

function transferOf(row: readonly unknown[]): TransferRow {
  const [transferId, transfer] = row as [string, string];
  return { transferId, transfer };
}

function characterOf(row: readonly unknown[]): CharacterRow {
  const [characterId, name, zone, version, sessionEpoch, schemaVersion, stateBytes] = row as [
    CharacterId,
    string,
    number,
    number,
    number,
    number,
    number,
  ];
  return { characterId, name: restored(name), zone, version, sessionEpoch, schemaVersion, stateBytes };
}
