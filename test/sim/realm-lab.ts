/**
 * The sample game in the lab: players and creatures put where a test needs them, fields read by name.
 */
import type { EntityRef, Vector } from "@myriad/protocol";
import type { ItemId, OperationId } from "../../packages/server/src/ledger/port.ts";
import { campsOfZone } from "../../games/realm/shared/camps.ts";
import { isBlocked } from "../../games/realm/shared/movement.ts";
import { bagPlaces, Creature, Loot, Player } from "../../games/realm/shared/schema.ts";
import { isInTown } from "../../games/realm/shared/town.ts";
import { createRealm } from "../../games/realm/src/realm.ts";
import { createLab, type Lab, type LabPlayer } from "./lab.ts";

/** Ground without obstacles and camps for 30 m around, outside of town: the lantern road west of it. */
export const meadow = { x: 60, y: 440 } as const;

/** A lab with the sample game, and no creatures but those that the test makes. */
export async function realmLab(
  options: { zones?: number; tickRateHz?: number; seed?: number; populated?: boolean } = {},
): Promise<Lab> {
  const lab = await createLab({ realm: createRealm(), zones: 1, ...options });
  await lab.run(2);
  if (options.populated === true) return lab;
  for (const host of lab.hosts) {
    const table = host.core.world.table(Creature);
    for (let row = table.next(-1); row >= 0; row = table.next(row)) host.core.api.despawn(table.ref(row));
  }
  return lab;
}

/** The player's table and row, in the zone that owns it. */
export function playerIn(lab: Lab, player: LabPlayer) {
  const { core } = lab.hosts[player.zone]!;
  const table = core.world.table(Player);
  const ref = lab.refOf(player);
  return { core, columns: table.columns, row: table.row(ref), ref };
}

/** Puts a player somewhere in the world, at once; if that is another zone it is handed over with the next tick. */
export function put(lab: Lab, player: LabPlayer, at: Vector): void {
  const { columns, row } = playerIn(lab, player);
  columns.position.x[row] = at.x;
  columns.position.y[row] = at.y;
}

export function positionOf(lab: Lab, player: LabPlayer): Vector {
  const { columns, row } = playerIn(lab, player);
  return { x: columns.position.x[row]!, y: columns.position.y[row]! };
}

/**
 * A creature in a zone, awake and idle, at home where it stands unless said. Its camp is in another zone, so that nothing
 * here puts it to sleep, unless `ofCamp` makes it one of the zone's first camp.
 */
export function creature(
  lab: Lab,
  zone: number,
  at: Vector,
  values: {
    level?: number;
    hitPoints?: number;
    species?: "boar" | "wolf" | "shade";
    home?: Vector;
    ofCamp?: boolean;
  } = {},
): EntityRef {
  const hitPoints = values.hitPoints ?? 50;
  const home = values.home ?? at;
  const { api } = lab.hosts[zone]!.core;
  return api.spawn(Creature, {
    position: at,
    health: 1,
    species: values.species ?? "boar",
    level: values.level ?? 1,
    hitPoints,
    hitPointsMax: hitPoints,
    camp: campsOfZone(values.ofCamp === true ? zone : zone + 1)[0]!.camp,
    homeX: home.x,
    homeY: home.y,
    mood: "idle",
    thinkWait: 1,
  });
}

/** The zone that owns the only creature of the lab, with its columns and row; undefined when there is none. */
export function theCreature(lab: Lab) {
  for (const host of lab.hosts) {
    const table = host.core.world.table(Creature);
    const row = table.next(-1);
    if (row >= 0) return { zone: host.core.options.zone, columns: table.columns, row, ref: table.ref(row) };
  }
  return undefined;
}

/** All loot that zones own. */
export function lootOf(lab: Lab): { zone: number; ref: EntityRef; item: number; claimedBy: EntityRef }[] {
  return lab.hosts.flatMap((host) => {
    const table = host.core.world.table(Loot);
    const found = [];
    for (let row = table.next(-1); row >= 0; row = table.next(row)) {
      const { claimedBy, item } = table.columns;
      found.push({
        zone: host.core.options.zone,
        ref: table.ref(row),
        item: item[row]!,
        claimedBy: claimedBy[row]!,
      });
    }
    return found;
  });
}

/** What lies in a player's bag: item types by place, 0 for empty. */
export function bagOf(lab: Lab, player: LabPlayer): number[] {
  const { columns, row } = playerIn(lab, player);
  return [...columns.bag.values.subarray(row * bagPlaces, (row + 1) * bagPlaces)];
}

/** What the ledger says a player holds: item types by place. */
export async function heldBy(lab: Lab, player: LabPlayer): Promise<number[]> {
  const { core, ref } = playerIn(lab, player);
  const held = new Array<number>(bagPlaces).fill(0);
  const items = await lab.store.ledger.items({ kind: "character", id: core.api.characterOf(ref) });
  for (const { itemType, slot } of items) held[slot] = itemType;
  return held;
}

/** Gives a player an item, in the ledger and in the bag, as if it had logged in with it. */
export async function give(lab: Lab, player: LabPlayer, item: number, slot: number): Promise<ItemId> {
  const { core, columns, row, ref } = playerIn(lab, player);
  const id = core.api.characterOf(ref);
  const operationId = `realm/0/0/0/${id * 100 + slot}` as OperationId;
  const to = { kind: "character", id, slot } as const;
  const [outcome] = await lab.store.ledger.apply([{ kind: "mint", operationId, itemType: item, to }]);
  if (outcome?.status !== "done") throw new Error("the place is free");
  columns.bag.values[row * bagPlaces + slot] = item;
  columns.bagItems.values[row * bagPlaces + slot] = outcome.itemId;
  return outcome.itemId;
}

/** Seconds of the game in ticks. */
export function ticksOf(lab: Lab, seconds: number): number {
  return lab.hosts[0]!.core.ticks(seconds * 1000);
}

/** A free place in a rectangle outside of town that is at least 30 m away from all camps. */
export function freePlace(zone: number, from: Vector, to: Vector): Vector {
  const camps = campsOfZone(zone);
  for (let x = from.x; x <= to.x; x += 1) {
    for (let y = from.y; y <= to.y; y += 1) {
      const isFar = camps.every((camp) => (camp.x - x) * (camp.x - x) + (camp.y - y) * (camp.y - y) > 900);
      const isFree = [-2, 0, 2].every((dx) => [-2, 0, 2].every((dy) => !isBlocked(x + dx, y + dy)));
      if (isFar && isFree && !isInTown(x, y)) return { x, y };
    }
  }
  throw new Error("no free place there");
}
