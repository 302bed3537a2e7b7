/**
 * Somebody arrives: name, level, hit points and bag stand before anything else happens to the player.
 *
 * Owns: a player's fields at login; newcomers and the fallen stand in town, unless their ticket says where.
 * Who was handed over or resumed has them already and is left alone.
 * Invariant: the bag is what the ledger held at login; saved fields are what the character's row held.
 */
import type { EntityRef } from "@myriad/protocol";
import { defineModule, listen, type ZoneApi } from "@myriad/server";
import { levelOf, playerHitPoints } from "../../shared/rules.ts";
import { bagPlaces, Chat, Player } from "../../shared/schema.ts";
import { arrivalPoint, isInTown, town } from "../../shared/town.ts";
import { shownHealth } from "../actors.ts";

export const arrival = defineModule({
  name: "arrival",
  entities: [Player],
  events: [
    listen("core", "player.connected", (zone: ZoneApi, event) => arrive(zone, event)),
    listen("core", "area.entered", (zone: ZoneApi, { area, entity }) =>
      setInTown(zone, { area, entity, inTown: 1 }),
    ),
    listen("core", "area.left", (zone: ZoneApi, { area, entity }) =>
      setInTown(zone, { area, entity, inTown: 0 }),
    ),
  ],
});

function arrive(zone: ZoneApi, { player, isPlaced }: { player: EntityRef; isPlaced: boolean }): void {
  const players = zone.table(Player);
  const row = players.row(player);
  const { columns } = players;
  if ((columns.hitPointsMax[row] ?? 0) > 0) return;
  const level = levelOf(columns.experience[row] ?? 0);
  const hitPointsMax = playerHitPoints(level);
  const isNewOrFallen = (columns.hitPoints[row] ?? 0) <= 0;
  if (isNewOrFallen) {
    columns.hitPoints[row] = hitPointsMax;
    if (!isPlaced) {
      const point = arrivalPoint(zone.random.float());
      columns.position.x[row] = point.x;
      columns.position.y[row] = point.y;
    }
  }
  const hitPoints = Math.min(columns.hitPoints[row] ?? 0, hitPointsMax);
  const { x, y } = columns.position;
  columns.name[row] = zone.nameOf(player);
  columns.level[row] = level;
  columns.look[row] = zone.characterOf(player) % 256;
  columns.hitPoints[row] = hitPoints;
  columns.hitPointsMax[row] = hitPointsMax;
  columns.health[row] = shownHealth(hitPoints, hitPointsMax);
  columns.sweepReady[row] = 1;
  columns.inTown[row] = isInTown(x[row] ?? 0, y[row] ?? 0) ? 1 : 0;
  fillBag(zone, player, row);
  const text = `Welcome to ${town.name}. Beyond its walls, mind the dusk.`;
  zone.tell(player, Chat, { channel: "system", from: town.name, text });
}

function fillBag(zone: ZoneApi, player: EntityRef, row: number): void {
  const { bag, bagItems } = zone.table(Player).columns;
  for (const { itemId, itemType, slot } of zone.itemsOf(player)) {
    if (slot >= bagPlaces) continue;
    bag.values[row * bagPlaces + slot] = itemType;
    bagItems.values[row * bagPlaces + slot] = itemId;
  }
}

function setInTown(zone: ZoneApi, change: { area: string; entity: EntityRef; inTown: 0 | 1 }): void {
  const players = zone.table(Player);
  const row = players.row(change.entity);
  if (change.area === town.area && players.isOwned(row)) players.columns.inTown[row] = change.inTown;
}
