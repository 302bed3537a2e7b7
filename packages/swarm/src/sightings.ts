/**
 * What the decoding players see, told to all: creatures that can be fought and things that can be picked up.
 *
 * A player that only reads the heads of its frames knows where it is and no more. It fights what an observer near it sees.
 * Invariant: bounded. A sighting is as old as the last `look`, at most.
 */
import { type EntityRef, positionStepsPerM } from "@myriad/protocol";
import type { Game } from "./game.ts";
import { sightingsMax } from "./limits.ts";
import type { Observer } from "./observer.ts";

export interface Sighting {
  readonly ref: EntityRef;
  /** Metres. */
  readonly x: number;
  readonly y: number;
  /** True for what can be picked up, false for what can be fought. */
  readonly isThing: boolean;
}

export class Sightings {
  /** Creatures that stand. */
  readonly creatures: Sighting[] = [];
  readonly things: Sighting[] = [];
  readonly #byRef = new Map<EntityRef, Sighting>();

  /** Where an entity was seen last; undefined when nobody sees it any more, or it has fallen. */
  find(ref: EntityRef): Sighting | undefined {
    return this.#byRef.get(ref);
  }

  /**
   * Replaces everything with what the observers see now.
   * @param playerKind index of the kind that players are, which is no target
   */
  look(game: Game, playerKind: number, observers: Iterable<Observer>): void {
    this.#byRef.clear();
    this.creatures.length = 0;
    this.things.length = 0;
    for (const observer of observers) {
      for (const replica of observer.replicas.values()) {
        for (const { ref, kind, parts } of replica.entities.values()) {
          const { position, health } = game.guides[kind.index]!;
          const isThing = kind.index === game.lootKind;
          const isCreature = kind.index !== playerKind && health >= 0 && parts[health]! > 0;
          if (position < 0 || !(isThing || isCreature) || this.#byRef.has(ref)) continue;
          if (this.#byRef.size >= sightingsMax) return;
          const x = parts[position]! / positionStepsPerM;
          const y = parts[position + 1]! / positionStepsPerM;
          const sighting = { ref, x, y, isThing };
          this.#byRef.set(ref, sighting);
          (isThing ? this.things : this.creatures).push(sighting);
        }
      }
    }
  }
}
