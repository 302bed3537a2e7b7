/**
 * What creatures do: stroll, notice, hunt, strike, give up, walk home.
 *
 * Owns: mood, goal, threat and steps of creatures between their beginning and their end (camps.ts). One that hunts
 * across a border is handed over with all its fields and goes on there; home is a place in the world, not in a zone.
 * Invariant: a creature that sleeps or is dead costs a glance per tick. No allocation per creature and tick.
 */
import { cosStep, headingOf, headingSteps, radiansOfHeading, sinStep } from "@myriad/protocol";
import { defineModule, every, listen, type Module, type ZoneApi } from "@myriad/server";
import { campOf } from "../../shared/camps.ts";
import { attackRangeM, swingShownMs } from "../../shared/rules.ts";
import { Body } from "../../shared/movement.ts";
import { Creature, Player } from "../../shared/schema.ts";
import { creaturePower, speciesOfCode } from "../../shared/species.ts";
import { countDown, creatureAction, mood, shownHealth } from "../actors.ts";
import { Blow, struck } from "../blow.ts";
import { follow, letGo, notice, reconsider, resent } from "../creature-prey.ts";
import { stepTowards, type Walk } from "../creature-steps.ts";
import type { Extent } from "../extent.ts";

/** Milliseconds between two thoughts. */
const thinkMs = 250;
/** Chance at each thought that an idle creature begins to stroll. */
const strollChance = 0.05;
const strollShare = 1 / 3;
const returnShare = 1.2;
/** Milliseconds after which a stroll ends wherever it led. */
const strollMs = 8000;
/** Milliseconds after which a way home ends at home. */
const wayHomeMs = 20_000;
/** Share of hit points that come back with each thought on the way home. */
const healShare = 0.03;
/** Players that one look takes in. */
const noticedMax = 4;

/** What one run of the system hands from creature to creature. */
interface Scene extends Walk {
  readonly found: Float64Array;
}

export function creatures(extent: Extent): Module {
  return defineModule({
    name: "creatures",
    entities: [Creature],
    systems: [every(0, (zone) => act(zone, extent), { name: "act", moves: true })],
    events: [listen("module", struck, (zone: ZoneApi, blow) => resent(zone, blow))],
  });
}

function act(zone: ZoneApi, extent: Extent): void {
  const table = zone.table(Creature);
  const { columns } = table;
  const found = new Float64Array(noticedMax);
  const scene: Scene = { ground: extent.groundOf(zone), at: new Body(), found };
  countDown(table, columns.swingWait);
  for (let row = table.next(-1); row >= 0; row = table.next(row)) {
    switch (columns.mood[row]) {
      case mood.idle:
        if (isTimeToThink(zone, row) && !notice(zone, row, found)) maybeStroll(zone, row);
        break;
      case mood.roam:
        stroll(zone, row, scene);
        break;
      case mood.chase:
        hunt(zone, row, scene);
        break;
      case mood.return:
        goHome(zone, row, scene);
        break;
    }
  }
}

function isTimeToThink(zone: ZoneApi, row: number): boolean {
  const { thinkWait } = zone.table(Creature).columns;
  const left = (thinkWait[row] ?? 0) - 1;
  thinkWait[row] = left > 0 ? left : zone.ticks(thinkMs);
  return left <= 0;
}

function maybeStroll(zone: ZoneApi, row: number): void {
  if (!zone.random.chance(strollChance)) return;
  const { columns } = zone.table(Creature);
  const camp = campOf(columns.camp[row] ?? 0);
  if (camp === undefined) return;
  const step = zone.random.int(headingSteps);
  const distance = camp.radiusM * Math.sqrt(zone.random.float());
  columns.goalX[row] = camp.x + cosStep(step) * distance;
  columns.goalY[row] = camp.y + sinStep(step) * distance;
  columns.wayTicks[row] = 0;
  columns.mood[row] = mood.roam;
}

