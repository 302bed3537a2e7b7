import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { radiansOfHeading } from "@myriad/protocol";
import { experienceForKill, playerHitPoints } from "../../games/realm/shared/rules.ts";
import {
  Attack,
  ComeBack,
  Creature,
  Emote,
  Fell,
  Gained,
  Move,
  Player,
  Refused,
  Struck,
  Sweep,
  Target,
  Turn,
} from "../../games/realm/shared/schema.ts";
import { isInTown, town } from "../../games/realm/shared/town.ts";
import {
  creature,
  lootOf,
  meadow,
  playerIn,
  positionOf,
  put,
  realmLab,
  theCreature,
  ticksOf,
} from "./realm-lab.ts";

const east = radiansOfHeading(0);
const action = Player.fields.action.type.codes;
const mood = Creature.fields.mood.type.codes;

test("who arrives stands in town with a name, a level and all hit points", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  const { columns, row } = playerIn(lab, ann);
  equal(columns.name[row], "Ann");
  equal(columns.level[row], 1);
  deepEqual([columns.hitPoints[row], columns.hitPointsMax[row]], [playerHitPoints(1), playerHitPoints(1)]);
  equal(columns.health[row], 1);
  equal(columns.inTown[row], 1);
  const { x, y } = positionOf(lab, ann);
  ok(isInTown(x, y));
});

test("who has a place on the ticket stands there, whether new, known or fallen, and in no other zone", async () => {
  const lab = await realmLab({ zones: 2 });
  const ann = await lab.join("Ann", { zone: 0, ...meadow });
  deepEqual(positionOf(lab, ann), { ...meadow });
  equal(playerIn(lab, ann).columns.inTown[playerIn(lab, ann).row], 0);
  const again = async (placed: { zone: number; x: number; y: number }) => {
    const player = [...lab.players.values()].findLast(({ ended }) => ended === undefined)!;
    lab.leave(player);
    await lab.run(3);
    return lab.join("Ann", placed);
  };
  const known = await again({ zone: 1, x: 700, y: 90.5 });
  deepEqual(positionOf(lab, known), { x: 700, y: 90.5 });
  const { columns, row } = playerIn(lab, known);
  columns.hitPoints[row] = 0;
  columns.health[row] = 0;
  const fallen = await again({ zone: 0, x: 80, y: 440 });
  deepEqual(positionOf(lab, fallen), { x: 80, y: 440 });
  equal(playerIn(lab, fallen).columns.hitPoints[playerIn(lab, fallen).row], playerHitPoints(1));
  // A place that is another zone's: it stands where it was saved.
  deepEqual(positionOf(lab, await again({ zone: 0, x: 900, y: 440 })), { x: 80, y: 440 });
});

