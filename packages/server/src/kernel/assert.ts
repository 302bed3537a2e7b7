/**
 * Checks of what can only be false by a bug.
 *
 * Invariant: on in production. A failed assertion ends the zone; the supervisor brings it back under a new epoch.
 * Invariant: never used on untrusted bytes or on an operator's configuration: those have results and MyriadError.
 */

/** A bug in Myriad or in game code: a condition that must always hold did not. Never caught to go on as before. */
export class AssertionFailed extends Error {
  override readonly name = "AssertionFailed";
}

/**
 * Throws AssertionFailed with `message` when `condition` is false.
 * In a hot path `message` is a literal: a template is built even when the condition holds.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

/** Ends a switch over a union: the compiler proves that no member is left, and a value from outside the types throws AssertionFailed. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unreachable value: ${String(value)}`);
}
