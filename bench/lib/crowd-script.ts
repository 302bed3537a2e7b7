/**
 * What scripted players of the sample game ask for: where to walk, whom to strike, what to take, what to say.
 *
 * The script reads the world itself, as a player reads the screen. It keeps to its zone and allocates next to nothing.
 */
import { encodeRecord, type EntityRef, headingOf, idOf, radiansOfHeading, wireRef } from "@myriad/protocol";
import { campsOfZone } from "../../games/realm/shared/camps.ts";
import {
  Attack,
  Creature,
  Loot,
  Move,
  PickUp,
  Player,
  realmSchema,
  Say,
} from "../../games/realm/shared/schema.ts";
import type { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import type { ZoneHost } from "../../packages/server/src/zone/zone-host.ts";

/** An intent to send: its place in the schema and its bytes. */
export interface Wish {
  readonly type: number;
  readonly record: Uint8Array;
}

/** Of each hundred players so many fight; the others walk. */
const fightersOfHundred = 40;
/** One intent in so many is a line of chat. */
const talkOneIn = 30;
/** Metres in which a fighter looks for something to strike, strikes, and takes. */
const sightM = 30;
const strikeM = 2.5;
const takeM = 3;
/** Metres that players keep from their zone's edge. */
const edgeM = 12;
/** One intent in so many of somebody who walks turns to another side. */
const turnOneIn = 6;

const steps = 256;
const lines = ["hello", "anyone up for the camp in the east?", "wolves!", "brb"];

const creatures = { kinds: [Creature], limit: 4 };
const things = { kinds: [Loot], limit: 1 };
const found = new Float64Array(4);

const moveType = realmSchema.intents.indexOf(Move);
const attackType = realmSchema.intents.indexOf(Attack);
const pickUpType = realmSchema.intents.indexOf(PickUp);
const walks: readonly Wish[] = Array.from({ length: steps }, (_, step) => ({
  type: moveType,
  record: encodeRecord(Move.fields, { direction: radiansOfHeading(step), moving: true }),
}));
const stand: Wish = { type: moveType, record: encodeRecord(Move.fields, { direction: 0, moving: false }) };
const says: readonly Wish[] = lines.map((text) => ({
  type: realmSchema.intents.indexOf(Say),
  record: encodeRecord(Say.fields, { text }),
}));

/** What a player of a zone wants now. */
export function wishOf(host: ZoneHost, session: number, player: EntityRef, random: SeededRandom): Wish {
  if (random.int(talkOneIn) === 0) return says[random.int(says.length)]!;
  const players = host.core.world.table(Player);
  const row = players.row(player);
  const { direction, position } = players.columns;
  const x = position.x[row]!;
  const y = position.y[row]!;
  const { bounds } = host.core.definition;
  const isAtEdge =
    x < bounds.x + edgeM ||
    y < bounds.y + edgeM ||
    x > bounds.x + bounds.width - edgeM ||
    y > bounds.y + bounds.height - edgeM;
  // Back to the middle, a little to one side.
  if (isAtEdge) {
    const home = headingOf(bounds.x + bounds.width / 2 - x, bounds.y + bounds.height / 2 - y);
    return walks[(home + random.int(32)) % steps]!;
  }
  if (session % 100 < fightersOfHundred) {
    const wish = fight(host, x, y, random);
    if (wish !== undefined) return wish;
  }
  const turned = random.int(turnOneIn) === 0 ? random.int(steps) : direction[row]!;
  return walks[turned % steps]!;
}

/** A place to begin with: every second player near a camp, the others anywhere. */
export function placeIn(zone: number, host: ZoneHost, index: number, random: SeededRandom) {
  const { bounds } = host.core.definition;
  const camps = campsOfZone(zone);
  const camp = index % 2 === 0 ? camps[index % Math.max(1, camps.length)] : undefined;
  if (camp !== undefined) return { x: camp.x + random.int(40) - 20, y: camp.y + random.int(40) - 20 };
  return {
    x: bounds.x + edgeM + random.float() * (bounds.width - 2 * edgeM),
    y: bounds.y + edgeM + random.float() * (bounds.height - 2 * edgeM),
  };
}

function fight(host: ZoneHost, x: number, y: number, random: SeededRandom): Wish | undefined {
  const { api } = host.core;
  if (api.nearest(x, y, takeM, found, things) > 0)
    return { type: pickUpType, record: encodeRecord(PickUp.fields, { loot: nameOf(found[0]!) }) };
  const count = api.nearest(x, y, sightM, found, creatures);
  for (let i = 0; i < count; i++) {
    const table = host.core.world.table(Creature);
    const row = table.row(found[i]!);
    const { health, position } = table.columns;
    if (row < 0 || health[row]! <= 0) continue;
    const dx = position.x[row]! - x;
    const dy = position.y[row]! - y;
    const isNear = dx * dx + dy * dy < strikeM * strikeM;
    if (random.int(2) === 0 || isNear)
      return isNear && random.int(3) === 0
        ? stand
        : { type: attackType, record: encodeRecord(Attack.fields, { target: nameOf(found[i]!), on: true }) };
    return walks[headingOf(dx, dy)]!;
  }
  return undefined;
}

/** A reference as it comes off the wire: without generation. */
function nameOf(ref: EntityRef): EntityRef {
  return wireRef(Math.floor(ref / 2 ** 40), idOf(ref));
}
