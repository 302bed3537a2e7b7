/**
 * What a receiver knows of one zone: entities by id and, for each region it holds, the region's members in id order.
 * Browser clients, bots and neighbouring zones (as ghosts) all receive through this class.
 *
 * A region block, in bits, padded to a byte (drawn above its writer in the server, too):
 *
 *   region  member?:1 [ leaves:γ { id to:2 [region | zone:12 id:24] }  enters:γ { id full:1 (record | rest) } ]
 *   rest, for each channel of the level that is not due: changed?:1 [ update ]
 *   then for each channel due in this region at this tick:
 *   any?:1 [ list?:1  [near?:1]  ( per member: changed?:1 [ update ]  |  count−1:γ { index update } ) ]
 *   update: which of the channel's fields (field-mask.ts), then those fields
 *   near: of the critical channel, where near-position.ts says so: positions of all but those who came in this block
 *
 * A region takes as many bits as the zone's grid says; an id is written as wire-id.ts says.
 * Invariant: members of a region are changed by that region's own blocks only, and by its split or merge; an entity's existence follows the latest
 * claim. A leave is obeyed only while the entity is still in that region, and keeps it when its destination is held.
 * Invariant: no bytes make this throw; what cannot be decoded answers with a code and the caller asks for keyframes.
 */
import { BitReader } from "./bits.ts";
import type { DecodeCode } from "./codes.ts";
import { digestEntity, digestStart } from "./digest.ts";
import { readMask } from "./field-mask.ts";
import { ByteReader, type ByteWriter } from "./frame.ts";
import { type EntityRef, wireRef } from "./handle.ts";
import type { Level } from "./levels.ts";
import { inflate } from "./inflate.ts";
import { clientFrameBytesMax, packedKeyframeBytesMax, regionDepthMax } from "./limits.ts";
import { readNear, tellsNear } from "./near-position.ts";
import { phaseOf, type RegionGrid, type RegionShape } from "./regions.ts";
import type { KindLayout } from "./schema.ts";
import { readShape, writeShape } from "./shape-record.ts";
import { insertSorted, removeSorted } from "./sorted-ids.ts";
import { bitsFor, type Frame, readField } from "./values.ts";
import { readId } from "./wire-id.ts";

/** One entity as it was received. `parts` and `texts` are laid out by the kind; dequantise with the fields' types. */
export interface ReplicaEntity {
  readonly id: number;
  readonly ref: EntityRef;
  readonly kind: KindLayout;
  readonly parts: Int32Array;
  readonly texts: string[];
  /** The region that claims it now. */
  region: number;
  /** Tick of the last block that changed it. */
  tick: number;
  /** Stride of that block: the time to interpolate over. */
  strideTicks: number;
  /** A number of the listener's own, −1 at first: where it keeps what belongs to the entity. */
  tag: number;
}

/** What happens to entities while bytes are applied. All optional; called in the order of the wire. */
export interface ReplicaListener {
  /** A new entity, all fields set. */
  appeared?(entity: ReplicaEntity): void;
  /** Fields changed; `channel` is the index in channelNames. */
  changed?(entity: ReplicaEntity, channel: number): void;
  /** Gone from view; `movedTo` is its name in another zone when it crossed a border, else 0. */
  vanished?(entity: ReplicaEntity, movedTo: EntityRef): void;
  /** A region is up to date: by a block of so many ticks, or by a keyframe (0). */
  refreshed?(region: number, strideTicks: number): void;
}

/** What a block's updates of a channel cover. */
interface UpdateWindow {
  readonly stride: number;
  readonly tick: number;
  /** Low bits of a near position; 0 when all are whole. */
  readonly nearBits: number;
}

const entitiesMax = 65_536;
/** A quarter that this receiver does not hold. */
const notHeld = -2;

