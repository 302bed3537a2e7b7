import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { playerPower } from "../../games/realm/shared/rules.ts";
import {
  BagDrop,
  BagMove,
  bagPlaces,
  BagUse,
  Loot,
  Looted,
  PickUp,
  Refused,
} from "../../games/realm/shared/schema.ts";
import type { Lab } from "./lab.ts";
import { bagOf, give, heldBy, lootOf, meadow, playerIn, put, realmLab, ticksOf } from "./realm-lab.ts";
import { layDownLoot } from "../../games/realm/src/modules/loot.ts";

/** Something from a creature, on the ground: there is no item yet. */
function lay(lab: Lab, item: number, at = meadow): void {
  layDownLoot(lab.hosts[0]!.core.api, { at, item, itemId: 0, groundId: 0 });
}

/** A player on the meadow. */
async function walker(lab: Lab, name: string) {
  const player = await lab.join(name);
  put(lab, player, meadow);
  await lab.run(1);
  return player;
}

function whys(lab: Lab, player: Awaited<ReturnType<typeof walker>>): string[] {
  return lab.told(player, Refused).map(({ why }) => why);
}

test("what is picked up is minted, lies in the first free place, and is there at the next login", async () => {
  const lab = await realmLab();
  const ann = await walker(lab, "Ann");
  await give(lab, ann, 10, 0);
  lay(lab, 11);
  lab.intent(ann, PickUp, { loot: lootOf(lab)[0]!.ref });
  await lab.run(1);
  const { columns, row } = playerIn(lab, ann);
  equal(columns.bagPending[row], 2);
  deepEqual(bagOf(lab, ann).slice(0, 3), [10, 0, 0]);
  await lab.run(3);
  equal(columns.bagPending[row], 0);
  deepEqual(bagOf(lab, ann).slice(0, 3), [10, 11, 0]);
  deepEqual(await heldBy(lab, ann), bagOf(lab, ann));
  deepEqual(lab.told(ann, Looted), [{ item: 11, place: 1 }]);
  deepEqual(lootOf(lab), []);
  lab.leave(ann);
  await lab.run(10);
  const again = await lab.join("Ann");
  deepEqual(bagOf(lab, again).slice(0, 3), [10, 11, 0]);
});

test("two who grab the same thing: one gets it, the other is told", async () => {
  const lab = await realmLab();
  const [ann, bob] = [await walker(lab, "Ann"), await walker(lab, "Bob")];
  lay(lab, 11);
  const loot = lootOf(lab)[0]!.ref;
  lab.intent(ann, PickUp, { loot });
  lab.intent(bob, PickUp, { loot });
  await lab.run(4);
  deepEqual([bagOf(lab, ann)[0], bagOf(lab, bob)[0]], [11, 0]);
  deepEqual(whys(lab, bob), ["Somebody is taking that."]);
  deepEqual([await heldBy(lab, ann), await heldBy(lab, bob)], [bagOf(lab, ann), bagOf(lab, bob)]);
});

test("a full bag takes nothing, what is far or gone cannot be taken", async () => {
  const lab = await realmLab();
  const ann = await walker(lab, "Ann");
  for (let slot = 0; slot < bagPlaces; slot++) await give(lab, ann, 10, slot);
  lay(lab, 11);
  lay(lab, 12, { x: meadow.x + 5, y: meadow.y } as typeof meadow);
  const [near, far] = lootOf(lab);
  lab.intent(ann, PickUp, { loot: near!.ref });
  lab.intent(ann, PickUp, { loot: far!.ref });
  lab.intent(ann, PickUp, { loot: 0 });
  lab.intent(ann, PickUp, { loot: lab.refOf(ann) });
  await lab.run(4);
  deepEqual(whys(lab, ann), ["Your bag is full.", "That is too far away.", "It is gone.", "It is gone."]);
  equal(lootOf(lab).length, 2);
  ok(lootOf(lab).every(({ claimedBy }) => claimedBy === 0));
});

test("when the ledger refuses, the loot is free again and the place too", async () => {
  const lab = await realmLab();
  const ann = await walker(lab, "Ann");
  // The ledger knows of an item in place 0 that the bag does not.
  await give(lab, ann, 10, 0);
  const { columns, row } = playerIn(lab, ann);
  columns.bag.values[row * bagPlaces] = 0;
  columns.bagItems.values[row * bagPlaces] = 0;
  lay(lab, 11);
  lab.intent(ann, PickUp, { loot: lootOf(lab)[0]!.ref });
  await lab.run(4);
  deepEqual(whys(lab, ann), ["It slips through your fingers."]);
  equal(columns.bagPending[row], 0);
  equal(lootOf(lab)[0]!.claimedBy, 0);
});

test("who leaves in the middle of taking finds it in the bag", async () => {
  const lab = await realmLab();
  const ann = await walker(lab, "Ann");
  lay(lab, 11);
  lab.intent(ann, PickUp, { loot: lootOf(lab)[0]!.ref });
  lab.leave(ann);
  await lab.run(10);
  deepEqual(lootOf(lab), []);
  const again = await lab.join("Ann");
  equal(bagOf(lab, again)[0], 11);
});

test("things move to free places and change places, and the ledger agrees", async () => {
  const lab = await realmLab();
  const ann = await walker(lab, "Ann");
  await give(lab, ann, 10, 0);
  await give(lab, ann, 11, 1);
  lab.intent(ann, BagMove, { from: 0, to: 5 });
  await lab.run(4);
  lab.intent(ann, BagMove, { from: 5, to: 1 });
  await lab.run(4);
  deepEqual([bagOf(lab, ann)[0], bagOf(lab, ann)[1], bagOf(lab, ann)[5]], [0, 10, 11]);
  deepEqual(await heldBy(lab, ann), bagOf(lab, ann));
});

