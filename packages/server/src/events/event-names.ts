/**
 * Which events a realm has, and which one a listener means.
 *
 * Invariant: every name is looked up when the hub is built: a misspelt one is an error at start, with the nearest right one.
 * Invariant: names are unique in their family; a module's events begin with the module's name.
 */

import { MyriadError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { coreEvents } from "./core-events.ts";
import { type EventContract, type EventFamily, type EventType, eventType } from "./event-type.ts";
import type { Listener, ObjectChannel } from "./listen.ts";

/** The channels in the order of the schema's. */
export const objectChannels: readonly ObjectChannel[] = ["critical", "detailed", "cosmetic", "metadata"];

/** What a realm says about its events. */
export interface EventSources {
  /** Modules with the events that they raise. */
  readonly modules: readonly { readonly module: string; readonly emits?: readonly EventType<unknown>[] }[];
  /** Modules with the intents that they handle. */
  readonly intents: readonly { readonly module: string; readonly intents: readonly string[] }[];
  /** Names of entity kinds, in the schema's order. */
  readonly kinds: readonly string[];
}

const clientContract: EventContract = { answer: "cancellable", delivery: "immediate", overflow: "critical" };
/** Batched in its own way: the zone goes through a tick's changes once, at the end, and tells of them in that order. */
const objectContract: EventContract = { answer: "observed", delivery: "batched", overflow: "critical" };

/** Every event of a realm by family and name. */
export class EventNames {
  readonly #families: Readonly<Record<EventFamily, Map<string, EventType<unknown>>>> = {
    core: new Map(Object.entries(coreEvents)),
    client: new Map(),
    object: new Map(),
    module: new Map(),
  };

  /** Throws MyriadError module_invalid for a name that stands twice or belongs to another module. */
  constructor({ modules, intents, kinds }: EventSources) {
    for (const { module, intents: names } of intents) {
      for (const name of names) this.#add(eventType("client", `${module}.${name}`, clientContract));
    }
    for (const kind of kinds) {
      for (const channel of objectChannels)
        this.#add(eventType("object", `${kind}.${channel}`, objectContract));
    }
    for (const { module, emits = [] } of modules) {
      for (const type of emits) {
        if (!type.name.startsWith(`${module}.`)) {
          throw new MyriadError(
            "module_invalid",
            `${module}: its event ${type.name} does not begin with ${module}.`,
          );
        }
        this.#add(type);
      }
    }
  }

  /** The event of this family and name. */
  get(family: EventFamily, name: string): EventType<unknown> | undefined {
    return this.#families[family].get(name);
  }

  /** The event that a module's listener means. Throws MyriadError event_unknown, or module_invalid for a namesake. */
  meantBy(module: string, { family, name, type }: Listener<never>): EventType<unknown> {
    const found = this.get(family, name);
    if (found === undefined) {
      const hint = this.#hint(family, name);
      throw new MyriadError(
        "event_unknown",
        `${module} listens to the ${family} event ${name}, which nothing raises${hint}`,
      );
    }
    if (type !== undefined && type !== found) {
      throw new MyriadError(
        "module_invalid",
        `${module} listens to a second definition of the event ${name}`,
      );
    }
    return found;
  }

  #add(type: EventType<unknown>): void {
    const family = this.#families[type.family];
    if (family.has(type.name))
      throw new MyriadError("module_invalid", `the event ${type.name} is declared twice`);
    family.set(type.name, type);
  }

  /** The nearest name of the family; else the same name in another one. */
  #hint(family: EventFamily, name: string): string {
    const near = nearest(name, this.#families[family].keys());
    if (near !== undefined) return `; did you mean ${near}?`;
    for (const [other, names] of Object.entries(this.#families)) {
      if (names.has(name)) return `; there is a ${other} event of that name`;
    }
    return "";
  }
}
