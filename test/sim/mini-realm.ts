/** A small realm for simulations: players that steer, stones that drift, a fact and a message; zones of 200 m in a row. */
import {
  angle,
  bool,
  cosmetic,
  critical,
  defineSchema,
  detailed,
  entity,
  entityRef,
  fact,
  intent,
  metadata,
  number,
  position,
  saved,
  self,
  server,
  text,
  uint,
} from "@myriad/protocol";
import { defineModule, defineRealm, every, on } from "../../packages/server/src/zone/definitions.ts";
import { listen } from "../../packages/server/src/events/listen.ts";

export const Player = entity(
  "player",
  {
    position: critical(position()),
    heading: critical(angle(8)),
    mood: detailed(uint(4)),
    look: cosmetic(uint(4)),
    name: metadata(text(16)),
    steps: saved(self(uint(24))),
    vx: server(number()),
    vy: server(number()),
    friend: server(entityRef()),
  },
  { wakes: true, group: ["position", "name"] },
);
export const Stone = entity("stone", {
  position: critical(position()),
  glow: cosmetic(uint(4)),
  vx: server(number()),
  vy: server(number()),
});
export const Steer = intent("steer", { heading: angle(8), moving: bool(), fast: bool() });
export const Shout = intent("shout", { text: text(40) });
export const Heard = fact("heard", { from: text(16), text: text(40) });
export const schema = defineSchema({
  name: "minirealm",
  version: "1",
  entities: [Player, Stone],
  intents: [Steer, Shout],
  facts: [Heard],
});

const edgeM = 3;

const walk = defineModule({
  name: "walk",
  entities: [Player, Stone],
  intents: [
    on(Steer, (zone, actor, { heading, moving, fast }) => {
      const { columns } = zone.table(Player);
      const row = zone.table(Player).row(actor);
      const speed = moving ? (fast ? 40 : 6) : 0;
      // Two straight lines instead of a sine: a test needs directions, not roundness.
      const turn = heading / 1.5707963267948966;
      columns.vx[row] = speed * (Math.abs(((turn + 2) % 4) - 2) - 1);
      columns.vy[row] = speed * (Math.abs(((turn + 1) % 4) - 2) - 1);
      columns.heading[row] = heading;
    }),
    on(Shout, (zone, actor, { text: words }) => {
      const at = zone.positionOf(actor);
      if (at !== undefined) zone.announce(at, Heard, { from: zone.nameOf(actor), text: words }, 1);
    }),
  ],
  events: [
    listen("core", "player.connected", (zone, { player }) => {
      const { columns } = zone.table(Player);
      columns.name[zone.table(Player).row(player)] = zone.nameOf(player);
    }),
  ],
  systems: [
    every(
      0,
      function move(zone) {
        const players = zone.table(Player);
        const { columns: p } = players;
        for (let row = players.next(-1); row >= 0; row = players.next(row)) {
          p.position.x[row] = clampWorld(p.position.x[row]! + p.vx[row]! * zone.secondsPerTick, worldWidth);
          p.position.y[row] = clampWorld(p.position.y[row]! + p.vy[row]! * zone.secondsPerTick, worldHeight);
          if (p.vx[row] !== 0) p.steps[row]!++;
          if (zone.random.chance(0.02)) p.mood[row] = zone.random.int(16);
          if (zone.random.chance(0.01)) p.look[row] = zone.random.int(16);
        }
        const stones = zone.table(Stone);
        const { columns: s } = stones;
        for (let row = stones.next(-1); row >= 0; row = stones.next(row)) {
          if (zone.random.chance(0.02)) s.vx[row] = zone.random.float() * 16 - 8;
          if (zone.random.chance(0.02)) s.vy[row] = zone.random.float() * 16 - 8;
          s.position.x[row] = clampWorld(s.position.x[row]! + s.vx[row]! * zone.secondsPerTick, worldWidth);
          s.position.y[row] = clampWorld(s.position.y[row]! + s.vy[row]! * zone.secondsPerTick, worldHeight);
          if (zone.random.chance(0.01)) s.glow[row] = zone.random.int(16);
          if (zone.random.chance(0.003)) zone.despawn(stones.ref(row));
        }
        if (stones.count < 20 && zone.random.chance(0.3)) {
          const { x, y, width, height } = zone.bounds;
          zone.spawn(Stone, {
            position: { x: x + zone.random.float() * width, y: y + zone.random.float() * height },
          });
        }
      },
      { moves: true },
    ),
  ],
});

const worldWidth = 600;
const worldHeight = 300;

function clampWorld(value: number, size: number): number {
  return Math.min(size - edgeM, Math.max(edgeM, value));
}

export const miniRealm = defineRealm({
  name: "minirealm",
  schema,
  modules: [walk],
  player: Player,
  zones: (count) =>
    Array.from({ length: count }, (_, i) => ({
      name: `z${i}`,
      bounds: { x: (i * worldWidth) / count, y: 0, width: worldWidth / count, height: worldHeight },
    })),
  spawnPoint: (zones, chance) => ({
    zone: 0,
    x: zones[0]!.bounds.x + 20 + chance * (zones[0]!.bounds.width - 40),
    y: 150,
  }),
  characterSchemaVersion: 1,
});
