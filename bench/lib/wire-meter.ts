/**
 * Takes client frames apart to the bit: what each bit is for, and what the frame would weigh without each trick.
 *
 * A second reader of the format beside the protocol's own, written from docs/protocol.md: it reads first and counts, then
 * the replica applies the same bytes, so both must agree about every length.
 * Invariant: the parts of a frame add up to the frame. What does not is a bug here or in the document, and throws.
 */
import assert from "node:assert/strict";
import {
  bitsFor,
  BitReader,
  BitWriter,
  ByteReader,
  type ClientFrame,
  decodeClientFrame,
  frameFlag,
  inflate,
  type FieldLayout,
  type Frame,
  type KindLayout,
  type Level,
  maskBits,
  packedKeyframeBytesMax,
  phaseOf,
  readField,
  readId,
  readMask,
  type RegionGrid,
  section,
  tellsNear,
  writeField,
  writeId,
  type ZonePart,
  ZoneReplica,
} from "@myriad/protocol";
import { type WirePart, WireSums, type WireTrick, wireTricks } from "./wire-parts.ts";

/** Bytes of a length that the gateway writes before it knows it: two unless the body needs more. */
const lengthRoomBytes = 2;
const channelParts = ["blockCritical", "blockDetailed", "blockCosmetic", "blockMetadata"] as const;

/** Bits by which a block grows without each trick, in the order of `wireTricks`. */
type Growth = Int32Array;
const trickIndex = Object.fromEntries(wireTricks.map((trick, index) => [trick, index])) as Record<
  WireTrick,
  number
>;

export class WireMeter {
  readonly sums = new WireSums();
  readonly replicas: ReadonlyMap<number, ZoneReplica>;
  /** While false frames are applied and not counted. */
  isCounting = false;
  readonly #kinds: readonly KindLayout[];
  readonly #levels: readonly Level[];
  readonly #reader = new BitReader(new Uint8Array(0));
  readonly #frame: Frame = { originX: 0, originY: 0, positionBits: 0, zone: 0 };
  readonly #growth: Growth = new Int32Array(wireTricks.length);
  readonly #seen = new Set<number>();
  readonly #parts: Int32Array;
  /** Who came in the block at hand, and the bits of near positions of its channel at hand. */
  readonly #came = new Set<number>();
  #nearBits = 0;
  #updates = 0;

  constructor(options: {
    grids: readonly RegionGrid[];
    kinds: readonly KindLayout[];
    levels: readonly Level[];
  }) {
    const { kinds, levels } = options;
    this.#kinds = kinds;
    this.#levels = levels;
    this.#parts = new Int32Array(Math.max(...kinds.map((kind) => kind.parts)));
    const note = ({ id }: { id: number }) => this.#seen.add(id);
    const listener = { appeared: note, changed: note };
    this.replicas = new Map(
      options.grids.map((grid) => [grid.zone, new ZoneReplica({ grid, kinds, levels, listener })]),
    );
  }

  /** Counts one frame as it came, without framing, and applies it. Throws when it does not decode. */
  take(message: Uint8Array): void {
    const decoded = decodeClientFrame(message);
    assert(decoded.ok, "a frame decodes");
    const frame = decoded.value;
    const before = new Map(this.sums.parts);
    const grownBytes = new Array<number>(wireTricks.length).fill(0);
    this.#countHead(frame);
    for (const part of frame.zones) this.#takePart(part, grownBytes);
    if (!this.isCounting) {
      for (const [part, bits] of before) this.sums.parts.set(part, bits);
      return;
    }
    const { sums } = this;
    const framing = framingBytes(message.length);
    sums.add("framing", framing * 8);
    sums.frames++;
    sums.bits += (message.length + framing) * 8;
    wireTricks.forEach((trick, index) => {
      const bytes = message.length + grownBytes[index]!;
      sums.addWithout(trick, (bytes + framingBytes(bytes)) * 8);
    });
    let counted = 0;
    for (const [part, bits] of sums.parts) counted += bits - before.get(part)!;
    assert.equal(counted, (message.length + framing) * 8, "the parts of a frame add up to the frame");
  }

