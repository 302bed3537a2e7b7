/**
 * Texts as PostgreSQL can keep them: it has no character 0, everything else is stored as it is.
 *
 * Invariant: reversible, and two texts are stored alike only when they are the same.
 */

/** The text with its zeros as `\0`, and backslashes doubled so that these cannot be mistaken. */
export function storable(text: string): string {
  if (!text.includes("\0") && !text.includes("\\")) return text;
  return text.replaceAll("\\", "\\\\").replaceAll("\0", "\\0");
}

/** The text that was made storable. */
export function restored(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\([\\0])/g, (_, sign: string) => (sign === "0" ? "\0" : "\\"));
}
