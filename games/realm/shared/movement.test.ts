import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cosStep, sinStep } from "@myriad/protocol";
import { isInRealm, zoneSizeM } from "./layout.ts";
import { Body, isBlocked, playerSpeedMps, stepBy, stepPlayer } from "./movement.ts";
import { bodyRadiusM, edgeMarginM, OpenGround } from "./open-ground.ts";
import { obstaclesIn } from "./scenery.ts";
import { town } from "./town.ts";

const lattice = (value: number) => Math.round(value * 1024) / 1024;
const coordinate = fc.double({ min: 2, max: 1022, noNaN: true }).map(lattice);
const place = fc.record({ x: coordinate, y: coordinate });
const heading = fc.integer({ min: 0, max: 255 });
const rate = fc.constantFrom(10, 20, 30, 60);
const far = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y);

/** West of the town along the lantern road: nothing stands there. */
const road = { x: 60, y: town.y };

test("who does not move stays to the last bit", () => {
  const at = { x: 0, y: 0 };
  stepPlayer({ x: 101.0001, y: 7 }, { direction: 5, moving: false }, { zoneCount: 4, tickRateHz: 20 }, at);
  deepEqual(at, { x: 101.0001, y: 7 });
});

test("a step is the same whoever takes it, and on the lattice", () => {
  fc.assert(
    fc.property(place, heading, rate, (from, direction, tickRateHz) => {
      const ground = { zoneCount: 4, tickRateHz };
      const once = { x: 0, y: 0 };
      const again = { ...from };
      stepPlayer(from, { direction, moving: true }, ground, once);
      stepPlayer(again, { direction, moving: true }, ground, again);
      deepEqual(once, again);
      equal(once.x, lattice(once.x));
      equal(once.y, lattice(once.y));
    }),
  );
});

test("with open ground noted a step ends where it ends without, to the last bit, beyond the realm too", () => {
  const anywhere = fc.double({ min: -100, max: 1200, noNaN: true }).map(lattice);
  const open = new OpenGround(4);
  fc.assert(
    fc.property(fc.record({ x: anywhere, y: anywhere }), heading, rate, (from, direction, tickRateHz) => {
      const without = { ...from };
      const noted = new Body();
      noted.x = from.x;
      noted.y = from.y;
      for (let i = 0; i < 20; i++) {
        stepPlayer(without, { direction, moving: true }, { zoneCount: 4, tickRateHz }, without);
        stepPlayer(noted, { direction, moving: true }, { zoneCount: 4, tickRateHz, open }, noted);
      }
      deepEqual({ ...noted }, without);
    }),
    { numRuns: 500 },
  );
});

test("a player runs 5 m in a second at any tick rate, in any direction", () => {
  fc.assert(
    fc.property(heading, fc.constantFrom(10, 15, 20, 25, 30, 50, 60), (direction, tickRateHz) => {
      // Free ground: the middle of the road for 20 m around.
      const from = { x: road.x, y: road.y };
      const at = { ...from };
      const seconds = 0.8;
      for (let i = 0; i < tickRateHz * seconds; i++) {
        stepPlayer(at, { direction, moving: true }, { zoneCount: 4, tickRateHz }, at);
      }
      const wanted = playerSpeedMps * seconds;
      const end = { x: from.x + cosStep(direction) * wanted, y: from.y + sinStep(direction) * wanted };
      ok(far(at, end) < 0.012, `${far(at, end)} m off at ${tickRateHz} Hz`);
    }),
  );
});

test("nobody ends up in an obstacle or outside of the realm, and nobody is pushed far", () => {
  const walk = fc.array(fc.tuple(heading, fc.integer({ min: 1, max: 30 })), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(place, walk, rate, fc.constantFrom(1, 2, 3, 4), (start, legs, tickRateHz, zoneCount) => {
      fc.pre(isInRealm(start.x, start.y, zoneCount, edgeMarginM) && !isBlocked(start.x, start.y));
      const ground = { zoneCount, tickRateHz };
      const stepM = playerSpeedMps / tickRateHz;
      const at = { ...start };
      for (const [direction, steps] of legs) {
        for (let i = 0; i < steps; i++) {
          const before = { ...at };
          stepPlayer(at, { direction, moving: true }, ground, at);
          ok(!isBlocked(at.x, at.y), `in an obstacle at ${at.x} ${at.y}`);
          ok(isInRealm(at.x, at.y, zoneCount, edgeMarginM));
          ok(far(before, at) < stepM * 1.5 + 0.01, `${far(before, at)} m in one step of ${stepM}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("who runs against a tree off its middle slides around it", () => {
  const all = obstaclesIn(100, 100, 400, 400);
  const trees = all.filter(({ kind, x, y }) => kind === "tree" && x > 110 && x < 390 && y > 110 && y < 390);
  const tree = trees.find((one) => all.filter((other) => far(one, other) < 4.5).length === 1);
  ok(tree !== undefined);
  const reach = tree.radiusM + bodyRadiusM;
  const at = { x: lattice(tree.x - reach - 0.4), y: lattice(tree.y + 0.3) };
  const before = at.y;
  for (let i = 0; i < 20; i++)
    stepPlayer(at, { direction: 0, moving: true }, { zoneCount: 4, tickRateHz: 20 }, at);
  ok(at.y > before + 0.1);
  ok(at.x > tree.x - reach);
});

test("who runs straight against a house stands still and does not tremble", () => {
  const [house] = obstaclesIn(380, 380, 500, 500).filter(({ kind }) => kind === "house");
  ok(house !== undefined);
  const at = { x: lattice(house.x - house.radiusM - bodyRadiusM - 0.2), y: house.y };
  const ground = { zoneCount: 4, tickRateHz: 20 };
  for (let i = 0; i < 10; i++) stepBy(at, 0.25, 0, ground, at);
  const rest = { ...at };
  for (let i = 0; i < 10; i++) stepBy(at, 0.25, 0, ground, at);
  deepEqual(at, rest);
});

test("who stands in an obstacle gets out, from the very middle too", () => {
  const [rock] = obstaclesIn(0, 0, 400, 400).filter(({ kind }) => kind === "rock");
  ok(rock !== undefined);
  const at = { x: rock.x, y: rock.y };
  for (let i = 0; i < 40; i++) stepBy(at, 0.05, 0.05, { zoneCount: 4, tickRateHz: 20 }, at);
  ok(!isBlocked(at.x, at.y));
});

test("along the edge of the realm one slides, into the corner one stops", () => {
  const at = { x: 30, y: 1.5 };
  const ground = { zoneCount: 1, tickRateHz: 20 };
  for (let i = 0; i < 20; i++) stepBy(at, 0.2, -0.2, ground, at);
  ok(at.y >= edgeMarginM && at.y < 1.5 + 1e-9);
  ok(at.x > 31);
  const corner = { x: zoneSizeM - 1, y: 1 };
  stepBy(corner, 0.2, -0.2, ground, corner);
  deepEqual(corner, { x: zoneSizeM - 1, y: 1 });
});
