/**
 * A schema as plain data: what two sides compare, hash and send each other when their game versions differ.
 *
 * Compatible means: one side's kinds, channel fields, enumeration options, intents and facts are the beginning of the
 * other's. Then the receiver decodes with the sender's layout and skips what it does not know. Anything else is refused.
 * Invariant: `parseDescriptor` never throws, whatever it is given.
 */
import { decodeCodes } from "./codes.ts";
import type { WireType } from "./fields.ts";
import { fieldsPerChannelMax, kindsMax, optionsMax, textBytesMax } from "./limits.ts";
import { type Decoded, refused } from "./record.ts";
import {
  type ArrayType,
  type Audience,
  channelNames,
  type KindLayout,
  layoutFields,
  type Schema,
} from "./schema.ts";

/** A field type as text: `uint:8`, `vector:12:40`, `oneOf:idle,walk`, `array:24:uint:16`. */
export type TypeText = string;

export interface DescribedField {
  readonly name: string;
  readonly type: TypeText;
}
export interface DescribedKind {
  readonly name: string;
  readonly critical: readonly DescribedField[];
  readonly detailed: readonly DescribedField[];
  readonly cosmetic: readonly DescribedField[];
  readonly metadata: readonly DescribedField[];
  readonly self: readonly DescribedField[];
  readonly group: readonly string[];
}
export interface DescribedRecord {
  readonly name: string;
  readonly fields: readonly DescribedField[];
}
/** The whole schema as JSON-able data. */
export interface Descriptor {
  readonly name: string;
  readonly version: string;
  readonly entities: readonly DescribedKind[];
  readonly intents: readonly DescribedRecord[];
  readonly facts: readonly DescribedRecord[];
}

/** Describes a schema; fields that never travel are left out. */
export function describe(schema: Schema): Descriptor {
  return {
    name: schema.name,
    version: schema.version,
    entities: schema.kinds.map((kind) => {
      const [critical, detailed, cosmetic, metadata, self] = kind.channels.map((fields) =>
        fields.map((field) => ({ name: field.name, type: typeText(field.type) })),
      );
      return {
        name: kind.name,
        critical: critical!,
        detailed: detailed!,
        cosmetic: cosmetic!,
        metadata: metadata!,
        self: self!,
        group: kind.group.map((field) => field.name),
      };
    }),
    intents: schema.intents.map(describeRecord),
    facts: schema.facts.map(describeRecord),
  };
}

/** 16 hexadecimal digits over everything that shapes bytes; name and version of the game are not part of it. */
export function schemaHash(descriptor: Descriptor): string {
  const { entities, intents, facts } = descriptor;
  const text = JSON.stringify([entities, intents, facts]);
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul((b ^ unit) + (b >>> 13), 0x85ebca6b);
  }
  return hex(a ^ (a >>> 15)) + hex(b ^ (b >>> 16));
}

/** Says why two descriptors do not fit together, or undefined when one is the beginning of the other throughout. */
export function incompatibility(mine: Descriptor, theirs: Descriptor): string | undefined {
  if (mine.name !== theirs.name) return `the games differ: ${mine.name} and ${theirs.name}`;
  const kinds = Math.min(mine.entities.length, theirs.entities.length);
  for (let i = 0; i < kinds; i++) {
    const a = mine.entities[i]!;
    const b = theirs.entities[i]!;
    if (a.name !== b.name) return `entity ${i} is ${a.name} here and ${b.name} there`;
    for (const channel of [...channelNames, "self"] as const) {
      const found = differingField(a[channel], b[channel]);
      if (found !== undefined) return `entity ${a.name}, ${channel}: ${found}`;
    }
    const shared = Math.min(a.group.length, b.group.length);
    if (a.group.slice(0, shared).join() !== b.group.slice(0, shared).join())
      return `entity ${a.name}: the group fields differ`;
  }
  return (
    differingRecord("intent", mine.intents, theirs.intents) ??
    differingRecord("fact", mine.facts, theirs.facts)
  );
}

/** Reads a descriptor that another side sent; `json_malformed` for anything that is not one. */
export function parseDescriptor(data: unknown): Decoded<Descriptor> {
  if (!isRecord(data)) return refused("json_malformed");
  const { name, version, entities, intents, facts } = data;
  const isKinds = isListOf(entities, isKind, kindsMax);
  const isRecords = isListOf(intents, isDescribedRecord, 4096) && isListOf(facts, isDescribedRecord, 4096);
  if (typeof name !== "string" || typeof version !== "string" || !isKinds || !isRecords)
    return refused("json_malformed");
  return { ok: true, value: data as unknown as Descriptor };
}

/** Layouts of the kinds that a checked descriptor speaks of; `out_of_range` when they cannot be laid out. */
export function layoutsOf(descriptor: Descriptor): Decoded<readonly KindLayout[]> {
  try {
    const layouts = descriptor.entities.map((kind, index) =>
      layoutFields({
        index,
        name: kind.name,
        specs: [...channelNames, "self" as const].flatMap((audience: Audience) =>
          kind[audience as "critical"].map((field) => ({
            name: field.name,
            type: demandType(field.type),
            audience,
          })),
        ),
        group: kind.group,
      }),
    );
    return { ok: true, value: layouts };
  } catch (cause) {
    if (cause instanceof RangeError) return refused("out_of_range");
    throw cause;
  }
}

