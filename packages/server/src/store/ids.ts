/**
 * The ids that a realm gives: whole numbers that the database gave, each with its own type.
 *
 * Invariant: an id is a safe integer of 1 or more and is never given twice in one realm.
 * Absent on purpose: meaning. Nothing may be read out of an id's digits; see docs/decisions/0002-ids-53-bit.md.
 */
import { assert } from "../kernel/assert.ts";
import type { Branded } from "../kernel/brand.ts";

/** Who logs in: one person at one identity provider. */
export type AccountId = Branded<number, "AccountId">;

/** Who walks the world: one of an account's characters. */
export type CharacterId = Branded<number, "CharacterId">;

/** Takes a number that came from a checkpoint or a message back as an account's id. Throws AssertionFailed for any other number. */
export function toAccountId(value: number): AccountId {
  assert(isId(value), "an account id is a safe integer of 1 or more");
  return value as AccountId;
}

/** Takes a number that came from a checkpoint or a message back as a character's id. Throws AssertionFailed for any other number. */
export function toCharacterId(value: number): CharacterId {
  assert(isId(value), "a character id is a safe integer of 1 or more");
  return value as CharacterId;
}

/** True for a safe integer of 1 or more. Never throws. */
export function isId(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
