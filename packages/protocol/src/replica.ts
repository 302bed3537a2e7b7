/**
 * What a receiver knows of one zone: entities by id and, for each region it holds, the region's members in id order.
 * Browser clients, bots and neighbouring zones (as ghosts) all receive through this class.
 *
 * A region block, in bits, padded to a byte (drawn above its writer in the server, too):
 *
 *   region:16  member?:1 [ leaves:γ { id:24 to:2 [region:16 | zone:12 id:24] }  enters:γ { id:24 full:1 [record] } ]
 *   then for each channel due at this tick:
 *   any?:1 [ list?:1  ( per member: changed?:1 [ update ]  |  count−1:γ { index update } ) ]
 *   update: a mask of the channel's fields (none if it has one field), then the masked fields
 *
 * Invariant: members of a region are changed by that region's own blocks only; an entity's existence follows the latest
 * claim. A leave is obeyed only while the entity is still in that region, and keeps it when its destination is held.
 * Invariant: no bytes make this throw; what cannot be decoded answers with a code and the caller asks for keyframes.
 */
import { BitReader } from "./bits.ts";
import type { DecodeCode } from "./codes.ts";
import type { ByteReader, ByteWriter } from "./frame.ts";
import { type EntityRef, wireRef } from "./handle.ts";
import type { Level } from "./levels.ts";
import type { RegionGrid } from "./regions.ts";
import type { KindLayout } from "./schema.ts";
import { bitsFor, type Frame, readField } from "./values.ts";

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
}

/** What happens to entities while bytes are applied. All optional; called in the order of the wire. */
export interface ReplicaListener {
  /** A new entity, all fields set. */
  appeared?(entity: ReplicaEntity): void;
  /** Fields changed; `channel` is the index in channelNames. */
  changed?(entity: ReplicaEntity, channel: number): void;
  /** Gone from view; `movedTo` is its name in another zone when it crossed a border, else 0. */
  vanished?(entity: ReplicaEntity, movedTo: EntityRef): void;
}

