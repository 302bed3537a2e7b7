/**
 * The project speaks of itself alone: a clone on any machine means the same, so no file names the machine, the folder,
 * the network or the company in which a line happened to be written.
 */

import { type Rule, finding, lineOf } from "./source-file.ts";

const strangers: readonly { pattern: RegExp; what: string }[] = [
  {
    pattern: /(?<![\w.:/-])\/(?:home|root|Users|work|workspace|mnt)\/[\w.-]/g,
    what: "a path of one machine",
  },
  { pattern: /\b[A-Z]:\\(?:Users|work)\\/gi, what: "a path of one machine" },
  {
    pattern: /https?:\/\/(?:registry|deb|proxy|mirror|cache|artifactory|nexus)\./g,
    what: "a registry or mirror",
  },
  {
    pattern: /https?:\/\/[\w.-]+\.(?:internal|intranet|corp|lan|local)\b/g,
    what: "a host of a private network",
  },
  {
    pattern: /https?:\/\/(?:10\.\d|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/g,
    what: "a host of a private network",
  },
  { pattern: /\bsub-?agents?\b|\blanguage mode[l]\b/gi, what: "speaks of how it was written" },
];

export const speaksOfItselfAlone: Rule = (file) =>
  strangers.flatMap(({ pattern, what }) =>
    [...file.text.matchAll(pattern)].map((match) =>
      finding(file, lineOf(file.text, match.index), `${what}: ${match[0]}`),
    ),
  );
