/**
 * The schema: entity kinds with their fields in channels, intents, facts. What a game declares once and every side
 * infers its types from.
 *
 * Owns: the order of everything, which is the wire's order. Invariant: new kinds, fields, options, intents and facts come last.
 * Absent on purpose: decorators, generated code, registration by import side effect.
 */
import type { OneOfType, ValueOf, WireType } from "./fields.ts";
import { fieldsPerChannelMax, kindsMax } from "./limits.ts";

/** The four channels that others see, in the order of the wire. */
export const channelNames = ["critical", "detailed", "cosmetic", "metadata"] as const;
export type ChannelName = (typeof channelNames)[number];
/** Who sees a field: watchers by channel, its player alone, or nobody outside the zone. */
export type Audience = ChannelName | "self" | "server";

/** A fixed number of values: an inventory's places. May be seen by `self` or stay on the server. */
export interface ArrayType<I extends WireType | NumberType = WireType | NumberType> {
  readonly type: "array";
  readonly item: I;
  readonly length: number;
}
/** A number with 53 bits of precision that never travels to clients. */
export interface NumberType {
  readonly type: "number";
}
export interface BoundedListType<I extends WireType | NumberType = WireType | NumberType> {
  readonly type: "boundedList";
  readonly item: I;
  readonly max: number;
}
export interface BoundedMapType<
  K extends WireType | NumberType = WireType | NumberType,
  V extends WireType | NumberType = WireType | NumberType,
> {
  readonly type: "boundedMap";
  readonly key: K;
  readonly value: V;
  readonly max: number;
}
/** What a server-only field or a zone-wide state may hold. */
export type ServerType = WireType | ArrayType | NumberType | BoundedListType | BoundedMapType;

/** `length` (1–256) values of one type; texts are not allowed, and number() or references stay on the server. */
export function fixedArray<I extends WireType | NumberType>(item: I, length: number): ArrayType<I> {
  demandElement("fixedArray", item);
  demandSize("fixedArray", length);
  return { type: "array", item, length };
}
/** A float64 number: for sums and times that stay in the zone. */
export function number(): NumberType {
  return { type: "number" };
}
/** A list of at most `max` (1–256) numbers or references. */
export function boundedList<I extends WireType | NumberType>(item: I, max: number): BoundedListType<I> {
  demandElement("boundedList", item);
  demandSize("boundedList", max);
  return { type: "boundedList", item, max };
}
/** A map of at most `max` (1–256) entries from number or reference to number or reference; iterated in order of insertion. */
export function boundedMap<K extends WireType | NumberType, V extends WireType | NumberType>(
  key: K,
  value: V,
  max: number,
): BoundedMapType<K, V> {
  demandElement("boundedMap", key);
  demandElement("boundedMap", value);
  demandSize("boundedMap", max);
  return { type: "boundedMap", key, value, max };
}

function demandElement(what: string, type: WireType | NumberType): void {
  if (
    type.type === "text" ||
    (type.type !== "number" && ["position", "finePosition", "vector"].includes(type.type))
  ) {
    throw new RangeError(`${what}: elements must be single numbers or references, not ${type.type}`);
  }
}

function demandSize(what: string, size: number): void {
  if (!Number.isInteger(size) || size < 1 || size > 256)
    throw new RangeError(`${what}: size must be 1 to 256, not ${size}`);
}

/** A field as declared: its type, who sees it, whether it is part of a character's save. */
export interface FieldSpec<T extends ServerType = ServerType, A extends Audience = Audience> {
  readonly type: T;
  readonly audience: A;
  readonly saved: boolean;
}

/** Seen by watchers near; the highest rate. Position belongs here. */
export function critical<T extends WireType>(type: T): FieldSpec<T, "critical"> {
  return { type, audience: "critical", saved: false };
}
/** Seen by watchers at the middle distance. */
export function detailed<T extends WireType>(type: T): FieldSpec<T, "detailed"> {
  return { type, audience: "detailed", saved: false };
}
/** Seen by watchers, slowly: looks, emotes. */
export function cosmetic<T extends WireType>(type: T): FieldSpec<T, "cosmetic"> {
  return { type, audience: "cosmetic", saved: false };
}
/** Seen by watchers as far as the view reaches, sent when it changes: names. */
export function metadata<T extends WireType>(type: T): FieldSpec<T, "metadata"> {
  return { type, audience: "metadata", saved: false };
}
/** Seen by the entity's own player only: experience, inventory. */
export function self<T extends WireType | ArrayType<WireType>>(type: T): FieldSpec<T, "self"> {
  return { type, audience: "self", saved: false };
}
/** Never on the wire to clients, always in the checkpoint. */
export function server<T extends ServerType>(type: T): FieldSpec<T, "server"> {
  return { type, audience: "server", saved: false };
}
/** Marks a field as part of the character's save. */
export function saved<T extends ServerType, A extends Audience>(spec: FieldSpec<T, A>): FieldSpec<T, A> {
  return { ...spec, saved: true };
}

