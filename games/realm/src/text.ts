/**
 * What players write, made safe to show to others.
 *
 * Invariant: no control characters, no marks that turn the direction of the text around them, no blanks at the ends.
 */

/** Controls, line and paragraph separators, direction marks and overrides, invisible blanks, byte order mark. */
const unwanted =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]+/gu;
const blanks = /[\s\u2800]+/gu;

/** A line that can be shown; "" when nothing is left. Never longer than what came. */
export function cleanText(text: string): string {
  return text.replace(unwanted, " ").replace(blanks, " ").trim();
}
