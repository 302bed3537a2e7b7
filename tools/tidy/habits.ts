/**
 * The habits of the house that a machine can see: names, headers, lengths, exports, specifiers, loose ends.
 */

import { basename } from "node:path";
import { isTestCode } from "../project-files.ts";
import { type Rule, type SourceFile, finding, findInCode, lineOf } from "./source-file.ts";

/** Lines a file may have; the first pattern that matches decides. */
export const lineLimits: readonly { files: RegExp; linesMax: number }[] = [
  { files: /^ARCHITECTURE\.md$/, linesMax: 200 },
  { files: /^examples\/01-hello-zone\.ts$/, linesMax: 60 },
  { files: /^examples\/.*\.ts$/, linesMax: 100 },
  { files: /\.ts$/, linesMax: 600 },
];

/** `any` in the whole project, tests aside: type-level plumbing needs a few, values never. */
export const anyBudget = 10;

/** What packages export; nothing else gathers exports. */
const indexFiles = /^(?:packages\/[^/]+\/src|games\/[^/]+\/shared)\/index\.ts$/;

const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|config|d))?\.ts$/;

/** Tools read these through their default export. */
const configFile = /(?:^|\/)[a-z]+\.config\.ts$/;

const looseEnd = /\b(?:TO[D]O|FIX[M]E|X[X]X|HAC[K])\b/g;

export const namedInKebabCase: Rule = (file) => {
  if (!file.path.endsWith(".ts") || kebabCase.test(basename(file.path))) return [];
  return [finding(file, 1, "file names are kebab-case")];
};

/** A file begins by saying what it is. A test does so with the names of its cases. */
export const beginsWithHeader: Rule = (file) => {
  if (!file.path.endsWith(".ts") || isTestCode(file.path)) return [];
  const text = file.text.replace(/^#!.*\n/, "");
  const header = /^\s*(?:\/\*\*?([\s\S]*?)\*\/|((?:\/\/.*\n)+))/.exec(text);
  const words = (header?.[1] ?? header?.[2] ?? "").match(/\p{L}{2,}/gu) ?? [];
  return words.length >= 3
    ? []
    : [finding(file, 1, "begins without a header comment that says what this is")];
};

export const shortEnough: Rule = (file) => {
  const limit = lineLimits.find(({ files }) => files.test(file.path));
  const lines = file.text.replace(/\n$/, "").split("\n").length;
  if (limit === undefined || lines <= limit.linesMax) return [];
  return [
    finding(file, limit.linesMax, `has ${lines} lines, ${limit.linesMax} is the limit: probably two ideas`),
  ];
};

export const exportsByName: Rule = (file) => {
  const findings: string[] = [];
  if (!configFile.test(file.path)) {
    findings.push(
      ...findInCode(file, /\bexport\s+default\b|\bas\s+default\b/g, "default export: export by name"),
    );
  }
  if (indexFiles.test(file.path)) return findings;
  if (basename(file.path) === "index.ts")
    findings.push(finding(file, 1, "a package has one index.ts and no other barrel"));
  const reExport = /\bexport\s+(?:type\s+)?(?:\*|\{[^{}]*\}\s*from\b)/g;
  findings.push(...findInCode(file, reExport, "a re-export outside of index.ts is a barrel"));
  return findings;
};

export const specifiersNameFiles: Rule = (file) => {
  const findings: string[] = [];
  for (const { specifier, line } of file.imports) {
    const relative = specifier.startsWith(".");
    if (relative && !/\.(?:ts|json|css|svg|png|webp|woff2|glsl|wgsl|frag|vert)(?:\?\w+)?$/.test(specifier)) {
      findings.push(finding(file, line, `${specifier}: a relative import ends in the file's real name, .ts`));
    }
  }
  return findings;
};

export const noLooseEnds: Rule = (file) =>
  [...file.text.matchAll(looseEnd)].map((match) =>
    finding(file, lineOf(file.text, match.index), `${match[0]}: do it, or leave it out`),
  );

export const everyTestRuns: Rule = (file) => {
  if (!isTestCode(file.path)) return [];
  const what = "every test runs, always";
  return [
    ...findInCode(file, /(?<![.\w$])(?:test|it|describe|suite|t|context)\s*\.\s*(?:only|skip|todo)\b/g, what),
    ...findInCode(file, /[{,]\s*(?:only|skip|todo)\s*:\s*true\b/g, what),
  ];
};

/** Type checks are not switched off file by file. */
export const nothingIsSilenced: Rule = (file) =>
  [
    ...file.text.matchAll(/(?:\/\/|\/\*)\s*(?:@ts-(?:ignore|nocheck)|(?:ox|es)lint-disable(?!-next-line))/g),
  ].map((match) => finding(file, lineOf(file.text, match.index), "silences a checker: mend the code"));

/** Every `any` outside of tests; the caller compares their number with `anyBudget`. */
export function anysOf(file: SourceFile): string[] {
  if (isTestCode(file.path)) return [];
  return findInCode(file, /\bas\s+any\b|<any\b|[:|&=]\s*any\b|,\s*any\s*[,>]|\bany\[\]/g, "any");
}
