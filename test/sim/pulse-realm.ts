/** A realm whose players change in every channel at every tick, so that what arrives shows how often it is sent. */
import {
  channelNames,
  cosmetic,
  critical,
  defineSchema,
  detailed,
  entity,
  metadata,
  position,
  uint,
} from "@myriad/protocol";
import { defineModule, defineRealm, every } from "../../packages/server/src/zone/definitions.ts";
import type { RealmSim } from "./realm-sim.ts";

/** A player with a pulse in every channel: all four change at every tick, so what arrives shows how often it is sent. */
export const Pulse = entity(
  "pulse",
  {
    position: critical(position()),
    critical: critical(uint(16)),
    detailed: detailed(uint(16)),
    cosmetic: cosmetic(uint(16)),
    metadata: metadata(uint(16)),
  },
  { wakes: true },
);
const beat = defineModule({
  name: "beat",
  systems: [
    every(
      0,
      function pulse(zone) {
        const { columns } = zone.table(Pulse);
        for (let row = zone.table(Pulse).next(-1); row >= 0; row = zone.table(Pulse).next(row))
          for (const channel of channelNames) columns[channel][row]!++;
      },
      { moves: true },
    ),
  ],
});
const schema = defineSchema({ name: "pulse", version: "1", entities: [Pulse], intents: [], facts: [] });
export const pulseRealm = defineRealm({
  name: "pulse",
  schema,
  modules: [beat],
  player: Pulse,
  zones: () => [{ name: "plain", bounds: { x: 0, y: 0, width: 1024, height: 64 } }],
  spawnPoint: () => ({ zone: 0, x: 8, y: 32 }),
  characterSchemaVersion: 1,
});

/** Puts somebody at a place of the plain: it is 1,024 m long and 64 m wide. */
export function put(sim: RealmSim, name: string, x: number, y = 32): void {
  const { core } = sim.hosts[0]!;
  const session = [...core.sessions.bySession.values()].find((candidate) => candidate.name === name)!;
  const { columns } = core.world.table(Pulse);
  const row = core.world.table(Pulse).row(session.player);
  columns.position.x[row] = x;
  columns.position.y[row] = y;
}
