/**
 * Writes what a server writes, plainly: for tests, recorded demonstrations and games that show themselves without a
 * server. A real gateway copies ranges instead; the layouts are drawn in the protocol's client-frame.ts and replica.ts.
 *
 * Absent on purpose: windows, strides, channels that are not due. A block written here holds what its caller says.
 */
import {
  absoluteFrame,
  bitsFor,
  BitWriter,
  ByteWriter,
  type EntityRef,
  type FieldLayout,
  type Frame,
  frameFlag,
  idOf,
  type KindLayout,
  leaveTo,
  quantise,
  type RegionGrid,
  selfChannel,
  serverMessage,
  type WireType,
  writeField,
  writeMask,
  writeId,
  zoneOf,
} from "@myriad/protocol";

export interface WrittenSection {
  /** One of the protocol's `section`. */
  readonly kind: number;
  /** @default 0 */
  readonly level?: number;
  readonly bytes: Uint8Array;
}

export interface WrittenFrame {
  readonly frame: number;
  /** @default 0 */
  readonly timeMs?: number;
  readonly homeZone: number;
  readonly tick: number;
  /** @default 0 */
  readonly lastIntent?: number;
  /** @default 0 */
  readonly ticksSince?: number;
  readonly own?: number;
  /** 1/1024 m. */
  readonly position?: { readonly x: number; readonly y: number };
  readonly self?: Uint8Array;
  readonly dilation?: number;
  readonly facts?: {
    readonly first: number;
    readonly records: readonly { readonly type: number; readonly record: Uint8Array }[];
  };
  readonly zones?: readonly {
    readonly zone: number;
    readonly tick: number;
    readonly sections: readonly WrittenSection[];
  }[];
}

/** A region to write of: a cell's number, or a quarter with its cell and the quadrants on the way down. */
export type WrittenRegion =
  | number
  | { readonly region: number; readonly cell: number; readonly quadrants: readonly number[] };

