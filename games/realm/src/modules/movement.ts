/**
 * Players walk and turn. What a player holds is state: one step per tick, however many intents arrive.
 *
 * Owns: `direction` and `moving`, and position and heading of players that live.
 */
import { type EntityRef, quantiseAngle, radiansOfHeading } from "@myriad/protocol";
import { defineModule, every, listen, type Module, on, type ZoneApi } from "@myriad/server";
import { Body, stepPlayer } from "../../shared/movement.ts";
import { Move, Player, Turn } from "../../shared/schema.ts";
import type { Extent } from "../extent.ts";

export function movement(extent: Extent): Module {
  return defineModule({
    name: "movement",
    entities: [Player],
    intents: [
      on(Move, (zone, actor, { direction, moving }) => hold(zone, actor, { direction, moving })),
      on(Turn, (zone, actor, { heading }) => turn(zone, actor, heading)),
    ],
    // Nobody runs on while their line is dead.
    events: [
      listen("core", "player.absent", (zone: ZoneApi, { player, absent }) => absent && stand(zone, player)),
    ],
    systems: [every(0, (zone) => walk(zone, extent), { name: "walk", moves: true })],
  });
}

function hold(zone: ZoneApi, actor: EntityRef, input: { direction: number; moving: boolean }): void {
  const players = zone.table(Player);
  const row = players.row(actor);
  const { columns } = players;
  // The fallen lie still; their client knows it from `fallenTicks`.
  if ((columns.health[row] ?? 0) <= 0) return;
  columns.direction[row] = quantiseAngle(input.direction, 8);
  columns.moving[row] = input.moving ? 1 : 0;
}

function stand(zone: ZoneApi, player: EntityRef): void {
  const players = zone.table(Player);
  players.columns.moving[players.row(player)] = 0;
}

function turn(zone: ZoneApi, actor: EntityRef, heading: number): void {
  const players = zone.table(Player);
  const row = players.row(actor);
  const { columns } = players;
  if ((columns.health[row] ?? 0) > 0) columns.heading[row] = radiansOfHeading(quantiseAngle(heading, 8));
}

function walk(zone: ZoneApi, extent: Extent): void {
  const players = zone.table(Player);
  const { direction, heading, moving, position } = players.columns;
  const ground = extent.groundOf(zone);
  const input = { direction: 0, moving: true };
  const at = new Body();
  for (let row = players.next(-1); row >= 0; row = players.next(row)) {
    if (moving[row] !== 1) continue;
    input.direction = direction[row] ?? 0;
    at.x = position.x[row] ?? 0;
    at.y = position.y[row] ?? 0;
    stepPlayer(at, input, ground, at);
    position.x[row] = at.x;
    position.y[row] = at.y;
    heading[row] = radiansOfHeading(input.direction);
  }
}