const entitiesMax = 65_536;

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
      this.members.delete(region);
      for (const id of ids ?? []) this.#removeFrom(region, id, 0);
      // Entities that were only promised to this region stand in no list.
      if (ids !== undefined) this.#removeClaimed(region);
    }
  }

  /** Forgets everything. */
  clear(): void {
    for (const entity of [...this.entities.values()]) this.#vanish(entity, 0);
    this.members.clear();
  }

  /** Applies keyframes: whole regions, all channels. */
  applyKeyframes(tick: number, bytes: Uint8Array, from = 0, to = bytes.length): DecodeCode | undefined {
    const reader = this.#reader;
    reader.reset(bytes, from, to);
    while (reader.remainingBits >= 8) {
      const region = this.#readRegion();
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
      reader.align();
    }
    return reader.failed ? "truncated" : undefined;
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
      if (region < 0 || count > entitiesMax) return reader.failed ? "truncated" : "out_of_range";
      for (let i = 0; i < count; i++) {
        const problem = this.#readRecord(reader.bits(24), region, tick, ring.strideTicks, channels);
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
      if (region < 0) return reader.failed ? "truncated" : "out_of_range";
      const members = this.members.get(region);
      if (members === undefined) return "state_mismatch";
      const problem = this.#readBlock(region, members, ring, tick);
      if (problem !== undefined) return problem;
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
      const ids: number[] = [];
      for (let count = reader.v(); count > 0 && !reader.failed; count--) ids.push(reader.u32());
      this.members.set(region, ids);
    }
    return !reader.failed;
  }

  #readRegion(): number {
    const region = this.#reader.bits(16);
    if (this.#reader.failed || region >= this.grid.count) return -1;
    this.grid.frameOf(region, this.#frame);
    return region;
  }

  #readBlock(region: number, members: number[], ring: Level, tick: number): DecodeCode | undefined {
    const reader = this.#reader;
    if (reader.bits(1) === 1) {
      const problem = this.#readMembership(region, members, ring, tick);
      if (problem !== undefined) return problem;
    }
    for (let channel = 0; channel < ring.channelStrides.length; channel++) {
      const stride = ring.channelStrides[channel]!;
      if (stride === 0 || tick % stride !== 0 || reader.bits(1) === 0) continue;
      const problem = this.#readUpdates(members, channel, stride, tick);
      if (problem !== undefined) return problem;
    }
    return reader.failed ? "truncated" : undefined;
  }

  #readMembership(region: number, members: number[], ring: Level, tick: number): DecodeCode | undefined {
    const reader = this.#reader;
    const leaves = reader.gamma();
    if (leaves > entitiesMax) return "too_large";
    for (let i = 0; i < leaves; i++) {
      const id = reader.bits(24);
      const destination = reader.bits(2);
      removeSorted(members, id);
      if (destination === leaveTo.region) {
        const next = reader.bits(16);
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
      const id = reader.bits(24);
      if (reader.bits(1) === 1) {
        const problem = this.#readRecord(id, region, tick, ring.strideTicks, channelsOf(ring));
        if (problem !== undefined) return problem;
      } else {
        const entity = this.entities.get(id);
        if (entity === undefined) return reader.failed ? "truncated" : "state_mismatch";
        entity.region = region;
      }
      insertSorted(members, id);
    }
    return undefined;
  }

  #readUpdates(members: number[], channel: number, stride: number, tick: number): DecodeCode | undefined {
    const reader = this.#reader;
    const count = members.length;
    if (reader.bits(1) === 0) {
      for (let i = 0; i < count; i++) {
        if (reader.bits(1) === 0) continue;
        const problem = this.#readUpdate(members[i]!, channel, stride, tick);
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
      const problem = this.#readUpdate(members[index]!, channel, stride, tick);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #readUpdate(id: number, channel: number, stride: number, tick: number): DecodeCode | undefined {
    const entity = this.entities.get(id);
    if (entity === undefined) return "state_mismatch";
    const reader = this.#reader;
    const fields = entity.kind.channels[channel]!;
    const mask = fields.length > 1 ? reader.bits(fields.length) : 1;
    for (let i = 0; i < fields.length; i++) {
      if ((mask & (1 << i)) === 0) continue;
      const field = fields[i]!;
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

/** First value of a region's digest. */
export const digestStart = 0x9747b28c | 0;

/** Folds one entity into a digest: its id, then parts and texts of the level's channels in order. */
export function digestEntity(
  hash: number,
  id: number,
  kind: KindLayout,
  ring: Level,
  parts: ArrayLike<number>,
  texts: readonly string[],
): number {
  let folded = mix(hash, id);
  for (let channel = 0; channel < ring.channelStrides.length; channel++) {
    if (ring.channelStrides[channel] === 0) continue;
    for (const field of kind.channels[channel]!) {
      for (let i = 0; i < field.parts; i++) folded = mix(folded, parts[field.part + i]!);
      if (field.text >= 0) folded = mixText(folded, texts[field.text] ?? "");
    }
  }
  return folded;
}

/** Folds one 32-bit integer into a digest: a multiply and two shifts, enough to tell states apart. */
export function mix(hash: number, value: number): number {
  const h = Math.imul(hash ^ value, 0x85ebca6b);
  return Math.imul(h ^ (h >>> 15), 0xc2b2ae35) ^ (h >>> 13);
}

/** Folds a text into a digest by its UTF-16 units. */
export function mixText(hash: number, text: string): number {
  let folded = mix(hash, text.length);
  for (let i = 0; i < text.length; i++) folded = mix(folded, text.charCodeAt(i));
  return folded;
}

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
  };
}

/** Index of the first element not below `id`. */
export function lowerBound(sorted: ArrayLike<number>, length: number, id: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insertSorted(ids: number[], id: number): void {
  const at = lowerBound(ids, ids.length, id);
  if (ids[at] !== id) ids.splice(at, 0, id);
}

function removeSorted(ids: number[], id: number): void {
  const at = lowerBound(ids, ids.length, id);
  if (ids[at] === id) ids.splice(at, 1);
}
