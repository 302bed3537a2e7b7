/**
 * The events that the engine raises, in one table: name, what it carries, contract.
 *
 * Invariant: all are observed. What a module may forbid is an intent (`client`) or a module's own event, never the engine's facts.
 * Invariant: entities are named by their reference (number); texts are names from the realm's definition.
 * Absent on purpose: deaths, damage, chat. Those belong to the game's modules.
 */

import { type EventType, eventType, type ObservedContract, type PayloadOf } from "./event-type.ts";

/** Dispatched on the spot, while what it tells of can still be read. */
const immediate: ObservedContract = { answer: "observed", delivery: "immediate", overflow: "critical" };
/** Dispatched together when the systems have run. */
const batched: ObservedContract = { answer: "observed", delivery: "batched", overflow: "critical" };

export const coreEvents = {
  /**
   * A player's entity stands in the zone after a login. `isPlaced`: its ticket said where, which is the operator's word:
   * a game leaves it there. Otherwise it stands where it was saved, or at the realm's spawn point.
   */
  "player.connected": core<{ player: number; isPlaced: boolean }>("player.connected", immediate),
  /** A player is about to leave; the entity can still be read. `reason` is a close code's name or "handoff". */
  "player.left": core<{ player: number; reason: string }>("player.left", immediate),
  /** A player's connection is gone and may come back (`absent`), or it came back. The entity stays meanwhile. */
  "player.absent": core<{ player: number; absent: boolean }>("player.absent", immediate),
  /** The zone runs: before its first tick, or before the first one after a restore. */
  "zone.started": core<{ zone: number; restored: boolean }>("zone.started", immediate),
  /** A tick begins; its intents were taken in, no system has run. */
  "zone.tick": core<{ tick: number }>("zone.tick", immediate),
  /** The zone is about to stop: everybody leaves after this, and it ticks on until their saves are answered. */
  "zone.stopping": core<{ zone: number }>("zone.stopping", immediate),
  /** An entity exists, its fields are at their initial values. */
  "entity.spawned": core<{ entity: number; kind: string }>("entity.spawned", immediate),
  /** An entity is about to go; its fields can still be read. */
  "entity.despawned": core<{ entity: number; kind: string }>("entity.despawned", immediate),
  /** An entity walked, spawned or was set into a named area. */
  "area.entered": core<{ area: string; entity: number }>("area.entered", batched),
  /** An entity left a named area; it may be gone altogether. */
  "area.left": core<{ area: string; entity: number }>("area.left", batched),
} as const;

export type CoreEventName = keyof typeof coreEvents;

/** What the core event of this name carries. */
export type CorePayload<Name extends CoreEventName> = PayloadOf<(typeof coreEvents)[Name]>;

function core<Payload>(name: string, contract: ObservedContract): EventType<Payload, "observed"> {
  return eventType("core", name, contract);
}
