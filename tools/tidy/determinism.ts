/**
 * What a pure function of its inputs may not touch: hidden inputs, and arithmetic that differs between engines.
 *
 * Source: ECMA-262 calls the results of Math.sin, Math.pow, `**` and their kin "implementation-approximated";
 * + − × ÷ √ and rounding are exact everywhere.
 */

import { isTestCode } from "../project-files.ts";
import { isAdapter } from "./layers.ts";
import { type Rule, finding, findInCode, lineOf } from "./source-file.ts";

/** Code that the zone, its replay and the client's prediction must all compute alike. */
const simulation =
  /^(?:packages\/server\/src\/(?:world|replication|zone|events|kernel)|packages\/protocol\/src|games\/[^/]+\/(?:src|shared))\//;

/** Exact in every engine, or a constant. */
const exactMath = "floor|ceil|round|trunc|sqrt|abs|min|max|imul|sign|fround|clz32|PI|SQRT2|SQRT1_2";

const inexactMath = new RegExp(`\\bMath\\b(?!\\.(?:${exactMath})\\b)`, "g");
const localeDependent = /\bIntl\b|\.(?:localeCompare|toLocale[A-Z]\w*)\b/g;

/** A value that no caller passed. A port's method may carry such a name: what follows a dot is the port's. */
const hiddenInputs: readonly { pattern: RegExp; what: string }[] = [
  { pattern: /(?<![.\w$])Date\b/g, what: "Date: time is the tick, or a clock that is passed in" },
  { pattern: /(?<![.\w$])performance\b\s*\./g, what: "performance: pass a clock" },
  {
    pattern: /(?<![.\w$])(?:setTimeout|setInterval|setImmediate)\b/g,
    what: "a timer: pass one, or use the zone's",
  },
  { pattern: /\bMath\s*\.\s*random\b/g, what: "Math.random: pass a seeded generator" },
  { pattern: /(?<![.\w$])process\s*\./g, what: "process: platform/ reads the environment once" },
  { pattern: /(?<![.\w$])crypto\s*\./g, what: "crypto: pass the random, or the hash" },
  { pattern: /\bglobalThis\b/g, what: "globalThis: a hidden input by another name" },
];

/** Simulation computes with exact arithmetic only. Tests may compare against the inexact. */
export const simulationIsExact: Rule = (file) => {
  if (!simulation.test(file.path) || isTestCode(file.path)) return [];
  return [
    ...findInCode(file, inexactMath, "inexact Math: use + − × ÷ √ or the protocol's numeric tables"),
    ...findInCode(file, localeDependent, "depends on the machine's locale data"),
    ...powersIn(file.code).map((line) =>
      finding(file, line, "`**` differs between engines, but for powers of two"),
    ),
  ];
};

/** Nothing but platform, adapters and a game's entry reads the clock, timers, random or the environment. */
export const noHiddenInputs: Rule = (file) => {
  const covered = simulation.test(file.path) || file.path.startsWith("packages/server/src/");
  const exempt =
    isTestCode(file.path) || isAdapter(file.path) || /^games\/[^/]+\/src\/main\.ts$/.test(file.path);
  if (!covered || exempt) return [];
  return hiddenInputs.flatMap(({ pattern, what }) => findInCode(file, pattern, what));
};

/** Lines with `**`, except powers of two: a power function that misses those would be called broken, not approximate. */
function powersIn(code: string): number[] {
  return [...code.matchAll(/\*\*/g)]
    .filter(({ index }) => !/(?<![\w.$])2\s*$/.test(code.slice(0, index)))
    .map(({ index }) => lineOf(code, index));
}
