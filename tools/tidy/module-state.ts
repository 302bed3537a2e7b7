/**
 * Game modules keep nothing between ticks but what they declare: a variable at module level would survive a restore,
 * miss the checkpoint and be shared by zones that know nothing of each other.
 *
 * Not seen, on purpose: a literal that is changed later, and what hides inside an object literal.
 */

import { isTestCode } from "../project-files.ts";
import { type Rule, finding, findInCode, lineOf } from "./source-file.ts";

const gameModules = /^(?:games\/[^/]+\/(?:src|shared)|examples)\//;

const variables = /^(?:export\s+)?(?:let|var)\b/gm;
const containers = /\bnew\s+(?:Weak)?(?:Map|Set|Array|ArrayBuffer|[A-Z]\w*\d+(?:Clamped)?Array)\b/g;

/** Modules of a game declare no mutable state at top level. A table typed `ReadonlyMap` or `ReadonlySet` is none. */
export const noModuleState: Rule = (file) => {
  if (!gameModules.test(file.path) || isTestCode(file.path)) return [];
  const top = { ...file, code: topLevel(file.code) };
  const findings = findInCode(top, variables, "a variable at module level: declare zone state or a field");
  for (const match of top.code.matchAll(containers)) {
    const statement = top.code.slice(statementStart(top.code, match.index), match.index);
    if (/=>|^\s*(?:export\s+)?(?:async\s+)?function\b|:\s*Readonly(?:Map|Set)\b/.test(statement)) continue;
    findings.push(
      finding(
        file,
        lineOf(file.code, match.index),
        "a container at module level: declare zone state or a field",
      ),
    );
  }
  return findings;
};

/** The code outside of all braces; the rest is blank. */
function topLevel(code: string): string {
  let depth = 0;
  let out = "";
  for (const char of code) {
    if (char === "}") depth--;
    out += depth > 0 && char !== "\n" ? " " : char;
    if (char === "{") depth++;
  }
  return out;
}

function statementStart(code: string, before: number): number {
  const from = code.slice(0, before);
  const declarations = [...from.matchAll(/^(?:export|const|let|var|function|class|async)\b/gm)];
  return Math.max(from.lastIndexOf(";") + 1, declarations.at(-1)?.index ?? 0);
}