function stroll(zone: ZoneApi, row: number, scene: Scene): void {
  if (isTimeToThink(zone, row) && notice(zone, row, scene.found)) return;
  const { columns } = zone.table(Creature);
  const { speedMps } = speciesOfCode(columns.species[row] ?? 0);
  columns.wayTicks[row] = (columns.wayTicks[row] ?? 0) + 1;
  columns.action[row] = creatureAction.walk;
  const hasArrived = stepTowards(zone, row, speedMps * strollShare, scene);
  if (!hasArrived && (columns.wayTicks[row] ?? 0) <= zone.ticks(strollMs)) return;
  columns.mood[row] = mood.idle;
  columns.action[row] = creatureAction.idle;
}

function hunt(zone: ZoneApi, row: number, scene: Scene): void {
  const { columns } = zone.table(Creature);
  if (!follow(zone, row)) letGo(zone, row);
  else if (isTimeToThink(zone, row)) reconsider(zone, row);
  if (columns.mood[row] !== mood.chase) return;
  const kind = speciesOfCode(columns.species[row] ?? 0);
  const isBeside = stepTowards(zone, row, kind.speedMps, scene);
  const isSwinging = (columns.swingWait[row] ?? 0) > zone.ticks(kind.swingMs - swingShownMs);
  if (isBeside) columns.action[row] = isSwinging ? creatureAction.swing : creatureAction.idle;
  else columns.action[row] = isSwinging ? creatureAction.swing : creatureAction.walk;
  strike(zone, row);
}

/** Faces the prey in reach and strikes at it as often as the species can. */
function strike(zone: ZoneApi, row: number): void {
  const table = zone.table(Creature);
  const players = zone.table(Player);
  const { columns } = table;
  const target = columns.target[row] ?? 0;
  const prey = players.row(target);
  if (prey < 0 || (players.columns.health[prey] ?? 0) <= 0) return;
  const x = columns.position.x[row] ?? 0;
  const y = columns.position.y[row] ?? 0;
  const dx = (players.columns.position.x[prey] ?? 0) - x;
  const dy = (players.columns.position.y[prey] ?? 0) - y;
  if (dx * dx + dy * dy > attackRangeM * attackRangeM) return;
  columns.heading[row] = radiansOfHeading(headingOf(dx, dy));
  if ((columns.swingWait[row] ?? 0) > 0) return;
  const kind = speciesOfCode(columns.species[row] ?? 0);
  const level = columns.level[row] ?? 1;
  columns.swingWait[row] = zone.ticks(kind.swingMs);
  columns.action[row] = creatureAction.swing;
  const power = creaturePower(kind, level);
  zone.send(target, Blow, {
    attacker: table.ref(row),
    at: { x, y },
    level,
    power,
    group: 0,
    byPlayer: false,
  });
}

function goHome(zone: ZoneApi, row: number, scene: Scene): void {
  const { columns } = zone.table(Creature);
  const { speedMps } = speciesOfCode(columns.species[row] ?? 0);
  const most = columns.hitPointsMax[row] ?? 1;
  columns.wayTicks[row] = (columns.wayTicks[row] ?? 0) + 1;
  columns.action[row] = creatureAction.walk;
  if (isTimeToThink(zone, row)) heal(zone, row, (columns.hitPoints[row] ?? 0) + Math.ceil(most * healShare));
  const isLate = (columns.wayTicks[row] ?? 0) > zone.ticks(wayHomeMs);
  if (!stepTowards(zone, row, speedMps * returnShare, scene) && !isLate) return;
  // Something stood in the way for too long: it is home all the same, wherever that is.
  columns.position.x[row] = columns.homeX[row] ?? 0;
  columns.position.y[row] = columns.homeY[row] ?? 0;
  columns.mood[row] = mood.idle;
  columns.action[row] = creatureAction.idle;
  heal(zone, row, most);
}

function heal(zone: ZoneApi, row: number, hitPoints: number): void {
  const { columns } = zone.table(Creature);
  const most = columns.hitPointsMax[row] ?? 1;
  columns.hitPoints[row] = Math.min(most, hitPoints);
  columns.health[row] = shownHealth(columns.hitPoints[row] ?? 0, most);
}
