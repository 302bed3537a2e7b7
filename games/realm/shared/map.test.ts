import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { nameOfZone } from "./biome.ts";
import { campOf, campsOfZone, campsPerZoneMax, leashM } from "./camps.ts";
import { isInRealm, zoneAt, zoneSizeM } from "./layout.ts";
import { worldMap } from "./map.ts";
import { isBlocked, playerSpeedMps } from "./movement.ts";
import { bodyRadiusM } from "./open-ground.ts";
import { obstaclesIn, sceneryRadiusMaxM } from "./scenery.ts";
import { arrivalPoint, isInTown, isNearRoad, town, townObstacles, townObstaclesAt } from "./town.ts";

const map = worldMap(4);
const far = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y);

test("the same count gives the same map, and more zones leave the first ones as they were", () => {
  deepEqual(worldMap(4), map);
  deepEqual(worldMap(9).zones.slice(0, 4), map.zones);
  deepEqual([map.width, map.height], [2 * zoneSizeM, 2 * zoneSizeM]);
});

test("every zone has its own name", () => {
  equal(new Set(Array.from({ length: 100 }, (_, zone) => nameOfZone(zone))).size, 100);
});

test("the town lies whole in zone 0 and is its only area", () => {
  for (const [dx, dy] of [
    [-1, 0],
    [1, 0],
    [0, -1],
    [0, 1],
  ] as const) {
    equal(zoneAt(town.x + dx * town.radiusM, town.y + dy * town.radiusM), 0);
  }
  deepEqual(
    map.zones.map(({ areas }) => areas.map(({ name }) => name)),
    [["town"], [], [], []],
  );
});

test("arrivals stand free, in town, and not all in one place", () => {
  const points = Array.from({ length: 200 }, (_, i) => arrivalPoint(i / 200));
  for (const { x, y } of points) ok(isInTown(x, y) && !isBlocked(x, y));
  ok(new Set(points.map(({ x, y }) => `${x} ${y}`)).size > 150);
});

test("from the town the wild zones are less than half a minute away, and something to hunt little more", () => {
  const corner = { x: zoneSizeM, y: zoneSizeM };
  ok(far(town, corner) / playerSpeedMps < 25);
  for (const zone of map.zones) {
    const nearest = Math.min(...zone.camps.map((camp) => far(camp, town)));
    ok(nearest / playerSpeedMps < 40, `zone ${zone.zone}: ${nearest} m`);
  }
});

test("the roads lead out of town without an obstacle", () => {
  for (let at = 2; at < 2 * zoneSizeM - 2; at += 0.5) {
    // The great lantern stands in the middle of the crossing.
    if (Math.abs(at - town.x) > 5) ok(!isBlocked(at, town.y), `east-west road at ${at}`);
    if (Math.abs(at - town.y) > 5) ok(!isBlocked(town.x, at), `north-south road at ${at}`);
  }
});

test("camps lie in their zone, away from town and roads, with room for what lives there", () => {
  for (const zone of worldMap(9).zones) {
    ok(zone.camps.length > 0 && zone.camps.length <= campsPerZoneMax);
    for (const camp of zone.camps) {
      equal(zoneAt(camp.x, camp.y), zone.zone);
      equal(Math.floor(camp.camp / campsPerZoneMax), zone.zone);
      deepEqual(campOf(camp.camp), camp);
      ok(far(camp, town) > town.radiusM + leashM);
      ok(!isNearRoad(camp.x, camp.y, camp.radiusM));
      const inside = obstaclesIn(camp.x - 20, camp.y - 20, camp.x + 20, camp.y + 20);
      ok(inside.every((obstacle) => far(obstacle, camp) > camp.radiusM));
    }
  }
});

test("camps near the edges of zones exist, so that hunts cross borders", () => {
  const near = map.zones
    .flatMap(({ camps }) => camps)
    .filter(({ x, y }) => {
      return Math.min(Math.abs(x - zoneSizeM), Math.abs(y - zoneSizeM)) < leashM;
    });
  ok(near.length >= 4);
});

test("a number that is no camp has none", () => {
  const taken = new Set(campsOfZone(0).map(({ camp }) => camp));
  const free = Array.from({ length: campsPerZoneMax }, (_, camp) => camp).filter((camp) => !taken.has(camp));
  ok(free.length > 0);
  for (const camp of free) equal(campOf(camp), undefined);
});

test("movement meets every obstacle that drawing shows, and no other", () => {
  const shown = obstaclesIn(0, 0, 2 * zoneSizeM, 2 * zoneSizeM);
  const kinds = new Set(shown.map(({ kind }) => kind));
  for (const kind of [
    "tree",
    "birch",
    "pine",
    "snag",
    "rock",
    "bush",
    "pond",
    "house",
    "stall",
    "wall",
    "lantern",
  ]) {
    ok(kinds.has(kind as "tree"), kind);
  }
  for (const { x, y } of shown) ok(isBlocked(x, y), `nothing at ${x} ${y}`);
  // The other way round, on a grid: what blocks is near something that is shown.
  const reach = bodyRadiusM + 1e-3;
  for (let x = 330; x < 420; x += 1.5) {
    for (let y = 330; y < 420; y += 1.5) {
      const near = obstaclesIn(x - 12, y - 12, x + 12, y + 12);
      const isShown = near.some((obstacle) => far(obstacle, { x, y }) < obstacle.radiusM + reach);
      if (isBlocked(x, y)) ok(isShown, `invisible wall at ${x} ${y}`);
    }
  }
});

test("scenery keeps off the town, the roads and the ponds", () => {
  const shown = obstaclesIn(0, 0, 2 * zoneSizeM, 2 * zoneSizeM);
  const ponds = shown.filter(({ kind }) => kind === "pond");
  const grown = shown
    .filter(({ radiusM }) => radiusM <= sceneryRadiusMaxM)
    .filter(({ kind }) => kind !== "stall");
  for (const plant of grown) {
    ok(!isInTown(plant.x, plant.y) && !isNearRoad(plant.x, plant.y, 4));
    ok(ponds.every((pond) => far(pond, plant) > pond.radiusM));
  }
});

test("the town's lookup finds what a walk through the list finds", () => {
  for (let x = town.x - 70; x < town.x + 70; x += 1.7) {
    for (let y = town.y - 70; y < town.y + 70; y += 1.7) {
      const touching = townObstacles.filter(
        (obstacle) => far(obstacle, { x, y }) < obstacle.radiusM + bodyRadiusM,
      );
      const found = townObstaclesAt({ x, y });
      ok(touching.every((obstacle) => found.includes(obstacle)));
    }
  }
  deepEqual(townObstaclesAt({ x: 0, y: 0 }), []);
});

test("the ring wall holds but for its gates", () => {
  const steps = Array.from({ length: 720 }, (_, i) => (i / 720) * 2 * Math.PI);
  const open = steps.filter(
    (angle) => !isBlocked(town.x + Math.cos(angle) * 52, town.y + Math.sin(angle) * 52),
  );
  ok(open.length > 50 && open.length < 200, `${open.length} of 720 are open`);
  ok(isInRealm(town.x, town.y, 1, 1));
});
