/**
 * What is true of an operation before any database sees it: its id, its content's digest, its routing key, its form.
 *
 * Invariant: the same (realm, zone, epoch, tick, ordinal) gives the same id, and different ones give different ids.
 * Invariant: two operations have the same digest when their contents are the same, whatever their ids.
 */
import { assert, unreachable } from "../kernel/assert.ts";
import { hash64 } from "../kernel/hash.ts";
import {
  itemTypeMax,
  operationsPerApplyMax,
  realmIdCharactersMax,
  slotsOf,
  zoneNumberMax,
} from "./limits.ts";
import type { Holder, Operation, OperationId, Place } from "./port.ts";

export interface OperationIdParts {
  /** The realm's id: lower-case letters, digits and hyphens. */
  readonly realm: string;
  /** The zone's number. */
  readonly zone: number;
  /** The zone's epoch that first ran the tick, as its journal says. */
  readonly epoch: number;
  readonly tick: number;
  /** Counts the operations of one tick from 0. */
  readonly ordinal: number;
}

/** Small enough to stand in every operation id, plain enough for subjects, keys and file names. */
const realmIdPattern = /^[a-z0-9][a-z0-9-]*$/;

const utf8 = new TextEncoder();

/** The id of one operation: `realm/zone/epoch/tick/ordinal`. Throws AssertionFailed when a part is out of range. */
export function operationId({ realm, zone, epoch, tick, ordinal }: OperationIdParts): OperationId {
  assert(isRealmId(realm), "a realm's id has 1 to 32 lower-case letters, digits and hyphens");
  assert(isCount(zone) && zone <= zoneNumberMax, "a zone's number is on the wire's range");
  assert(isCount(epoch) && isCount(tick) && isCount(ordinal), "epoch, tick and ordinal count from 0");
  return `${realm}/${zone}/${epoch}/${tick}/${ordinal}` as OperationId;
}

/** True for 1 to 32 lower-case letters, digits and hyphens that do not begin with a hyphen. Never throws. */
export function isRealmId(realm: string): boolean {
  return realm.length <= realmIdCharactersMax && realmIdPattern.test(realm);
}

/** 16 hexadecimal digits over everything an operation asks for, but not over its id. */
export function contentDigest(operation: Operation): string {
  return hash64(utf8.encode(contentOf(operation)));
}

/** The holder under whose key an operation is filed: where the item is, or comes to be when it is minted. */
export function routingKey(operation: Operation): Holder {
  const { kind, id } = operation.kind === "mint" ? operation.to : operation.from;
  return { kind, id };
}

/** Throws AssertionFailed for operations that no zone may send: too many, or a number out of range. */
export function assertOperations(operations: readonly Operation[]): void {
  assert(operations.length <= operationsPerApplyMax, "more operations than one call takes");
  for (const operation of operations) {
    assert(operation.operationId.split("/").length === 5, "an operation id is made by operationId");
    if (operation.kind === "mint") {
      assert(isCount(operation.itemType) && operation.itemType <= itemTypeMax, "an item type has 32 bits");
    } else {
      assert(Number.isSafeInteger(operation.itemId) && operation.itemId >= 1, "an item id is a safe integer");
      assertPlace(operation.from);
    }
    if (operation.kind !== "destroy") assertPlace(operation.to);
  }
}

/** Throws AssertionFailed when the holder's kind is unknown or its id is no safe integer of 0 or more. */
export function assertHolder({ kind, id }: Holder): void {
  assert(Object.hasOwn(slotsOf, kind), "a holder is a character or the ground");
  assert(isCount(id), "a holder's id is a safe integer of 0 or more");
}

export function samePlace(left: Place, right: Place): boolean {
  return sameHolder(left, right) && left.slot === right.slot;
}

export function sameHolder(left: Holder, right: Holder): boolean {
  return left.kind === right.kind && left.id === right.id;
}

function assertPlace(place: Place): void {
  assertHolder(place);
  assert(isCount(place.slot) && place.slot < slotsOf[place.kind], "a slot is one of the holder's");
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function contentOf(operation: Operation): string {
  switch (operation.kind) {
    case "mint":
      return `mint ${operation.itemType} > ${textOf(operation.to)}`;
    case "move":
      return `move ${operation.itemId} ${textOf(operation.from)} > ${textOf(operation.to)}`;
    case "destroy":
      return `destroy ${operation.itemId} ${textOf(operation.from)}`;
    default:
      return unreachable(operation);
  }
}

function textOf({ kind, id, slot }: Place): string {
  return `${kind}:${id}:${slot}`;
}
