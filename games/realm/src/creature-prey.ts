/**
 * Whom a creature hunts: threat by player, help from its camp, when to let go.
 *
 * Invariant: a target that is unknown is kept for half a second, for a player changes its name at a border. One that has
 * fallen, is in town or too far from the creature's home is let go at the next thought.
 */
import { cosStep, type EntityRef, sinStep } from "@myriad/protocol";
import type { ZoneApi } from "@myriad/server";
import { leashM } from "../shared/camps.ts";
import { lostMs } from "../shared/rules.ts";
import { Creature, Player } from "../shared/schema.ts";
import { speciesOfCode } from "../shared/species.ts";
import { isInTown } from "../shared/town.ts";
import { distance2, mood } from "./actors.ts";

/** Threat of whoever was only noticed. */
const noticedThreat = 1;
/** Threat has 16 bits. */
const threatMax = 65_535;
/** Metres around a creature within which its camp hears it, and how many come. */
const helpM = 12;
const helpersMax = 8;
/** Metres from its prey at which a hunter stops, each on a side of its own. */
const besideM = 1.7;
/** Headings between the sides of two rows: a step that visits all 256 before it repeats. */
const sideSteps = 67;

const playersNear = { kinds: [Player] };
const creaturesNear = { kinds: [Creature] };

/** Looks for somebody to hunt and begins; true when there is one. `found` is scratch. */
export function notice(zone: ZoneApi, row: number, found: Float64Array): boolean {
  const { columns } = zone.table(Creature);
  const { noticeM } = speciesOfCode(columns.species[row] ?? 0);
  const { x, y } = columns.position;
  const count = zone.nearest(x[row] ?? 0, y[row] ?? 0, noticeM, found, playersNear);
  for (let i = 0; i < count; i++) {
    const player = found[i] ?? 0;
    if (!isPrey(zone, row, player)) continue;
    columns.aggression.set(row, player, noticedThreat);
    beginHunt(zone, row, player);
    callForHelp(zone, row, player);
    return true;
  }
  return false;
}

/** A creature was struck: it remembers who did it, and how hard. */
export function resent(
  zone: ZoneApi,
  blow: { target: EntityRef; attacker: EntityRef; damage: number },
): void {
  const creatures = zone.table(Creature);
  const row = creatures.row(blow.target);
  if (!creatures.isOwned(row)) return;
  const { aggression, hitPoints, mood: moods } = creatures.columns;
  // Who is on the way home has given up for now.
  if ((hitPoints[row] ?? 0) <= 0 || moods[row] === mood.return) return;
  const threat = aggression.get(row, blow.attacker) + blow.damage + noticedThreat;
  aggression.set(row, blow.attacker, Math.min(threatMax, threat));
  if (moods[row] === mood.chase) return;
  beginHunt(zone, row, blow.attacker);
  callForHelp(zone, row, blow.attacker);
}

/** Keeps the goal beside the prey; false when it has been out of sight for too long. */
export function follow(zone: ZoneApi, row: number): boolean {
  const { columns } = zone.table(Creature);
  const players = zone.table(Player);
  const prey = players.row(columns.target[row] ?? 0);
  if (prey < 0) {
    const lost = (columns.lostTicks[row] ?? 0) + 1;
    columns.lostTicks[row] = lost;
    return lost <= zone.ticks(lostMs);
  }
  const { x, y } = players.columns.position;
  columns.lostTicks[row] = 0;
  columns.goalX[row] = (x[prey] ?? 0) + cosStep(row * sideSteps) * besideM;
  columns.goalY[row] = (y[prey] ?? 0) + sinStep(row * sideSteps) * besideM;
  return true;
}

/** Thinks the hunt over: another one may have become the greater threat, the prey may be out of bounds. */
export function reconsider(zone: ZoneApi, row: number): void {
  const { aggression, mood: moods, target } = zone.table(Creature).columns;
  const now = target[row] ?? 0;
  // Unknown for a moment: nothing to think about until it is back or lost.
  if (zone.table(Player).row(now) < 0) return;
  if (!isPrey(zone, row, now)) return letGo(zone, row);
  const next = greatestThreat(zone, row);
  // A clear lead, so that two who strike alike do not drag it to and fro.
  if (next !== now && aggression.get(row, next) > aggression.get(row, now) * 1.1) target[row] = next;
  moods[row] = mood.chase;
}

/** Lets the prey go and turns to the next one it has reason to hunt; without one it walks home. */
export function letGo(zone: ZoneApi, row: number): void {
  const { aggression, target } = zone.table(Creature).columns;
  aggression.delete(row, target[row] ?? 0);
  const next = greatestThreat(zone, row);
  if (next === 0) return giveUp(zone, row);
  beginHunt(zone, row, next);
}

function beginHunt(zone: ZoneApi, row: number, player: EntityRef): void {
  const { columns } = zone.table(Creature);
  columns.target[row] = player;
  columns.lostTicks[row] = 0;
  columns.detour[row] = 0;
  columns.mood[row] = mood.chase;
  // Until it sees its prey it stays where it is.
  columns.goalX[row] = columns.position.x[row] ?? 0;
  columns.goalY[row] = columns.position.y[row] ?? 0;
}

function giveUp(zone: ZoneApi, row: number): void {
  const { columns } = zone.table(Creature);
  columns.aggression.clear(row);
  columns.target[row] = 0;
  columns.lostTicks[row] = 0;
  columns.detour[row] = 0;
  columns.wayTicks[row] = 0;
  columns.goalX[row] = columns.homeX[row] ?? 0;
  columns.goalY[row] = columns.homeY[row] ?? 0;
  columns.mood[row] = mood.return;
}

/** Others of the camp that are free come too. Those that stand in another zone do not hear it. */
function callForHelp(zone: ZoneApi, row: number, player: EntityRef): void {
  const creatures = zone.table(Creature);
  const { aggression, camp, mood: moods, position } = creatures.columns;
  const heard = new Float64Array(helpersMax);
  const count = zone.nearest(position.x[row] ?? 0, position.y[row] ?? 0, helpM, heard, creaturesNear);
  for (const ref of heard.subarray(0, count)) {
    const helper = creatures.row(ref);
    if (helper === row || !creatures.isOwned(helper) || camp[helper] !== camp[row]) continue;
    const isFree =
      moods[helper] === mood.asleep || moods[helper] === mood.idle || moods[helper] === mood.roam;
    if (!isFree) continue;
    aggression.set(helper, player, noticedThreat);
    beginHunt(zone, helper, player);
  }
}

function greatestThreat(zone: ZoneApi, row: number): EntityRef {
  const { aggression } = zone.table(Creature).columns;
  let best: EntityRef = 0;
  let most = 0;
  for (let i = 0; i < aggression.count(row); i++) {
    const player = aggression.keyAt(row, i);
    const threat = aggression.valueAt(row, i);
    if (threat <= most || !isPrey(zone, row, player)) continue;
    best = player;
    most = threat;
  }
  return best;
}

/** True for a player that is here, lives, is not in town and not beyond the leash. */
function isPrey(zone: ZoneApi, row: number, player: EntityRef): boolean {
  const players = zone.table(Player);
  const prey = players.row(player);
  if (prey < 0 || (players.columns.health[prey] ?? 0) <= 0) return false;
  const x = players.columns.position.x[prey] ?? 0;
  const y = players.columns.position.y[prey] ?? 0;
  const { homeX, homeY } = zone.table(Creature).columns;
  return distance2(homeX[row] ?? 0, homeY[row] ?? 0, x, y) <= leashM * leashM && !isInTown(x, y);
}