for (const tickRateHz of [10, 20, 60]) {
  test(`at ${tickRateHz} Hz a held move is 5 m a second, however often it is said`, async () => {
    const lab = await realmLab({ tickRateHz });
    const ann = await lab.join("Ann");
    put(lab, ann, meadow);
    for (let i = 0; i < 50; i++) lab.intent(ann, Move, { direction: east, moving: true });
    await lab.run(tickRateHz);
    lab.intent(ann, Move, { direction: east, moving: false });
    await lab.run(5);
    const { x, y } = positionOf(lab, ann);
    ok(Math.abs(x - meadow.x - 5) < 0.01 && y === meadow.y, `${x - meadow.x} m`);
  });

  test(`at ${tickRateHz} Hz a fight takes as long, the fallen lie as long, wounds heal as fast`, async () => {
    const lab = await realmLab({ tickRateHz });
    const ann = await lab.join("Ann");
    put(lab, ann, meadow);
    await lab.run(1);
    const tough = creature(lab, 0, { x: meadow.x + 2, y: meadow.y }, { hitPoints: 60_000 });
    lab.intent(ann, Attack, { target: tough, on: true });
    await lab.run(ticksOf(lab, 9.5));
    // Swings at 0, 1.6, 3.2, 4.8, 6.4, 8.0 s.
    equal(lab.told(ann, Struck).filter(({ attacker }) => (attacker & 0xff0000) === 0).length, 6);
    const { columns, row, ref } = playerIn(lab, ann);
    lab.hosts[0]!.core.api.despawn(tough);
    columns.hitPoints[row] = 50;
    columns.restWait[row] = ticksOf(lab, 6);
    await lab.run(ticksOf(lab, 5.5));
    equal(columns.hitPoints[row], 50);
    await lab.run(ticksOf(lab, 3));
    const healed = columns.hitPoints[row]! - 50;
    ok(healed >= 8 && healed <= 12, `${healed} hit points in 2.5 s`);
    columns.hitPoints[row] = 1;
    creature(lab, 0, { x: meadow.x + 1, y: meadow.y }, { level: 100 });
    await lab.runUntil(() => columns.fallenTicks[row]! > 0, ticksOf(lab, 20), "a fall");
    equal(columns.action[row], action.fall);
    await lab.run(ticksOf(lab, 29));
    ok(columns.fallenTicks[row]! > 0);
    await lab.run(ticksOf(lab, 1.5));
    equal(columns.fallenTicks[row], 0);
    const { x, y } = positionOf(lab, ann);
    ok(isInTown(x, y) && lab.refOf(ann) === ref);
  });
}

test("turning shows where one looks, without a step", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  lab.intent(ann, Turn, { heading: radiansOfHeading(64) });
  await lab.run(2);
  const { columns, row } = playerIn(lab, ann);
  equal(columns.heading[row], radiansOfHeading(64));
  deepEqual(positionOf(lab, ann), meadow);
});

test("a hunt: target, swings, a fall, experience, loot, and the camp gets another creature", async () => {
  const lab = await realmLab({ seed: 3 });
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  const boar = creature(lab, 0, { x: meadow.x + 2, y: meadow.y }, { ofCamp: true });
  lab.intent(ann, Target, { target: boar });
  await lab.run(1);
  const { columns, row, ref } = playerIn(lab, ann);
  deepEqual([columns.target[row], columns.attacking[row]], [boar, 0]);
  lab.intent(ann, Attack, { target: boar, on: true });
  await lab.runUntil(() => lab.told(ann, Fell).length > 0, 1200, "the boar falls");
  equal(lab.told(ann, Fell)[0]!.by & 0xffffff, ref & 0xffffff);
  const gained = experienceForKill(1, 1);
  deepEqual(lab.told(ann, Gained), [{ experience: gained, level: 1 }]);
  equal(columns.experience[row], gained);
  await lab.run(2);
  equal(columns.attacking[row], 0);
  equal(theCreature(lab)!.columns.mood[theCreature(lab)!.row], mood.dead);
  await lab.run(ticksOf(lab, 8.5));
  equal(theCreature(lab), undefined);
  equal(columns.target[row], 0);
  await lab.run(ticksOf(lab, 22));
  const next = theCreature(lab)!;
  ok(next.columns.health[next.row] === 1);
});

test("every creature that falls leaves what its species leaves, or nothing", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  for (let i = 0; i < 12; i++) creature(lab, 0, { x: meadow.x + 2, y: meadow.y }, { hitPoints: 1 });
  const { columns, row } = playerIn(lab, ann);
  columns.experience[row] = 1_000_000;
  columns.level[row] = 20;
  for (let i = 0; i < 40; i++) {
    lab.intent(ann, Sweep, {});
    await lab.run(ticksOf(lab, 8.1));
    columns.hitPoints[row] = columns.hitPointsMax[row]!;
    if (lab.told(ann, Fell).length >= 12) break;
  }
  const items = lootOf(lab).map(({ item }) => item);
  ok(
    items.length > 2 && items.length < 12 && items.every((item) => item === 1 || item === 10),
    items.join(" "),
  );
});

