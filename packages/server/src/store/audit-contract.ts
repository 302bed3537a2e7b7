/**
 * What every store adapter's books must show, as tests that take the adapter as a parameter.
 *
 * Invariant: nothing here knows a database.
 */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { contentOf, parseContent } from "../ledger/content.ts";
import { contentDigest, operationId } from "../ledger/operation.ts";
import type { ItemId, Operation, OperationId } from "../ledger/port.ts";
import type { AuditPageRequest, AuditReader } from "./audit-port.ts";
import { newCharacter } from "./characters-contract.ts";
import type { Store } from "./port.ts";

export interface AuditedStore {
  readonly store: Store;
  /** Opens the books beside the store. */
  readonly audit: () => Promise<AuditReader>;
}

const idOf = (ordinal: number) => operationId({ realm: "vale", zone: 1, epoch: 1, tick: 1, ordinal });

/** Registers the tests. */
export function auditContract(adapter: string, create: () => Promise<AuditedStore>): void {
  test(`${adapter}: the books show every operation, item, balance, transfer and character, page by page`, async () => {
    const { store, audit } = await create();
    const operations = await fill(store);
    const wren = await newCharacter(store);
    const reader = await audit();
    for (const limit of [1, 3, 100]) {
      const rows = await all(reader.operations, limit, ({ sequence }) => sequence);
      deepEqual(
        rows.map(({ operationId: id, content }) => parseContent(id as OperationId, content ?? "")),
        operations,
      );
      deepEqual(
        rows.map(({ digest }) => digest),
        operations.map(contentDigest),
      );
      equal(rows[0]?.content, contentOf(operations[0]!));
      deepEqual(JSON.parse(rows[2]!.outcome), { status: "settled", items: [], versions: [2] });
      const items = await all(reader.items, limit, ({ itemId }) => itemId);
      deepEqual(
        items.map(({ holderKind, holderId, slot }) => [holderKind, holderId, slot]),
        [["character", 1, 0]],
      );
      const balances = await all(reader.balances, limit, (row) => row);
      deepEqual(
        balances.map(({ accountKind, accountId, currency, amount }) => [
          accountKind,
          accountId,
          currency,
          amount,
        ]),
        [
          ["character", 1, 1, 60],
          ["mint:loot", 1, 1, -100],
          ["sink:fees", 1, 1, 30],
          ["transit", 0, 1, 10],
        ],
      );
      const transfers = await all(reader.transfers, limit, ({ transferId }) => transferId);
      equal(transfers[0]?.transferId, idOf(4));
      equal(JSON.parse(transfers[0]?.transfer ?? "").payments[0].amount, 10);
      const characters = await all(reader.characters, limit, ({ characterId }) => characterId);
      deepEqual(characters, [
        {
          characterId: wren.characterId,
          name: "Wren",
          zone: 2,
          version: 1,
          sessionEpoch: 1,
          schemaVersion: 1,
          stateBytes: 3,
        },
      ]);
    }
    await rejects(reader.items({ limit: 0 }), { name: "AssertionFailed" });
    await rejects(reader.operations({ limit: 10_001 }), { name: "AssertionFailed" });
    await reader.close();
    await store.close();
  });
}

/** Two items, 100 gold of which 30 are spent and 10 under way, one item under way. */
async function fill(store: Store): Promise<Operation[]> {
  const ada = { kind: "character", id: 1 } as const;
  const operations: Operation[] = [
    { kind: "mint", operationId: idOf(0), itemType: 12, to: { ...ada, slot: 0 } },
    { kind: "mint", operationId: idOf(1), itemType: 13, to: { kind: "character", id: 2, slot: 0 } },
    { kind: "issue", operationId: idOf(2), currency: 1, amount: 100, mint: "loot", to: ada },
    { kind: "retire", operationId: idOf(3), currency: 1, amount: 30, from: ada, sink: "fees" },
  ];
  const outcomes = await store.ledger.apply(operations);
  const { itemId } = outcomes[1] as { readonly itemId: ItemId };
  const send: Operation = {
    kind: "send",
    operationId: idOf(4),
    items: [{ itemId, from: { kind: "character", id: 2, slot: 0 } }],
    payments: [{ currency: 1, amount: 10, from: ada }],
    to: { kind: "character", id: 3 },
  };
  await store.ledger.apply([send]);
  return [...operations, send];
}

/** All rows, in pages of `limit`. */
async function all<Row, Cursor>(
  read: (page: AuditPageRequest<Cursor>) => Promise<Row[]>,
  limit: number,
  cursorOf: (row: Row) => Cursor,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const last = rows.at(-1);
    const page = await read(last === undefined ? { limit } : { after: cursorOf(last), limit });
    rows.push(...page);
    if (page.length < limit) return rows;
  }
}