/** A receiver's copy of a zone. */
export class ZoneReplica {
  readonly grid: RegionGrid;
  readonly entities = new Map<number, ReplicaEntity>();
  /** Members of each held region, ascending. */
  readonly members = new Map<number, number[]>();
  readonly #kinds: readonly KindLayout[];
  readonly #levels: readonly Level[];
  readonly #listener: ReplicaListener;
  readonly #reader = new BitReader(new Uint8Array(0));
  readonly #frame: Frame = { originX: 0, originY: 0, positionBits: 0, zone: 0 };
  /** Who came in the block at hand: their positions are whole. */
  readonly #came: number[] = [];
  /** Where the held regions lie that are no cells of the grid. */
  readonly #shapes = new Map<number, RegionShape>();

  constructor(options: {
    grid: RegionGrid;
    kinds: readonly KindLayout[];
    levels: readonly Level[];
    listener?: ReplicaListener;
  }) {
    this.grid = options.grid;
    this.#kinds = options.kinds;
    this.#levels = options.levels;
    this.#listener = options.listener ?? {};
  }

  /** Forgets regions that left the view, and the entities that they claim. */
  drop(regions: readonly number[]): void {
    for (const region of regions) {
      const ids = this.members.get(region);
      this.#forget(region);
      for (const id of ids ?? []) this.#removeFrom(region, id, 0);
      // Entities that were only promised to this region stand in no list.
      if (ids !== undefined) this.#removeClaimed(region);
    }
  }

  /** Where a held region lies; undefined when it is not held. */
  shapeOf(region: number): RegionShape | undefined {
    if (!this.members.has(region)) return undefined;
    return region < this.grid.count ? this.grid.shapeOf(region) : this.#shapes.get(region);
  }

  /** Forgets everything. */
  clear(): void {
    for (const entity of [...this.entities.values()]) this.#vanish(entity, 0);
    this.members.clear();
    this.#shapes.clear();
  }

  /**
   * Applies splits and merges of held regions: who is in which quarter, values stay as they are.
   *
   *   split  region 0:1 first quarter  members−: γ { quadrant:2 }     padded to a byte each
   *   merge  region 1:1 first quarter
   */
  applyReshapes(bytes: Uint8Array, from = 0, to = bytes.length): DecodeCode | undefined {
    const reader = this.#reader;
    const { grid } = this;
    reader.reset(bytes, from, to);
    while (reader.remainingBits >= 8) {
      const region = reader.bits(grid.regionBits);
      const isMerge = reader.bits(1) === 1;
      const first = reader.bits(grid.regionBits);
      if (reader.failed || region >= grid.capacity || !grid.isQuad(first))
        return reader.failed ? "truncated" : "out_of_range";
      const problem = isMerge ? this.#merge(region, first) : this.#split(region, first);
      if (problem !== undefined) return problem;
      reader.align();
    }
    return reader.failed ? "truncated" : undefined;
  }

  /** Applies keyframes: whole regions, all channels. */
  applyKeyframes(tick: number, bytes: Uint8Array, from = 0, to = bytes.length): DecodeCode | undefined {
    const reader = this.#reader;
    reader.reset(bytes, from, to);
    while (reader.remainingBits >= 8) {
      const region = this.#readPlace();
      const count = reader.gamma();
      if (region < 0 || count > entitiesMax) return reader.failed ? "truncated" : "out_of_range";
      const before = this.members.get(region) ?? [];
      const ids: number[] = [];
      let id = -1;
      for (let i = 0; i < count; i++) {
        id += reader.gamma() + 1;
        const problem = this.#readRecord(id, region, tick, 1, allChannels);
        if (problem !== undefined) return problem;
        ids.push(id);
      }
      this.members.set(region, ids);
      const now = new Set(ids);
      for (const old of before) if (!now.has(old)) this.#removeFrom(region, old, 0);
      this.#removeClaimed(region, now);
      this.#listener.refreshed?.(region, 0);
      reader.align();
    }
    return reader.failed ? "truncated" : undefined;
  }