/** An entity to write: field values by name, as game code sees them; what is missing is the type's zero. */
export interface WrittenEntity {
  readonly id: number;
  readonly kind: KindLayout;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface WrittenBlock {
  readonly region: WrittenRegion;
  /** Kinds of the schema: how many bits an id takes. */
  readonly kinds: number;
  /** Members of the region after leaves and enters. */
  readonly members: number;
  readonly leaves?: readonly {
    readonly id: number;
    readonly toRegion?: number;
    readonly toRef?: EntityRef;
  }[];
  /** Entities that enter, with their record or (already known) without; the latter changed in no channel that is not due. */
  readonly enters?: readonly (WrittenEntity & { readonly known?: boolean })[];
  /** For each channel that is due: the changes, by place among the region's members. Undefined: the channel is not due. */
  readonly channels: readonly (
    | readonly { readonly index: number; readonly entity: WrittenEntity }[]
    | undefined
  )[];
}

/** Writes a client frame. */
export function encodeClientFrame(parts: WrittenFrame): Uint8Array {
  const writer = new ByteWriter(1024);
  const { own, position, self, dilation, facts } = parts;
  writer.u8(serverMessage.frame);
  writer.u32(parts.frame);
  writer.u8(
    (own === undefined ? 0 : frameFlag.own) |
      (position === undefined ? 0 : frameFlag.moved) |
      (self === undefined ? 0 : frameFlag.self) |
      (dilation === undefined ? 0 : frameFlag.dilation) |
      (facts === undefined ? 0 : frameFlag.facts),
  );
  writer.u32(parts.timeMs ?? 0);
  writer.v(parts.homeZone);
  writer.u32(parts.tick);
  writer.v(parts.lastIntent ?? 0);
  writer.u8(parts.ticksSince ?? 0);
  if (own !== undefined) {
    writer.u16(own & 0xffff);
    writer.u8(own >>> 16);
  }
  if (position !== undefined) {
    writer.u32(position.x);
    writer.u32(position.y);
  }
  if (self !== undefined) sized(writer, self);
  if (dilation !== undefined) writer.u8(dilation);
  if (facts !== undefined) {
    writer.u32(facts.first);
    writer.v(facts.records.length);
    for (const { type, record } of facts.records) {
      writer.v(type);
      sized(writer, record);
    }
  }
  for (const { zone, tick, sections } of parts.zones ?? []) {
    const inner = new ByteWriter(1024);
    for (const { kind, level = 0, bytes } of sections) {
      inner.u8((kind << 4) | level);
      sized(inner, bytes);
    }
    writer.v(zone);
    writer.u32(tick);
    sized(writer, inner.view());
  }
  return writer.copy();
}

/** Writes a region's keyframe; entities in ascending order of their ids. */
export function encodeKeyframe(
  grid: RegionGrid,
  region: WrittenRegion,
  entities: readonly WrittenEntity[],
): Uint8Array {
  const writer = new BitWriter(1024);
  const frame = frameAt(grid, region);
  writer.bits(numberOf(region), grid.regionBits);
  if (typeof region === "object") {
    writer.bits(region.cell, bitsFor(grid.count - 1));
    writer.bits(region.quadrants.length, 3);
    // The last step stands lowest.
    for (const quadrant of region.quadrants.toReversed()) writer.bits(quadrant, 2);
  }
  writer.gamma(entities.length);
  let before = -1;
  for (const entity of entities) {
    writer.gamma(entity.id - before - 1);
    before = entity.id;
    writeRecord(writer, entity, frame);
  }
  return writer.bytes();
}

/** Writes a region's block of a level that sends every channel. */
export function encodeBlock(grid: RegionGrid, block: WrittenBlock): Uint8Array {
  const writer = new BitWriter(1024);
  const frame = frameAt(grid, block.region);
  const { kinds, leaves = [], enters = [] } = block;
  const hasMembership = leaves.length + enters.length > 0;
  writer.bits(numberOf(block.region), grid.regionBits);
  writer.bits(hasMembership ? 1 : 0, 1);
  if (hasMembership) {
    writer.gamma(leaves.length);
    for (const { id, toRegion, toRef } of leaves) {
      writeId(writer, id, kinds);
      if (toRegion !== undefined) {
        writer.bits(leaveTo.region, 2);
        writer.bits(toRegion, grid.regionBits);
      } else if (toRef !== undefined) {
        writer.bits(leaveTo.zone, 2);
        writer.bits(zoneOf(toRef), 12);
        writer.bits(idOf(toRef), 24);
      } else {
        writer.bits(leaveTo.gone, 2);
      }
    }
    writer.gamma(enters.length);
    for (const entity of enters) {
      writeId(writer, entity.id, kinds);
      writer.bits(entity.known === true ? 0 : 1, 1);
      if (entity.known !== true) writeRecord(writer, entity, frame);
      else for (const changes of block.channels) if (changes === undefined) writer.bits(0, 1);
    }
  }
  block.channels.forEach((changes, channel) => {
    if (changes !== undefined) writeChannel(writer, { channel, members: block.members, changes }, frame);
  });
  return writer.bytes();
}

/** Writes that a region split in four: the quadrant of each member, in the order of their ids. */
export function encodeSplit(
  grid: RegionGrid,
  { region, first, quadrants }: { region: number; first: number; quadrants: readonly number[] },
): Uint8Array {
  const writer = new BitWriter(64);
  writer.bits(region, grid.regionBits);
  writer.bits(0, 1);
  writer.bits(first, grid.regionBits);
  writer.gamma(quadrants.length);
  for (const quadrant of quadrants) writer.bits(quadrant, 2);
  return writer.bytes();
}

/** Writes that four quarters are one region again. */
export function encodeMerge(
  grid: RegionGrid,
  { region, first }: { region: number; first: number },
): Uint8Array {
  const writer = new BitWriter(64);
  writer.bits(region, grid.regionBits);
  writer.bits(1, 1);
  writer.bits(first, grid.regionBits);
  return writer.bytes();
}

/** Writes the self bits of an entity: all fields, or those named. */
export function encodeSelf(
  kind: KindLayout,
  values: Readonly<Record<string, unknown>>,
  names = kind.channels[selfChannel]!.map((field) => field.name),
): Uint8Array {
  const writer = new BitWriter(256);
  const fields = kind.channels[selfChannel]!;
  let mask = 0;
  fields.forEach((field, i) => {
    if (names.includes(field.name)) mask |= 1 << i;
  });
  writer.bits(mask, fields.length);
  for (const field of fields) {
    if (names.includes(field.name)) writeValue(writer, field, values[field.name], absoluteFrame);
  }
  return writer.bytes();
}

/** Writes a group section. */
export function encodeGroup(zone: number, members: readonly WrittenEntity[]): Uint8Array {
  const writer = new BitWriter(256);
  for (const { id, kind, values } of members) {
    writer.bits(zone, 12);
    writer.bits(id, 24);
    for (const field of kind.group) writeValue(writer, field, values[field.name], absoluteFrame);
    writer.align();
  }
  return writer.bytes();
}

interface ChannelChanges {
  readonly channel: number;
  readonly members: number;
  readonly changes: readonly { readonly index: number; readonly entity: WrittenEntity }[];
}

function writeChannel(writer: BitWriter, { channel, members, changes }: ChannelChanges, frame: Frame): void {
  writer.bits(changes.length > 0 ? 1 : 0, 1);
  if (changes.length === 0) return;
  const isList = changes.length * 2 < members;
  writer.bits(isList ? 1 : 0, 1);
  if (isList) writer.gamma(changes.length - 1);
  for (let member = 0; member < members; member++) {
    const change = changes.find(({ index }) => index === member);
    if (!isList) writer.bits(change === undefined ? 0 : 1, 1);
    if (change === undefined) continue;
    if (isList) writer.bits(member, bitsFor(members - 1));
    const { entity } = change;
    const fields = entity.kind.channels[channel]!;
    const named = fields.map((field) => field.name in entity.values);
    writeMask(writer, maskOf(named), fields.length);
    fields.forEach((field, i) => {
      if (named[i] === true || fields.length === 1)
        writeValue(writer, field, entity.values[field.name], frame);
    });
  }
}

function writeRecord(writer: BitWriter, { kind, values }: WrittenEntity, frame: Frame): void {
  for (const fields of kind.channels.slice(0, selfChannel)) {
    for (const field of fields) writeValue(writer, field, values[field.name], frame);
  }
}

function writeValue(writer: BitWriter, field: FieldLayout, value: unknown, frame: Frame): void {
  const parts = new Int32Array(field.parts);
  if (field.type.type === "array") {
    const { item, length } = field.type;
    for (let i = 0; i < length; i++)
      quantise(item as WireType, (value as unknown[] | undefined)?.[i], parts, i);
  } else {
    quantise(field.type, value, parts, 0);
  }
  writeField(writer, field.type, parts, 0, typeof value === "string" ? value : "", frame);
}

function maskOf(bits: readonly boolean[]): number {
  return bits.reduce((mask, bit, i) => (bit ? mask | (1 << i) : mask), 0);
}

function numberOf(region: WrittenRegion): number {
  return typeof region === "number" ? region : region.region;
}

function frameAt(grid: RegionGrid, region: WrittenRegion): Frame {
  const frame: Frame = { originX: 0, originY: 0, positionBits: 0, zone: 0 };
  let shape = grid.shapeOf(typeof region === "number" ? region : region.cell);
  if (typeof region === "object")
    for (const quadrant of region.quadrants) shape = grid.quarterOf(shape, quadrant);
  grid.aim(frame, shape);
  return frame;
}

function sized(writer: ByteWriter, bytes: Uint8Array): void {
  writer.v(bytes.length);
  writer.bytes(bytes);
}
