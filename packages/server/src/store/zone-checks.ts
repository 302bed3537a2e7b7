/**
 * The form of what zones and the outbox ask of the store, checked before it is sent to a database.
 *
 * Invariant: what passes here fits every column of every adapter; what fails is a bug of the caller.
 */
import { assert } from "../kernel/assert.ts";
import { assertOperations } from "../ledger/checks.ts";
import { assertFence, assertZone } from "../ledger/fence.ts";
import { assertSaves, assertText } from "./checks.ts";
import {
  auditRowsMax,
  buildUnitsMax,
  checkpointBytesMax,
  eventBytesMax,
  eventIdUnitsMax,
  eventKeyUnitsMax,
  eventsPerCallMax,
  eventTypeUnitsMax,
  journalBatchBytesMax,
  ownerUnitsMax,
} from "./limits.ts";
import type { ClaimRequest, PageRequest, Settlement } from "./outbox-port.ts";
import type { CheckpointWrite, JournalBatch, JournalRequest, TakeOver, TickCommit } from "./zones-port.ts";

/** Throws AssertionFailed when the request is out of its documented range. */
export function assertTakeOver({ zone, owner }: TakeOver): void {
  assertZone(zone);
  assertText(owner, ownerUnitsMax);
}

/** Throws AssertionFailed when the commit is out of its documented range. */
export function assertTickCommit({ fence, journal, operations, saves, events }: TickCommit): void {
  assertFence(fence);
  if (journal !== undefined) assertBatch(journal);
  assertOperations(operations);
  assertSaves(saves);
  assert(events.length <= eventsPerCallMax, "more events than one call takes");
  for (const { eventId, type, key, payload, operation } of events) {
    assertText(eventId, eventIdUnitsMax);
    assertText(type, eventTypeUnitsMax);
    assertText(key, eventKeyUnitsMax);
    assertBytes(payload, eventBytesMax);
    const isOne = operation === undefined || (isCount(operation) && operation < operations.length);
    assert(isOne, "an event speaks of an operation of its commit");
  }
}

/** Throws AssertionFailed when the request is out of its documented range. */
export function assertJournalRequest({ zone, fromTick, bytesMax = 1 }: JournalRequest): void {
  assertZone(zone);
  assertTick(fromTick);
  assert(isCount(bytesMax) && bytesMax >= 1, "a page has room for a byte");
}

/** Throws AssertionFailed when the request is out of its documented range. */
export function assertCheckpointWrite({ fence, tick, build, bytes }: CheckpointWrite): void {
  assertFence(fence);
  assertTick(tick);
  assertText(build, buildUnitsMax);
  assertBytes(bytes, checkpointBytesMax);
}

/** Throws AssertionFailed unless the number can be a tick. */
export function assertTick(tick: number): void {
  assert(isCount(tick), "a tick counts from 0");
}

/** Throws AssertionFailed when the request is out of its documented range. */
export function assertClaim({ limit, nowMs, untilMs }: ClaimRequest): void {
  assertLimit(limit, eventsPerCallMax);
  assert(Number.isSafeInteger(nowMs) && Number.isSafeInteger(untilMs), "times are whole milliseconds");
}

/** Throws AssertionFailed when a settlement is out of its documented range. */
export function assertSettlements(settlements: readonly Settlement[]): void {
  assert(settlements.length <= eventsPerCallMax, "more settlements than one call takes");
  for (const settlement of settlements) {
    assertSequence(settlement.sequence);
    if (settlement.delivered) continue;
    assert(typeof settlement.error === "string", "a failure has words");
    assert(Number.isSafeInteger(settlement.retryAtMs), "times are whole milliseconds");
  }
}

/** Throws AssertionFailed when the page is out of its documented range. */
export function assertPage({ after = 0, limit }: PageRequest): void {
  assert(isCount(after), "a position counts from 0");
  assertLimit(limit, eventsPerCallMax);
}

/** Throws AssertionFailed when there are too many or one cannot be a position. */
export function assertSequences(sequences: readonly number[]): void {
  assert(sequences.length <= eventsPerCallMax, "more events than one call takes");
  for (const sequence of sequences) assertSequence(sequence);
}

/** Throws AssertionFailed unless the number of rows asked for is 1 to `auditRowsMax`. */
export function assertAuditLimit(limit: number): void {
  assertLimit(limit, auditRowsMax);
}

function assertBatch({ fromTick, toTick, build, bytes }: JournalBatch): void {
  assertTick(fromTick);
  assert(isCount(toTick) && toTick >= fromTick, "a batch ends where it begins, or later");
  assertText(build, buildUnitsMax);
  assertBytes(bytes, journalBatchBytesMax);
}

function assertSequence(sequence: number): void {
  assert(isCount(sequence) && sequence >= 1, "an event's position counts from 1");
}

function assertBytes(bytes: Uint8Array, bytesMax: number): void {
  assert(bytes instanceof Uint8Array && bytes.length <= bytesMax, "bytes are within their limit");
}

function assertLimit(limit: number, max: number): void {
  assert(isCount(limit) && limit >= 1 && limit <= max, "a page has rows, and not too many");
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