  /** Applies keyframes that came packed, each a length:v and so many bytes of raw deflate, to the end of the section. */
  applyPackedKeyframes(tick: number, bytes: Uint8Array, from = 0, to = bytes.length): DecodeCode | undefined {
    const reader = new ByteReader(bytes, from, to);
    let left = clientFrameBytesMax;
    while (reader.remaining > 0) {
      const length = reader.v();
      const start = reader.skip(length);
      if (reader.failed) return "truncated";
      const unpacked = inflate(reader.buffer, start, start + length, Math.min(left, packedKeyframeBytesMax));
      if (!unpacked.ok) return unpacked.code;
      left -= unpacked.value.length;
      const problem = this.applyKeyframes(tick, unpacked.value);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** Applies intros: full records of entities that came into regions from where this receiver may not have seen them. */
  applyIntros(
    level: number,
    tick: number,
    bytes: Uint8Array,
    from = 0,
    to = bytes.length,
  ): DecodeCode | undefined {
    const reader = this.#reader;
    const ring = this.#levels[level];
    if (ring === undefined) return "out_of_range";
    const channels = channelsOf(ring);
    reader.reset(bytes, from, to);
    while (reader.remainingBits >= 8) {
      const region = this.#readRegion();
      const count = reader.gamma();
      if (region === notHeld) return "state_mismatch";
      if (region < 0 || count > entitiesMax) return reader.failed ? "truncated" : "out_of_range";
      for (let i = 0; i < count; i++) {
        const id = readId(reader, this.#kinds.length);
        const problem = this.#readRecord(id, region, tick, ring.strideTicks, channels);
        if (problem !== undefined) return problem;
      }
      reader.align();
    }
    return reader.failed ? "truncated" : undefined;
  }

  /** Applies the blocks of one level: what changed in its regions in the windows that end at `tick`. */
  applyBlocks(
    level: number,
    tick: number,
    bytes: Uint8Array,
    from = 0,
    to = bytes.length,
  ): DecodeCode | undefined {
    const reader = this.#reader;
    const ring = this.#levels[level];
    if (ring === undefined) return "out_of_range";
    reader.reset(bytes, from, to);
    while (reader.remainingBits >= 8) {
      const region = this.#readRegion();
      if (region === -1) return reader.failed ? "truncated" : "out_of_range";
      const members = this.members.get(region);
      if (members === undefined) return "state_mismatch";
      const problem = this.#readBlock(region, members, ring, tick);
      if (problem !== undefined) return problem;
      this.#listener.refreshed?.(region, ring.strideTicks);
      reader.align();
    }
    return reader.failed ? "truncated" : undefined;
  }

  /** Hash of a held region's state as a level shows it; undefined when the region is not held. */
  digest(region: number, level: number): number | undefined {
    const ids = this.members.get(region);
    const ring = this.#levels[level];
    if (ids === undefined || ring === undefined) return undefined;
    let hash = digestStart;
    for (const id of ids) {
      const entity = this.entities.get(id);
      if (entity === undefined) return undefined;
      hash = digestEntity(hash, id, entity.kind, ring, entity.parts, entity.texts);
    }
    return hash >>> 0;
  }

  /** Writes the whole copy: a zone's ghosts are part of its checkpoint. */
  save(writer: ByteWriter): void {
    writer.v(this.entities.size);
    for (const entity of this.entities.values()) {
      writer.u32(entity.id);
      writer.u32(entity.region);
      writer.f64(entity.tick);
      writer.u8(entity.strideTicks);
      for (const part of entity.parts) writer.u32(part);
      for (const text of entity.texts) writer.text(text);
    }
    writer.v(this.members.size);
    for (const [region, ids] of this.members) {
      writer.u16(region);
      if (region >= this.grid.count) writeShape(writer, this.#shapes.get(region)!);
      writer.v(ids.length);
      for (const id of ids) writer.u32(id);
    }
  }

  /** Reads what `save` wrote into an empty copy, without telling the listener; false when the bytes are broken. */
  restore(reader: ByteReader): boolean {
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      const id = reader.u32();
      const kind = this.#kinds[id >>> 16];
      if (kind === undefined) return false;
      const entity = newEntity(this.grid.zone, id, kind);
      entity.region = reader.u32();
      entity.tick = reader.f64();
      entity.strideTicks = reader.u8();
      for (let i = 0; i < entity.parts.length; i++) entity.parts[i] = reader.u32();
      for (let i = 0; i < entity.texts.length; i++) entity.texts[i] = reader.text(4096);
      this.entities.set(id, entity);
    }
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      const region = reader.u16();
      if (region >= this.grid.count) this.#shapes.set(region, readShape(reader, this.grid));
      const ids: number[] = [];
      for (let count = reader.v(); count > 0 && !reader.failed; count--) ids.push(reader.u32());
      this.members.set(region, ids);
    }
    return !reader.failed;
  }

  /** Reads the number of a held region and aims at it; −1 when it is none. */
  #readRegion(): number {
    const { grid } = this;
    const region = this.#reader.bits(grid.regionBits);
    if (this.#reader.failed || region >= grid.capacity) return -1;
    const shape = region < grid.count ? grid.shapeOf(region) : this.#shapes.get(region);
    if (shape === undefined) return notHeld;
    grid.aim(this.#frame, shape);
    return region;
  }

  /** Reads the number of a region and, for a quarter, where it lies: cell, depth:3 and a quadrant for each step down. */
  #readPlace(): number {
    const { grid } = this;
    const reader = this.#reader;
    const region = reader.bits(grid.regionBits);
    if (reader.failed || region >= grid.capacity) return -1;
    if (region < grid.count) {
      grid.aim(this.#frame, grid.shapeOf(region));
      return region;
    }
    const cell = reader.bits(bitsFor(grid.count - 1));
    const depth = reader.bits(3);
    const shape = depth === 0 ? undefined : grid.shapeAt(cell, depth, reader.bits(2 * depth));
    if (reader.failed || shape === undefined) return -1;
    this.#shapes.set(region, shape);
    grid.aim(this.#frame, shape);
    return region;
  }

  #split(region: number, first: number): DecodeCode | undefined {
    const { grid } = this;
    const reader = this.#reader;
    const ids = this.members.get(region);
    const shape = this.shapeOf(region);
    const count = reader.gamma();
    if (reader.failed) return "truncated";
    if (ids === undefined || shape === undefined || count !== ids.length) return "state_mismatch";
    if (shape.depth >= regionDepthMax) return "out_of_range";
    const quarters: number[][] = [[], [], [], []];
    for (const id of ids) quarters[reader.bits(2)]!.push(id);
    if (reader.failed) return "truncated";
    this.#forget(region);
    quarters.forEach((members, quadrant) => {
      this.members.set(first + quadrant, members);
      this.#shapes.set(first + quadrant, grid.quarterOf(shape, quadrant));
      for (const id of members) this.#reclaim(id, region, first + quadrant);
    });
    this.#removeClaimed(region);
    return undefined;
  }

  #merge(region: number, first: number): DecodeCode | undefined {
    const shape = this.#shapes.get(first);
    const whole: number[] = [];
    for (let quarter = first; quarter < first + 4; quarter++) {
      const ids = this.members.get(quarter);
      if (ids === undefined || shape === undefined) return "state_mismatch";
      for (const id of ids) whole.push(id);
    }
    for (let quarter = first; quarter < first + 4; quarter++) {
      for (const id of this.members.get(quarter)!) this.#reclaim(id, quarter, region);
      this.#forget(quarter);
      this.#removeClaimed(quarter);
    }
    this.members.set(region, whole.sort(ascending));
    if (region >= this.grid.count) this.#shapes.set(region, this.grid.wholeOf(shape!));
    return undefined;
  }

  #reclaim(id: number, from: number, to: number): void {
    const entity = this.entities.get(id);
    if (entity !== undefined && entity.region === from) entity.region = to;
  }

  #forget(region: number): void {
    this.members.delete(region);
    this.#shapes.delete(region);
  }