export type EntityFields = { readonly [name: string]: FieldSpec };
export type RecordFields = { readonly [name: string]: WireType };

/** An entity kind. */
export interface EntityKind<N extends string = string, F extends EntityFields = EntityFields> {
  readonly what: "entity";
  readonly name: N;
  readonly fields: F;
  /** Fields that members of the same group get wherever they are. */
  readonly group: readonly string[];
  /** A zone with one of these in it, or near its border, is awake. */
  readonly wakes: boolean;
}
/** Something a player may ask for. */
export interface IntentType<N extends string = string, F extends RecordFields = RecordFields> {
  readonly what: "intent";
  readonly name: N;
  readonly fields: F;
}
/** A reliable piece of news from the zone. */
export interface FactType<N extends string = string, F extends RecordFields = RecordFields> {
  readonly what: "fact";
  readonly name: N;
  readonly fields: F;
}

/** The object form of a record: what intent handlers receive and facts are made from. */
export type RecordValue<F extends RecordFields> = { -readonly [K in keyof F]: ValueOf<F[K]> };
/** The value form of one entity field that a client may see. */
export type FieldValue<S> =
  S extends FieldSpec<infer T>
    ? T extends WireType
      ? ValueOf<T>
      : T extends ArrayType<infer I>
        ? I extends WireType
          ? readonly ValueOf<I>[]
          : never
        : never
    : never;
/** Names of an entity's fields with one of the given audiences. */
export type FieldNames<F extends EntityFields, A extends Audience> = {
  [K in keyof F]: F[K] extends FieldSpec<ServerType, A> ? K : never;
}[keyof F];
/** An entity as watchers see it. */
export type EntityValue<F extends EntityFields> = { [K in FieldNames<F, ChannelName>]: FieldValue<F[K]> };
/** An entity as its own player sees it besides. */
export type SelfValue<F extends EntityFields> = { [K in FieldNames<F, "self">]: FieldValue<F[K]> };

/** Declares an entity kind. A kind that is seen has exactly one `position: critical(position())`. Throws RangeError on a field that cannot be. */
export function entity<const N extends string, const F extends EntityFields>(
  name: N,
  fields: F,
  options: { group?: readonly (keyof F & string)[]; wakes?: boolean } = {},
): EntityKind<N, F> {
  demandName("entity", name);
  for (const [fieldName, spec] of Object.entries(fields)) {
    demandName(`entity ${name}: field`, fieldName);
    if (spec.type.type === "position" && (fieldName !== "position" || spec.audience !== "critical")) {
      throw new RangeError(
        `entity ${name}: a position() is the field "position" in critical; use finePosition() for ${fieldName}`,
      );
    }
    if (fieldName === "position" && spec.type.type !== "position") {
      throw new RangeError(`entity ${name}: the field "position" must be critical(position())`);
    }
    const item = spec.type.type === "array" ? spec.type.item.type : "bool";
    if ((item === "entityRef" || item === "number") && spec.audience !== "server") {
      throw new RangeError(`entity ${name}: ${fieldName}: an array of ${item} stays on the server`);
    }
    if (spec.type.type === "finePosition" && spec.audience !== "self" && spec.audience !== "server") {
      throw new RangeError(`entity ${name}: finePosition() ${fieldName} may be self or server only`);
    }
  }
  for (const fieldName of options.group ?? []) {
    const spec = fields[fieldName];
    if (spec === undefined || spec.audience === "server" || spec.type.type === "array") {
      throw new RangeError(`entity ${name}: group names ${fieldName}, which is not a field that travels`);
    }
  }
  return { what: "entity", name, fields, group: options.group ?? [], wakes: options.wakes ?? false };
}

/** Declares an intent. */
export function intent<const N extends string, const F extends RecordFields>(
  name: N,
  fields: F,
): IntentType<N, F> {
  demandName("intent", name);
  for (const fieldName of Object.keys(fields)) demandName(`intent ${name}: field`, fieldName);
  return { what: "intent", name, fields };
}

/** Declares a fact. */
export function fact<const N extends string, const F extends RecordFields>(
  name: N,
  fields: F,
): FactType<N, F> {
  demandName("fact", name);
  for (const fieldName of Object.keys(fields)) demandName(`fact ${name}: field`, fieldName);
  return { what: "fact", name, fields };
}

function demandName(what: string, name: string): void {
  // Names become object keys and metric labels; these three would reach into prototypes.
  const forbidden = name === "constructor" || name === "prototype" || name.startsWith("__");
  if (!/^[a-zA-Z][a-zA-Z0-9_.]{0,63}$/.test(name) || forbidden)
    throw new RangeError(`${what}: "${name}" is not a usable name`);
}

