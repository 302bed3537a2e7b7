/**
 * Players choose targets, swing and sweep.
 *
 * Owns: `target`, `attacking`, `swingWait`, `sweepWait` of players. What a blow does is decided by the owner of whom it
 * meets (blow.ts). No fighting in town.
 */
import { cosRadians, type EntityRef, headingOf, radiansOfHeading, sinRadians } from "@myriad/protocol";
import { defineModule, every, on, onMessage, type ZoneApi } from "@myriad/server";
import { handPlace } from "../../shared/items.ts";
import {
  attackRangeM,
  lostMs,
  playerPower,
  playerSwingMs,
  sweepCooldownMs,
  sweepRadiusM,
  sweepShare,
  sweepTargetsMax,
  swingShownMs,
  targetRangeM,
} from "../../shared/rules.ts";
import { Attack, bagPlaces, Creature, Player, Sweep, Target } from "../../shared/schema.ts";
import { isInTown } from "../../shared/town.ts";
import { countDown, distance2To, isAlive, playerAction, refuse } from "../actors.ts";
import { Blow, fell, struck, takeBlow } from "../blow.ts";
import { disturbRest } from "./life.ts";

export const combat = defineModule({
  name: "combat",
  entities: [Player, Creature],
  intents: [
    on(Target, (zone, actor, { target }) => choose(zone, actor, target)),
    on(Attack, (zone, actor, { target, on: wants }) =>
      wants ? attack(zone, actor, target) : stop(zone, actor),
    ),
    on(Sweep, sweep),
  ],
  messages: [onMessage(Blow, takeBlow)],
  emits: [struck, fell],
  systems: [every(0, advanceSwings)],
});

function choose(zone: ZoneApi, actor: EntityRef, target: EntityRef): void {
  const { columns, row } = playerOf(zone, actor);
  if (columns.target[row] === target) return;
  if (target !== 0 && !isNear(zone, row, target, targetRangeM)) {
    return refuse(zone, actor, "target", "That is too far away.");
  }
  columns.target[row] = target;
  columns.attacking[row] = 0;
}

function attack(zone: ZoneApi, actor: EntityRef, target: EntityRef): void {
  const why = whyNoFight(zone, zone.table(Player).row(actor)) ?? whyNoTarget(zone, actor, target);
  if (why !== undefined) return refuse(zone, actor, "attack", why);
  const { columns, row } = playerOf(zone, actor);
  columns.target[row] = target;
  columns.attacking[row] = 1;
}

function stop(zone: ZoneApi, actor: EntityRef): void {
  const { columns, row } = playerOf(zone, actor);
  columns.attacking[row] = 0;
}

function whyNoFight(zone: ZoneApi, row: number): string | undefined {
  const { columns } = zone.table(Player);
  if ((columns.hitPoints[row] ?? 0) <= 0) return "You have fallen.";
  const { x, y } = columns.position;
  return isInTown(x[row] ?? 0, y[row] ?? 0) ? "No fighting in town." : undefined;
}

function whyNoTarget(zone: ZoneApi, actor: EntityRef, target: EntityRef): string | undefined {
  if (target === 0 || target === actor) return "There is nothing to attack.";
  const at = zone.positionOf(target);
  if (at === undefined || !isAlive(zone, target)) return "There is nothing to attack.";
  if (isInTown(at.x, at.y)) return "No fighting in town.";
  const group = zone.groupOf(actor);
  if (group > 0 && zone.groupOf(target) === group) return "You do not strike your friends.";
  const { row } = playerOf(zone, actor);
  return isNear(zone, row, target, targetRangeM) ? undefined : "That is too far away.";
}

/** Everybody who attacks swings as often as the arm allows, at what is in reach and before them. */
function advanceSwings(zone: ZoneApi): void {
  const players = zone.table(Player);
  const { columns } = players;
  const { attacking, sweepReady, sweepWait, swingWait, target } = columns;
  countDown(players, swingWait);
  for (let row = players.next(-1); row >= 0; row = players.next(row)) {
    const untilSweep = sweepWait[row] ?? 0;
    if (untilSweep > 0) sweepWait[row] = untilSweep - 1;
    if (untilSweep <= 1) sweepReady[row] = 1;
    if (target[row] !== 0) keepTarget(zone, row);
    if (attacking[row] === 1) swing(zone, row);
  }
}

