/**
 * The smallest game: one zone, one kind of entity, one intent. `node examples/01-hello-zone.ts` serves it until Ctrl-C.
 *
 * Every player is a lantern in the dark and may ask for one thing: to glow. The zone decides; its light fades; all who
 * are near see it. Nothing here knows of sockets or bytes: changed columns are found and sent.
 */
import { critical, defineSchema, entity, intent, metadata, position, text, uint } from "@myriad/protocol";
import { defineModule, defineRealm, every, listen, on, serve } from "@myriad/server";

/** What is in the world: fields, in channels that say how far and how often each is sent. */
const Lantern = entity(
  "lantern",
  { position: critical(position()), light: critical(uint(8)), name: metadata(text(24)) },
  { wakes: true },
);

/** What a player may ask for: its form is checked at the gateway, its sense here. */
const Glow = intent("glow", { strength: uint(8) });

const lanterns = defineModule({
  name: "lanterns",
  entities: [Lantern],
  events: [
    listen("core", "player.connected", (zone, { player }) => {
      const table = zone.table(Lantern);
      table.columns.name[table.row(player)] = zone.nameOf(player);
    }),
  ],
  intents: [
    on(Glow, (zone, player, { strength }) => {
      const table = zone.table(Lantern);
      table.columns.light[table.row(player)] = strength;
    }),
  ],
  systems: [
    every(100, function fade(zone) {
      const table = zone.table(Lantern);
      const { light } = table.columns;
      for (let row = table.next(-1); row >= 0; row = table.next(row)) {
        light[row] = Math.max(0, (light[row] ?? 0) - 1);
      }
    }),
  ],
});

await serve(
  defineRealm({
    name: "hello",
    schema: defineSchema({ name: "hello", version: "1", entities: [Lantern], intents: [Glow], facts: [] }),
    modules: [lanterns],
    player: Lantern,
    zones: (count) =>
      Array.from({ length: count }, (_, i) => ({
        name: `dark ${i}`,
        bounds: { x: i * 256, y: 0, width: 256, height: 256 },
      })),
    spawnPoint: (_zones, chance) => ({ zone: 0, x: 128 + 16 * chance, y: 128 }),
    characterSchemaVersion: 1,
  }),
);
