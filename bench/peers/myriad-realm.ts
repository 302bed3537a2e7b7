/**
 * The game that Myriad serves in the comparison: walkers with a position, and one intent that says a direction.
 *
 * Written as any game is, with the public API; `world.ts` walks.
 */
import { critical, defineSchema, entity, intent, number, position, server, uint } from "@myriad/protocol";
import { defineModule, defineRealm, every, listen, on, type Realm, type ZoneApi } from "@myriad/server";
import { place, step, type Walker } from "./world.ts";

export const Player = entity(
  "player",
  {
    position: critical(position()),
    direction: server(number()),
    chance: server(number()),
    /** The direction that the player asked for last; the walk does not mind it. */
    wish: server(uint(8)),
  },
  { wakes: true },
);

export const Turn = intent("turn", { direction: uint(8) });

export const schema = defineSchema({
  name: "peers",
  version: "1",
  entities: [Player],
  intents: [Turn],
  facts: [],
});

/** The realm on a square of `sideM` metres. */
export function realmOn(sideM: number): Realm {
  const walking = defineModule({
    name: "walking",
    entities: [Player],
    intents: [
      on(Turn, (zone, actor, { direction }) => {
        const players = zone.table(Player);
        players.columns.wish[players.row(actor)] = direction;
      }),
    ],
    events: [
      listen("core", "player.connected", (zone: ZoneApi, { player }) => {
        const players = zone.table(Player);
        arrive(
          players.columns,
          players.row(player),
          Number.parseInt(zone.nameOf(player).slice("Walker ".length), 10),
        );
      }),
    ],
    systems: [every(0, walk, { moves: true })],
  });

  function arrive(columns: ReturnType<typeof columnsOf>, row: number, walkerNumber: number): void {
    const walker: Walker = { x: 0, y: 0, direction: 0, chance: 0 };
    place(walker, walkerNumber, sideM);
    keep(columns, row, walker);
  }

  function walk(zone: ZoneApi): void {
    const players = zone.table(Player);
    const { columns } = players;
    const walker: Walker = { x: 0, y: 0, direction: 0, chance: 0 };
    for (let row = players.next(-1); row >= 0; row = players.next(row)) {
      walker.x = columns.position.x[row]!;
      walker.y = columns.position.y[row]!;
      walker.direction = columns.direction[row]!;
      walker.chance = columns.chance[row]!;
      step(walker, sideM);
      keep(columns, row, walker);
    }
  }

  return defineRealm({
    name: "peers",
    schema,
    modules: [walking],
    player: Player,
    zones: () => [{ name: "square", bounds: { x: 0, y: 0, width: sideM, height: sideM } }],
    spawnPoint: () => ({ zone: 0, x: sideM / 2, y: sideM / 2 }),
    characterSchemaVersion: 1,
  });
}

function columnsOf(zone: ZoneApi) {
  return zone.table(Player).columns;
}

function keep(columns: ReturnType<typeof columnsOf>, row: number, walker: Walker): void {
  columns.position.x[row] = walker.x;
  columns.position.y[row] = walker.y;
  columns.direction[row] = walker.direction;
  columns.chance[row] = walker.chance;
}
