/**
 * The fence: who may write for a zone. An epoch that only grows, checked by the database in the transaction of the write.
 *
 * Invariant: a write whose epoch is not the zone's has no effect at all, however late it comes.
 */
import { assert } from "../kernel/assert.ts";
import { zoneNumberMax } from "./limits.ts";

export interface Fence {
  /** The zone's number. */
  readonly zone: number;
  /** The epoch that `takeOver` gave to whoever writes. Counts from 1. */
  readonly epoch: number;
}

/** Throws AssertionFailed when a part is out of its range. */
export function assertFence({ zone, epoch }: Fence): void {
  assertZone(zone);
  assert(Number.isSafeInteger(epoch) && epoch >= 1, "an epoch counts from 1");
}

/** Throws AssertionFailed unless the number can be a zone's. */
export function assertZone(zone: number): void {
  assert(
    Number.isInteger(zone) && zone >= 0 && zone <= zoneNumberMax,
    "a zone's number is on the wire's range",
  );
}
