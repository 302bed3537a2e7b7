import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { handPlace, itemTypeOf, itemTypes, weaponPower } from "./items.ts";
import {
  experienceForKill,
  experienceOfLevel,
  levelMax,
  levelOf,
  playerHitPoints,
  playerPower,
} from "./rules.ts";
import { bagPlaces, species } from "./schema.ts";
import { creatureHitPoints, creaturePower, speciesOf, speciesOfCode } from "./species.ts";

test("a level begins at its experience and not before", () => {
  for (let level = 2; level <= levelMax; level++) {
    equal(levelOf(experienceOfLevel(level)), level);
    equal(levelOf(experienceOfLevel(level) - 1), level - 1);
  }
  equal(levelOf(0), 1);
  equal(levelOf(0xffff_ffff), levelMax);
});

test("more experience is never a lower level", () => {
  const experience = fc.nat(100_000);
  fc.assert(fc.property(experience, experience, (a, b) => ok(a > b || levelOf(a) <= levelOf(b))));
});

test("hit points fit the wire, powers fit a blow", () => {
  for (let level = 1; level <= levelMax; level++) {
    ok(playerHitPoints(level) < 65_536);
    for (const { type } of itemTypes) ok(playerPower(level, type) * 2 < 4096);
    for (const name of species.options) {
      ok(creatureHitPoints(speciesOf(name), level) < 65_536);
      ok(creaturePower(speciesOf(name), level) * 2 < 4096);
    }
  }
});

test("weaker prey gives less experience, and what is far beneath gives none", () => {
  deepEqual([experienceForKill(1, 1), experienceForKill(3, 1), experienceForKill(1, 5)], [32, 62, 12]);
  equal(experienceForKill(1, 9), 0);
  equal(experienceForKill(20, 1), Math.floor((24 + 160) * 1.6));
});

test("a player of a level can win against two creatures of it, one after the other", () => {
  for (let level = 1; level <= 20; level++) {
    // By then one has found something to strike with.
    const inHand = level < 5 ? 0 : level < 12 ? 20 : 22;
    for (const name of species.options) {
      const kind = speciesOf(name);
      const through = 100 / (100 + kind.armour);
      const seconds =
        Math.ceil(creatureHitPoints(kind, level) / (playerPower(level, inHand) * through)) * 1.6;
      // Both strike until the first has fallen, then one.
      const lost = ((3 * seconds) / (kind.swingMs / 1000)) * creaturePower(kind, level) * 0.8;
      ok(lost < playerHitPoints(level), `${name} ${level}: ${lost} of ${playerHitPoints(level)}`);
    }
  }
});

test("item numbers are distinct, above 0, and say what they are", () => {
  equal(new Set(itemTypes.map(({ type }) => type)).size, itemTypes.length);
  for (const item of itemTypes) {
    ok(item.type > 0 && item.type < 65_536);
    equal(itemTypeOf(item.type), item);
    equal(item.kind === "potion", item.heals !== undefined);
    equal(item.kind === "weapon", item.power !== undefined);
  }
  deepEqual([itemTypeOf(0), itemTypeOf(999), weaponPower(0)], [undefined, undefined, 0]);
  ok(handPlace >= 0 && handPlace < bagPlaces);
});

test("every species drops things that are in the catalogue", () => {
  for (const name of species.options) {
    for (const type of speciesOf(name).drops) ok(type === 0 || itemTypeOf(type) !== undefined);
  }
  equal(speciesOfCode(1).name, "wolf");
  equal(speciesOfCode(99).name, "boar");
});
