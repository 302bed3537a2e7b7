/**
 * A realm's modules, checked and flattened into what a zone runs: handlers by intent, systems in order, timers by name.
 *
 * Invariant: built once per process and shared by all zones; nothing in it changes. What does not fit is a MyriadError at start.
 */
import type { FactType } from "@myriad/protocol";
import { MyriadError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import type { EventType } from "../events/event-type.ts";
import type { Listener } from "../events/listen.ts";
import type { TimerType } from "../world/timers.ts";
import type { StateType } from "../world/world.ts";
import type { ZoneApi } from "./api.ts";
import type {
  IntentBinding,
  MessageBinding,
  MessageType,
  Module,
  Realm,
  ReplyBinding,
  ReplyType,
  System,
  TimerBinding,
} from "./definitions.ts";

export interface BoundIntent extends IntentBinding {
  readonly module: string;
}

export interface BoundSystem extends System {
  readonly module: string;
}

export interface Program {
  readonly realm: Realm;
  /** By the intent's place in the schema. */
  readonly intents: readonly BoundIntent[];
  readonly systems: readonly BoundSystem[];
  readonly timers: ReadonlyMap<TimerType, TimerBinding>;
  readonly messages: ReadonlyMap<string, MessageBinding>;
  readonly replies: ReadonlyMap<ReplyType, ReplyBinding>;
  readonly states: readonly StateType[];
  readonly listeners: readonly {
    readonly module: string;
    readonly listeners: readonly Listener<ZoneApi>[];
    readonly emits: readonly EventType<unknown>[];
  }[];
  readonly facts: readonly FactType[];
}

/** Most areas one zone may have: a player's areas are one 32-bit mask. */
const areasMax = 32;

/** Checks a realm and flattens it. Throws MyriadError `module_invalid` or `realm_invalid`, naming what is wrong. */
export function compile(realm: Realm): Program {
  const { schema } = realm;
  demandDistinct(
    "module",
    realm.modules.map((module) => module.name),
    "realm_invalid",
  );
  if (!schema.entities.includes(realm.player)) {
    throw new MyriadError("realm_invalid", `the player kind ${realm.player.name} is not in the schema`);
  }
  if (realm.player.fields["position"] === undefined) {
    throw new MyriadError("realm_invalid", `the player kind ${realm.player.name} has no position`);
  }
  for (const module of realm.modules) checkModule(module, realm);
  const bindings = realm.modules.flatMap((module) =>
    (module.intents ?? []).map((binding) => ({ ...binding, module: module.name })),
  );
  const intents = schema.intents.map((intent) => {
    const bound = bindings.filter((binding) => binding.intent === intent);
    if (bound.length === 1) return bound[0]!;
    const who = bound.map((binding) => binding.module).join(" and ");
    const problem = bound.length === 0 ? "has no handler" : `is handled by ${who}`;
    throw new MyriadError("module_invalid", `the intent ${intent.name} ${problem}; it needs exactly one`);
  });
  const timers = realm.modules.flatMap((module) => module.timers ?? []);
  const messages = realm.modules.flatMap((module) => module.messages ?? []);
  const replies = realm.modules.flatMap((module) => module.replies ?? []);
  const states = realm.modules.flatMap((module) => module.states ?? []);
  demandDistinct(
    "timer",
    timers.map((binding) => binding.timer.name),
    "module_invalid",
  );
  demandDistinct(
    "message",
    messages.map((binding) => binding.message.name),
    "module_invalid",
  );
  demandDistinct(
    "reply",
    replies.map((binding) => binding.reply.name),
    "module_invalid",
  );
  demandDistinct(
    "state",
    states.map((state) => state.name),
    "module_invalid",
  );
  return {
    realm,
    intents,
    systems: realm.modules.flatMap((module) =>
      (module.systems ?? []).map((system) => ({ ...system, module: module.name })),
    ),
    timers: new Map(timers.map((binding) => [binding.timer, binding])),
    messages: new Map(messages.map((binding) => [binding.message.name, binding])),
    replies: new Map(replies.map((binding) => [binding.reply, binding])),
    states,
    listeners: realm.modules.map((module) => ({
      module: module.name,
      listeners: module.events ?? [],
      emits: module.emits ?? [],
    })),
    facts: schema.facts,
  };
}

/** The map of a realm for a number of zones, checked: distinct names, finite rectangles, at most 32 areas each. */
export function checkedZones(realm: Realm, count: number): ReturnType<Realm["zones"]> {
  const zones = realm.zones(count);
  if (zones.length !== count)
    throw new MyriadError("realm_invalid", `zones(${count}) gave ${zones.length} zones`);
  demandDistinct(
    "zone",
    zones.map((zone) => zone.name),
    "realm_invalid",
  );
  for (const zone of zones) {
    const { x, y, width, height } = zone.bounds;
    if (![x, y, width, height].every(Number.isFinite) || width <= 0 || height <= 0) {
      throw new MyriadError("realm_invalid", `the zone ${zone.name} has no usable bounds`);
    }
    if ((zone.areas?.length ?? 0) > areasMax) {
      throw new MyriadError("realm_invalid", `the zone ${zone.name} has more than ${areasMax} areas`);
    }
  }
  return zones;
}

function checkModule(module: Module, realm: Realm): void {
  const { schema } = realm;
  for (const kind of module.entities ?? []) {
    if (schema.entities.includes(kind)) continue;
    throw new MyriadError(
      "module_invalid",
      `${module.name}: ${unknown("entity kind", kind.name, schema.entities)}`,
    );
  }
  for (const { intent } of module.intents ?? []) {
    if (schema.intents.includes(intent)) continue;
    throw new MyriadError(
      "module_invalid",
      `${module.name}: ${unknown("intent", intent.name, schema.intents)}`,
    );
  }
  for (const system of module.systems ?? []) {
    if (Number.isFinite(system.everyMs) && system.everyMs >= 0) continue;
    throw new MyriadError(
      "module_invalid",
      `${module.name}: a system runs every 0 or more milliseconds, not ${system.everyMs}`,
    );
  }
}

function unknown(what: string, name: string, known: readonly { name: string }[]): string {
  const close = nearest(
    name,
    known.map((item) => item.name),
  );
  return `the ${what} ${name} is not in the schema${close === undefined ? "" : `; did you mean ${close}?`}`;
}

function demandDistinct(
  what: string,
  names: readonly string[],
  code: "module_invalid" | "realm_invalid",
): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new MyriadError(code, `the ${what} ${twice} stands twice`);
}

/** Name of a message a zone can receive; undefined when no module declares it. */
export function messageOf(program: Program, name: string): MessageType | undefined {
  return program.messages.get(name)?.message;
}
