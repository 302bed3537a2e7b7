/**
 * A set of entity kinds as one number, by which spatial queries choose.
 *
 * Invariant: a mask names kinds 0–31. Kinds from 32 on are found by `allKinds` alone.
 */

/** Every kind, also those from 32 on. It is the mask with all bits, so naming all 32 kinds means every kind too. */
export const allKinds = -1;

/** Kinds that a mask can name: one bit each. */
export const kindsInMask = 32;

/** The set of these kinds (0–31) as a mask. Never throws. */
export function kindMaskOf(...kinds: readonly number[]): number {
  return kinds.reduce((mask, kind) => mask | (1 << kind), 0);
}

/** Whether a handle's kind (its bits 16–23) is in the mask. */
export function isInMask(handle: number, kindMask: number): boolean {
  if (kindMask === allKinds) return true;
  const kind = (handle >>> 16) & 0xff;
  return kind < kindsInMask && ((kindMask >>> kind) & 1) === 1;
}
