import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { radiansOfHeading } from "@myriad/protocol";
import { campsOfZone, campsPerZoneMax, leashM } from "../../games/realm/shared/camps.ts";
import { experienceForKill } from "../../games/realm/shared/rules.ts";
import {
  Attack,
  Chat,
  ComeBack,
  Creature,
  Fell,
  Gained,
  Loot,
  Looted,
  Move,
  PartyAnswer,
  PartyChat,
  PartyInvite,
  PickUp,
  Refused,
  Struck,
  Sweep,
  Tell,
} from "../../games/realm/shared/schema.ts";
import { isInTown } from "../../games/realm/shared/town.ts";
import { layDownLoot } from "../../games/realm/src/modules/loot.ts";
import type { Lab, LabPlayer } from "./lab.ts";
import {
  bagOf,
  creature,
  heldBy,
  lootOf,
  playerIn,
  positionOf,
  put,
  realmLab,
  theCreature,
  ticksOf,
} from "./realm-lab.ts";

/** Where the lantern road crosses from zone 0 into zone 1. */
const gate = { x: 512, y: 440 } as const;
const east = radiansOfHeading(0);
const west = radiansOfHeading(128);
const mood = Creature.fields.mood.type.codes;

/** A place on the road, metres east of the border. */
const at = (metres: number) => ({ x: gate.x + metres, y: gate.y });

async function walker(lab: Lab, name: string, metres: number): Promise<LabPlayer> {
  const player = await lab.join(name);
  put(lab, player, at(metres));
  // A handover, and the ghosts on the other side.
  await lab.run(8);
  return player;
}

/** The row of a zone's only ghost of a creature. */
function ghostIn(lab: Lab, zone: number) {
  const table = lab.hosts[zone]!.core.world.table(Creature);
  for (let row = table.nextSeen(-1); row >= 0; row = table.nextSeen(row)) {
    if (table.isGhost(row)) return { ref: table.ref(row), row, columns: table.columns };
  }
  return undefined;
}

test("attack: who stands on this side strikes what stands on the other, and is struck back", async () => {
  const lab = await realmLab({ zones: 4, seed: 5 });
  const ann = await walker(lab, "Ann", -1);
  creature(lab, 1, at(1), { hitPoints: 60 });
  await lab.run(4);
  const ghost = ghostIn(lab, 0)!;
  lab.intent(ann, Attack, { target: ghost.ref, on: true });
  await lab.runUntil(() => lab.told(ann, Fell).length > 0, 600, "the boar falls");
  await lab.run(6);
  equal(theCreature(lab)!.zone, 1);
  equal(ann.zone, 0);
  equal(ghost.columns.health[ghost.row], 0);
  const { columns, row } = playerIn(lab, ann);
  deepEqual(lab.told(ann, Gained), [{ experience: experienceForKill(1, 1), level: 1 }]);
  equal(columns.attacking[row], 0);
  const byBoar = lab
    .told(ann, Struck)
    .filter(({ target }) => (target & 0xffffff) === (lab.refOf(ann) & 0xffffff));
  ok(byBoar.some(({ damage }) => damage > 0) && columns.hitPoints[row]! < 100);
});

test("attack: a fight goes on when one of the two crosses", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await walker(lab, "Ann", -2);
  creature(lab, 0, at(-1), { hitPoints: 50_000 });
  lab.intent(ann, Attack, { target: theCreature(lab)!.ref, on: true });
  await lab.run(ticksOf(lab, 2));
  const before = lab.told(ann, Struck).length;
  ok(before > 0);
  // The boar is carried over, as a push would; Ann's target follows its new name.
  const boar = theCreature(lab)!;
  boar.columns.position.x[boar.row] = gate.x + 2.5;
  put(lab, ann, at(0.5));
  await lab.run(ticksOf(lab, 3));
  equal(theCreature(lab)!.zone, 1);
  equal(ann.zone, 0);
  const { columns, row } = playerIn(lab, ann);
  deepEqual([columns.attacking[row], columns.target[row]! & 0xffffff], [1, theCreature(lab)!.ref & 0xffffff]);
  ok(lab.told(ann, Struck).length > before + 1);
});

