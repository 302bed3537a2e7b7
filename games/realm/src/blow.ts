/**
 * A blow on its way from whoever strikes to whoever owns the one that is struck, and what it does there.
 *
 * Invariant: the owner of the target decides, with its own chance and what it knows of the target; the blow brings what
 * only the striker's zone knows. In one zone both are the same and nothing waits; across a border it takes two ticks more.
 */
import {
  bool,
  cosRadians,
  type EntityRef,
  entityRef,
  position,
  type RecordValue,
  sinRadians,
  uint,
  type Vector,
} from "@myriad/protocol";
import { defineEvent, message, type ZoneApi } from "@myriad/server";
import { Creature, Fell, Player, Struck } from "../shared/schema.ts";
import { isInTown } from "../shared/town.ts";
import { speciesOfCode } from "../shared/species.ts";
import { creatureAction, mood, shownHealth } from "./actors.ts";
import { disturbRest, layDown, setHitPoints } from "./modules/life.ts";
import { type AttackTrace, resolveAttack } from "./rules/resolve-attack.ts";

const blowFields = {
  attacker: entityRef(),
  /** Where the attacker stood. */
  at: position(),
  level: uint(7),
  /** Damage of a plain hit; keeps its fraction. */
  power: uint(12),
  /** Group of a player that strikes, 0 for none: members do not hurt each other. */
  group: uint(32),
  byPlayer: bool(),
} as const;

/** Sent to the one who is struck. */
export const Blow = message("combat.blow", blowFields);
export type Blow = RecordValue<typeof blowFields>;

/** Somebody owned here was struck, or struck at without effect. */
export const struck = defineEvent<{ target: EntityRef; attacker: EntityRef; damage: number }>(
  "combat.struck",
  {
    answer: "observed",
    delivery: "immediate",
    overflow: "critical",
  },
);

/** Somebody owned here lost its last hit point; its fields can still be read. */
export const fell = defineEvent<{ victim: EntityRef; victor: EntityRef; byPlayer: boolean }>("combat.fell", {
  answer: "observed",
  delivery: "immediate",
  overflow: "critical",
});

const playerArmour = 15;
const playerDodge = 0.05;

/** The owner of the target takes the blow. A blow at the fallen, in town or among friends does nothing. */
export function takeBlow(zone: ZoneApi, target: EntityRef, blow: Blow): void {
  const players = zone.table(Player);
  const player = players.row(target);
  if (player >= 0) return takeAsPlayer(zone, target, player, blow);
  const creatures = zone.table(Creature);
  const creature = creatures.row(target);
  if (creature >= 0) takeAsCreature(zone, target, creature, blow);
}

function takeAsPlayer(zone: ZoneApi, target: EntityRef, row: number, blow: Blow): void {
  const { columns } = zone.table(Player);
  const at = { x: columns.position.x[row] ?? 0, y: columns.position.y[row] ?? 0 };
  const hitPoints = columns.hitPoints[row] ?? 0;
  const isFriend = blow.group > 0 && zone.groupOf(target) === blow.group;
  if (hitPoints <= 0 || isFriend || isInTown(at.x, at.y)) return;
  const defenderLevel = columns.level[row] ?? 1;
  const fromBehind = isBehind(at, columns.heading[row] ?? 0, blow.at);
  const context = { defenderLevel, armour: playerArmour, dodge: playerDodge, fromBehind };
  const trace = resolve(zone, blow, context);
  disturbRest(zone, row);
  setHitPoints(zone, row, hitPoints - trace.damage);
  tellOf(zone, { target, at, blow, trace });
  if (hitPoints > trace.damage) return;
  layDown(zone, row);
  end(zone, { target, at, blow });
}

function takeAsCreature(zone: ZoneApi, target: EntityRef, row: number, blow: Blow): void {
  const { columns } = zone.table(Creature);
  const hitPoints = columns.hitPoints[row] ?? 0;
  if (hitPoints <= 0 || !blow.byPlayer) return;
  const at = { x: columns.position.x[row] ?? 0, y: columns.position.y[row] ?? 0 };
  const kind = speciesOfCode(columns.species[row] ?? 0);
  const fromBehind = isBehind(at, columns.heading[row] ?? 0, blow.at);
  const defenderLevel = columns.level[row] ?? 1;
  const trace = resolve(zone, blow, { defenderLevel, armour: kind.armour, dodge: kind.dodge, fromBehind });
  const left = Math.max(0, hitPoints - trace.damage);
  columns.hitPoints[row] = left;
  columns.health[row] = shownHealth(left, columns.hitPointsMax[row] ?? 1);
  tellOf(zone, { target, at, blow, trace });
  if (left > 0) return;
  columns.mood[row] = mood.dead;
  columns.action[row] = creatureAction.fall;
  columns.target[row] = 0;
  end(zone, { target, at, blow });
}

function resolve(
  zone: ZoneApi,
  blow: Blow,
  defender: { defenderLevel: number; armour: number; dodge: number; fromBehind: boolean },
): AttackTrace {
  zone.metrics.counter("blows");
  return resolveAttack({ attackerLevel: blow.level, power: blow.power, ...defender }, zone.random);
}

function tellOf(
  zone: ZoneApi,
  what: { target: EntityRef; at: Vector; blow: Blow; trace: AttackTrace },
): void {
  const { target, at, blow, trace } = what;
  const { attacker } = blow;
  zone.announce(at, Struck, { attacker, target, damage: trace.damage, outcome: trace.outcome });
  zone.emit(struck, { target, attacker, damage: trace.damage });
}

function end(zone: ZoneApi, what: { target: EntityRef; at: Vector; blow: Blow }): void {
  const { attacker, byPlayer } = what.blow;
  zone.metrics.counter("falls");
  zone.announce(what.at, Fell, { who: what.target, by: attacker });
  zone.emit(fell, { victim: what.target, victor: attacker, byPlayer });
}

/** True when a point lies in the half plane behind somebody. */
function isBehind(at: Vector, heading: number, point: Vector): boolean {
  return cosRadians(heading) * (point.x - at.x) + sinRadians(heading) * (point.y - at.y) < 0;
}
