import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  bool,
  critical,
  defineSchema,
  entity,
  type EntityKind,
  intent,
  position,
  uint,
} from "@myriad/protocol";
import { isMyriadError } from "../kernel/errors.ts";
import {
  defineModule,
  defineRealm,
  every,
  message,
  type Module,
  on,
  onMessage,
  onReply,
  onTimer,
  type Realm,
  reply,
  state,
  timer,
  type ZoneDefinition,
} from "./definitions.ts";
import { checkedZones, compile, messageOf } from "./program.ts";

const Player = entity("player", { position: critical(position()) });
const Attack = intent("attack", { isHard: bool() });
const Defend = intent("defend", {});
const schema = defineSchema({
  name: "g",
  version: "1",
  entities: [Player],
  intents: [Attack, Defend],
  facts: [],
});
const nothing = () => {};
const both = defineModule({ name: "fight", intents: [on(Defend, nothing), on(Attack, nothing)] });

function realm(modules: readonly Module[], other: Partial<Realm> = {}): Realm {
  return {
    ...defineRealm({
      name: "g",
      schema,
      modules,
      player: Player,
      zones: (count) => Array.from({ length: count }, (_, i) => zone(`z${i}`)),
      spawnPoint: () => ({ zone: 0, x: 0, y: 0 }),
      characterSchemaVersion: 1,
    }),
    ...other,
  };
}

const zone = (name: string, other: Partial<ZoneDefinition> = {}): ZoneDefinition => ({
  name,
  bounds: { x: 0, y: 0, width: 1, height: 1 },
  ...other,
});

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(isMyriadError(error));
    return `${error.code}: ${error.detail}`;
  }
  return "accepted";
}