test("places that wait are left alone, and places that are none are refused", async () => {
  const lab = await realmLab();
  const ann = await walker(lab, "Ann");
  await give(lab, ann, 10, 0);
  lab.intent(ann, BagMove, { from: 0, to: 5 });
  lab.intent(ann, BagMove, { from: 0, to: 6 });
  lab.intent(ann, BagDrop, { from: 0 });
  await lab.run(4);
  lab.intent(ann, BagMove, { from: 5, to: 31 });
  lab.intent(ann, BagDrop, { from: 24 });
  await lab.run(30);
  lab.intent(ann, BagUse, { from: 3 });
  lab.intent(ann, BagMove, { from: 5, to: 5 });
  await lab.run(4);
  const expected = [
    "Not so fast.",
    "Not so fast.",
    "That place is taken.",
    "There is nothing.",
    "There is nothing.",
  ];
  deepEqual(whys(lab, ann), expected);
  equal(bagOf(lab, ann)[5], 10);
  deepEqual(await heldBy(lab, ann), bagOf(lab, ann));
});

test("what is dropped lies there, and whoever takes it has the same item", async () => {
  const lab = await realmLab();
  const [ann, bob] = [await walker(lab, "Ann"), await walker(lab, "Bob")];
  const itemId = await give(lab, ann, 20, 3);
  lab.intent(ann, BagDrop, { from: 3 });
  await lab.run(4);
  equal(bagOf(lab, ann)[3], 0);
  deepEqual(await heldBy(lab, ann), bagOf(lab, ann));
  lab.intent(bob, PickUp, { loot: lootOf(lab)[0]!.ref });
  await lab.run(4);
  const { columns, row } = playerIn(lab, bob);
  equal(columns.bagItems.values[row * bagPlaces], itemId);
  deepEqual(await heldBy(lab, bob), bagOf(lab, bob));
});

test("loot nobody takes is gone after two minutes, a dropped item for ever", async () => {
  const lab = await realmLab({ tickRateHz: 10 });
  const ann = await walker(lab, "Ann");
  await give(lab, ann, 20, 0);
  lay(lab, 11);
  lab.intent(ann, BagDrop, { from: 0 });
  await lab.run(ticksOf(lab, 119));
  equal(lootOf(lab).length, 2);
  const table = lab.hosts[0]!.core.world.table(Loot);
  const dropped = lootOf(lab).find(({ item }) => item === 20)!;
  const ground = { kind: "ground", id: table.columns.groundId[table.row(dropped.ref)]! } as const;
  equal((await lab.store.ledger.items(ground)).length, 1);
  await lab.run(ticksOf(lab, 2));
  deepEqual(lootOf(lab), []);
  deepEqual(await lab.store.ledger.items(ground), []);
});

test("loot that is being taken when its time comes waits for the ledger once", async () => {
  const lab = await realmLab({ tickRateHz: 10 });
  await walker(lab, "Ann");
  lay(lab, 11);
  const table = lab.hosts[0]!.core.world.table(Loot);
  table.columns.claimedBy[table.row(lootOf(lab)[0]!.ref)] = 5;
  await lab.run(ticksOf(lab, 121));
  equal(lootOf(lab).length, 1);
  await lab.run(ticksOf(lab, 31));
  deepEqual(lootOf(lab), []);
});

test("a potion heals when the ledger has taken it, and only who is hurt drinks", async () => {
  const lab = await realmLab();
  const ann = await walker(lab, "Ann");
  await give(lab, ann, 1, 0);
  lab.intent(ann, BagUse, { from: 0 });
  await lab.run(4);
  deepEqual(whys(lab, ann), ["You are unhurt."]);
  const { columns, row } = playerIn(lab, ann);
  columns.hitPoints[row] = 10;
  columns.restWait[row] = 1000;
  lab.intent(ann, BagUse, { from: 0 });
  await lab.run(4);
  deepEqual([columns.hitPoints[row], bagOf(lab, ann)[0]], [70, 0]);
  deepEqual(await heldBy(lab, ann), bagOf(lab, ann));
});

test("a weapon goes to the hand and hits harder, a trophy is of no use", async () => {
  const lab = await realmLab();
  const ann = await walker(lab, "Ann");
  await give(lab, ann, 10, 0);
  await give(lab, ann, 22, 4);
  lab.intent(ann, BagUse, { from: 0 });
  lab.intent(ann, BagUse, { from: 4 });
  await lab.run(4);
  deepEqual([bagOf(lab, ann)[0], bagOf(lab, ann)[4]], [22, 10]);
  lab.intent(ann, BagUse, { from: 0 });
  await lab.run(4);
  deepEqual(whys(lab, ann), ["It is of no use here.", "It is in your hand."]);
  ok(playerPower(1, bagOf(lab, ann)[0]!) > playerPower(1, 0));
});

test("a hand that is quicker than the ledger has to wait", async () => {
  const lab = await realmLab();
  const ann = await walker(lab, "Ann");
  for (let slot = 0; slot < 8; slot++) await give(lab, ann, 10, slot);
  for (let slot = 0; slot < 8; slot++) lab.intent(ann, BagDrop, { from: slot });
  await lab.run(5);
  equal(lootOf(lab).length, 4);
  equal(whys(lab, ann).length, 4);
  deepEqual(await heldBy(lab, ann), bagOf(lab, ann));
});