/** One field of a channel, with its place among the entity's parts. */
export interface FieldLayout {
  readonly name: string;
  readonly type: WireType | ArrayType;
  readonly audience: Audience;
  /** Place among the kind's fields that travel: watchers' channels first, in channel order, then self. */
  readonly index: number;
  /** First integer of the field in the entity's parts. */
  readonly part: number;
  readonly parts: number;
  /** Place among the kind's texts, −1 when it is none. */
  readonly text: number;
}

/** One kind as the wire sees it. */
export interface KindLayout {
  readonly index: number;
  readonly name: string;
  /** Fields of the four channels in order, then (index 4) of self. */
  readonly channels: readonly (readonly FieldLayout[])[];
  readonly fields: readonly FieldLayout[];
  /** Integers of one entity, of all channels and self. */
  readonly parts: number;
  readonly texts: number;
  readonly group: readonly FieldLayout[];
}

/** Index of `self` in KindLayout.channels. */
export const selfChannel = 4;

/** A checked schema. */
export interface Schema<
  E extends readonly EntityKind[] = readonly EntityKind[],
  I extends readonly IntentType[] = readonly IntentType[],
  F extends readonly FactType[] = readonly FactType[],
> {
  readonly name: string;
  readonly version: string;
  readonly entities: E;
  readonly intents: I;
  readonly facts: F;
  readonly kinds: readonly KindLayout[];
}

/** Checks and lays out a schema. Throws RangeError naming what cannot be. */
export function defineSchema<
  const E extends readonly EntityKind<string, EntityFields>[],
  const I extends readonly IntentType<string, RecordFields>[],
  const F extends readonly FactType<string, RecordFields>[],
>(parts: { name: string; version: string; entities: E; intents: I; facts: F }): Schema<E, I, F> {
  demandName("schema", parts.name);
  demandDistinct("entity", parts.entities);
  demandDistinct("intent", parts.intents);
  demandDistinct("fact", parts.facts);
  if (parts.entities.length > kindsMax) throw new RangeError(`schema: at most ${kindsMax} entity kinds`);
  return { ...parts, kinds: parts.entities.map((kind, index) => layoutKind(kind, index)) };
}

function demandDistinct(what: string, items: readonly { name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of items) {
    if (seen.has(name)) throw new RangeError(`schema: the ${what} ${name} stands twice`);
    seen.add(name);
  }
}

function layoutKind(kind: EntityKind, index: number): KindLayout {
  const specs = Object.entries(kind.fields).map(([name, spec]) => ({
    name,
    type: spec.type,
    audience: spec.audience,
  }));
  return layoutFields({ index, name: kind.name, specs, group: kind.group });
}

/** Lays out named fields; used for declared kinds and for those that another side described. */
export function layoutFields(kind: {
  index: number;
  name: string;
  specs: readonly { name: string; type: ServerType; audience: Audience }[];
  group: readonly string[];
}): KindLayout {
  const fields: FieldLayout[] = [];
  let part = 0;
  let texts = 0;
  const channels = [...channelNames, "self" as const].map((audience) => {
    const own = kind.specs.filter((spec) => spec.audience === audience);
    if (own.length > fieldsPerChannelMax) {
      throw new RangeError(`entity ${kind.name}: at most ${fieldsPerChannelMax} fields in ${audience}`);
    }
    return own.map((spec) => {
      const type = spec.type as WireType | ArrayType;
      const parts = partsOf(type);
      const layout: FieldLayout = {
        name: spec.name,
        type,
        audience,
        index: fields.length,
        part,
        parts,
        text: type.type === "text" ? texts++ : -1,
      };
      part += parts;
      fields.push(layout);
      return layout;
    });
  });
  const group = kind.group.map((name) => {
    const field = fields.find((candidate) => candidate.name === name);
    if (field === undefined)
      throw new RangeError(`entity ${kind.name}: group names ${name}, which does not travel`);
    return field;
  });
  return { index: kind.index, name: kind.name, channels, fields, parts: part, texts, group };
}

function partsOf(type: WireType | ArrayType): number {
  switch (type.type) {
    case "array":
      return type.length;
    case "position":
    case "finePosition":
    case "vector":
    case "entityRef":
      return 2;
    case "text":
      return 0;
    default:
      return 1;
  }
}

/** Number of a option of an enumeration, typed; throws on a name that is none of them. */
export function codeOf<O extends string>(type: OneOfType<O>, option: O): number {
  const code = type.codes[option];
  if (code === undefined) throw new RangeError(`${option} is not one of ${type.options.join(", ")}`);
  return code;
}