test("enough experience is a level, with its hit points", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  const { columns, row } = playerIn(lab, ann);
  columns.experience[row] = 119;
  creature(lab, 0, { x: meadow.x + 2, y: meadow.y }, { hitPoints: 1 });
  lab.intent(ann, Attack, { target: theCreature(lab)!.ref, on: true });
  await lab.runUntil(() => lab.told(ann, Gained).length > 0, 400, "a victory");
  equal(lab.told(ann, Gained)[0]!.level, 2);
  deepEqual([columns.level[row], columns.hitPointsMax[row], columns.hitPoints[row]], [2, 120, 120]);
});

test("the fallen do nothing but come back", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  const { columns, row } = playerIn(lab, ann);
  columns.hitPoints[row] = 1;
  const wolf = creature(lab, 0, { x: meadow.x + 2, y: meadow.y }, { level: 100, species: "wolf" });
  lab.intent(ann, Move, { direction: radiansOfHeading(128), moving: true });
  await lab.runUntil(() => columns.fallenTicks[row]! > 0, 400, "Ann falls");
  const at = positionOf(lab, ann);
  lab.intent(ann, Move, { direction: east, moving: true });
  lab.intent(ann, Turn, { heading: 1 });
  lab.intent(ann, Attack, { target: wolf, on: true });
  lab.intent(ann, Sweep, {});
  lab.intent(ann, Emote, { emote: "dance" });
  await lab.run(20);
  deepEqual(positionOf(lab, ann), at);
  deepEqual([columns.attacking[row], columns.emote[row], columns.health[row]], [0, 0, 0]);
  deepEqual(
    lab.told(ann, Refused).map(({ what }) => what),
    ["attack", "sweep", "emote"],
  );
  lab.intent(ann, ComeBack, {});
  await lab.run(1);
  equal(columns.hitPoints[row], columns.hitPointsMax[row]! / 2);
  const { x, y } = positionOf(lab, ann);
  ok(isInTown(x, y));
  lab.intent(ann, ComeBack, {});
  await lab.run(1);
  equal(lab.told(ann, Refused).at(-1)!.what, "comeBack");
});

test("who fell and left is in town when it comes again", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  const { columns, row } = playerIn(lab, ann);
  columns.hitPoints[row] = 1;
  creature(lab, 0, { x: meadow.x + 2, y: meadow.y }, { level: 100 });
  await lab.runUntil(() => columns.fallenTicks[row]! > 0, 400, "Ann falls");
  lab.leave(ann);
  await lab.run(10);
  const again = await lab.join("Ann");
  const back = playerIn(lab, again);
  equal(back.columns.hitPoints[back.row], playerHitPoints(1));
  const { x, y } = positionOf(lab, again);
  ok(isInTown(x, y));
});

test("who leaves keeps place, hit points and experience", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  const { columns, row } = playerIn(lab, ann);
  columns.hitPoints[row] = 33;
  columns.experience[row] = 400;
  await lab.run(1);
  lab.leave(ann);
  await lab.run(10);
  const again = await lab.join("Ann");
  const back = playerIn(lab, again);
  deepEqual(positionOf(lab, again), meadow);
  deepEqual(
    [back.columns.hitPoints[back.row], back.columns.experience[back.row], back.columns.level[back.row]],
    [33, 400, 3],
  );
});

