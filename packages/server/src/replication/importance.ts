/**
 * What a region is worth to those who watch it: one byte, where 16 is a place like any other and 64 is four times that.
 *
 * Where something happens to entities (a field of `critical` beside the position changed: health, a blow) is looked at
 * more closely. A gateway takes a region of importance i for √(i/16) times nearer than it is.
 */

/** Importance of a place like any other. */
export const importanceUsual = 16;
const importanceMax = 64;
/** What one entity to which something happens adds. */
const importancePerBusy = 8;

/** Importance of a region in which something happened to so many entities within the longest window. */
export function importanceOf(busy: number): number {
  return Math.min(importanceMax, importanceUsual + busy * importancePerBusy);
}
