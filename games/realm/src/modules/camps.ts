/**
 * Camps: fill a zone with creatures, wake them when somebody is near, bring back those that fell.
 *
 * Owns: creatures' beginning and end, and which camps are awake. What creatures do meanwhile is in creatures.ts.
 * Invariant: a camp belongs to the zone it lies in. A creature that falls elsewhere is carried home before it is counted.
 */
import {
  cosStep,
  type EntityRef,
  fixedArray,
  headingSteps,
  number,
  radiansOfHeading,
  sinStep,
  uint,
} from "@myriad/protocol";
import { defineModule, every, listen, onTimer, state, timer, type ZoneApi } from "@myriad/server";
import { type Camp, campOf, campsOfZone, campsPerZoneMax, wakeM } from "../../shared/camps.ts";
import { zoneAt } from "../../shared/layout.ts";
import { isBlocked } from "../../shared/movement.ts";
import { Creature, Player } from "../../shared/schema.ts";
import { creatureHitPoints, speciesOf } from "../../shared/species.ts";
import { creatureAction, mood } from "../actors.ts";
import { fell } from "../blow.ts";

/** Milliseconds between two looks around a camp. */
const lookMs = 500;
/** Milliseconds a body lies. */
const bodyMs = 8000;
/** Milliseconds from a body's end to the next creature of its camp. */
const respawnMs = 22_000;
/** Tries to find a place that is free. */
const triesMax = 8;

/** Which camps of this zone are awake, by their number in the zone. */
const awakeCamps = state("camps.awake", { camps: fixedArray(number(), campsPerZoneMax) });

/** A body is due to vanish. */
const Decay = timer("camps.decay", {});
/** A camp gets one creature back. */
const Respawn = timer("camps.respawn", { camp: uint(16) });

const players = { kinds: [Player], limit: 1 };

export const camps = defineModule({
  name: "camps",
  entities: [Creature],
  states: [awakeCamps],
  timers: [
    onTimer(Decay, (zone, body) => decay(zone, body)),
    onTimer(Respawn, (zone, _owner, { camp }) => respawn(zone, camp)),
  ],
  systems: [every(lookMs, lookAround)],
  events: [listen("module", fell, (zone: ZoneApi, { victim }) => leaveBody(zone, victim))],
  populate,
});

function populate(zone: ZoneApi): void {
  for (const camp of campsOfZone(zone.zone)) {
    for (let i = 0; i < camp.size; i++) settle(zone, camp);
  }
}

/** Puts one creature somewhere in its camp; false when the zone is full. */
function settle(zone: ZoneApi, camp: Camp): boolean {
  const kind = speciesOf(camp.species);
  const point = { x: camp.x, y: camp.y };
  for (let tries = 0; tries < triesMax; tries++) {
    const step = zone.random.int(headingSteps);
    const distance = camp.radiusM * Math.sqrt(zone.random.float());
    point.x = Math.round((camp.x + cosStep(step) * distance) * 1024) / 1024;
    point.y = Math.round((camp.y + sinStep(step) * distance) * 1024) / 1024;
    if (!isBlocked(point.x, point.y)) break;
  }
  const hitPoints = creatureHitPoints(kind, camp.level);
  const creature = zone.spawn(Creature, {
    position: point,
    heading: radiansOfHeading(zone.random.int(headingSteps)),
    health: 1,
    species: camp.species,
    level: camp.level,
    hitPoints,
    hitPointsMax: hitPoints,
    camp: camp.camp,
    homeX: point.x,
    homeY: point.y,
    mood: "asleep",
  });
  return creature !== 0;
}

/** Wakes camps that a player (or the ghost of one) is near, and lets the others sleep. */
function lookAround(zone: ZoneApi): void {
  const found = new Float64Array(1);
  const awake = zone.state(awakeCamps).camps.values;
  for (const { camp, x, y } of campsOfZone(zone.zone)) {
    awake[camp % campsPerZoneMax] = zone.radius(x, y, wakeM, found, players);
  }
  const creatures = zone.table(Creature);
  const { columns } = creatures;
  for (let row = creatures.next(-1); row >= 0; row = creatures.next(row)) {
    const camp = columns.camp[row] ?? 0;
    const isHome = Math.floor(camp / campsPerZoneMax) === zone.zone;
    const isAwake = !isHome || awake[camp % campsPerZoneMax] === 1;
    const now = columns.mood[row];
    if (isAwake && now === mood.asleep) {
      columns.mood[row] = mood.idle;
      // Not all at once: each begins to look around at another moment.
      columns.thinkWait[row] = 1 + zone.random.int(zone.ticks(lookMs));
    } else if (!isAwake && (now === mood.idle || now === mood.roam)) {
      columns.mood[row] = mood.asleep;
      columns.action[row] = creatureAction.idle;
    }
  }
}

function leaveBody(zone: ZoneApi, victim: EntityRef): void {
  if (zone.table(Creature).row(victim) >= 0) zone.after(zone.ticks(bodyMs), Decay, {}, victim);
}

/** At home a body vanishes and its camp waits for the next one. Elsewhere it is carried home first. */
function decay(zone: ZoneApi, body: EntityRef): void {
  const creatures = zone.table(Creature);
  const row = creatures.row(body);
  if (row < 0) return;
  const { camp, homeX, homeY, position } = creatures.columns;
  if (zoneAt(homeX[row] ?? 0, homeY[row] ?? 0) !== zone.zone) {
    // The engine hands over who stands in another zone, timers and all.
    position.x[row] = homeX[row] ?? 0;
    position.y[row] = homeY[row] ?? 0;
    zone.after(1, Decay, {}, body);
    return;
  }
  const ofCamp = camp[row] ?? 0;
  zone.despawn(body);
  zone.after(zone.ticks(respawnMs), Respawn, { camp: ofCamp });
}

function respawn(zone: ZoneApi, campNumber: number): void {
  const camp = campOf(campNumber);
  if (camp === undefined || settle(zone, camp)) return;
  // The zone is full: later.
  zone.after(zone.ticks(respawnMs), Respawn, { camp: campNumber });
}
