/**
 * Which names a character may have.
 *
 * Invariant: a name that passes shows on a plate exactly as long as it counts: no control characters, no characters
 * that turn the writing direction, nothing invisible, no combining marks left over, no blanks at the ends or in a row.
 */
import { nameCharactersMax } from "@myriad/protocol";

const nameCharactersMin = 2;
/** Longer texts are not even normalised. */
const rawUnitsMax = 256;

/** Letters (with what marks belong to them in their script), digits, single blanks, apostrophes and hyphens. */
const allowed = /^[\p{L}\p{M}\p{N}]+(?:[ '-][\p{L}\p{M}\p{N}]+)*$/u;
/** A mark at the start stands on nothing; more than two in a row climb out of the line. */
const strayMarks = /^\p{M}|\p{M}{3}/u;
/** Default-ignorable letters (fillers) that show nothing. */
const invisible = /[\u115f\u1160\u17b4\u17b5\u3164\uffa0]|\p{Default_Ignorable_Code_Point}/u;

export const nameRule = `${nameCharactersMin} to ${nameCharactersMax} letters and digits, with single blanks, ' or - between them`;

/** The name as it will be stored, or undefined when it cannot be one. Never throws. */
export function cleanName(raw: string): string | undefined {
  if (raw.length > rawUnitsMax) return undefined;
  const name = raw.trim().normalize("NFC");
  const characters = [...name].length;
  if (characters < nameCharactersMin || characters > nameCharactersMax) return undefined;
  const isName = allowed.test(name) && !strayMarks.test(name) && !invisible.test(name);
  return isName ? name : undefined;
}
