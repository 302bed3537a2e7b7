/**
 * The ledger in PostgreSQL: reading and writing the rows of a group of operations, and what holders have.
 *
 * Invariant: the versions of all touched holders are locked before anything else is read, in one order, so two groups that
 * share a holder run one after the other.
 */
import type {
  Holder,
  HolderKind,
  Holdings,
  Item,
  ItemId,
  Money,
  OpenTransfer,
  OperationId,
  Outcome,
} from "../../ledger/port.ts";
import { bigints, ints, texts } from "./arrays.ts";
import { ask, type Connection, type Parameter, type Statement } from "./connection.ts";
import type { BalanceChange, LedgerSet } from "./ledger-set.ts";
import type { Touched } from "./touched.ts";

/** An operation as it was applied first. */
export interface KnownOperation {
  readonly digest: string;
  readonly outcome: string;
}

/** An operation that was applied now. */
export interface NewOperation {
  readonly operationId: OperationId;
  readonly digest: string;
  readonly content: string;
  readonly outcome: Outcome;
}

const lockHolders: Statement = {
  name: "lock_holders",
  text: `
    SELECT h.holder_kind, h.holder_id, h.version
    FROM unnest($1::text[], $2::bigint[]) AS t (kind, id)
    JOIN holders h ON h.holder_kind = t.kind AND h.holder_id = t.id
    ORDER BY h.holder_kind, h.holder_id FOR UPDATE OF h`,
};
const findOperations: Statement = {
  name: "find_operations",
  text: "SELECT operation_id, digest, outcome FROM operations WHERE operation_id = ANY ($1::text[])",
};
const itemColumns = "i.item_id, i.item_type, i.holder_kind, i.holder_id, i.slot";
const findItems: Statement = {
  name: "find_items",
  text: `SELECT ${itemColumns} FROM items i WHERE i.item_id = ANY ($1::bigint[])`,
};
const findPlaces: Statement = {
  name: "find_places",
  text: `
    SELECT ${itemColumns} FROM unnest($1::text[], $2::bigint[], $3::int[]) AS t (kind, id, slot)
    JOIN items i ON i.holder_kind = t.kind AND i.holder_id = t.id AND i.slot = t.slot`,
};
const findHeld: Statement = {
  name: "find_held",
  text: `
    SELECT ${itemColumns} FROM unnest($1::text[], $2::bigint[]) AS t (kind, id)
    JOIN items i ON i.holder_kind = t.kind AND i.holder_id = t.id`,
};
const findBalances: Statement = {
  name: "find_balances",
  text: `
    SELECT b.account_kind, b.account_id, b.currency, b.amount
    FROM unnest($1::text[], $2::bigint[], $3::int[]) AS t (kind, id, currency)
    JOIN balances b ON b.account_kind = t.kind AND b.account_id = t.id AND b.currency = t.currency`,
};
const lockTransfers: Statement = {
  name: "lock_transfers",
  text: `
    SELECT transfer_id FROM transfers WHERE transfer_id = ANY ($1::text[]) ORDER BY transfer_id FOR UPDATE`,
};
const removeItems: Statement = {
  name: "remove_items",
  text: "DELETE FROM items WHERE item_id = ANY ($1::bigint[])",
};
const moveItems: Statement = {
  name: "move_items",
  text: `
    UPDATE items i SET holder_kind = t.kind, holder_id = t.id, slot = t.slot
    FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::int[]) AS t (item_id, kind, id, slot)
    WHERE i.item_id = t.item_id`,
};
const makeItems: Statement = {
  name: "make_items",
  text: `
    INSERT INTO items (item_id, item_type, holder_kind, holder_id, slot)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::int[])`,
};
const changeBalances: Statement = {
  name: "change_balances",
  text: `
    UPDATE balances b SET amount = b.amount + t.change
    FROM unnest($1::text[], $2::bigint[], $3::int[], $4::bigint[]) AS t (kind, id, currency, change)
    WHERE b.account_kind = t.kind AND b.account_id = t.id AND b.currency = t.currency`,
};
const makeBalances: Statement = {
  name: "make_balances",
  text: `
    INSERT INTO balances (account_kind, account_id, currency, amount)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::bigint[])`,
};
const raiseVersions: Statement = {
  name: "raise_versions",
  text: `
    UPDATE holders h SET version = t.version
    FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS t (kind, id, version)
    WHERE h.holder_kind = t.kind AND h.holder_id = t.id`,
};
const makeVersions: Statement = {
  name: "make_versions",
  text: `
    INSERT INTO holders (holder_kind, holder_id, version)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])`,
};
const keepTransfers: Statement = {
  name: "keep_transfers",
  text: "INSERT INTO transfers (transfer_id, transfer) SELECT * FROM unnest($1::text[], $2::text[])",
};
const endTransfers: Statement = {
  name: "end_transfers",
  text: "DELETE FROM transfers WHERE transfer_id = ANY ($1::text[])",
};
const keepOperations: Statement = {
  name: "keep_operations",
  text: `
    INSERT INTO operations (operation_id, digest, content, outcome)
    SELECT id, digest, content, outcome
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS t (id, digest, content, outcome, at)
    ORDER BY at`,
};
const findOfHolder: Statement = {
  name: "find_of_holder",
  text: "SELECT item_id, item_type, slot FROM items WHERE holder_kind = $1 AND holder_id = $2 ORDER BY slot",
};
const findBalancesOfHolder: Statement = {
  name: "find_balances_of_holder",
  text: `
    SELECT currency, amount FROM balances
    WHERE account_kind = $1 AND account_id = $2 AND amount <> 0 ORDER BY currency`,
};
const findVersion: Statement = {
  name: "find_version",
  text: "SELECT version FROM holders WHERE holder_kind = $1 AND holder_id = $2",
};
const findTransfers: Statement = {
  name: "find_transfers",
  text: "SELECT transfer FROM transfers ORDER BY sequence LIMIT $1",
};

