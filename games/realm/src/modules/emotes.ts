/**
 * Gestures: others see them for a while. Sitting and dancing last until one walks or fights.
 *
 * Owns: `emote`, `emoteWait`.
 */
import { defineModule, every, on, type ZoneApi } from "@myriad/server";
import { emoteMs } from "../../shared/rules.ts";
import { Emote, Player } from "../../shared/schema.ts";
import { emoteCode, isAlive, refuse } from "../actors.ts";

export const emotes = defineModule({
  name: "emotes",
  entities: [Player],
  intents: [
    on(Emote, (zone, actor, { emote }) => {
      if (!isAlive(zone, actor)) return refuse(zone, actor, "emote", "You have fallen.");
      const players = zone.table(Player);
      const row = players.row(actor);
      players.columns.emote[row] = emoteCode[emote];
      players.columns.emoteWait[row] = zone.ticks(emoteMs);
    }),
  ],
  systems: [every(0, endEmotes)],
});

function endEmotes(zone: ZoneApi): void {
  const players = zone.table(Player);
  const { emote, emoteWait, moving } = players.columns;
  for (let row = players.next(-1); row >= 0; row = players.next(row)) {
    const shown = emote[row] ?? 0;
    if (shown === emoteCode.none) continue;
    const left = Math.max(0, (emoteWait[row] ?? 0) - 1);
    const lasts = shown === emoteCode.sit || shown === emoteCode.dance;
    emoteWait[row] = left;
    if (moving[row] === 1 || (left === 0 && !lasts)) emote[row] = emoteCode.none;
  }
}
