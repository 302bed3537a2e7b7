/**
 * What each operation does to rows, or why it does nothing. The one place that decides; adapters only keep rows.
 *
 * Invariant: everything is checked before anything is written, so a refusal leaves no trace.
 * Invariant: the order of checks is part of the contract: unknown, not held, destination, money.
 */
import { unreachable } from "../kernel/assert.ts";
import { accountOf, mintBook, sinkBook, transit } from "./accounts.ts";
import { type Balances, balancesAfter, flowOf, writeBalances } from "./flows.ts";
import { mailboxItemsMax, slotsOf } from "./limits.ts";
import { holdersOf, sameHolder, samePlace, zoneOf } from "./operation.ts";
import type {
  DestroyOperation,
  GiveBackOperation,
  Holder,
  ItemFrom,
  ItemId,
  MailOperation,
  MintOperation,
  MovedItem,
  MoveOperation,
  Operation,
  Outcome,
  Place,
  PurchaseOperation,
  ReceiveOperation,
  RefusalCode,
  RefusedOutcome,
  SendOperation,
  SettledOutcome,
  TradeOperation,
} from "./port.ts";
import type { HeldItem, LedgerRows } from "./rows.ts";

/** Carries an operation out, once; the caller knows that its id is new. */
export function carryOut(rows: LedgerRows, operation: Operation): Outcome {
  const outcome = effectOf(rows, operation);
  if (outcome.status === "refused") return outcome;
  return { ...outcome, versions: holdersOf(operation).map((holder) => rows.raiseVersion(holder)) };
}

function effectOf(rows: LedgerRows, operation: Operation): Outcome {
  switch (operation.kind) {
    case "mint":
      return mint(rows, operation);
    case "move":
      return move(rows, operation);
    case "destroy":
      return destroy(rows, operation);
    case "trade":
      return trade(rows, operation);
    case "mail":
      return mail(rows, operation);
    case "purchase":
      return purchase(rows, operation);
    case "issue": {
      const from = mintBook(operation.mint, zoneOf(operation.operationId));
      return pay(rows, balancesAfter(rows, [{ ...operation, from, to: accountOf(operation.to) }]));
    }
    case "retire": {
      const to = sinkBook(operation.sink, zoneOf(operation.operationId));
      return pay(rows, balancesAfter(rows, [{ ...operation, from: accountOf(operation.from), to }]));
    }
    case "send":
      return send(rows, operation);
    case "receive":
      return receive(rows, operation);
    case "settle":
      if (!rows.hasTransfer(operation.transferId)) return refused("transfer_unknown");
      rows.endTransfer(operation.transferId);
      return settled([]);
    case "giveBack":
      return giveBack(rows, operation);
    default:
      return unreachable(operation);
  }
}

function mint(rows: LedgerRows, { itemType, to }: MintOperation): Outcome {
  if (rows.itemAt(to) !== undefined) return refused("slot_taken");
  return { status: "done", itemId: rows.putNew(itemType, to), itemType, to: placeOf(to) };
}

function move(rows: LedgerRows, { itemId, from, to }: MoveOperation): Outcome {
  const item = rows.item(itemId);
  const refusal = refusalOf(item, from);
  if (item === undefined || refusal !== undefined) return refused(refusal ?? "item_unknown");
  const { itemType } = item;
  const done = { status: "done", itemId, itemType, from: placeOf(from), to: placeOf(to) } as const;
  if (samePlace(from, to)) return done;
  const swappedItemId = rows.itemAt(to);
  if (swappedItemId === undefined) {
    rows.move(itemId, to);
    return done;
  }
  if (!sameHolder(from, to)) return refused("slot_taken");
  const other = rows.item(swappedItemId) as HeldItem;
  // A place never holds two: the other leaves its own for a moment to let this one in.
  rows.remove(swappedItemId);
  rows.move(itemId, to);
  rows.put(swappedItemId, other.itemType, from);
  return { ...done, swappedItemId };
}

