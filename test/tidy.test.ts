/**
 * Style kept by ordinary tests: layers, determinism, module state, habits, error documentation.
 *
 * Every rule is run twice: over the project, where it must find nothing, and over forged files, where it must find
 * what is wrong and let pass what only looks like it. A checker that never failed proves nothing.
 *
 * Source: TigerBeetle's `src/tidy.zig`.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { projectFiles, root } from "../tools/project-files.ts";
import { noHiddenInputs, simulationIsExact } from "../tools/tidy/determinism.ts";
import { codeTables, codesOf, compareCodes } from "../tools/tidy/error-docs.ts";
import {
  anyBudget,
  anysOf,
  beginsWithHeader,
  everyTestRuns,
  exportsByName,
  namedInKebabCase,
  noLooseEnds,
  nothingIsSilenced,
  shortEnough,
  specifiersNameFiles,
} from "../tools/tidy/habits.ts";
import { packagesHold, serverLayersHold } from "../tools/tidy/layers.ts";
import { noModuleState } from "../tools/tidy/module-state.ts";
import { speaksOfItselfAlone } from "../tools/tidy/self-contained.ts";
import { type Rule, sourceFile } from "../tools/tidy/source-file.ts";
import { strip } from "../tools/tidy/strip.ts";

/** A forged file: where it would stand, and what would stand in it. */
type Forgery = readonly [path: string, text: string];

interface Habit {
  readonly name: string;
  readonly rule: Rule;
  /** Each must be found. */
  readonly bad: readonly Forgery[];
  /** None may be found. */
  readonly good: readonly Forgery[];
}

const server = "packages/server/src";

/** What a rule looks for in text, put together here so that it does not find its own forgeries. */
const forged = {
  looseEnd: ["TO", "DO"].join(""),
  only: ["test", "only"].join("."),
  skipTrue: ["skip", "true"].join(": "),
  silenced: ["// @ts", "ignore"].join("-"),
  home: ["", "home", "ann", "myriad"].join("/"),
  registry: ["https:", "", "registry.example.com", "ws"].join("/"),
  intranet: ["https:", "", "git.corp", "x"].join("/"),
};

