/**
 * A file as the tidy rules see it: path, text, the text's bare code, and what it imports.
 *
 * A rule is a function from one such file to its findings. It reads nothing else, so a test hands it a forged file.
 */

import { strip } from "./strip.ts";

export interface SourceFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The same length as `text`, with comments and the insides of strings blanked. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  /** 1 for the first line. */
  readonly line: number;
}

/** What is wrong with one file: `path:line what`, ready to print and to click. Empty: nothing is. */
export type Rule = (file: SourceFile) => string[];

/** `from "x"`, `import "x"`, `import("x")`; a string's inside is blank in the code. */
const importPattern = /(?<![.\w$])(?:from\s*|import\s*\(?\s*)(["'])(\s*)\1/g;

export function sourceFile(path: string, text: string): SourceFile {
  if (!path.endsWith(".ts")) return { path, text, code: "", imports: [] };
  const code = strip(text);
  const imports = [...code.matchAll(importPattern)].map((match) => {
    const end = match.index + match[0].length - 1;
    const specifier = text.slice(end - (match[2]?.length ?? 0), end);
    return { specifier, line: lineOf(text, match.index) };
  });
  return { path, text, code, imports };
}

/** One finding for each match of `pattern` (with the `g` flag) in the file's code. */
export function findInCode(file: SourceFile, pattern: RegExp, what: string): string[] {
  return [...file.code.matchAll(pattern)].map((match) => finding(file, lineOf(file.code, match.index), what));
}

export function finding(file: SourceFile, line: number, what: string): string {
  return `${file.path}:${line} ${what}`;
}

/** The line of an offset, 1 for the first. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