/** Locks and reads all that the operations touch into the set. @returns operations that were applied before, by id */
export async function loadLedger(
  client: Connection,
  touched: Touched,
  set: LedgerSet,
): Promise<ReadonlyMap<string, KnownOperation>> {
  const holders = [...touched.holders.values()];
  const places = [...touched.places.values()];
  const filled = [...touched.filled.values()];
  const balances = [...touched.balances.values()];
  const [versions, operations, items, placed, held, found, transfers] = await Promise.all([
    askSome(client, lockHolders, holders, () => [kindsOf(holders), idsOf(holders)]),
    ask(client, findOperations, [texts([...touched.operationIds])]),
    askSome(client, findItems, [...touched.items], (ids) => [bigints(ids)]),
    askSome(client, findPlaces, places, () => [
      kindsOf(places),
      idsOf(places),
      ints(places.map(({ slot }) => slot)),
    ]),
    askSome(client, findHeld, filled, () => [kindsOf(filled), idsOf(filled)]),
    askSome(client, findBalances, balances, () => [
      kindsOf(balances.map(({ account }) => account)),
      idsOf(balances.map(({ account }) => account)),
      ints(balances.map(({ currency }) => currency)),
    ]),
    askSome(client, lockTransfers, [...touched.transfers], (ids) => [texts(ids)]),
  ]);
  for (const [kind, id, version] of versions as [HolderKind, number, number][])
    set.loadVersion({ kind, id }, version);
  for (const rows of [items, placed, held] as [ItemId, number, HolderKind, number, number][][]) {
    for (const [itemId, itemType, kind, id, slot] of rows)
      set.loadItem(itemId, { itemType, place: { kind, id, slot } });
  }
  for (const [kind, id, currency, amount] of found as [string, number, number, number][])
    set.loadBalance({ kind, id }, currency, amount);
  for (const [transferId] of transfers as [OperationId][]) set.loadTransfer(transferId);
  return new Map(
    (operations.rows as [string, string, string][]).map(([id, digest, outcome]) => [id, { digest, outcome }]),
  );
}

