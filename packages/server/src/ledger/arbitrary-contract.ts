/**
 * Any sequence of operations, against the model: what every ledger adapter must agree with to the last version number.
 *
 * Invariant: few holders, places, items and ids, so that the operations meet.
 */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bag, ground, idOf, type WithStore } from "./contract.ts";
import { LedgerModel } from "./model.ts";
import { legId } from "./operation.ts";
import type { Holder, ItemId, Money, Operation, OperationId, Place } from "./port.ts";

/** Ids of items in one shard. */
const idsOfShard = 2 ** 43;

/** Registers the test. */
export function arbitraryContract(adapter: string, withStore: WithStore, numRuns: number): void {
  test(`${adapter}: any sequence of operations has the outcomes of the model`, () =>
    fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 8 }), (batches) =>
        withStore(async ({ ledger }) => {
          const model = new LedgerModel();
          for (const wishes of batches) {
            const operations: Operation[] = [];
            const expected = wishes.map((wish) => {
              const operation = operationOf(wish, model);
              operations.push(operation);
              return model.apply(operation);
            });
            deepEqual(await ledger.apply(operations), expected);
          }
          for (const holder of holders) deepEqual(await ledger.holdings(holder), model.holdings(holder));
          deepEqual(await ledger.openTransfers(100), model.openTransfers());
          equal(
            [...model.balances().values()].reduce((sum, amount) => sum + amount, 0),
            0,
          );
        }),
      ),
      { numRuns },
    ));
}

const mailbox: Holder = { kind: "mail", id: 2 };
const holders: readonly Holder[] = [bag(0, 1), bag(0, 2), ground(0, 1), mailbox].map(({ kind, id }) => ({
  kind,
  id,
}));

const holder = fc.constantFrom(...holders);
const place = fc
  .record({ holder, slot: fc.integer({ min: 0, max: 2 }) })
  .map(({ holder: { kind, id }, slot }): Place => ({ kind, id, slot }));
const money = fc.record({ currency: fc.constantFrom(1, 2), amount: fc.integer({ min: 1, max: 20 }) });
const itemId = fc.integer({ min: 1, max: 8 }).map((id) => id as ItemId);
const part = fc.record({
  itemId,
  /** Where the zone believes the item is, unless it is well informed. */
  from: place,
  informed: fc.boolean(),
  to: place,
  money,
  payer: holder,
  payee: holder,
});
const kinds = [
  ...(["mint", "mint", "issue", "issue", "move", "move", "destroy", "trade", "trade", "retire"] as const),
  ...(["mail", "purchase", "send", "receive", "settle", "giveBack"] as const),
];
const wish = fc.record({
  kind: fc.constantFrom(...kinds),
  ordinal: fc.integer({ min: 0, max: 80 }),
  parts: fc.array(part, { minLength: 1, maxLength: 3 }),
  hasItems: fc.boolean(),
  hasPayments: fc.boolean(),
  earlier: fc.integer({ min: 0, max: 80 }),
});
type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;
type Part = Wish["parts"][number];
const batch = fc.array(wish, { maxLength: 12 });

/** The operation that a wish comes to: whatever no zone may send is left out of it. */
function operationOf(wanted: Wish, model: LedgerModel): Operation {
  const { kind, ordinal } = wanted;
  const operationId = idOf(ordinal);
  const [one] = wanted.parts as [Part];
  const from = believed(one, model);
  switch (kind) {
    case "mint":
      return { kind, operationId, itemType: one.itemId, to: one.to };
    case "move":
      return { kind, operationId, itemId: one.itemId, from, to: one.to };
    case "destroy":
      return { kind, operationId, itemId: one.itemId, from };
    case "issue":
      return { kind, operationId, ...one.money, mint: "loot", to: one.payee };
    case "retire":
      return { kind, operationId, ...one.money, sink: "fees", from: one.payer };
    case "purchase":
      return {
        kind,
        operationId,
        itemType: one.itemId,
        to: one.to,
        price: { ...one.money, from: one.payer },
        sink: "shop",
      };
    case "trade":
      return { kind, operationId, ...tradeOf(wanted, model) };
    case "mail":
      return outgoing(kind, operationId, wanted, model, mailbox);
    case "send":
      return outgoing(kind, operationId, wanted, model, one.payee);
    default:
      return laterLeg(kind, wanted, model);
  }
}

function tradeOf({ parts, hasItems, hasPayments }: Wish, model: LedgerModel) {
  const legs = distinct(parts, ({ itemId: id }) => String(id));
  const items = distinct(legs, ({ to }) => JSON.stringify(to)).map((leg) => ({
    itemId: leg.itemId,
    from: believed(leg, model),
    to: leg.to,
  }));
  const payments = parts
    .filter(({ payer, payee }) => !isSame(payer, payee))
    .map(({ money: { currency, amount }, payer, payee }) => ({ currency, amount, from: payer, to: payee }));
  const pays = hasPayments && payments.length > 0;
  return { items: hasItems || !pays ? items : [], payments: pays ? payments : [] };
}

function outgoing(
  kind: "mail" | "send",
  operationId: OperationId,
  { parts, hasItems }: Wish,
  model: LedgerModel,
  to: Holder,
): Operation {
  const items = distinct(parts, ({ itemId: id }) => String(id))
    .map((leg) => ({ itemId: leg.itemId, from: believed(leg, model) }))
    .filter(({ from }) => !isSame(from, to) && !(kind === "send" && from.kind === "ground"));
  const payments = parts
    .filter(({ payer }) => !isSame(payer, to))
    .map(({ money: { currency, amount }, payer }) => ({ currency, amount, from: payer }));
  if (items.length > 0 && (hasItems || payments.length === 0))
    return { kind, operationId, items, payments, to };
  if (payments.length > 0) return { kind, operationId, items: [], payments, to };
  return { kind: "settle", operationId, transferId: operationId };
}

/** The next leg of a transfer that is open, or of one that never was. */
function laterLeg(
  kind: "receive" | "settle" | "giveBack",
  { earlier, parts }: Wish,
  model: LedgerModel,
): Operation {
  const open = model.openTransfers();
  const transfer = open[earlier % Math.max(1, open.length)];
  const transferId = transfer?.transferId ?? idOf(earlier);
  const operationId = legId(transferId, kind);
  if (kind === "settle" || transfer === undefined) return { kind: "settle", operationId, transferId };
  const { items, payments, to } = transfer;
  if (kind === "giveBack") return { kind, operationId, transferId, items, payments };
  const arriving = payments.map(({ currency, amount }): Money => ({ currency, amount }));
  // Sometimes with an item that is here already, or that comes from another shard.
  const { itemId: strange } = parts[0]!;
  const isHere = model.placeOf(strange) !== undefined;
  const stranger = { itemId: (isHere ? strange : strange + idsOfShard) as ItemId, itemType: 1 };
  const strangers = parts.length > 2 ? [stranger] : [];
  const known = items.map(({ itemId: id, itemType }) => ({ itemId: id, itemType }));
  const all = distinct([...known, ...strangers], ({ itemId: id }) => String(id));
  return { kind, operationId, items: all, payments: arriving, to };
}

function believed({ itemId: id, from, informed }: Part, model: LedgerModel): Place {
  return (informed ? model.placeOf(id) : undefined) ?? from;
}

function isSame(left: Holder, right: Holder): boolean {
  return left.kind === right.kind && left.id === right.id;
}

function distinct<T>(all: readonly T[], keyOf: (one: T) => string): T[] {
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}
