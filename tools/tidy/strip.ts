/**
 * Blanks everything in a TypeScript text that is not code: comments and the insides of strings, templates and
 * regular expressions become spaces. Offsets and lines stay, so a rule can search the result and quote the original.
 *
 * Not a parser, and meant for this repository's formatted code: a `/` after `)`, `]`, `}`, a name or a number divides,
 * anywhere else it begins a regular expression. A regular expression at the start of a statement after `}` is misread.
 */

/** Words after which a `/` begins a regular expression although a name stands before it. */
const wordsBeforeRegex =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield)$/;

/** Returns a text of the same length; quotes, backticks and `${}` expressions are kept. Never throws; an open string ends at the end of its line. */
export function strip(text: string): string {
  const out = text.split("");
  /** For each template we are inside of: the braces open in its current `${}`. */
  const openBraces: number[] = [];
  let lastCode = -1;
  let at = 0;

  while (at < text.length) {
    const char = text[at] ?? "";
    const pair = text.slice(at, at + 2);
    const depth = openBraces.at(-1);
    if (pair === "//") {
      at = blank(out, at, lineEnd(text, at));
      continue;
    }
    if (pair === "/*") {
      const end = text.indexOf("*/", at + 2);
      at = blank(out, at, end < 0 ? text.length : end + 2);
      continue;
    }
    if (char === '"' || char === "'") {
      const end = closing(text, { from: at + 1, quote: char, ends: lineEnd(text, at) });
      blank(out, at + 1, end);
      at = lastCode = end;
    } else if (char === "`" || (char === "}" && depth === 0)) {
      if (char === "}") openBraces.pop();
      const end = templateEnd(text, at + 1);
      blank(out, at + 1, end);
      if (text[end] === "$") openBraces.push(0);
      at = lastCode = text[end] === "$" ? end + 1 : end;
    } else if (char === "/" && regexMayBegin(text, lastCode)) {
      const end = regexEnd(text, at + 1);
      blank(out, at + 1, end);
      at = lastCode = end;
    } else {
      if (depth !== undefined && char === "{") openBraces[openBraces.length - 1] = depth + 1;
      if (depth !== undefined && char === "}") openBraces[openBraces.length - 1] = depth - 1;
      if (char.trim() !== "") lastCode = at;
    }
    at++;
  }
  return out.join("");
}

function blank(out: string[], from: number, to: number): number {
  for (let i = from; i < to; i++) {
    if (out[i] !== "\n") out[i] = " ";
  }
  return to;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** Offset of the closing quote, or `ends`. */
function closing(text: string, search: { from: number; quote: string; ends: number }): number {
  for (let i = search.from; i < search.ends; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === search.quote) return i;
  }
  return search.ends;
}

/** Offset of the backtick that ends the template, or of the `$` that begins an expression in it. */
function templateEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "`" || text.startsWith("${", i)) return i;
  }
  return text.length;
}

function regexMayBegin(text: string, lastCode: number): boolean {
  if (lastCode < 0) return true;
  if ("(,=:[!&|?{;+-*%<>~^".includes(text[lastCode] ?? "")) return true;
  return wordsBeforeRegex.test(text.slice(Math.max(0, lastCode - 10), lastCode + 1));
}

/** Offset of the `/` that ends the regular expression: one in a class `[/]` does not. */
function regexEnd(text: string, from: number): number {
  const ends = lineEnd(text, from);
  let inClass = false;
  for (let i = from; i < ends; i++) {
    const char = text[i];
    if (char === "\\") i++;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "/" && !inClass) return i;
  }
  return ends;
}
