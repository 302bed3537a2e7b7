/**
 * Hashes of regions, by which sender and receivers compare what they hold.
 *
 * Invariant: a function of ids, parts and texts alone; the same in every language that has 32-bit integers.
 */
import type { Level } from "./levels.ts";
import type { KindLayout } from "./schema.ts";

/** First value of a region's digest. */
export const digestStart = 0x9747b28c | 0;

/** Folds one entity into a digest: its id, then parts and texts of the level's channels in order. */
export function digestEntity(
  hash: number,
  id: number,
  kind: KindLayout,
  ring: Level,
  parts: ArrayLike<number>,
  texts: readonly string[],
): number {
  let folded = mix(hash, id);
  for (let channel = 0; channel < ring.channelStrides.length; channel++) {
    if (ring.channelStrides[channel] === 0) continue;
    for (const field of kind.channels[channel]!) {
      for (let i = 0; i < field.parts; i++) folded = mix(folded, parts[field.part + i]!);
      if (field.text >= 0) folded = mixText(folded, texts[field.text] ?? "");
    }
  }
  return folded;
}

/** Folds one 32-bit integer into a digest: a multiply and two shifts, enough to tell states apart. */
export function mix(hash: number, value: number): number {
  const h = Math.imul(hash ^ value, 0x85ebca6b);
  return Math.imul(h ^ (h >>> 15), 0xc2b2ae35) ^ (h >>> 13);
}

/** Folds a text into a digest by its UTF-16 units. */
export function mixText(hash: number, text: string): number {
  let folded = mix(hash, text.length);
  for (let i = 0; i < text.length; i++) folded = mix(folded, text.charCodeAt(i));
  return folded;
}