test("chase: it hunts across the border, strikes there, gives up at its leash and walks home", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await walker(lab, "Ann", -6);
  creature(lab, 0, at(-12), { species: "wolf", hitPoints: 500, level: 3 });
  await lab.run(ticksOf(lab, 0.5));
  equal(theCreature(lab)!.columns.mood[theCreature(lab)!.row], mood.chase);
  lab.intent(ann, Move, { direction: east, moving: true });
  await lab.runUntil(() => ann.zone === 1 && theCreature(lab)!.zone === 1, 200, "both are across");
  const hunter = theCreature(lab)!;
  equal(hunter.columns.mood[hunter.row], mood.chase);
  equal(hunter.columns.target[hunter.row], lab.refOf(ann));
  equal(hunter.columns.homeX[hunter.row], gate.x - 12);
  lab.intent(ann, Move, { direction: east, moving: false });
  const told = lab.told(ann, Struck).length;
  await lab.run(ticksOf(lab, 4));
  ok(lab.told(ann, Struck).length > told, "it strikes on the other side");
  put(lab, ann, at(leashM + 20));
  await lab.run(ticksOf(lab, 1));
  const lost = theCreature(lab)!;
  deepEqual([lost.zone, lost.columns.mood[lost.row]], [1, mood.return]);
  await lab.runUntil(() => theCreature(lab)?.zone === 0, 400, "it is back over the border");
  await lab.runUntil(
    () => theCreature(lab)!.columns.mood[theCreature(lab)!.row] === mood.idle,
    400,
    "it is home",
  );
  const home = theCreature(lab)!;
  deepEqual([home.columns.position.x[home.row], home.columns.hitPoints[home.row]], [gate.x - 12, 500]);
});

test("area effect: a sweep hits on both sides of the border", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await walker(lab, "Ann", 0.5);
  for (const metres of [-3, -1]) creature(lab, 0, at(metres), { hitPoints: 5000 });
  for (const metres of [3, 5]) creature(lab, 1, at(metres), { hitPoints: 5000 });
  creature(lab, 1, at(12), { hitPoints: 5000 });
  await lab.run(4);
  lab.intent(ann, Sweep, {});
  await lab.run(4);
  const byAnn = lab
    .told(ann, Struck)
    .filter(({ attacker }) => (attacker & 0xffffff) === (lab.refOf(ann) & 0xffffff));
  equal(new Set(byAnn.map(({ target }) => target)).size, 4);
  equal(byAnn.length, 4);
});

test("loot: what lies on the other side is taken once, by whoever is quicker", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await walker(lab, "Ann", -1);
  const bob = await walker(lab, "Bob", 4);
  equal(bob.zone, 1);
  layDownLoot(lab.hosts[1]!.core.api, { at: at(2), item: 11, itemId: 0, groundId: 0 });
  await lab.run(4);
  const inZone0 = lab.hosts[0]!.core.world.table(Loot);
  const loot = inZone0.ref(inZone0.nextSeen(-1));
  lab.intent(ann, PickUp, { loot });
  await lab.run(2);
  lab.intent(bob, PickUp, { loot: lootOf(lab)[0]!.ref });
  await lab.run(10);
  deepEqual([bagOf(lab, ann)[0], bagOf(lab, bob)[0]], [11, 0]);
  deepEqual(lab.told(ann, Looted), [{ item: 11, place: 0 }]);
  deepEqual(
    lab.told(bob, Refused).map(({ what }) => what),
    ["pickUp"],
  );
  deepEqual(lootOf(lab), []);
  equal(inZone0.ghostCount, 0);
  deepEqual([await heldBy(lab, ann), await heldBy(lab, bob)], [bagOf(lab, ann), bagOf(lab, bob)]);
});

test("loot: who has no room on this side leaves it free on the other", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await walker(lab, "Ann", -1);
  layDownLoot(lab.hosts[1]!.core.api, { at: at(2), item: 11, itemId: 0, groundId: 0 });
  await lab.run(4);
  const inZone0 = lab.hosts[0]!.core.world.table(Loot);
  lab.intent(ann, PickUp, { loot: inZone0.ref(inZone0.nextSeen(-1)) });
  await lab.run(1);
  // Ann falls while her hand is out.
  const { columns, row } = playerIn(lab, ann);
  columns.hitPoints[row] = 0;
  columns.health[row] = 0;
  columns.fallenTicks[row] = 100;
  await lab.run(10);
  deepEqual(
    lootOf(lab).map(({ claimedBy }) => claimedBy),
    [0],
  );
  equal(bagOf(lab, ann)[0], 0);
});

