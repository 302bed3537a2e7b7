/**
 * What is true of an operation before any database sees it: its id, its content's digest, whom it touches.
 *
 * Invariant: the same (realm, zone, epoch, tick, ordinal) gives the same id, and different ones give different ids.
 * Invariant: two operations have the same digest when their contents are the same, whatever their ids.
 */
import { assert, unreachable } from "../kernel/assert.ts";
import { hash64 } from "../kernel/hash.ts";
import { contentOf } from "./content.ts";
import { realmIdCharactersMax, zoneNumberMax } from "./limits.ts";
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

/** What follows the first leg of a transfer. */
export type Leg = "receive" | "settle" | "giveBack";

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

/** The id of a later leg of a transfer. The same leg of the same transfer always has the same id. */
export function legId(transferId: OperationId, leg: Leg): OperationId {
  return `${transferId}.${leg}` as OperationId;
}

/** The zone that an operation id names; its mints and sinks are this zone's books. NaN for what is no operation id. */
export function zoneOf(id: OperationId): number {
  const start = id.indexOf("/") + 1;
  return Number(id.slice(start, id.indexOf("/", start)));
}

/** True for 1 to 32 lower-case letters, digits and hyphens that do not begin with a hyphen. Never throws. */
export function isRealmId(realm: string): boolean {
  return realm.length <= realmIdCharactersMax && realmIdPattern.test(realm);
}

/** 16 hexadecimal digits over everything an operation asks for, but not over its id. */
export function contentDigest(operation: Operation): string {
  return digestOf(contentOf(operation));
}

/** The digest of a content that is at hand as text. */
export function digestOf(content: string): string {
  return hash64(utf8.encode(content));
}

/** The holder under whose key an operation is filed: the first that it touches. */
export function routingKey(operation: Operation): Holder | undefined {
  return holdersOf(operation)[0];
}

/**
 * Every holder that an operation touches, once each: those that give, in the order of its items and payments, then those
 * that take. Empty for `settle`, which ends a transfer where its first leg was filed.
 */
export function holdersOf(operation: Operation): Holder[] {
  const found: Holder[] = [];
  const add = ({ kind, id }: Holder): void => {
    if (!found.some((holder) => holder.kind === kind && holder.id === id)) found.push({ kind, id });
  };
  switch (operation.kind) {
    case "mint":
    case "issue":
    case "receive":
      add(operation.to);
      return found;
    case "move":
      add(operation.from);
      add(operation.to);
      return found;
    case "destroy":
    case "retire":
      add(operation.from);
      return found;
    case "purchase":
      add(operation.price.from);
      add(operation.to);
      return found;
    case "trade":
      for (const { from } of [...operation.items, ...operation.payments]) add(from);
      for (const { to } of [...operation.items, ...operation.payments]) add(to);
      return found;
    case "mail":
      for (const { from } of [...operation.items, ...operation.payments]) add(from);
      add(operation.to);
      return found;
    case "send":
    case "giveBack":
      for (const { from } of [...operation.items, ...operation.payments]) add(from);
      return found;
    case "settle":
      return found;
    default:
      return unreachable(operation);
  }
}

export function samePlace(left: Place, right: Place): boolean {
  return sameHolder(left, right) && left.slot === right.slot;
}

export function sameHolder(left: Holder, right: Holder): boolean {
  return left.kind === right.kind && left.id === right.id;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
