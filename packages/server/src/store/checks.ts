/**
 * The form of every request, checked before it is sent to a database. All adapters share these checks.
 *
 * Invariant: what passes here fits every column of every adapter; what fails is a bug of the caller.
 */
import { assert } from "../kernel/assert.ts";
import { assertZone } from "../ledger/fence.ts";
import { isId } from "./ids.ts";
import {
  savesPerCallMax,
  stateBytesMax,
  storedNameUnitsMax,
  subjectUnitsMax,
  ticketIdUnitsMax,
} from "./limits.ts";
import type {
  AccountRequest,
  CharacterContent,
  CharacterSave,
  OpenCharacterRequest,
  TicketUse,
} from "./port.ts";

/** Throws AssertionFailed when the request is out of its documented range. */
export function assertAccountRequest({ subject, name }: AccountRequest): void {
  assertText(subject, subjectUnitsMax);
  assertText(name, storedNameUnitsMax);
}

/** Throws AssertionFailed when the request is out of its documented range. */
export function assertOpenCharacterRequest({ accountId, name, initial }: OpenCharacterRequest): void {
  assert(isId(accountId), "an account id is a safe integer of 1 or more");
  assertName(name);
  assertContent(initial);
}

/** Throws AssertionFailed when the request is out of its documented range. */
export function assertSaves(saves: readonly CharacterSave[]): void {
  assert(saves.length <= savesPerCallMax, "more saves than one call takes");
  for (const save of saves) {
    assert(isId(save.characterId), "a character id is a safe integer of 1 or more");
    assert(isId(save.expectedVersion), "a version counts from 1");
    const { version = save.expectedVersion + 1 } = save;
    assert(isId(version) && version > save.expectedVersion, "a save raises the version");
    assert(save.sessionEpoch === undefined || isId(save.sessionEpoch), "a session epoch counts from 1");
    assertContent(save);
  }
}

/** Throws AssertionFailed when the name is empty or longer than `storedNameUnitsMax`. */
export function assertName(name: string): void {
  assertText(name, storedNameUnitsMax);
}

/** Throws AssertionFailed when the request is out of its documented range. */
export function assertTicketUse({ ticketId, expiresAtMs, nowMs }: TicketUse): void {
  assertText(ticketId, ticketIdUnitsMax);
  assert(Number.isSafeInteger(expiresAtMs), "a ticket ends at a whole millisecond");
  assert(Number.isSafeInteger(nowMs), "the time is a whole millisecond");
}

function assertContent({ zone, schemaVersion, state }: CharacterContent): void {
  assertZone(zone);
  assert(Number.isSafeInteger(schemaVersion) && schemaVersion >= 0, "a schema version counts from 0");
  assert(state instanceof Uint8Array && state.length <= stateBytesMax, "a state is bytes within the limit");
}

/** Throws AssertionFailed unless the text is well-formed and has 1 to `unitsMax` UTF-16 units. */
export function assertText(text: string, unitsMax: number): void {
  assert(
    typeof text === "string" && text.length >= 1 && text.length <= unitsMax,
    "a text is within its length",
  );
  // Half a surrogate pair has no UTF-8: two different texts would be stored as the same one.
  assert(text.isWellFormed(), "a text is well-formed Unicode");
}