describe("a realm", () => {
  test("is flattened into what a zone runs, in the order of its modules", () => {
    const Struck = message("fight.struck", { power: uint(8) });
    const Late = timer("fight.late", {});
    const Paid = reply("fight.paid", {});
    const first = defineModule({
      name: "first",
      systems: [every(0, nothing, { name: "a" })],
      states: [state("sky", {})],
    });
    const second = defineModule({
      ...both,
      systems: [every(50, nothing, { name: "b", moves: true })],
      messages: [onMessage(Struck, nothing)],
      timers: [onTimer(Late, nothing)],
      replies: [onReply(Paid, nothing)],
      entities: [Player],
    });
    const program = compile(realm([first, second]));
    assert.deepEqual(
      program.intents.map(({ intent: { name }, module }) => `${module}.${name}`),
      ["fight.attack", "fight.defend"],
    );
    assert.deepEqual(
      program.systems.map(({ module, name, everyMs, moves }) => [module, name, everyMs, moves]),
      [
        ["first", "a", 0, false],
        ["fight", "b", 50, true],
      ],
    );
    assert.equal(messageOf(program, "fight.struck"), Struck);
    assert.equal(messageOf(program, "fight.other"), undefined);
    assert.deepEqual([program.timers.size, program.replies.size, program.states.length], [1, 1, 1]);
    assert.deepEqual(
      program.listeners.map(({ module }) => module),
      ["first", "fight"],
    );
  });

  test("names a system after its function when it has no other name", () => {
    function tides() {}
    assert.equal(every(5, tides).name, "tides");
  });

  const Ghost = entity("playr", { position: critical(position()) });
  const Atack = intent("atack", {});
  const T = timer("t", {});
  const M = message("m", {});
  const R = reply("r", {});
  const cases: [string, readonly Module[], string, Partial<Realm>?][] = [
    [
      "two modules have one name",
      [both, defineModule({ name: "fight" })],
      "realm_invalid: the module fight stands twice",
    ],
    [
      "the player is not in the schema",
      [both],
      "realm_invalid: the player kind playr is not in the schema",
      { player: Ghost as unknown as EntityKind },
    ],
    [
      "a module speaks of another kind",
      [both, defineModule({ name: "m", entities: [Ghost] })],
      "module_invalid: m: the entity kind playr is not in the schema; did you mean player?",
    ],
    [
      "a module handles another intent",
      [both, defineModule({ name: "m", intents: [on(Atack, nothing)] })],
      "module_invalid: m: the intent atack is not in the schema; did you mean attack?",
    ],
    [
      "a name is like none",
      [both, defineModule({ name: "m", intents: [on(intent("sleep", {}), nothing)] })],
      "module_invalid: m: the intent sleep is not in the schema",
    ],
    [
      "an intent has no handler",
      [defineModule({ name: "m", intents: [on(Attack, nothing)] })],
      "module_invalid: the intent defend has no handler; it needs exactly one",
    ],
    [
      "an intent has two",
      [both, defineModule({ name: "m", intents: [on(Attack, nothing)] })],
      "module_invalid: the intent attack is handled by fight and m; it needs exactly one",
    ],
    [
      "a system runs never",
      [both, defineModule({ name: "m", systems: [every(Number.NaN, nothing)] })],
      "module_invalid: m: a system runs every 0 or more milliseconds, not NaN",
    ],
    [
      "a system runs backwards",
      [both, defineModule({ name: "m", systems: [every(-1, nothing)] })],
      "module_invalid: m: a system runs every 0 or more milliseconds, not -1",
    ],
    [
      "a timer stands twice",
      [both, defineModule({ name: "m", timers: [onTimer(T, nothing), onTimer({ ...T }, nothing)] })],
      "module_invalid: the timer t stands twice",
    ],
    [
      "a message stands twice",
      [both, defineModule({ name: "m", messages: [onMessage(M, nothing), onMessage(M, nothing)] })],
      "module_invalid: the message m stands twice",
    ],
    [
      "a reply stands twice",
      [both, defineModule({ name: "m", replies: [onReply(R, nothing), onReply(R, nothing)] })],
      "module_invalid: the reply r stands twice",
    ],
    [
      "a state stands twice",
      [both, defineModule({ name: "m", states: [state("s", {}), state("s", {})] })],
      "module_invalid: the state s stands twice",
    ],
  ];
  for (const [what, modules, expected, other] of cases) {
    test(`is refused when ${what}`, () => {
      assert.equal(
        refusal(() => compile(realm(modules, other))),
        expected,
      );
    });
  }

  test("is refused when its players stand nowhere", () => {
    const Spirit = entity("spirit", {});
    const spirits = defineSchema({ name: "g", version: "1", entities: [Spirit], intents: [], facts: [] });
    const given = realm([], { schema: spirits, player: Spirit as unknown as EntityKind });
    assert.equal(
      refusal(() => compile(given)),
      "realm_invalid: the player kind spirit has no position",
    );
  });
});

describe("a map", () => {
  const map = (zones: readonly ZoneDefinition[], count = zones.length) =>
    refusal(() => checkedZones(realm([both], { zones: () => zones }), count));
  const area = { name: "a", shape: { kind: "circle", x: 0, y: 0, radiusM: 1 } } as const;

  test("has the zones that were asked for, each with a name and a rectangle", () => {
    assert.equal(map([zone("a"), zone("b", { areas: Array.from({ length: 32 }, () => area) })]), "accepted");
    assert.equal(map([zone("a")], 2), "realm_invalid: zones(2) gave 1 zones");
    assert.equal(map([zone("a"), zone("a")]), "realm_invalid: the zone a stands twice");
    for (const bounds of [
      { x: Number.NaN, y: 0, width: 1, height: 1 },
      { x: 0, y: 0, width: 0, height: 1 },
      { x: 0, y: 0, width: 1, height: -1 },
      { x: 0, y: 0, width: Number.POSITIVE_INFINITY, height: 1 },
    ]) {
      assert.equal(map([zone("a", { bounds })]), "realm_invalid: the zone a has no usable bounds");
    }
    const crowded = zone("a", { areas: Array.from({ length: 33 }, () => area) });
    assert.equal(map([crowded]), "realm_invalid: the zone a has more than 32 areas");
  });
});