/** Sends what changed. Fulfilled when all of it was answered. */
export async function writeLedger(
  client: Connection,
  set: LedgerSet,
  operations: readonly NewOperation[],
): Promise<void> {
  const moved = set.movedItems();
  const made = set.newItems();
  const balances = set.changedBalances();
  const versions = set.changedVersions();
  const transfers = set.newTransfers();
  const writeBalances = (statement: Statement, some: readonly BalanceChange[]): Promise<unknown> =>
    askSome(client, statement, some, () => [
      kindsOf(some.map(({ account }) => account)),
      idsOf(some.map(({ account }) => account)),
      ints(some.map(({ currency }) => currency)),
      bigints(some.map(({ change }) => change)),
    ]);
  const writeVersions = (statement: Statement, some: typeof versions.known): Promise<unknown> =>
    askSome(client, statement, some, () => [
      kindsOf(some.map(({ holder }) => holder)),
      idsOf(some.map(({ holder }) => holder)),
      bigints(some.map(({ version }) => version)),
    ]);
  const movedPlaces = moved.map(([, { place }]) => place);
  const madePlaces = made.map(([, { place }]) => place);
  // In this order a place is always left before it is taken.
  await Promise.all([
    askSome(client, removeItems, set.removedItems(), (ids) => [bigints(ids)]),
    askSome(client, moveItems, moved, () => [
      bigints(moved.map(([itemId]) => itemId)),
      kindsOf(movedPlaces),
      idsOf(movedPlaces),
      ints(movedPlaces.map(({ slot }) => slot)),
    ]),
    askSome(client, makeItems, made, () => [
      bigints(made.map(([itemId]) => itemId)),
      bigints(made.map(([, { itemType }]) => itemType)),
      kindsOf(madePlaces),
      idsOf(madePlaces),
      ints(madePlaces.map(({ slot }) => slot)),
    ]),
    writeBalances(changeBalances, balances.known),
    writeBalances(makeBalances, balances.unknown),
    writeVersions(raiseVersions, versions.known),
    writeVersions(makeVersions, versions.unknown),
    askSome(client, keepTransfers, transfers, () => [
      texts(transfers.map(({ transferId }) => transferId)),
      texts(transfers.map((transfer) => JSON.stringify(transfer))),
    ]),
    askSome(client, endTransfers, set.endedTransfers(), (ids) => [texts(ids)]),
    askSome(client, keepOperations, operations, () => [
      texts(operations.map(({ operationId }) => operationId)),
      texts(operations.map(({ digest }) => digest)),
      texts(operations.map(({ content }) => content)),
      texts(operations.map(({ outcome }) => JSON.stringify(outcome))),
    ]),
  ]);
}

export async function itemsOf(client: Connection, { kind, id }: Holder): Promise<Item[]> {
  const { rows } = await ask(client, findOfHolder, [kind, id]);
  return (rows as [ItemId, number, number][]).map(([itemId, itemType, slot]) => ({ itemId, itemType, slot }));
}

/** What a holder has; of one moment only within a transaction that sees one. */
export async function holdingsOf(client: Connection, holder: Holder): Promise<Holdings> {
  const { kind, id } = holder;
  const [versions, items, balances] = await Promise.all([
    ask(client, findVersion, [kind, id]),
    itemsOf(client, holder),
    ask(client, findBalancesOfHolder, [kind, id]),
  ]);
  return {
    version: (versions.rows[0]?.[0] as number | undefined) ?? 0,
    items,
    balances: (balances.rows as [number, number][]).map(
      ([currency, amount]): Money => ({ currency, amount }),
    ),
  };
}

export async function openTransfersOf(client: Connection, limit: number): Promise<OpenTransfer[]> {
  const { rows } = await ask(client, findTransfers, [limit]);
  return (rows as [string][]).map(([transfer]) => JSON.parse(transfer));
}

/** Asks about some rows; nothing when there are none. */
async function askSome<T>(
  client: Connection,
  statement: Statement,
  some: readonly T[],
  valuesOf: (some: readonly T[]) => Parameter[],
): Promise<readonly (readonly unknown[])[]> {
  return some.length === 0 ? [] : (await ask(client, statement, valuesOf(some))).rows;
}

function kindsOf(some: readonly { readonly kind: string }[]): Buffer {
  return texts(some.map(({ kind }) => kind));
}

function idsOf(some: readonly { readonly id: number }[]): Buffer {
  return bigints(some.map(({ id }) => id));
}
