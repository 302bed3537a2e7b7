/**
 * What every module says about players and creatures: whether they live, what option a column holds, how a count goes down,
 * how a wish is refused.
 *
 * Invariant: nothing here keeps anything; columns are read and written where they stand.
 */
import type { EntityRef } from "@myriad/protocol";
import type { ZoneApi } from "@myriad/server";
import { Creature, Player, Refused } from "../shared/schema.ts";

/** Numbers of a player's actions in the column. */
export const playerAction = Player.fields.action.type.codes;
export const creatureAction = Creature.fields.action.type.codes;
export const mood = Creature.fields.mood.type.codes;
export const emoteCode = Player.fields.emote.type.codes;

/** Milliseconds that one refusal costs, and how many may come at once: a client that errs does not flood itself. */
const refusalMs = 500;
const refusalsAtOnce = 4;

/** True for a player or creature, ghosts included, that is here and has not fallen. */
export function isAlive(zone: ZoneApi, ref: EntityRef): boolean {
  const players = zone.table(Player);
  const player = players.row(ref);
  if (player >= 0) return (players.columns.health[player] ?? 0) > 0;
  const creatures = zone.table(Creature);
  const creature = creatures.row(ref);
  return creature >= 0 && (creatures.columns.health[creature] ?? 0) > 0;
}

/** Squared metres from a point to a player or creature, ghosts included; Infinity when it is not here. Allocates nothing. */
export function distance2To(zone: ZoneApi, ref: EntityRef, x: number, y: number): number {
  const players = zone.table(Player);
  const player = players.row(ref);
  if (player >= 0) {
    const { position } = players.columns;
    return distance2(x, y, position.x[player] ?? 0, position.y[player] ?? 0);
  }
  const creatures = zone.table(Creature);
  const creature = creatures.row(ref);
  if (creature < 0) return Number.POSITIVE_INFINITY;
  const { position } = creatures.columns;
  return distance2(x, y, position.x[creature] ?? 0, position.y[creature] ?? 0);
}

/** Share of hit points that others see: above 0 while there is any, however little. */
export function shownHealth(hitPoints: number, hitPointsMax: number): number {
  if (hitPoints <= 0) return 0;
  return Math.max(1 / 255, Math.min(1, hitPoints / hitPointsMax));
}

/** Squared metres between two points. */
export function distance2(x: number, y: number, otherX: number, otherY: number): number {
  return (x - otherX) * (x - otherX) + (y - otherY) * (y - otherY);
}

/** Takes one from every owned row that has any: how waiting goes by. Who waits for nothing costs a look. */
export function countDown(
  table: { readonly rowsUsed: number; isOwned(row: number): boolean },
  column: Float64Array,
): void {
  for (let row = 0, end = table.rowsUsed; row < end; row++) {
    const left = column[row] ?? 0;
    if (left > 0 && table.isOwned(row)) column[row] = left - 1;
  }
}

/**
 * Pays for something that may be done `atOnce` times and then once every `everyMs`; false when it must wait. The debt is
 * a column that `countDown` takes from.
 */
export function pay(
  zone: ZoneApi,
  debt: { column: Float64Array; row: number; everyMs: number; atOnce: number },
): boolean {
  const price = zone.ticks(debt.everyMs);
  const owed = (debt.column[debt.row] ?? 0) + price;
  if (owed > price * debt.atOnce) return false;
  debt.column[debt.row] = owed;
  return true;
}

/** Tells a player that a wish was not granted; silent when it was told too often. */
export function refuse(zone: ZoneApi, player: EntityRef, what: string, why: string): void {
  const players = zone.table(Player);
  const row = players.row(player);
  if (!players.isOwned(row)) return;
  const column = players.columns.refusalDebt;
  if (!pay(zone, { column, row, everyMs: refusalMs, atOnce: refusalsAtOnce })) return;
  zone.tell(player, Refused, { what, why });
}