const habits: readonly Habit[] = [
  {
    name: "imports of the server point downwards, and only adapters and main touch the machine",
    rule: serverLayersHold,
    bad: [
      [`${server}/kernel/ring.ts`, 'import { World } from "../world/world.ts";'],
      [`${server}/world/tick.ts`, 'import type { Zone } from "../zone/zone.ts";'],
      [`${server}/replication/view.ts`, 'import { emit } from "../events/bus.ts";'],
      [`${server}/zone/zone.ts`, 'const { x } = await import("../gateway/session.ts");'],
      [`${server}/zone/zone.ts`, 'import { clock } from "../platform/clock.ts";'],
      [`${server}/store/port.ts`, 'import { open } from "../platform/files.ts";'],
      [`${server}/gateway/session.ts`, 'import { serve } from "../main.ts";'],
      [`${server}/gateway/session.ts`, 'import { createServer } from "node:http";'],
      [`${server}/world/columns.ts`, 'import { hash } from "fast-hash";'],
      [`${server}/platform/clock.ts`, 'import { Zone } from "../zone/zone.ts";'],
      [`${server}/helpers/sum.ts`, 'import { assert } from "../kernel/assert.ts";'],
    ],
    good: [
      [
        `${server}/world/tick.ts`,
        'import { assert } from "../kernel/assert.ts";\nimport { field } from "./field.ts";',
      ],
      [`${server}/zone/zone.ts`, 'import { Events } from "../events/events.ts";\nimport "@myriad/protocol";'],
      [`${server}/store/port.ts`, 'import type { Operation } from "../ledger/operation.ts";'],
      [
        `${server}/store/sqlite/open.ts`,
        'import "../../platform/files.ts";\nimport { x } from "node:sqlite";',
      ],
      [`${server}/gateway/ws-transport.ts`, 'import { WebSocketServer } from "ws";'],
      [
        `${server}/main.ts`,
        'import { clock } from "./platform/clock.ts";\nimport { serve } from "./admin/http.ts";',
      ],
      [`${server}/kernel/ring.ts`, '// import { World } from "../world/world.ts";\nconst a = "from";'],
      [`${server}/store/contract.ts`, 'import { test } from "node:test";'],
      [`${server}/kernel/ring.test.ts`, 'import test from "node:test";\nimport "../zone/zone.ts";'],
    ],
  },
  {
    name: "packages see each other by name, and only those they may",
    rule: packagesHold,
    bad: [
      ["packages/protocol/src/bits.ts", 'import { Buffer } from "node:buffer";'],
      ["packages/protocol/src/bits.ts", 'import { Zone } from "@myriad/server";'],
      ["packages/client/src/client.ts", 'import { Zone } from "@myriad/server";'],
      ["packages/client/src/client.ts", 'import { WebSocket } from "ws";'],
      ["packages/client/src/index.ts", 'export { connect } from "./node-socket.ts";'],
      [`${server}/store/port.ts`, 'import { storeContract } from "./store-contract.ts";'],
      ["packages/client/src/client.ts", 'import { bits } from "../../protocol/src/bits.ts";'],
      ["packages/swarm/src/bot.ts", 'import { Zone } from "@myriad/server";'],
      ["games/realm/src/main.ts", 'import { Zone } from "@myriad/server/src/zone/zone.ts";'],
      ["games/realm/src/combat.ts", 'import { readFileSync } from "node:fs";'],
      ["games/realm/web/main.ts", 'import { combat } from "../src/combat.ts";'],
      ["games/realm/shared/entities.ts", 'import { spawn } from "@myriad/server";'],
      ["examples/01-hello-zone.ts", 'import { serve } from "../packages/server/src/main.ts";'],
    ],
    good: [
      ["packages/client/src/node-socket.ts", 'import { WebSocket } from "ws";'],
      ["packages/client/src/client.ts", 'import { bits } from "@myriad/protocol";'],
      [
        "packages/swarm/src/bot.ts",
        'import { connect } from "@myriad/client";\nimport { cpus } from "node:os";',
      ],
      [
        "games/realm/web/main.ts",
        'import { Player } from "../shared/entities.ts";\nimport { Sprite } from "pixi.js";',
      ],
      [
        "games/realm/src/main.ts",
        'import { start } from "@myriad/server";\nimport { join } from "node:path";',
      ],
      ["test/sim/world.test.ts", 'import { World } from "../../packages/server/src/world/world.ts";'],
    ],
  },
  {
    name: "simulation computes with arithmetic that is exact in every engine",
    rule: simulationIsExact,
    bad: [
      [`${server}/world/move.ts`, "const x = Math.sin(a);"],
      [`${server}/zone/zone.ts`, "const { hypot } = Math;"],
      ["packages/protocol/src/angle.ts", "const x = Math.atan2(y, x);"],
      ["games/realm/shared/move.ts", "const x = a ** 2;"],
      ["games/realm/shared/move.ts", "const x = 12 ** a;"],
      ["games/realm/src/combat.ts", "let x = 2; x **= 0.5;"],
      ["games/realm/src/chat.ts", "names.sort((a, b) => a.localeCompare(b));"],
    ],
    good: [
      [
        `${server}/world/move.ts`,
        "/** Math.sin differs. */\nconst x = Math.sqrt(a * a) + Math.PI; // Math.cos",
      ],
      ["packages/protocol/src/bits.ts", "const unit = 2 ** bits - 1;"],
      [`${server}/gateway/limit.ts`, "const x = Math.log(2);"],
      ["packages/protocol/src/angle.test.ts", "assert.equal(sine(1), Math.sin(1));"],
    ],
  },
  {
    name: "nothing reads the clock, timers, chance or the environment unasked",
    rule: noHiddenInputs,
    bad: [
      [`${server}/zone/zone.ts`, "const now = Date.now();"],
      [`${server}/gateway/session.ts`, "setTimeout(() => close(), 5000);"],
      [`${server}/cluster/lease.ts`, "const now = performance.now();"],
      [`${server}/main.ts`, 'const port = process.env["PORT"];'],
      [`${server}/ledger/operation.ts`, "const id = crypto.randomUUID();"],
      [`${server}/events/events.ts`, "const later = globalThis.setImmediate;"],
      ["packages/protocol/src/frame.ts", "const seed = Math.random();"],
      ["games/realm/src/creatures.ts", "const roll = Math.random();"],
      ["games/realm/shared/move.ts", "const at = new Date();"],
    ],
    good: [
      [`${server}/platform/clock.ts`, "export const now = () => performance.now();"],
      [`${server}/observe/metrics.ts`, "const x = process.memoryUsage();"],
      [
        `${server}/zone/zone.ts`,
        'this.timers.setTimeout(work); // setTimeout\nconst s = "Date.now()"; log.process.x();',
      ],
      [`${server}/zone/zone.test.ts`, "const now = Date.now();"],
    ],
  },
  {
    name: "game modules keep no state of their own",
    rule: noModuleState,
    bad: [
      ["games/realm/src/combat.ts", "let swings = 0;"],
      ["games/realm/src/combat.ts", "export let swings = 0;"],
      ["games/realm/src/combat.ts", "const targets = new Map<string, { a: number }>();"],
      ["games/realm/src/combat.ts", "export const seen = freeze(new WeakSet());"],
      ["examples/02-chat.ts", "const rows = new Float64Array(12);"],
    ],
    good: [
      ["games/realm/src/combat.ts", "function swing() {\n  let hits = 0;\n  return new Map();\n}"],
      [
        "games/realm/src/combat.ts",
        "const empty = () => new Map();\nfunction f(a = new Set()) { return a; }",
      ],
      ["games/realm/src/combat.ts", 'const names: ReadonlySet<string> = new Set(["wolf"]);'],
      ["games/realm/web/main.ts", "let socket = 1;"],
    ],
  },
  {
    name: "files are named in kebab-case",
    rule: namedInKebabCase,
    bad: [
      ["test/someTest.ts", ""],
      ["packages/client/src/Client.ts", ""],
      ["bench/tick_bench.ts", ""],
    ],
    good: [
      ["bench/tick.ts", ""],
      ["test/e2e/two-pages.test.ts", ""],
      ["myriad.config.ts", ""],
      ["README.md", ""],
    ],
  },
  {
    name: "a file begins with a header that says what it is",
    rule: beginsWithHeader,
    bad: [
      ["bench/tick.ts", 'import "x";\n/** Late, and so no header. */'],
      ["bench/tick.ts", "/** x */\n"],
    ],
    good: [
      ["bench/tick.ts", "/**\n * Measures a tick of a zone.\n */\n"],
      ["bench/tick.ts", "#!/usr/bin/env node\n// Measures a tick of a zone.\nexport {};"],
    ],
  },
  {
    name: "a file holds one idea's worth of lines",
    rule: shortEnough,
    bad: [
      ["bench/tick.ts", "x;\n".repeat(601)],
      ["examples/01-hello-zone.ts", "x;\n".repeat(61)],
      ["examples/02-chat.ts", "x;\n".repeat(101)],
      ["ARCHITECTURE.md", "x\n".repeat(201)],
    ],
    good: [
      ["bench/tick.ts", "x;\n".repeat(600)],
      ["docs/protocol.md", "x\n".repeat(2000)],
    ],
  },
  {
    name: "everything is exported by name, through one index per package",
    rule: exportsByName,
    bad: [
      ["bench/tick.ts", "export default function tick() {}"],
      ["bench/all.ts", 'export * from "./tick.ts";'],
      [`${server}/world/index.ts`, 'export { World } from "./world.ts";'],
      [`${server}/world/all.ts`, 'export type {\n  World,\n} from "./world.ts";'],
    ],
    good: [
      ["packages/client/src/index.ts", 'export { connect } from "./client.ts";'],
      ["games/realm/web/vite.config.ts", "export default {};"],
      ["bench/tick.ts", 'export const a = "export default";\nexport { b };'],
    ],
  },
  {
    name: "relative imports name the file",
    rule: specifiersNameFiles,
    bad: [
      ["bench/tick.ts", 'import { a } from "./a";'],
      ["bench/tick.ts", 'export { a } from "./a.js";'],
      ["bench/tick.ts", 'const a = await import("../a");'],
    ],
    good: [
      ["bench/tick.ts", 'import { a } from "./a.ts";\nimport "./a.css";\nconst b = Buffer.from("./b");'],
    ],
  },
  {
    name: "nothing is left for later",
    rule: noLooseEnds,
    bad: [
      ["docs/operations.md", `${forged.looseEnd}: write`],
      ["bench/tick.ts", `// ${forged.looseEnd} later`],
    ],
    good: [["docs/operations.md", "what to do"]],
  },
  {
    name: "every test runs",
    rule: everyTestRuns,
    bad: [
      ["test/a.test.ts", `${forged.only}("x", () => {});`],
      ["test/a.test.ts", `test("x", { ${forged.skipTrue} }, () => {});`],
    ],
    good: [["test/a.test.ts", 'test("skips only what is due", () => {});\nqueue.skip(3);']],
  },
  {
    name: "no checker is switched off for a file",
    rule: nothingIsSilenced,
    bad: [["bench/tick.ts", `${forged.silenced}\nconst a: number = "";`]],
    good: [["bench/tick.ts", "// the checker ignores this"]],
  },
  {
    name: "the project speaks of itself alone",
    rule: speaksOfItselfAlone,
    bad: [
      ["docs/operations.md", `cd ${forged.home}`],
      [".npmrc", `registry=${forged.registry}`],
      ["README.md", `see ${forged.intranet}`],
    ],
    good: [
      ["README.md", "http://127.0.0.1:8080, /usr/bin/chromium, docs/work/x, https://github.com/a/home/b"],
    ],
  },
];

