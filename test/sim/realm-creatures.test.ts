import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { radiansOfHeading } from "@myriad/protocol";
import { campsOfZone, leashM, wakeM } from "../../games/realm/shared/camps.ts";
import { isBlocked } from "../../games/realm/shared/movement.ts";
import { Attack, Creature, Move, Struck } from "../../games/realm/shared/schema.ts";
import type { Lab } from "./lab.ts";
import {
  creature,
  freePlace,
  meadow,
  playerIn,
  positionOf,
  put,
  realmLab,
  theCreature,
  ticksOf,
} from "./realm-lab.ts";

const mood = Creature.fields.mood.type.codes;
const far = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y);

function creaturesOf(lab: Lab, zone: number) {
  const table = lab.hosts[zone]!.core.world.table(Creature);
  const found = [];
  for (let row = table.next(-1); row >= 0; row = table.next(row)) {
    const { camp, mood: moods, position, target } = table.columns;
    found.push({
      row,
      camp: camp[row]!,
      mood: moods[row]!,
      x: position.x[row]!,
      y: position.y[row]!,
      target: target[row]!,
    });
  }
  return found;
}

test("a zone begins with its camps filled, asleep, on free ground", async () => {
  const lab = await realmLab({ zones: 4, populated: true });
  for (const host of lab.hosts) {
    const zone = host.core.options.zone;
    const camps = campsOfZone(zone);
    const all = creaturesOf(lab, zone);
    equal(
      all.length,
      camps.reduce((sum, { size }) => sum + size, 0),
    );
    for (const one of all) {
      const camp = camps.find((candidate) => candidate.camp === one.camp)!;
      ok(far(one, camp) <= camp.radiusM + 0.01);
      equal(one.mood, mood.asleep);
      ok(!isBlocked(one.x, one.y));
    }
  }
});

test("a camp wakes when a player comes near, strolls within its bounds, and sleeps when it is alone again", async () => {
  const lab = await realmLab({ populated: true });
  const ann = await lab.join("Ann");
  const camp = campsOfZone(0)[0]!;
  put(lab, ann, freePlace(0, { x: camp.x - 60, y: camp.y - 40 }, { x: camp.x - 40, y: camp.y + 40 }));
  await lab.run(ticksOf(lab, 1));
  const ofCamp = () => creaturesOf(lab, 0).filter((one) => one.camp === camp.camp);
  ok(ofCamp().every((one) => one.mood !== mood.asleep));
  ok(creaturesOf(lab, 0).some((one) => one.mood === mood.asleep));
  const before = ofCamp();
  let walked = 0;
  for (let i = 0; i < 30; i++) {
    await lab.run(ticksOf(lab, 1));
    for (const one of ofCamp()) {
      ok(far(one, camp) < camp.radiusM + 1.5);
      if (one.mood === mood.roam) walked++;
    }
  }
  ok(walked > 0 && ofCamp().some((one, i) => far(one, before[i]!) > 1));
  put(lab, ann, { x: camp.x + wakeM + 60, y: camp.y });
  await lab.run(ticksOf(lab, 1.5));
  ok(ofCamp().every((one) => one.mood === mood.asleep));
});

test("an empty zone does not think", async () => {
  const lab = await realmLab({ populated: true });
  await lab.run(20);
  equal(lab.hosts[0]!.core.isAwake, false);
});

test("it notices who comes near, hunts, strikes, and forgets who falls", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  creature(lab, 0, { x: meadow.x + 20, y: meadow.y }, { species: "wolf", level: 30 });
  await lab.run(ticksOf(lab, 2));
  equal(theCreature(lab)!.columns.mood[theCreature(lab)!.row], mood.idle);
  put(lab, ann, { x: meadow.x + 9, y: meadow.y });
  await lab.run(ticksOf(lab, 0.5));
  const wolf = theCreature(lab)!;
  deepEqual([wolf.columns.mood[wolf.row], wolf.columns.target[wolf.row]], [mood.chase, lab.refOf(ann)]);
  await lab.runUntil(
    () => playerIn(lab, ann).columns.fallenTicks[playerIn(lab, ann).row]! > 0,
    600,
    "Ann falls",
  );
  ok(lab.told(ann, Struck).length > 0);
  await lab.runUntil(() => wolf.columns.mood[wolf.row] === mood.idle, 200, "the wolf is home");
  ok(
    far(
      { x: wolf.columns.position.x[wolf.row]!, y: wolf.columns.position.y[wolf.row]! },
      { x: meadow.x + 20, y: meadow.y },
    ) < 0.01,
  );
});

