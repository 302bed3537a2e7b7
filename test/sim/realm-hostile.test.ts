import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type IntentType, type RecordFields, type WireType, wireRef } from "@myriad/protocol";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { ZoneCore } from "../../packages/server/src/zone/zone-core.ts";
import { noInputs } from "../../packages/server/src/zone/inputs.ts";
import { bagPlaces, Creature, Player, realmSchema } from "../../games/realm/shared/schema.ts";
import { isInRealm } from "../../games/realm/shared/layout.ts";
import type { Lab, LabPlayer } from "./lab.ts";
import { bagOf, give, heldBy, playerIn, put, realmLab, theCreature } from "./realm-lab.ts";

/** Any value that a field of an intent can hold, the ends of its range more often than chance would. */
function anyValue(type: WireType, random: SeededRandom, refs: readonly number[]): unknown {
  switch (type.type) {
    case "angle":
      return random.float() * 6.28;
    case "bool":
      return random.chance(0.5);
    case "uint":
      return random.chance(0.2) ? 2 ** type.bits - 1 : random.int(2 ** type.bits);
    case "oneOf":
      return type.options[random.int(type.options.length)];
    case "text":
      return ["", " ", "hello", "\u0000\u202e", "Ann", "Bob", "x".repeat(type.bytesMax)][random.int(7)];
    case "entityRef":
      return random.chance(0.2) ? wireRef(random.int(6), random.int(0x30000)) : refs[random.int(refs.length)];
    default:
      throw new Error(`no intent has a ${type.type}`);
  }
}

function anyIntent(lab: Lab, player: LabPlayer, random: SeededRandom, refs: readonly number[]): void {
  const intents: readonly IntentType<string, RecordFields>[] = realmSchema.intents;
  const type = intents[random.int(intents.length)]!;
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(type.fields)) value[name] = anyValue(field, random, refs);
  lab.intent(player, type, value as never);
}

function everyone(lab: Lab): number[] {
  const refs: number[] = [0];
  for (const host of lab.hosts) {
    for (const table of host.core.world.tables) {
      for (let row = table.nextSeen(-1); row >= 0; row = table.nextSeen(row)) refs.push(table.ref(row));
    }
  }
  return refs;
}

function checkPlayers(lab: Lab, players: readonly LabPlayer[]): void {
  for (const player of players) {
    const { columns, row } = playerIn(lab, player);
    const hitPoints = columns.hitPoints[row]!;
    ok(Number.isInteger(hitPoints) && hitPoints >= 0 && hitPoints <= columns.hitPointsMax[row]!);
    equal(hitPoints === 0, columns.fallenTicks[row]! > 0);
    const { x, y } = columns.position;
    ok(isInRealm(x[row]!, y[row]!, 4, 0.9), `${x[row]} ${y[row]}`);
    for (const column of Object.values(columns)) {
      if (column instanceof Float64Array) ok(Number.isFinite(column[row]));
    }
  }
}

for (const seed of [1, 2, 3]) {
  test(`seed ${seed}: whatever players ask for, nothing throws and the world stays sound`, async () => {
    const lab = await realmLab({ zones: 4, seed, populated: true });
    const random = new SeededRandom(seed);
    const players: LabPlayer[] = [];
    for (const name of ["Ann", "Bob", "Cid", "Dot", "Eve", "Fay"]) players.push(await lab.join(name));
    const camps = lab.hosts[0]!.core.world.table(Creature);
    const near = { x: camps.columns.position.x[0]!, y: camps.columns.position.y[0]! };
    for (const [i, player] of players.entries()) {
      await give(lab, player, 20, 0);
      await give(lab, player, 1, 1);
      if (i % 2 === 0) put(lab, player, { x: near.x + i, y: near.y });
      else if (i % 3 === 0) put(lab, player, { x: 514, y: 440 });
    }
    await lab.run(5);
    for (let round = 0; round < 150; round++) {
      const refs = everyone(lab);
      for (const player of players)
        for (let i = random.int(5); i > 0; i--) anyIntent(lab, player, random, refs);
      await lab.run(1 + random.int(6));
      checkPlayers(lab, players);
    }
    await lab.run(20);
    // Nothing waits for ever, and every bag is what the ledger says.
    for (const player of players) {
      const { columns, row } = playerIn(lab, player);
      equal(columns.bagPending[row], 0);
      deepEqual(bagOf(lab, player), await heldBy(lab, player));
      equal(bagOf(lab, player).length, bagPlaces);
    }
  });
}

/** A short life with everything in it, the same each time. */
async function story(tickRateHz = 20): Promise<Lab> {
  const lab = await realmLab({ zones: 4, tickRateHz, seed: 9, populated: true });
  const random = new SeededRandom(7);
  const players = [await lab.join("Ann"), await lab.join("Bob"), await lab.join("Cid")];
  put(lab, players[0]!, { x: 487, y: 536 });
  put(lab, players[1]!, { x: 544, y: 536 });
  await lab.run(3);
  for (let round = 0; round < 60; round++) {
    const refs = everyone(lab);
    for (const player of players) anyIntent(lab, player, random, refs);
    await lab.run(1 + random.int(5));
  }
  return lab;
}

test("the same inputs twice give the same worlds", async () => {
  deepEqual((await story()).hashes(), (await story()).hashes());
});

test("a zone that is saved in the middle of a fight and restored runs on the same", async () => {
  const lab = await story();
  for (const host of lab.hosts) {
    const { core } = host;
    const copy = new ZoneCore(core.options);
    ok(copy.restore(core.save()));
    equal(copy.hash(), core.hash());
    for (let i = 0; i < 100; i++) {
      core.step(noInputs);
      copy.step(noInputs);
    }
    equal(copy.hash(), core.hash());
  }
});

test("creatures exist in the story, so that it means something", async () => {
  const lab = await story();
  ok(theCreature(lab) !== undefined);
  ok(lab.hosts.some((host) => host.core.world.table(Player).count > 0));
});