test("no fighting in town, neither from inside nor into it", async () => {
  const lab = await realmLab();
  const [ann, bob] = [await lab.join("Ann"), await lab.join("Bob")];
  lab.intent(ann, Attack, { target: lab.refOf(bob), on: true });
  lab.intent(ann, Sweep, {});
  await lab.run(2);
  put(lab, bob, { x: town.x - town.radiusM - 1, y: town.y });
  put(lab, ann, { x: town.x - town.radiusM + 1, y: town.y });
  await lab.run(2);
  lab.intent(bob, Attack, { target: lab.refOf(ann), on: true });
  await lab.run(2);
  deepEqual(
    lab.told(ann, Refused).map(({ why }) => why),
    ["No fighting in town.", "No fighting in town."],
  );
  deepEqual(
    lab.told(bob, Refused).map(({ why }) => why),
    ["No fighting in town."],
  );
  // Who walks into town ends the fight.
  put(lab, ann, { x: town.x - town.radiusM - 3, y: town.y });
  await lab.run(2);
  lab.intent(bob, Attack, { target: lab.refOf(ann), on: true });
  await lab.runUntil(() => lab.told(bob, Struck).length > 0, 40, "a blow");
  put(lab, ann, { x: town.x - 30, y: town.y });
  put(lab, bob, { x: town.x - 31, y: town.y });
  await lab.run(3);
  const { columns, row } = playerIn(lab, bob);
  equal(columns.attacking[row], 0);
  equal(columns.inTown[row], 1);
});

test("what cannot be attacked is refused: oneself, nothing, the fallen, what is far", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  const far = creature(lab, 0, { x: meadow.x + 150, y: meadow.y });
  const dead = creature(lab, 0, { x: meadow.x + 20, y: meadow.y });
  const table = lab.hosts[0]!.core.world.table(Creature);
  table.columns.health[table.row(dead)] = 0;
  for (const target of [0, lab.refOf(ann), far, dead]) {
    lab.intent(ann, Attack, { target, on: true });
    await lab.run(20);
  }
  lab.intent(ann, Target, { target: far });
  await lab.run(2);
  equal(lab.told(ann, Refused).length, 5);
  const { columns, row } = playerIn(lab, ann);
  deepEqual([columns.target[row], columns.attacking[row]], [0, 0]);
});

test("a swing needs reach and a front: who runs away from the target does not hit it", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  const boar = creature(lab, 0, { x: meadow.x + 2.9, y: meadow.y }, { hitPoints: 10_000 });
  const table = lab.hosts[0]!.core.world.table(Creature);
  lab.intent(ann, Attack, { target: boar, on: true });
  lab.intent(ann, Move, { direction: radiansOfHeading(128), moving: true });
  await lab.run(4);
  deepEqual(
    lab.told(ann, Struck).filter(({ target }) => (target & 0xffffff) === (boar & 0xffffff)),
    [],
  );
  ok(table.row(boar) >= 0);
});

test("a sweep hits all creatures around, not players, and has to rest", async () => {
  const lab = await realmLab();
  const [ann, bob] = [await lab.join("Ann"), await lab.join("Bob")];
  put(lab, ann, meadow);
  put(lab, bob, { x: meadow.x + 1, y: meadow.y });
  await lab.run(1);
  for (const dx of [-5, -2, 2, 5, 9])
    creature(lab, 0, { x: meadow.x + dx, y: meadow.y }, { hitPoints: 5000 });
  lab.intent(ann, Sweep, {});
  lab.intent(ann, Sweep, {});
  await lab.run(1);
  const { columns, row, ref } = playerIn(lab, ann);
  const byAnn = lab.told(ann, Struck).filter(({ attacker }) => (attacker & 0xffffff) === (ref & 0xffffff));
  equal(byAnn.length, 4);
  equal(columns.action[row], action.sweep);
  deepEqual([columns.sweepReady[row], lab.told(ann, Refused).length], [0, 1]);
  await lab.run(ticksOf(lab, 8.1));
  equal(columns.sweepReady[row], 1);
});

test("an emote passes, sitting lasts until one walks", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  const { columns, row } = playerIn(lab, ann);
  const code = Player.fields.emote.type.codes;
  lab.intent(ann, Emote, { emote: "wave" });
  await lab.run(2);
  equal(columns.emote[row], code.wave);
  await lab.run(ticksOf(lab, 4));
  equal(columns.emote[row], code.none);
  lab.intent(ann, Emote, { emote: "sit" });
  await lab.run(ticksOf(lab, 10));
  equal(columns.emote[row], code.sit);
  lab.intent(ann, Move, { direction: east, moving: true });
  await lab.run(2);
  equal(columns.emote[row], code.none);
});