function destroy(rows: LedgerRows, { itemId, from }: DestroyOperation): Outcome {
  const item = rows.item(itemId);
  const refusal = refusalOf(item, from);
  if (item === undefined || refusal !== undefined) return refused(refusal ?? "item_unknown");
  rows.remove(itemId);
  return { status: "done", itemId, itemType: item.itemType, from: placeOf(from) };
}

function trade(rows: LedgerRows, { items, payments }: TradeOperation): Outcome {
  const held = heldItems(rows, items);
  if (typeof held === "string") return refused(held);
  const leaving = new Set<ItemId>(items.map(({ itemId }) => itemId));
  const inTheWay = items.map(({ to }) => rows.itemAt(to));
  if (inTheWay.some((itemId) => itemId !== undefined && !leaving.has(itemId))) return refused("slot_taken");
  const balances = balancesAfter(rows, payments.map(flowOf));
  if (typeof balances === "string") return refused(balances);
  writeBalances(rows, balances);
  if (inTheWay.every((itemId) => itemId === undefined)) {
    for (const { itemId, to } of items) rows.move(itemId, to);
  } else {
    for (const { itemId } of items) rows.remove(itemId);
    for (const [index, { itemId, to }] of items.entries())
      rows.put(itemId, (held[index] as HeldItem).itemType, to);
  }
  return settled(
    items.map(({ itemId, to }, index) => movedItem(itemId, (held[index] as HeldItem).itemType, to)),
  );
}

function mail(rows: LedgerRows, { items, payments, to }: MailOperation): Outcome {
  const held = heldItems(rows, items);
  if (typeof held === "string") return refused(held);
  const slots = rows.freeSlots(to, items.length, roomOf(to));
  if (slots.length < items.length) return refused("holder_full");
  const balances = balancesAfter(
    rows,
    payments.map((payment) => flowOf({ ...payment, to })),
  );
  if (typeof balances === "string") return refused(balances);
  writeBalances(rows, balances);
  return settled(
    items.map(({ itemId }, index) => {
      const place = { ...to, slot: slots[index] as number };
      rows.move(itemId, place);
      return movedItem(itemId, (held[index] as HeldItem).itemType, place);
    }),
  );
}

function purchase(rows: LedgerRows, operation: PurchaseOperation): Outcome {
  const { itemType, to, price, sink, operationId } = operation;
  if (rows.itemAt(to) !== undefined) return refused("slot_taken");
  const flow = { ...price, from: accountOf(price.from), to: sinkBook(sink, zoneOf(operationId)) };
  const balances = balancesAfter(rows, [flow]);
  if (typeof balances === "string") return refused(balances);
  writeBalances(rows, balances);
  return { status: "done", itemId: rows.putNew(itemType, to), itemType, to: placeOf(to) };
}

function pay(rows: LedgerRows, balances: Balances | RefusalCode): Outcome {
  if (typeof balances === "string") return refused(balances);
  writeBalances(rows, balances);
  return settled([]);
}

function send(rows: LedgerRows, { operationId, items, payments, to }: SendOperation): Outcome {
  const held = heldItems(rows, items);
  if (typeof held === "string") return refused(held);
  const flows = payments.map((payment) => ({ ...payment, from: accountOf(payment.from), to: transit }));
  const balances = balancesAfter(rows, flows);
  if (typeof balances === "string") return refused(balances);
  writeBalances(rows, balances);
  const sent = items.map(({ itemId, from }, index) => ({
    itemId,
    itemType: (held[index] as HeldItem).itemType,
    from: placeOf(from),
  }));
  for (const { itemId } of items) rows.remove(itemId);
  rows.keepTransfer({ transferId: operationId, items: sent, payments, to });
  return settled(sent.map(({ itemId, itemType }) => ({ itemId, itemType })));
}