test("it gives up beyond its leash, goes home and is whole again", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  // A boar runs 4.6 m a second, Ann 5.
  creature(lab, 0, { x: meadow.x - 3, y: meadow.y }, { hitPoints: 500 });
  const boar = theCreature(lab)!;
  boar.columns.hitPoints[boar.row] = 400;
  lab.intent(ann, Move, { direction: radiansOfHeading(0), moving: true });
  await lab.run(ticksOf(lab, 4));
  equal(boar.columns.mood[boar.row], mood.chase);
  ok(boar.columns.position.x[boar.row]! > meadow.x + 5);
  await lab.run(ticksOf(lab, 6));
  equal(boar.columns.mood[boar.row], mood.return);
  ok(positionOf(lab, ann).x - meadow.x > leashM);
  await lab.runUntil(() => boar.columns.mood[boar.row] === mood.idle, 600, "the boar is home");
  deepEqual(
    [
      boar.columns.position.x[boar.row],
      boar.columns.hitPoints[boar.row],
      boar.columns.aggression.count(boar.row),
    ],
    [meadow.x - 3, 500, 0],
  );
});

test("a camp comes to the help of one that is struck; others do not", async () => {
  const lab = await realmLab();
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  const near = creature(lab, 0, { x: meadow.x + 2.5, y: meadow.y }, { hitPoints: 5000 });
  creature(lab, 0, { x: meadow.x + 12, y: meadow.y });
  creature(lab, 0, { x: meadow.x + 60, y: meadow.y });
  creature(lab, 0, { x: meadow.x + 12, y: meadow.y + 1 }, { ofCamp: true });
  lab.intent(ann, Attack, { target: near, on: true });
  await lab.run(ticksOf(lab, 1));
  deepEqual(
    creaturesOf(lab, 0).map((one) => one.mood === mood.chase),
    [true, true, false, false],
  );
});

test("it turns to whoever hurts it more", async () => {
  const lab = await realmLab();
  const [ann, bob] = [await lab.join("Ann"), await lab.join("Bob")];
  put(lab, ann, meadow);
  put(lab, bob, { x: meadow.x, y: meadow.y + 0.5 });
  await lab.run(1);
  const boar = creature(lab, 0, { x: meadow.x + 2, y: meadow.y }, { hitPoints: 50_000 });
  await lab.run(ticksOf(lab, 1));
  const { columns, row } = theCreature(lab)!;
  const first = columns.target[row]!;
  const other = first === lab.refOf(ann) ? bob : ann;
  const otherRow = playerIn(lab, other);
  otherRow.columns.level[otherRow.row] = 20;
  lab.intent(other, Attack, { target: boar, on: true });
  await lab.runUntil(() => columns.target[row] === lab.refOf(other), 200, "the boar turns");
  equal(columns.mood[row], mood.chase);
});

test("it keeps who is out of sight for a moment, and lets go of who stays away", async () => {
  const lab = await realmLab();
  // Somebody must be in the zone, or nothing in it thinks.
  await lab.join("Bob");
  const ann = await lab.join("Ann");
  put(lab, ann, meadow);
  await lab.run(1);
  creature(lab, 0, { x: meadow.x + 6, y: meadow.y });
  await lab.run(ticksOf(lab, 1));
  const { columns, row } = theCreature(lab)!;
  equal(columns.mood[row], mood.chase);
  lab.leave(ann);
  await lab.run(ticksOf(lab, 0.4));
  equal(columns.mood[row], mood.chase);
  await lab.run(ticksOf(lab, 0.4));
  equal(columns.mood[row], mood.return);
});

test("what stands in its way it walks around", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await lab.join("Ann");
  // Through the birches: a hunt of 25 m.
  const from = freePlace(2, { x: 760, y: 600 }, { x: 800, y: 640 });
  const to = { x: from.x + 25, y: from.y };
  put(lab, ann, from);
  await lab.run(3);
  const shade = creature(lab, 2, from, { species: "shade", hitPoints: 10_000 });
  await lab.run(ticksOf(lab, 1));
  put(lab, ann, to);
  const { columns, row } = theCreature(lab)!;
  ok(columns.mood[row] === mood.chase && shade > 0);
  await lab.run(ticksOf(lab, 14));
  ok(far({ x: columns.position.x[row]!, y: columns.position.y[row]! }, positionOf(lab, ann)) < 3);
});