const files = projectFiles().map((path) => sourceFile(path, readFileSync(join(root, path), "utf8")));

for (const { name, rule, bad, good } of habits) {
  suite(name, () => {
    test("in every file", () => {
      const findings = files.flatMap(rule);
      assert.equal(findings.length, 0, `\n${findings.join("\n")}`);
    });
    test("and the rule sees forged files", () => {
      for (const [path, text] of bad)
        assert.notDeepEqual(rule(sourceFile(path, text)), [], `missed in ${path}:\n${text}`);
      for (const [path, text] of good)
        assert.deepEqual(rule(sourceFile(path, text)), [], `false alarm in ${path}:\n${text}`);
    });
  });
}

suite("any is rationed", () => {
  test(`to ${anyBudget} in the whole project`, () => {
    const anys = files.flatMap(anysOf);
    assert.ok(anys.length <= anyBudget, `${anys.length} of ${anyBudget}:\n${anys.join("\n")}`);
  });
  test("and the count sees forged files", () => {
    const bad = ["x as any;", "let x: any = 1;", "type F = Array<any>;", "type G = Record<string, any>;"];
    for (const text of bad) assert.equal(anysOf(sourceFile("bench/a.ts", text)).length, 1, text);
    const good = ["// any", 'const many = "as any";', "f(many, any);"];
    for (const text of good) assert.deepEqual(anysOf(sourceFile("bench/a.ts", text)), [], text);
  });
});