test("tell: a word by name finds its reader in another zone, and the answer comes back", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await walker(lab, "Ann", -5);
  const bob = await walker(lab, "Bob", 200);
  deepEqual([ann.zone, bob.zone], [0, 1]);
  lab.intent(ann, Tell, { to: "Bob", text: "are you there?" });
  await lab.run(2);
  lab.intent(bob, Tell, { to: "Ann", text: "on the heath" });
  await lab.run(2);
  const read = (player: LabPlayer) =>
    lab.told(player, Chat).map(({ channel, from, text }) => `${channel} ${from} ${text}`);
  ok(read(bob).includes("tell Ann are you there?"));
  ok(read(ann).includes("told Bob are you there?"));
  ok(read(ann).includes("tell Bob on the heath"));
});

test("a body on the other side is carried home, and its camp gets the next one there", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await walker(lab, "Ann", 6);
  equal(ann.zone, 1);
  // Somebody at home in zone 0, so that it goes on living.
  await lab.join("Bob");
  const camp = campsOfZone(0).at(-1)!;
  creature(lab, 1, at(8), { hitPoints: 1, home: { x: camp.x, y: camp.y } });
  const victim = theCreature(lab)!;
  victim.columns.camp[victim.row] = camp.camp;
  lab.intent(ann, Attack, { target: victim.ref, on: true });
  await lab.runUntil(() => lab.told(ann, Fell).length > 0, 400, "it falls");
  equal(theCreature(lab)!.zone, 1);
  await lab.run(ticksOf(lab, 9));
  equal(theCreature(lab), undefined);
  await lab.run(ticksOf(lab, 23));
  const next = theCreature(lab)!;
  equal(next.zone, 0);
  equal(Math.floor(next.columns.camp[next.row]! / campsPerZoneMax), 0);
  equal(next.columns.health[next.row], 1);
});

test("who falls in a wild zone comes back to town in zone 0", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await walker(lab, "Ann", 300);
  equal(ann.zone, 1);
  const { columns, row } = playerIn(lab, ann);
  columns.hitPoints[row] = 0;
  columns.health[row] = 0;
  columns.fallenTicks[row] = 400;
  await lab.run(2);
  lab.intent(ann, ComeBack, {});
  await lab.runUntil(() => ann.zone === 0 && lab.refOf(ann) !== 0, 100, "Ann is back");
  const { x, y } = positionOf(lab, ann);
  ok(isInTown(x, y));
  const back = playerIn(lab, ann);
  equal(back.columns.fallenTicks[back.row], 0);
  await lab.run(2);
  equal(back.columns.inTown[back.row], 1);
});

test("a held move goes on across the border without losing a step", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await walker(lab, "Ann", -10);
  lab.intent(ann, Move, { direction: east, moving: true });
  // One tick to take the intent in and step; a handover moves the player between two zones' steps.
  await lab.run(80);
  equal(ann.zone, 1);
  const walked = positionOf(lab, ann).x - (gate.x - 10);
  ok(Math.abs(walked - 20) <= 0.5 + 1e-6, `${walked} m in 4 s`);
  lab.intent(ann, Move, { direction: west, moving: true });
  await lab.run(80);
  equal(ann.zone, 0);
});

test("a party forms across the border and talks across it", async () => {
  const lab = await realmLab({ zones: 4 });
  const ann = await walker(lab, "Ann", -4);
  const bob = await walker(lab, "Bob", 5);
  const seen = lab.hosts[0]!.core.world.tables[0]!;
  let ghost = 0;
  for (let row = seen.nextSeen(-1); row >= 0; row = seen.nextSeen(row))
    if (seen.isGhost(row)) ghost = seen.ref(row);
  lab.intent(ann, PartyInvite, { target: ghost });
  await lab.run(5);
  lab.intent(bob, PartyAnswer, { accept: true });
  await lab.run(8);
  const groups = [ann, bob].map((player) => {
    const { core, ref } = playerIn(lab, player);
    return core.api.groupOf(ref);
  });
  ok(groups[0]! > 0);
  equal(groups[0], groups[1]);
  lab.intent(bob, PartyChat, { text: "behind you" });
  await lab.run(2);
  ok(lab.told(ann, Chat).some(({ channel, text }) => channel === "party" && text === "behind you"));
});