  #readBlock(region: number, members: number[], ring: Level, tick: number): DecodeCode | undefined {
    const reader = this.#reader;
    const localTick = tick + phaseOf(this.grid, region);
    this.#came.length = 0;
    if (reader.bits(1) === 1) {
      const problem = this.#readMembership(region, members, ring, { tick, localTick });
      if (problem !== undefined) return problem;
    }
    for (let channel = 0; channel < ring.channelStrides.length; channel++) {
      const stride = ring.channelStrides[channel]!;
      if (stride === 0 || localTick % stride !== 0 || reader.bits(1) === 0) continue;
      const problem = this.#readUpdates(members, channel, ring, tick);
      if (problem !== undefined) return problem;
    }
    return reader.failed ? "truncated" : undefined;
  }

  #readMembership(
    region: number,
    members: number[],
    ring: Level,
    { tick, localTick }: { tick: number; localTick: number },
  ): DecodeCode | undefined {
    const reader = this.#reader;
    const leaves = reader.gamma();
    if (leaves > entitiesMax) return "too_large";
    for (let i = 0; i < leaves; i++) {
      const id = readId(reader, this.#kinds.length);
      const destination = reader.bits(2);
      removeSorted(members, id);
      if (destination === leaveTo.region) {
        const next = reader.bits(this.grid.regionBits);
        const entity = this.entities.get(id);
        if (entity !== undefined && entity.region === region && this.members.has(next)) entity.region = next;
        else this.#removeFrom(region, id, 0);
      } else if (destination === leaveTo.zone) {
        const zone = reader.bits(12);
        this.#removeFrom(region, id, wireRef(zone, reader.bits(24)));
      } else {
        this.#removeFrom(region, id, 0);
      }
      if (reader.failed) return "truncated";
    }
    const enters = reader.gamma();
    if (enters > entitiesMax) return "too_large";
    for (let i = 0; i < enters; i++) {
      const id = readId(reader, this.#kinds.length);
      if (reader.bits(1) === 1) {
        const problem = this.#readRecord(id, region, tick, ring.strideTicks, channelsOf(ring));
        if (problem !== undefined) return problem;
      } else {
        const entity = this.entities.get(id);
        if (entity === undefined) return reader.failed ? "truncated" : "state_mismatch";
        entity.region = region;
        const problem = this.#readCatchUp(id, ring, tick, localTick);
        if (problem !== undefined) return problem;
      }
      insertSorted(members, id);
      this.#came.push(id);
    }
    return undefined;
  }

  #readCatchUp(id: number, ring: Level, tick: number, localTick: number): DecodeCode | undefined {
    for (let channel = 0; channel < ring.channelStrides.length; channel++) {
      const stride = ring.channelStrides[channel]!;
      if (stride === 0 || localTick % stride === 0 || this.#reader.bits(1) === 0) continue;
      const problem = this.#readUpdate(id, channel, { stride, tick, nearBits: 0 });
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #readUpdates(members: number[], channel: number, ring: Level, tick: number): DecodeCode | undefined {
    const reader = this.#reader;
    const count = members.length;
    const isList = reader.bits(1) === 1;
    const mayBeNear = channel === 0 && tellsNear(ring.nearBits, this.#frame.positionBits);
    const nearBits = mayBeNear && reader.bits(1) === 1 ? ring.nearBits! : 0;
    const window = { stride: ring.channelStrides[channel]!, tick, nearBits };
    if (!isList) {
      for (let i = 0; i < count; i++) {
        if (reader.bits(1) === 0) continue;
        const problem = this.#readUpdate(members[i]!, channel, window);
        if (problem !== undefined) return problem;
      }
      return undefined;
    }
    const listed = reader.gamma() + 1;
    if (listed > count) return reader.failed ? "truncated" : "state_mismatch";
    const indexBits = bitsFor(count - 1);
    for (let i = 0; i < listed; i++) {
      const index = reader.bits(indexBits);
      if (index >= count) return "state_mismatch";
      const problem = this.#readUpdate(members[index]!, channel, window);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #readUpdate(id: number, channel: number, { stride, tick, nearBits }: UpdateWindow): DecodeCode | undefined {
    const entity = this.entities.get(id);
    if (entity === undefined) return "state_mismatch";
    const reader = this.#reader;
    const fields = entity.kind.channels[channel]!;
    const mask = readMask(reader, fields.length);
    const isNear = nearBits > 0 && !(this.#came.length > 0 && this.#came.includes(id));
    for (let i = 0; i < fields.length; i++) {
      if ((mask & (1 << i)) === 0) continue;
      const field = fields[i]!;
      if (isNear && field.type.type === "position") {
        readNear(reader, entity.parts, field.part, nearBits);
        continue;
      }
      const text = readField(reader, field.type, entity.parts, field.part, this.#frame);
      if (field.text >= 0) entity.texts[field.text] = text;
    }
    if (reader.failed) return "truncated";
    if (channel === 0) {
      entity.tick = tick;
      entity.strideTicks = stride;
    }
    this.#listener.changed?.(entity, channel);
    return undefined;
  }

  #readRecord(
    id: number,
    region: number,
    tick: number,
    strideTicks: number,
    channels: readonly number[],
  ): DecodeCode | undefined {
    const reader = this.#reader;
    const kind = this.#kinds[id >>> 16];
    if (reader.failed) return "truncated";
    if (kind === undefined || id > 0xffffff) return "out_of_range";
    const known = this.entities.get(id);
    if (known === undefined && this.entities.size >= entitiesMax) return "too_large";
    const entity = known ?? newEntity(this.grid.zone, id, kind);
    for (const channel of channels) {
      for (const field of kind.channels[channel]!) {
        const text = readField(reader, field.type, entity.parts, field.part, this.#frame);
        if (field.text >= 0) entity.texts[field.text] = text;
      }
    }
    if (reader.failed) return reader.remainingBits <= 0 ? "truncated" : "out_of_range";
    entity.region = region;
    entity.tick = tick;
    entity.strideTicks = strideTicks;
    if (known === undefined) {
      this.entities.set(id, entity);
      this.#listener.appeared?.(entity);
    } else {
      for (const channel of channels) this.#listener.changed?.(entity, channel);
    }
    return undefined;
  }

  #removeFrom(region: number, id: number, movedTo: EntityRef): void {
    const entity = this.entities.get(id);
    if (entity !== undefined && entity.region === region) this.#vanish(entity, movedTo);
  }

  #removeClaimed(region: number, except?: ReadonlySet<number>): void {
    for (const entity of [...this.entities.values()]) {
      if (entity.region === region && except?.has(entity.id) !== true) this.#vanish(entity, 0);
    }
  }

  #vanish(entity: ReplicaEntity, movedTo: EntityRef): void {
    this.entities.delete(entity.id);
    this.#listener.vanished?.(entity, movedTo);
  }
}

/** Where an entity went that left a region. */
export const leaveTo = { gone: 0, region: 1, zone: 2 } as const;

const allChannels: readonly number[] = [0, 1, 2, 3];

function channelsOf(ring: Level): readonly number[] {
  return allChannels.filter((channel) => ring.channelStrides[channel] !== 0);
}

function newEntity(zone: number, id: number, kind: KindLayout): ReplicaEntity {
  return {
    id,
    ref: wireRef(zone, id),
    kind,
    parts: new Int32Array(kind.parts),
    texts: new Array<string>(kind.texts).fill(""),
    region: -1,
    tick: 0,
    strideTicks: 1,
    tag: -1,
  };
}

function ascending(a: number, b: number): number {
  return a - b;
}
