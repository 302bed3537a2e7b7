/**
 * When two character names are the same name.
 *
 * Invariant: every adapter stores this key in a unique column and compares nothing else.
 * Absent on purpose: look-alikes across scripts. Which characters a name may hold is the gateway's rule.
 */

/**
 * The name without case and without the ways Unicode has to write the same letter: "Strauß" and "STRAUSS" are one name.
 * Never throws.
 */
export function nameKey(name: string): string {
  // Down, up and down again: only together they join ß, ẞ and SS, and the two small sigmas.
  const folded = name.normalize("NFKC").toLowerCase().toUpperCase().toLowerCase();
  // Once more: some letters change their case to a sequence that has a shorter form.
  return folded.normalize("NFKC");
}