function receive(rows: LedgerRows, { items, payments, to }: ReceiveOperation): Outcome {
  // An item that is here already never left: the first leg named another one.
  if (items.some(({ itemId }) => rows.item(itemId) !== undefined)) return refused("item_not_held");
  const slots = rows.freeSlots(to, items.length, roomOf(to));
  if (slots.length < items.length) return refused("holder_full");
  const flows = payments.map((money) => ({ ...money, from: transit, to: accountOf(to) }));
  const balances = balancesAfter(rows, flows);
  if (typeof balances === "string") return refused(balances);
  writeBalances(rows, balances);
  return settled(
    items.map(({ itemId, itemType }, index) => {
      const place = { ...to, slot: slots[index] as number };
      rows.put(itemId, itemType, place);
      return movedItem(itemId, itemType, place);
    }),
  );
}

function giveBack(rows: LedgerRows, { transferId, items, payments }: GiveBackOperation): Outcome {
  if (!rows.hasTransfer(transferId)) return refused("transfer_unknown");
  // What is here has arrived: whoever wants it back comes too late.
  if (items.some(({ itemId }) => rows.item(itemId) !== undefined)) return refused("item_not_held");
  const flows = payments.map((payment) => ({ ...payment, from: transit, to: accountOf(payment.from) }));
  const balances = balancesAfter(rows, flows);
  if (typeof balances === "string") return refused(balances);
  const places = placesToReturnTo(rows, items);
  if (places === undefined) return refused("holder_full");
  writeBalances(rows, balances);
  rows.endTransfer(transferId);
  const moved = items.map(({ itemId, itemType }, index) => {
    const place = places[index] as Place;
    rows.put(itemId, itemType, place);
    return movedItem(itemId, itemType, place);
  });
  const mailboxes = moved.filter(({ to }, index) => !sameHolder(to, (items[index] as ItemFrom).from));
  for (const id of new Set(mailboxes.map(({ to }) => to.id))) rows.raiseVersion({ kind: "mail", id });
  return settled(moved);
}

/** Each item's old place, or else a free one in the mailbox beside it; undefined when a mailbox is full to the brim. */
function placesToReturnTo(rows: LedgerRows, items: readonly ItemFrom[]): Place[] | undefined {
  const places = items.filter(({ from }) => rows.itemAt(from) === undefined).map(({ from }) => placeOf(from));
  const isGiven = (place: Place): boolean => places.some((given) => samePlace(given, place));
  const all: Place[] = [];
  for (const { from } of items) {
    if (rows.itemAt(from) === undefined) {
      all.push(placeOf(from));
      continue;
    }
    const mailbox: Holder = { kind: "mail", id: from.id };
    const free = rows.freeSlots(mailbox, items.length, slotsOf.mail);
    const slot = free.find((candidate) => !isGiven({ ...mailbox, slot: candidate }));
    if (slot === undefined) return undefined;
    const place = { ...mailbox, slot };
    places.push(place);
    all.push(place);
  }
  return all;
}

/** The items' rows, or why one of them is not where the zone believes it is. */
function heldItems(rows: LedgerRows, items: readonly ItemFrom[]): HeldItem[] | RefusalCode {
  const held: HeldItem[] = [];
  for (const { itemId, from } of items) {
    const item = rows.item(itemId);
    const refusal = refusalOf(item, from);
    if (item === undefined || refusal !== undefined) return refusal ?? "item_unknown";
    held.push(item);
  }
  return held;
}

function refusalOf(item: HeldItem | undefined, from: Place): RefusalCode | undefined {
  if (item === undefined) return "item_unknown";
  return samePlace(item.place, from) ? undefined : "item_not_held";
}

/** Slots that may be filled without being named. */
function roomOf({ kind }: Holder): number {
  return kind === "mail" ? mailboxItemsMax : slotsOf[kind];
}

function movedItem(itemId: ItemId, itemType: number, to: Place): Required<MovedItem> {
  return { itemId, itemType, to: placeOf(to) };
}

function settled(items: readonly MovedItem[]): SettledOutcome {
  return { status: "settled", items };
}

function refused(code: RefusalCode): RefusedOutcome {
  return { status: "refused", code };
}

/** The place without whatever else the caller's object carries, so that a repeated answer equals the first. */
function placeOf({ kind, id, slot }: Place): Place {
  return { kind, id, slot };
}