/** The types of a described record's fields; a malformed one is a RangeError (descriptors are checked before). */
export function recordFieldsOf(record: DescribedRecord): Record<string, WireType> {
  const fields: Record<string, WireType> = Object.create(null);
  for (const field of record.fields) fields[field.name] = demandType(field.type) as WireType;
  return fields;
}

function describeRecord(record: {
  name: string;
  fields: { readonly [name: string]: WireType };
}): DescribedRecord {
  return {
    name: record.name,
    fields: Object.entries(record.fields).map(([name, type]) => ({ name, type: typeText(type) })),
  };
}

function typeText(type: WireType | ArrayType): TypeText {
  switch (type.type) {
    case "position":
    case "finePosition":
    case "bool":
    case "entityRef":
      return type.type;
    case "vector":
      return `vector:${type.bits}:${type.max}`;
    case "oneOf":
      return `oneOf:${type.options.join(",")}`;
    case "text":
      return `text:${type.bytesMax}`;
    case "array":
      return `array:${type.length}:${type.item.type === "number" ? "number" : typeText(type.item)}`;
    default:
      return `${type.type}:${type.bits}`;
  }
}

function demandType(text: TypeText): WireType | ArrayType {
  const type = parseType(text);
  if (type === undefined)
    throw new RangeError(`${decodeCodes.json_malformed}: field type ${text.slice(0, 40)}`);
  return type;
}

const arrayItems: ReadonlySet<string> = new Set(["uint", "int", "angle", "unit", "bool", "oneOf"]);

function parseType(text: TypeText): WireType | ArrayType | undefined {
  const [head, first = "", ...rest] = text.split(":");
  const size = /^\d{1,4}$/.test(first) ? Number(first) : -1;
  switch (head) {
    case "position":
    case "finePosition":
    case "bool":
    case "entityRef":
      return { type: head };
    case "uint":
    case "int":
      return size >= 1 && size <= 32 ? { type: head, bits: size } : undefined;
    case "angle":
    case "unit":
      return size >= 1 && size <= 16 ? { type: head, bits: size } : undefined;
    case "vector": {
      const max = Number(rest[0]);
      return size >= 2 && size <= 24 && max > 0 && Number.isFinite(max)
        ? { type: "vector", bits: size, max }
        : undefined;
    }
    case "text":
      return size >= 1 && size <= textBytesMax ? { type: "text", bytesMax: size } : undefined;
    case "oneOf": {
      const options = first.split(",");
      if (options.length > optionsMax || new Set(options).size !== options.length) return undefined;
      const codes: Record<string, number> = Object.create(null);
      options.forEach((option, code) => {
        codes[option] = code;
      });
      return { type: "oneOf", options, codes };
    }
    case "array": {
      // Only single numbers travel in arrays; asked before the item is read, for a text may nest without end.
      const item = arrayItems.has(rest[0] ?? "") ? (parseType(rest.join(":")) as WireType) : undefined;
      const isArray = item !== undefined && size >= 1 && size <= 256;
      return isArray ? { type: "array", item, length: size } : undefined;
    }
    default:
      return undefined;
  }
}

function differingField(a: readonly DescribedField[], b: readonly DescribedField[]): string | undefined {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i]!.name !== b[i]!.name) return `field ${i} is ${a[i]!.name} here and ${b[i]!.name} there`;
    if (!isSameType(a[i]!.type, b[i]!.type))
      return `${a[i]!.name} is ${a[i]!.type} here and ${b[i]!.type} there`;
  }
  return undefined;
}

function differingRecord(
  what: string,
  a: readonly DescribedRecord[],
  b: readonly DescribedRecord[],
): string | undefined {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i]!.name !== b[i]!.name) return `${what} ${i} is ${a[i]!.name} here and ${b[i]!.name} there`;
    const found = differingField(a[i]!.fields, b[i]!.fields);
    if (found !== undefined) return `${what} ${a[i]!.name}: ${found}`;
  }
  return undefined;
}

/** Enumerations may grow at the end as long as their bits stay the same. */
function isSameType(a: TypeText, b: TypeText): boolean {
  if (a === b) return true;
  const left = parseType(a);
  const right = parseType(b);
  if (left?.type !== "oneOf" || right?.type !== "oneOf") return false;
  const shared = Math.min(left.options.length, right.options.length);
  const bits = (count: number) => 32 - Math.clz32(count - 1);
  return (
    bits(left.options.length) === bits(right.options.length) &&
    left.options.slice(0, shared).join() === right.options.slice(0, shared).join()
  );
}

function isKind(data: unknown): boolean {
  if (!isRecord(data) || typeof data["name"] !== "string") return false;
  const isChannels = [...channelNames, "self"].every((channel) =>
    isListOf(data[channel], isField, fieldsPerChannelMax),
  );
  return isChannels && isListOf(data["group"], (name) => typeof name === "string", 255);
}

function isDescribedRecord(data: unknown): boolean {
  return isRecord(data) && typeof data["name"] === "string" && isListOf(data["fields"], isField, 255);
}

function isField(data: unknown): boolean {
  if (!isRecord(data) || typeof data["name"] !== "string" || typeof data["type"] !== "string") return false;
  return parseType(data["type"]) !== undefined;
}

function isListOf(data: unknown, isItem: (item: unknown) => boolean, max: number): boolean {
  return Array.isArray(data) && data.length <= max && data.every(isItem);
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