suite("docs/errors.md lists every code and no dead one", () => {
  test("in the documentation", async () => {
    const tables = codeTables.filter((path) => existsSync(join(root, path)));
    const modules = await Promise.all(tables.map((path) => import(join(root, path))));
    const markdown = existsSync(join(root, "docs/errors.md"))
      ? readFileSync(join(root, "docs/errors.md"), "utf8")
      : "";
    assert.deepEqual(markdown === "" ? [] : compareCodes(markdown, modules.flatMap(codesOf)), []);
  });
  test("and the comparison sees a missing, a dead and a doubled row", () => {
    const exports = {
      closeCodes: { full: { code: 1 }, late: { code: 2 } },
      codeOf: () => 0,
      closeCodesMax: 3,
    };
    assert.deepEqual(codesOf(exports), ["full", "late"]);
    const markdown =
      "| code | meaning |\n|---|---|\n| `full` | x |\n| `gone` | uses `late` |\n| `full` | y |\n";
    assert.deepEqual(compareCodes(markdown, ["full", "late"]), [
      "late has no row",
      "gone has a row but no code",
      "full has two rows",
    ]);
    assert.deepEqual(compareCodes("| `full` | x |\n", ["full"]), []);
  });
});

suite("stripping leaves code alone", () => {
  /** Source, and what is left of it. Every blank is as long as what it replaced. */
  const cases: readonly (readonly [string, string])[] = [
    ["a; // b\nc", "a;     \nc"],
    ["a /* b\nc */ d", "a     \n     d"],
    ['f("a\\"b", \'c\')', "f(\"    \", ' ')"],
    ["`a ${b + `c ${d}`} e` + f", "`  ${b + `  ${d}`}  ` + f"],
    ["`${{ a: 1 }} b` / 2", "`${{ a: 1 }}  ` / 2"],
    ['x = /[/"]\\//g.test(y) / 2', "x = /      /g.test(y) / 2"],
    ["return /a'b/;", "return /   /;"],
    ["a / b / c // d", "a / b / c     "],
  ];
  for (const [source, expected] of cases) {
    test(JSON.stringify(source), () => {
      const code = strip(source);
      assert.equal(code, expected);
      assert.equal(code.length, source.length);
    });
  }
});