/** A target that is gone is let go; one that only crosses a border is back before that. */
function keepTarget(zone: ZoneApi, row: number): void {
  const { attacking, lostTicks, target } = zone.table(Player).columns;
  const isKnown = distance2To(zone, target[row] ?? 0, 0, 0) < Number.POSITIVE_INFINITY;
  lostTicks[row] = isKnown ? 0 : (lostTicks[row] ?? 0) + 1;
  if ((lostTicks[row] ?? 0) <= zone.ticks(lostMs)) return;
  target[row] = 0;
  attacking[row] = 0;
  lostTicks[row] = 0;
}

function swing(zone: ZoneApi, row: number): void {
  const { columns } = zone.table(Player);
  const { x, y } = columns.position;
  const target = columns.target[row] ?? 0;
  const away2 = distance2To(zone, target, x[row] ?? 0, y[row] ?? 0);
  // Unknown for a moment: the wish to attack outlasts that.
  if (away2 === Number.POSITIVE_INFINITY) return;
  if (!isAlive(zone, target) || whyNoFight(zone, row) !== undefined) {
    columns.attacking[row] = 0;
    return;
  }
  if ((columns.swingWait[row] ?? 0) > 0 || away2 > attackRangeM * attackRangeM) return;
  if (!faces(zone, row, target)) return;
  columns.swingWait[row] = zone.ticks(playerSwingMs);
  show(zone, row, playerAction.swing);
  disturbRest(zone, row);
  zone.send(target, Blow, blowOf(zone, row, 1));
}

/** A blow at all creatures around, those across a border included. */
function sweep(zone: ZoneApi, actor: EntityRef): void {
  const { columns, row } = playerOf(zone, actor);
  const why = whyNoFight(zone, row);
  if (why !== undefined) return refuse(zone, actor, "sweep", why);
  if ((columns.sweepWait[row] ?? 0) > 0) return refuse(zone, actor, "sweep", "Not yet.");
  columns.sweepWait[row] = zone.ticks(sweepCooldownMs);
  columns.sweepReady[row] = 0;
  show(zone, row, playerAction.sweep);
  disturbRest(zone, row);
  const found = new Float64Array(sweepTargetsMax);
  const { x, y } = columns.position;
  const blow = blowOf(zone, row, sweepShare);
  const count = zone.nearest(x[row] ?? 0, y[row] ?? 0, sweepRadiusM, found, { kinds: [Creature] });
  for (const target of found.subarray(0, count)) zone.send(target, Blow, blow);
}

function blowOf(zone: ZoneApi, row: number, share: number): Blow {
  const players = zone.table(Player);
  const { columns } = players;
  const attacker = players.ref(row);
  const level = columns.level[row] ?? 1;
  const inHand = columns.bag.values[row * bagPlaces + handPlace] ?? 0;
  return {
    attacker,
    at: { x: columns.position.x[row] ?? 0, y: columns.position.y[row] ?? 0 },
    level,
    power: playerPower(level, inHand) * share,
    group: zone.groupOf(attacker),
    byPlayer: true,
  };
}

/** Who stands turns to the target; who runs must run its way, or at least not away from it. */
function faces(zone: ZoneApi, row: number, target: EntityRef): boolean {
  const { columns } = zone.table(Player);
  const at = zone.positionOf(target);
  if (at === undefined) return false;
  const dx = at.x - (columns.position.x[row] ?? 0);
  const dy = at.y - (columns.position.y[row] ?? 0);
  if (columns.moving[row] === 1) {
    const heading = columns.heading[row] ?? 0;
    return cosRadians(heading) * dx + sinRadians(heading) * dy >= 0;
  }
  columns.heading[row] = radiansOfHeading(headingOf(dx, dy));
  return true;
}

function show(zone: ZoneApi, row: number, action: number): void {
  const { columns } = zone.table(Player);
  columns.action[row] = action;
  columns.actionWait[row] = zone.ticks(swingShownMs);
  columns.emote[row] = 0;
}

function isNear(zone: ZoneApi, row: number, target: EntityRef, rangeM: number): boolean {
  const { x, y } = zone.table(Player).columns.position;
  return distance2To(zone, target, x[row] ?? 0, y[row] ?? 0) <= rangeM * rangeM;
}

function playerOf(zone: ZoneApi, actor: EntityRef) {
  const players = zone.table(Player);
  return { columns: players.columns, row: players.row(actor) };
}
