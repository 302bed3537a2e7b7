/**
 * Who may import whom: between packages, and between the folders of `packages/server/src`.
 *
 * Invariant: imports point downwards only. A folder sees itself and the rows below it; two folders of one row do not
 * see each other unless `neighbours` says so. Only the adapters touch the machine, only main wires them.
 */

import { posix } from "node:path";
import { isTestCode } from "../project-files.ts";
import { type Rule, type SourceFile, finding } from "./source-file.ts";

/** Folders of packages/server/src, low to high. "main" is every file that lies directly in src/. */
export const serverLayers: readonly (readonly string[])[] = [
  ["kernel"],
  ["world"],
  ["replication", "events", "ledger", "store", "bus"],
  ["zone", "gateway", "plugins"],
  ["observe"],
  ["cluster", "admin"],
  ["threads"],
  ["main"],
];

/** Folders of one row that may be imported from beside: importer → imported. */
export const neighbours: Readonly<Record<string, readonly string[]>> = {
  // The store commits ledger operations in its own transactions, so its port speaks of them.
  store: ["ledger"],
};

/** Files of packages/server/src that touch the machine, and why. They alone, and main, import platform/. */
export const adapters: readonly { files: RegExp; why: string }[] = [
  { files: /^platform\//, why: "clock, timers, random, sockets, files, environment" },
  { files: /^store\/(?:sqlite|postgres|cache)\//, why: "speaks to a database" },
  { files: /^gateway\/(?:[a-z0-9-]*transport|ws-[a-z0-9-]+)\.ts$/, why: "holds the sockets" },
  {
    files: /^(?:bus|cluster)\/(?:worker|nats)[a-z0-9-]*\.ts$/,
    why: "carries batches between threads and machines",
  },
  { files: /^admin\//, why: "serves HTTP" },
  { files: /^threads\//, why: "starts threads and wires what runs in them" },
  { files: /^observe\//, why: "measures the process" },
];

/** node: modules that compute and never look at the machine; allowed where no adapter is. */
export const pureBuiltins: ReadonlySet<string> = new Set([
  "node:assert",
  "node:buffer",
  "node:events",
  "node:path",
  "node:url",
  "node:util",
]);

/** Folders of packages/server/src whose code must give the same bytes on every machine: no package from outside. */
export const closedFolders: ReadonlySet<string> = new Set([
  "kernel",
  "world",
  "replication",
  "events",
  "ledger",
  "zone",
]);

/** What each folder may import by package name. The longest matching folder decides; "outside" is any other package. */
export const packageImports: Readonly<Record<string, readonly string[]>> = {
  "packages/protocol/": [],
  "packages/client/": ["@myriad/protocol", "outside"],
  "packages/server/": ["@myriad/protocol", "outside"],
  "packages/swarm/": ["@myriad/protocol", "@myriad/client", "outside"],
  "games/realm/shared/": ["@myriad/protocol"],
  "games/realm/src/": ["@myriad/protocol", "@myriad/server"],
  "games/realm/web/": ["@myriad/protocol", "@myriad/client", "outside"],
};

/** Folders of a game, and which of its other folders each may import. */
const gameFolders: Readonly<Record<string, readonly string[]>> = {
  src: ["shared"],
  web: ["shared"],
  shared: [],
};

/** A file of packages/client that runs in Node alone; it may use `ws` and node: modules, and no other file imports it. */
const clientNodeFile = /^packages\/client\/src\/(?:.*\/)?node(?:-[a-z0-9-]+)?\.ts$/;

/** The layers within packages/server/src. Tests may look anywhere. */
export const serverLayersHold: Rule = (file) => {
  const path = serverPath(file.path);
  if (path === undefined || isTestCode(file.path)) return [];
  const findings: string[] = [];
  for (const { specifier, line } of file.imports) {
    const target = serverPath(resolve(file.path, specifier));
    const problem =
      target === undefined
        ? outsideProblem(path, specifier)
        : insideProblem({ importer: path, imported: target });
    if (problem !== undefined) findings.push(finding(file, line, problem));
  }
  return findings;
};

/** Packages see each other by name only, and only in the direction of `packageImports`. */
export const packagesHold: Rule = (file) => {
  const findings: string[] = [];
  for (const { specifier, line } of file.imports) {
    const problem = specifier.startsWith(".")
      ? relativeProblem(file, specifier)
      : namedProblem(file, specifier);
    if (problem !== undefined) findings.push(finding(file, line, problem));
  }
  return findings;
};

/** Whether a path is a file of packages/server/src that may touch the machine. */
export function isAdapter(path: string): boolean {
  const inServer = serverPath(path);
  return inServer !== undefined && adapters.some(({ files }) => files.test(inServer));
}

function insideProblem({ importer, imported }: { importer: string; imported: string }): string | undefined {
  const [from, to] = [folderOf(importer), folderOf(imported)];
  const importerIsAdapter = adapters.some(({ files }) => files.test(importer));
  if (to === "platform") {
    const allowed = importerIsAdapter || from === "main";
    return allowed ? undefined : `${from} imports platform: only adapters and main may`;
  }
  if (from === "platform") {
    return to === "kernel" ? undefined : `platform imports ${to}: it may see the kernel only`;
  }
  if (from === to) return undefined;
  if (rowOf(to) < 0) return `${to} is in no row of serverLayers`;
  if (rowOf(from) < 0) return `${from} is in no row of serverLayers`;
  if (rowOf(to) < rowOf(from) || neighbours[from]?.includes(to)) return undefined;
  return `${from} imports ${to}: imports point downwards only`;
}

function outsideProblem(importer: string, specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("@myriad/")) return undefined;
  if (adapters.some(({ files }) => files.test(importer))) return undefined;
  if (specifier.startsWith("node:")) {
    return pureBuiltins.has(specifier) ? undefined : `${specifier} belongs in platform/ or an adapter`;
  }
  return closedFolders.has(folderOf(importer))
    ? `${folderOf(importer)} imports ${specifier}: it uses no package from outside`
    : undefined;
}

function relativeProblem(file: SourceFile, specifier: string): string | undefined {
  const target = resolve(file.path, specifier);
  if (clientNodeFile.test(target) && !isTestCode(file.path))
    return `${specifier} runs in Node alone: import it by its own name`;
  if (isTestCode(target) && !isTestCode(file.path)) return `${specifier} is code of tests`;
  const home = /^(?:packages|games)\/[^/]+\//.exec(file.path)?.[0];
  if (home === undefined) {
    const deep = file.path.startsWith("examples/") && !target.startsWith("examples/");
    return deep ? `${specifier} leaves the examples: use the package's name` : undefined;
  }
  if (!target.startsWith(home)) return `${specifier} leaves the package: use the package's name`;
  const [from, to] = [file.path, target].map((path) => path.slice(home.length).split("/")[0] ?? "");
  if (!file.path.startsWith("games/") || from === to || isTestCode(file.path)) return undefined;
  if (from === undefined || to === undefined || gameFolders[from] === undefined) return undefined;
  return gameFolders[from].includes(to) ? undefined : `a game's ${from}/ imports its ${to}/`;
}

function namedProblem(file: SourceFile, specifier: string): string | undefined {
  const deep = /^@myriad\/[^/]+\/.*(?:\/|\.ts$)/.test(specifier);
  if (deep) return `${specifier} is a path into a package: import what it exports by name`;
  if (isTestCode(file.path)) return undefined;
  const folder = Object.keys(packageImports)
    .filter((prefix) => file.path.startsWith(prefix))
    .sort((a, b) => b.length - a.length)[0];
  if (folder === undefined) return undefined;
  const allowed = packageImports[folder] ?? [];
  const own = `@myriad/${folder.split("/")[1]}`;
  if (specifier.startsWith("@myriad/")) {
    const name = specifier.split("/").slice(0, 2).join("/");
    return name === own || allowed.includes(name) ? undefined : `${folder} may not import ${name}`;
  }
  if (folder === "packages/client/" && !clientNodeFile.test(file.path)) {
    return `${specifier} in a file that browsers load: it belongs in a node-*.ts file`;
  }
  if (folder === "games/realm/src/" && specifier.startsWith("node:") && isEntry(file.path)) return undefined;
  return allowed.includes("outside") ? undefined : `${folder} may not import ${specifier}`;
}

/** A game's main.ts starts the process; it is no module. */
function isEntry(path: string): boolean {
  return /^games\/[^/]+\/src\/main\.ts$/.test(path);
}

function serverPath(path: string): string | undefined {
  const prefix = "packages/server/src/";
  return path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
}

function resolve(importer: string, specifier: string): string {
  return specifier.startsWith(".") ? posix.join(posix.dirname(importer), specifier) : specifier;
}

function folderOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : "main";
}

function rowOf(folder: string): number {
  return serverLayers.findIndex((row) => row.includes(folder));
}
