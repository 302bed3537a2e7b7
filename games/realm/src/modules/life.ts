/**
 * Hit points go and come back; who has none falls, lies, and comes back to town.
 *
 * Owns: hit points, health, `fallenTicks` of players. Fights say how much is lost (combat), levels how much there is (progress).
 */
import type { EntityRef } from "@myriad/protocol";
import { defineModule, every, on, type ZoneApi } from "@myriad/server";
import { fallenMs, regenerateMs, regenerateShare, regenerateTownShare, restMs } from "../../shared/rules.ts";
import { ComeBack, Player } from "../../shared/schema.ts";
import { arrivalPoint, isInTown } from "../../shared/town.ts";
import { countDown, playerAction, refuse, shownHealth } from "../actors.ts";

/** Share of hit points with which the fallen come back. */
const comeBackShare = 0.5;

export const life = defineModule({
  name: "life",
  entities: [Player],
  intents: [on(ComeBack, wishToComeBack)],
  systems: [every(0, waitFallen, { moves: true }), every(regenerateMs, regenerate), every(0, showActions)],
});

/** Sets a player's hit points within their range, and what others see of them. */
export function setHitPoints(zone: ZoneApi, row: number, hitPoints: number): void {
  const { columns } = zone.table(Player);
  const most = columns.hitPointsMax[row] ?? 1;
  const value = Math.max(0, Math.min(most, Math.floor(hitPoints)));
  columns.hitPoints[row] = value;
  columns.health[row] = shownHealth(value, most);
}

/** A player fights: hit points do not come back for a while. */
export function disturbRest(zone: ZoneApi, row: number): void {
  zone.table(Player).columns.restWait[row] = zone.ticks(restMs);
}

/** A player has lost its last hit point: it lies where it fell. */
export function layDown(zone: ZoneApi, row: number): void {
  const { columns } = zone.table(Player);
  setHitPoints(zone, row, 0);
  columns.moving[row] = 0;
  columns.attacking[row] = 0;
  columns.target[row] = 0;
  columns.emote[row] = 0;
  columns.fallenTicks[row] = zone.ticks(fallenMs);
}

function wishToComeBack(zone: ZoneApi, actor: EntityRef): void {
  const row = zone.table(Player).row(actor);
  if (isFallen(zone, row)) comeBack(zone, row);
  else refuse(zone, actor, "comeBack", "You have not fallen.");
}

function waitFallen(zone: ZoneApi): void {
  const players = zone.table(Player);
  const { fallenTicks } = players.columns;
  for (let row = players.next(-1); row >= 0; row = players.next(row)) {
    const left = fallenTicks[row] ?? 0;
    if (left === 0) continue;
    if (left === 1) comeBack(zone, row);
    else fallenTicks[row] = left - 1;
  }
}

/** To town, wherever the body lies: outside of zone 0 the engine hands it over. */
function comeBack(zone: ZoneApi, row: number): void {
  const { columns } = zone.table(Player);
  const point = arrivalPoint(zone.random.float());
  columns.position.x[row] = point.x;
  columns.position.y[row] = point.y;
  columns.fallenTicks[row] = 0;
  columns.restWait[row] = 0;
  setHitPoints(zone, row, Math.ceil((columns.hitPointsMax[row] ?? 1) * comeBackShare));
}

function regenerate(zone: ZoneApi): void {
  const players = zone.table(Player);
  const { hitPoints, hitPointsMax, position, restWait } = players.columns;
  for (let row = players.next(-1); row >= 0; row = players.next(row)) {
    const now = hitPoints[row] ?? 0;
    const most = hitPointsMax[row] ?? 0;
    if (now <= 0 || now >= most || (restWait[row] ?? 0) > 0) continue;
    const share = isInTown(position.x[row] ?? 0, position.y[row] ?? 0)
      ? regenerateTownShare
      : regenerateShare;
    setHitPoints(zone, row, now + Math.ceil(most * share));
  }
}

/** What others see a player do; swings and sweeps show themselves (combat) and are left to pass. */
function showActions(zone: ZoneApi): void {
  const players = zone.table(Player);
  const { action, actionWait, fallenTicks, moving, restWait } = players.columns;
  countDown(players, restWait);
  countDown(players, actionWait);
  for (let row = players.next(-1); row >= 0; row = players.next(row)) {
    if ((fallenTicks[row] ?? 0) > 0) action[row] = playerAction.fall;
    else if ((actionWait[row] ?? 0) > 0) continue;
    else action[row] = moving[row] === 1 ? playerAction.walk : playerAction.idle;
  }
}

function isFallen(zone: ZoneApi, row: number): boolean {
  return (zone.table(Player).columns.fallenTicks[row] ?? 0) > 0;
}
