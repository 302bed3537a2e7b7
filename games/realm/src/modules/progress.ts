/**
 * Experience and levels.
 *
 * Owns: `experience`, `level`, `hitPointsMax` of players. Who won a fight is told by the zone that owned the loser.
 */
import { type EntityRef, uint } from "@myriad/protocol";
import { defineModule, listen, message, onMessage, type ZoneApi } from "@myriad/server";
import { experienceForKill, levelOf, playerHitPoints } from "../../shared/rules.ts";
import { Creature, Gained, Player } from "../../shared/schema.ts";
import { fell } from "../blow.ts";
import { setHitPoints } from "./life.ts";

/** Experience has 32 bits. */
const experienceMax = 0xffff_ffff;

/** A creature of this level fell by the hand of the player this is sent to. */
export const Victory = message("progress.victory", { level: uint(7) });

export const progress = defineModule({
  name: "progress",
  entities: [Player],
  messages: [onMessage(Victory, (zone, winner, { level }) => win(zone, winner, level))],
  events: [listen("module", fell, (zone: ZoneApi, { victim, victor }) => reward(zone, victim, victor))],
});

/** The owner of the loser tells the owner of the winner, which may be another zone. */
function reward(zone: ZoneApi, victim: EntityRef, victor: EntityRef): void {
  const creatures = zone.table(Creature);
  const row = creatures.row(victim);
  if (row >= 0) zone.send(victor, Victory, { level: creatures.columns.level[row] ?? 1 });
}

function win(zone: ZoneApi, winner: EntityRef, creatureLevel: number): void {
  const players = zone.table(Player);
  const row = players.row(winner);
  if (row < 0) return;
  const { columns } = players;
  const before = columns.level[row] ?? 1;
  const gained = experienceForKill(creatureLevel, before);
  if (gained === 0) return;
  const experience = Math.min(experienceMax, (columns.experience[row] ?? 0) + gained);
  const level = levelOf(experience);
  columns.experience[row] = experience;
  if (level !== before) {
    columns.level[row] = level;
    columns.hitPointsMax[row] = playerHitPoints(level);
    // A new level heals, but it does not raise the fallen.
    if ((columns.hitPoints[row] ?? 0) > 0) setHitPoints(zone, row, playerHitPoints(level));
  }
  zone.tell(winner, Gained, { experience: gained, level });
}