  #countHead(frame: ClientFrame): void {
    const { bytes } = frame;
    const flags = bytes[5]!;
    const reader = new ByteReader(bytes, 1);
    reader.skip(9);
    reader.v();
    reader.skip(4);
    reader.v();
    reader.skip(1);
    let at = reader.at;
    this.#add("head", at * 8);
    const moved = (flags & frameFlag.own ? 3 : 0) + (flags & frameFlag.moved ? 8 : 0);
    this.#add("moved", moved * 8);
    at = reader.skip(moved) + moved;
    if (flags & frameFlag.self) reader.skip(reader.v());
    this.#add("self", (reader.at - at) * 8);
    at = reader.at;
    if (flags & frameFlag.dilation) reader.skip(1);
    this.#add("head", (reader.at - at) * 8);
    at = reader.at;
    if (flags & frameFlag.facts) {
      reader.skip(4);
      for (let left = reader.v(); left > 0; left--) {
        reader.v();
        reader.skip(reader.v());
      }
    }
    this.#add("facts", (reader.at - at) * 8);
    // What stands between two parts' sections is a part's head.
    let sections = 0;
    for (const part of frame.zones) for (const { from, to } of part.sections) sections += to - from;
    const heads = frame.zones.reduce((sum, { sections: all }) => sum + all.length, 0);
    let sectionHeads = 0;
    for (const part of frame.zones)
      for (const { from } of part.sections) sectionHeads += headBytes(bytes, from);
    assert(heads * 2 <= sectionHeads, "a section has a head of two bytes at least");
    this.#add("sectionHeads", sectionHeads * 8);
    this.#add("partHeads", (bytes.length - reader.at - sections - sectionHeads) * 8);
  }

  #takePart(part: ZonePart, grownBytes: number[]): void {
    const replica = this.replicas.get(part.zone)!;
    const partGrown = new Array<number>(wireTricks.length).fill(0);
    let partBytes = 0;
    this.#seen.clear();
    for (const { kind, level, from, to } of part.sections) {
      const grown = new Array<number>(wireTricks.length).fill(0);
      partBytes += to - from + headBytes(part.bytes, from);
      const given = { replica, part, level, from, to, grown };
      switch (kind) {
        case section.drops: {
          this.#add("drops", (to - from) * 8);
          const reader = new ByteReader(part.bytes, from, to);
          const regions: number[] = [];
          while (reader.remaining > 0) regions.push(reader.u16());
          replica.drop(regions);
          break;
        }
        case section.reshapes:
          this.#add("reshapes", (to - from) * 8);
          must(replica.applyReshapes(part.bytes, from, to));
          break;
        case section.keyframes:
          this.#add("keyframes", (to - from) * 8);
          this.#growRecords(given, "keyframes");
          must(replica.applyKeyframes(part.tick, part.bytes, from, to));
          break;
        case section.packedKeyframes:
          this.#add("packedKeyframes", (to - from) * 8);
          this.#growPacked(given);
          must(replica.applyPackedKeyframes(part.tick, part.bytes, from, to));
          break;
        case section.intros:
          this.#add("intros", (to - from) * 8);
          this.#growRecords(given, "intros");
          must(replica.applyIntros(level, part.tick, part.bytes, from, to));
          break;
        case section.blocks:
          this.#countBlocks(given);
          break;
        case section.group:
          this.#add("group", (to - from) * 8);
          break;
        default:
          assert.fail(`a section of kind ${kind}`);
      }
      const length = to - from;
      // Where the gateway copies before it knows the length, two bytes are kept free for it.
      const lengthOf = kind === section.blocks || kind === section.intros ? roomyBytes : plainBytes;
      for (let i = 0; i < grown.length; i++)
        partGrown[i]! += grown[i]! + lengthOf(length + grown[i]!) - lengthOf(length);
    }
    for (let i = 0; i < partGrown.length; i++)
      grownBytes[i]! += partGrown[i]! + roomyBytes(partBytes + partGrown[i]!) - roomyBytes(partBytes);
    if (this.isCounting) this.sums.updates += this.#seen.size;
  }

  #countBlocks(given: Given): void {
    const { replica, part, level, from, to, grown } = given;
    const reader = this.#reader;
    const seenBefore = this.#seen.size;
    reader.reset(part.bytes, from, to);
    const starts: number[] = [];
    while (reader.remainingBits >= 8) {
      const start = reader.byteOffset;
      starts.push(start);
      this.#growth.fill(0);
      this.#updates = 0;
      const bits = this.#countBlock(replica, this.#levels[level]!, part);
      reader.align();
      const bytes = reader.byteOffset - start;
      this.#add("blockPadding", bytes * 8 - bits);
      for (let i = 0; i < grown.length; i++) grown[i]! += Math.ceil((bits + this.#growth[i]!) / 8) - bytes;
      if (this.isCounting) this.sums.addBlock(level, bytes * 8, this.#updates);
      // Applied one by one: the next block's members may depend on it.
      const next = reader.byteOffset;
      must(replica.applyBlocks(level, part.tick, part.bytes, start, next));
      reader.reset(part.bytes, next, to);
    }
    assert(this.#seen.size >= seenBefore);
  }

  /** Reads one block; answers its bits without padding. */
  #countBlock(replica: ZoneReplica, level: Level, part: ZonePart): number {
    const reader = this.#reader;
    const startBits = reader.remainingBits;
    const { grid } = replica;
    const region = reader.bits(grid.regionBits);
    grid.aim(this.#frame, replica.shapeOf(region)!);
    this.#add("blockRegions", grid.regionBits);
    this.#grow("regionNumbers", 16 - grid.regionBits);
    let members = replica.members.get(region)!;
    this.#came.clear();
    const localTick = part.tick + phaseOf(grid, region);
    this.#add("blockFlags", 1);
    if (reader.bits(1) === 1) members = this.#countMembership(replica, members, level, localTick);
    for (let channel = 0; channel < 4; channel++) {
      const stride = level.channelStrides[channel]!;
      if (stride === 0 || localTick % stride !== 0) continue;
      this.#add("blockFlags", 1);
      if (reader.bits(1) === 1) this.#countChannel(replica, members, channel, level);
    }
    assert(!reader.failed, "a block is whole");
    return startBits - reader.remainingBits;
  }

  #countMembership(
    replica: ZoneReplica,
    before: readonly number[],
    level: Level,
    localTick: number,
  ): number[] {
    const reader = this.#reader;
    const { grid } = replica;
    const members = new Set(before);
    this.#nearBits = 0;
    let at = reader.remainingBits;
    const count = (part: WirePart) => {
      this.#add(part, at - reader.remainingBits);
      at = reader.remainingBits;
    };
    for (let left = reader.gamma(); left > 0; left--) {
      members.delete(this.#readId());
      const to = reader.bits(2);
      if (to === 1) {
        reader.bits(grid.regionBits);
        this.#grow("regionNumbers", 16 - grid.regionBits);
      } else if (to === 2) {
        reader.bits(12);
        reader.bits(24);
      }
    }
    count("blockLeaves");
    for (let left = reader.gamma(); left > 0; left--) {
      const id = this.#readId();
      members.add(id);
      this.#came.add(id);
      this.#updates++;
      if (reader.bits(1) === 1) this.#readRecord(id, level);
      else {
        for (let channel = 0; channel < 4; channel++) {
          const stride = level.channelStrides[channel]!;
          if (stride === 0 || localTick % stride === 0 || reader.bits(1) === 0) continue;
          this.#readUpdate(id, channel, undefined);
        }
      }
    }
    count("blockEnters");
    return [...members].sort((a, b) => a - b);
  }

  #countChannel(replica: ZoneReplica, members: readonly number[], channel: number, level: Level): void {
    const reader = this.#reader;
    this.#add("blockFlags", 1);
    const isList = reader.bits(1) === 1;
    const mayBeNear = channel === 0 && tellsNear(level.nearBits, this.#frame.positionBits);
    if (mayBeNear) {
      this.#add("blockFlags", 1);
      this.#grow("nearPositions", -1);
      this.#grow("shortPositions", -1);
    }
    this.#nearBits = mayBeNear && reader.bits(1) === 1 ? level.nearBits! : 0;
    const count = members.length;
    const indexBits = bitsFor(count - 1);
    let names = 0;
    let changed = 0;
    let idBits = 0;
    const update = (id: number) => {
      changed++;
      idBits += idBitsOf(id, this.#kinds.length);
      this.#readUpdate(id, channel, replica);
    };
    if (isList) {
      const at = reader.remainingBits;
      const listed = reader.gamma() + 1;
      names = at - reader.remainingBits + listed * indexBits;
      for (let i = 0; i < listed; i++) update(members[reader.bits(indexBits)]!);
    } else {
      names = count;
      for (let i = 0; i < count; i++) if (reader.bits(1) === 1) update(members[i]!);
    }
    this.#add("blockNames", names);
    this.#updates += channel === 0 ? changed : 0;
    this.#grow("listOrBitmap", count - names);
    this.#grow("memberIndexes", gammaBits(changed - 1) + idBits - names);
  }

  /** Reads the fields of an update; with a replica its bits are counted by what they are, else by the caller. */
  #readUpdate(id: number, channel: number, replica: ZoneReplica | undefined): void {
    const reader = this.#reader;
    const kind = this.#kinds[id >>> 16]!;
    const fields = kind.channels[channel]!;
    const mask = readMask(reader, fields.length);
    const maskLength = maskBits(mask, fields.length);
    if (replica !== undefined) this.#add("blockMasks", maskLength);
    this.#grow("shortMasks", (fields.length > 1 ? fields.length : 0) - maskLength);
    this.#grow("changedFields", -maskLength);
    fields.forEach((field, index) => {
      if ((mask & (1 << index)) === 0) {
        // What did not change is what the receiver has.
        const known = replica?.entities.get(id);
        if (known === undefined) return;
        const isNear = field.type.type === "position" && this.#nearBits > 0 && !this.#came.has(id);
        const whole = fieldBits(field, known.parts, known.texts, this.#frame);
        this.#grow("changedFields", isNear ? 2 * this.#nearBits : whole);
        return;
      }
      const at = reader.remainingBits;
      const isPosition = field.type.type === "position";
      const isNear = isPosition && this.#nearBits > 0 && !this.#came.has(id);
      if (isNear) reader.bits(2 * this.#nearBits);
      else readField(reader, field.type, this.#parts, 0, this.#frame);
      const bits = at - reader.remainingBits;
      if (isPosition) {
        if (!isNear) this.#grow("relativePositions", 64 - bits);
        this.#grow("shortPositions", 64 - bits);
        this.#grow("nearPositions", 2 * this.#frame.positionBits - bits);
      }
      if (replica !== undefined) this.#add(isPosition ? "blockPositions" : channelParts[channel]!, bits);
    });
  }

  /** Reads a whole record: of a level's channels, or of all. */
  #readRecord(id: number, level: Level | undefined): void {
    const kind = this.#kinds[id >>> 16]!;
    for (let channel = 0; channel < 4; channel++) {
      if (level !== undefined && level.channelStrides[channel] === 0) continue;
      for (const field of kind.channels[channel]!) {
        if (field.type.type === "position") {
          this.#grow("relativePositions", 64 - 2 * this.#frame.positionBits);
          this.#grow("shortPositions", 64 - 2 * this.#frame.positionBits);
        }
        readField(this.#reader, field.type, this.#parts, 0, this.#frame);
      }
    }
  }

  #growRecords({ replica, part, level, from, to, grown }: Given, kind: "keyframes" | "intros"): void {
    const reader = this.#reader;
    const { grid } = replica;
    reader.reset(part.bytes, from, to);
    while (reader.remainingBits >= 8) {
      const start = reader.byteOffset;
      const startBits = reader.remainingBits;
      this.#growth.fill(0);
      const region = reader.bits(grid.regionBits);
      this.#grow("regionNumbers", 16 - grid.regionBits);
      const shape = kind === "keyframes" ? this.#readShape(grid, region) : replica.shapeOf(region)!;
      grid.aim(this.#frame, shape);
      let id = -1;
      for (let left = reader.gamma(); left > 0; left--) {
        if (kind === "keyframes") id += reader.gamma() + 1;
        else id = this.#readId();
        this.#readRecord(id, kind === "keyframes" ? undefined : this.#levels[level]!);
      }
      assert(!reader.failed, "records are whole");
      const bits = startBits - reader.remainingBits;
      reader.align();
      const bytes = reader.byteOffset - start;
      for (let i = 0; i < grown.length; i++) grown[i]! += Math.ceil((bits + this.#growth[i]!) / 8) - bytes;
    }
  }

  /** What came packed would be as long as it is unpacked; the tricks inside of it are left alone. */
  #growPacked({ part, from, to, grown }: Given): void {
    const reader = new ByteReader(part.bytes, from, to);
    while (reader.remaining > 0) {
      const at = reader.at;
      const length = reader.v();
      const start = reader.skip(length);
      const unpacked = inflate(part.bytes, start, start + length, packedKeyframeBytesMax);
      assert(unpacked.ok, "a keyframe unpacks");
      grown[trickIndex.packedKeyframes]! += unpacked.value.length - (reader.at - at);
    }
  }

  #readShape(grid: RegionGrid, region: number) {
    if (region < grid.count) return grid.shapeOf(region);
    const reader = this.#reader;
    const cell = reader.bits(bitsFor(grid.count - 1));
    const depth = reader.bits(3);
    return grid.shapeAt(cell, depth, reader.bits(2 * depth))!;
  }

  #readId(): number {
    const id = readId(this.#reader, this.#kinds.length);
    this.#grow("wireIds", 24 - idBitsOf(id, this.#kinds.length));
    return id;
  }

  #add(part: WirePart, bits: number): void {
    this.sums.add(part, bits);
  }

  #grow(trick: WireTrick, bits: number): void {
    this.#growth[trickIndex[trick]]! += bits;
  }
}

interface Given {
  readonly replica: ZoneReplica;
  readonly part: ZonePart;
  readonly level: number;
  readonly from: number;
  readonly to: number;
  /** Bytes by which the section grows without each trick. */
  readonly grown: number[];
}

/** Bytes in front of a server's message of that size. */
export function framingBytes(bytes: number): number {
  return bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
}

/** Bytes of a length as short as it can be. */
function plainBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
}

/** Bytes of a length for which room was kept. */
function roomyBytes(length: number): number {
  return Math.max(lengthRoomBytes, plainBytes(length));
}

/** Bytes of the head of a section whose body begins at `from`: kind and level, then a length. */
function headBytes(bytes: Uint8Array, from: number): number {
  // The length ends at the byte before the body; those of its bytes that go on have their highest bit set.
  let length = 1;
  while (bytes[from - 1 - length]! >= 0x80 && length < 5) length++;
  return 1 + length;
}

function must(problem: string | undefined): void {
  assert.equal(problem, undefined, "what was read applies");
}

function gammaBits(value: number): number {
  return 2 * (31 - Math.clz32(value + 1)) + 1;
}

const scratch = new BitWriter(4096);

function idBitsOf(id: number, kinds: number): number {
  scratch.reset();
  writeId(scratch, id, kinds);
  return scratch.lengthBits;
}

/** Bits of a field's value where it stands. */
function fieldBits(field: FieldLayout, parts: Int32Array, texts: readonly string[], frame: Frame): number {
  scratch.reset();
  writeField(scratch, field.type, parts, field.part, texts[field.text] ?? "", frame);
  return scratch.lengthBits;
}
