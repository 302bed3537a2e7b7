import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  angle,
  bool,
  critical,
  defineSchema,
  describe as describeSchema,
  entity,
  entityRef,
  intent,
  levelsOf,
  defaultChannelRates,
  oneOf,
  position,
  type Schema,
  schemaHash,
  self,
  text,
  uint,
  type Welcome,
} from "@myriad/protocol";
import { learnGame } from "./game.ts";
import { fakeSchema } from "./fake-realm.ts";

function welcomeTo(schema: Schema, changes: Partial<Welcome> = {}): Welcome {
  const descriptor = describeSchema(schema);
  return {
    formatVersion: 1,
    realm: "test",
    server: "1",
    gameVersion: "1",
    session: 1,
    resumeKey: "k",
    resumeSeconds: 120,
    resumed: false,
    character: { id: 1, name: "x" },
    tickRateHz: 20,
    regionSizeM: 64,
    levels: levelsOf(defaultChannelRates, 20),
    zones: [{ zone: 3, name: "z", bounds: { x: 0, y: 0, width: 200, height: 100 } }],
    schemaHash: schemaHash(descriptor),
    schema: descriptor,
    ...changes,
  };
}

function learn(schema: Schema, changes: Partial<Welcome> = {}) {
  const learnt = learnGame(welcomeTo(schema, changes));
  assert.ok(learnt.ok, JSON.stringify(learnt));
  return learnt.game;
}

describe("learnGame", () => {
  it("finds what bots can do, by name", () => {
    const game = learn(fakeSchema);
    assert.deepEqual(
      Object.entries(game.intents).map(([name, found]) => [name, found?.type]),
      [
        ["move", 0],
        ["attack", 1],
        ["say", 2],
        ["zoneChat", 3],
        ["emote", 4],
        ["comeBack", 5],
        ["pickUp", 6],
      ],
    );
    assert.deepEqual(game.emotes, ["wave", "bow"]);
    assert.deepEqual([game.lootField, game.lootKind], ["loot", 2]);
    assert.deepEqual(game.guides, [
      { position: 0, health: 2 },
      { position: 0, health: 3 },
      { position: 0, health: -1 },
    ]);
    assert.deepEqual(
      game.selfFields.map((fields) => fields.map(({ name }) => name)),
      [["level", "hitPoints"], [], []],
    );
    assert.equal(game.grids[0]?.zone, 3);
  });

  it("skips what the game does not have, or has built otherwise", () => {
    const schema = defineSchema({
      name: "chess",
      version: "1",
      entities: [entity("piece", { position: critical(position()), secret: self(uint(4)) })],
      intents: [
        intent("move", { from: uint(6), to: uint(6) }),
        intent("emote", { emote: text(8) }),
        intent("pickUp", { place: uint(6) }),
        intent("attack", { target: entityRef(), on: bool(), how: oneOf("fast", "slow") }),
        intent("turn", { heading: angle(8) }),
      ],
      facts: [],
    });
    const game = learn(schema);
    const found = Object.entries(game.intents).filter(([, known]) => known !== undefined);
    assert.deepEqual(
      found.map(([name]) => name),
      ["attack"],
    );
    assert.deepEqual([game.emotes, game.lootField, game.lootKind], [[], undefined, -1]);
    assert.deepEqual(game.selfFields, [[]]);
  });

  it("says why a welcome cannot be played with", () => {
    const { schema: _, ...bare } = welcomeTo(fakeSchema);
    assert.deepEqual(learnGame(bare), { ok: false, reason: "the welcome brought no schema" });
    const reasonOf = (changes: Partial<Welcome>) => {
      const learnt = learnGame(welcomeTo(fakeSchema, changes));
      return learnt.ok ? "" : learnt.reason;
    };
    assert.match(reasonOf({ tickRateHz: 0 }), /not above 0/);
    assert.match(reasonOf({ regionSizeM: 0.001 }), /regions, at most/);
    const unusable = describeSchema(fakeSchema);
    const kind = { ...unusable.entities[0]!, group: ["nothing"] };
    assert.match(reasonOf({ schema: { ...unusable, entities: [kind] } }), /out_of_range/);
  });
});
