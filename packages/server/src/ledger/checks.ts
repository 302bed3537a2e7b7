/**
 * The form of operations and holders, checked before they are sent to a database. All adapters share these checks.
 *
 * Invariant: what passes here fits every column of every adapter and every form of `content.ts`; what fails is a bug of
 * the zone.
 */
import { assert, unreachable } from "../kernel/assert.ts";
import {
  amountMax,
  bookNameCharactersMax,
  currencyMax,
  itemsPerOperationMax,
  itemTypeMax,
  openTransfersMax,
  operationsPerApplyMax,
  paymentsPerOperationMax,
  slotsOf,
} from "./limits.ts";
import { sameHolder, zoneOf } from "./operation.ts";
import type { Holder, Money, MoneyFrom, Operation, OperationId, Place } from "./port.ts";

/** What `operationId` and `legId` make. */
const operationIdForm = /^[a-z0-9-]{1,32}(?:\/\d{1,16}){4}(?:\.(?:receive|settle|giveBack))?$/;
const bookNameForm = /^[a-z0-9-]+$/;

/** Throws AssertionFailed for operations that no zone may send: too many, or a number out of range. */
export function assertOperations(operations: readonly Operation[]): void {
  assert(operations.length <= operationsPerApplyMax, "more operations than one call takes");
  for (const operation of operations) assertOperation(operation);
}

/** Throws AssertionFailed when the holder's kind is unknown or its id is no safe integer of 0 or more. */
export function assertHolder({ kind, id }: Holder): void {
  assert(Object.hasOwn(slotsOf, kind), "a holder is of a kind that there is");
  assert(isCount(id), "a holder's id is a safe integer of 0 or more");
}

/** Throws AssertionFailed unless the number of transfers asked for is 1 to `openTransfersMax`. */
export function assertTransferLimit(limit: number): void {
  assert(isCount(limit) && limit >= 1 && limit <= openTransfersMax, "a page has 1 to 1024 transfers");
}

function assertOperation(operation: Operation): void {
  assertOperationId(operation.operationId);
  switch (operation.kind) {
    case "mint":
      assertItemType(operation.itemType);
      assertPlace(operation.to);
      return;
    case "move":
      assertItemId(operation.itemId);
      assertPlace(operation.from);
      assertPlace(operation.to);
      return;
    case "destroy":
      assertItemId(operation.itemId);
      assertPlace(operation.from);
      return;
    case "trade":
      assertSizes(operation);
      for (const { to } of operation.items) assertPlace(to);
      assertDistinct(operation.items.map(({ to }) => keyOf(to)));
      assertItemsFrom(operation.items);
      for (const payment of operation.payments) {
        assertMoneyFrom(payment);
        assertHolder(payment.to);
        assert(!sameHolder(payment.from, payment.to), "a payment goes to somebody else");
      }
      return;
    case "mail":
      assert(operation.to.kind === "mail", "mail goes to a mailbox");
      assertOutgoing(operation);
      return;
    case "send":
      assertOutgoing(operation);
      for (const { from } of operation.items)
        assert(from.kind !== "ground", "what lies on the ground is picked up before it is sent");
      return;
    case "purchase":
      assertItemType(operation.itemType);
      assertPlace(operation.to);
      assertMoneyFrom(operation.price);
      assertBookName(operation.sink);
      return;
    case "issue":
      assertMoney(operation);
      assertBookName(operation.mint);
      assertHolder(operation.to);
      return;
    case "retire":
      assertMoneyFrom(operation);
      assertBookName(operation.sink);
      return;
    case "receive":
      assertSizes(operation);
      assertHolder(operation.to);
      for (const { itemId, itemType } of operation.items) {
        assertItemId(itemId);
        assertItemType(itemType);
      }
      assertDistinct(operation.items.map(({ itemId }) => itemId));
      for (const payment of operation.payments) assertMoney(payment);
      return;
    case "settle":
      assertOperationId(operation.transferId);
      return;
    case "giveBack":
      assertOperationId(operation.transferId);
      assertSizes(operation);
      assertItemsFrom(operation.items);
      for (const { itemType } of operation.items) assertItemType(itemType);
      assertDistinct(operation.items.map(({ from }) => keyOf(from)));
      for (const payment of operation.payments) assertMoneyFrom(payment);
      return;
    default:
      unreachable(operation);
  }
}

interface ManyParts {
  readonly items: readonly unknown[];
  readonly payments: readonly unknown[];
}

function assertSizes({ items, payments }: ManyParts): void {
  assert(items.length + payments.length > 0, "an operation does something");
  assert(items.length <= itemsPerOperationMax, "more items than one operation moves");
  assert(payments.length <= paymentsPerOperationMax, "more payments than one operation makes");
}

function assertOutgoing(operation: Extract<Operation, { kind: "mail" | "send" }>): void {
  assertSizes(operation);
  assertHolder(operation.to);
  assertItemsFrom(operation.items);
  for (const { from } of operation.items)
    assert(!sameHolder(from, operation.to), "an item goes to somebody else");
  for (const payment of operation.payments) {
    assertMoneyFrom(payment);
    assert(!sameHolder(payment.from, operation.to), "a payment goes to somebody else");
  }
}

function assertItemsFrom(items: readonly { readonly itemId: number; readonly from: Place }[]): void {
  for (const { itemId, from } of items) {
    assertItemId(itemId);
    assertPlace(from);
  }
  assertDistinct(items.map(({ itemId }) => itemId));
}

function assertDistinct(values: readonly (number | string)[]): void {
  assert(new Set(values).size === values.length, "no item and no place stands twice in one operation");
}

function keyOf({ kind, id, slot }: Place): string {
  return `${kind}:${id}:${slot}`;
}

function assertOperationId(id: OperationId): void {
  assert(typeof id === "string" && operationIdForm.test(id), "an operation id is made by operationId");
  assert(Number.isSafeInteger(zoneOf(id)), "an operation id names a zone");
}

function assertItemId(itemId: number): void {
  assert(Number.isSafeInteger(itemId) && itemId >= 1, "an item id is a safe integer");
}

function assertItemType(itemType: number): void {
  assert(isCount(itemType) && itemType <= itemTypeMax, "an item type has 32 bits");
}

function assertPlace(place: Place): void {
  assertHolder(place);
  assert(isCount(place.slot) && place.slot < slotsOf[place.kind], "a slot is one of the holder's");
}

function assertMoney({ currency, amount }: Money): void {
  assert(isCount(currency) && currency <= currencyMax, "a currency has 16 bits");
  assert(isCount(amount) && amount >= 1 && amount <= amountMax, "an amount is a safe integer of 1 or more");
}

function assertMoneyFrom(payment: MoneyFrom): void {
  assertMoney(payment);
  assertHolder(payment.from);
}

function assertBookName(name: string): void {
  assert(
    typeof name === "string" && name.length <= bookNameCharactersMax && bookNameForm.test(name),
    "a mint or sink is named by 1 to 32 lower-case letters, digits and hyphens",
  );
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
