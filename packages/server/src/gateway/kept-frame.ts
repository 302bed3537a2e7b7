/**
 * One tick frame as the gateway keeps it: a copy of its bytes and an index into them, both reused for later ticks.
 *
 * The same layout as bus/tick-frame.ts, read in place: no object per session or block, because a gateway reads twenty
 * frames a second from every zone and each has a record for every player.
 * Invariant: `load` never throws; after `false` the frame is empty and must not be used. // hot path
 */
import { ByteReader, levelsMax } from "@myriad/protocol";
import { batchKind, readHeader } from "../bus/header.ts";
import { audience, ended, sessionFlag } from "../bus/tick-frame.ts";

/** A level that is due at this tick. Offsets of blocks and intros are positions in `bytes`. */
export interface KeptPlane {
  level: number;
  readonly blocks: Uint32Array;
  readonly intros: Uint32Array;
  /** Whether any region has an intro: mostly none has. */
  hasIntros: boolean;
  hasDigests: boolean;
  readonly digests: Uint32Array;
}

/** One session's record; the same object is used for every record. Ranges are positions in `bytes`. */
export interface SessionRecord {
  session: number;
  flags: number;
  own: number;
  x: number;
  y: number;
  selfFrom: number;
  selfTo: number;
  group: number;
  lastIntent: number;
  ticksSince: number;
  facts: number;
  /** Where the facts begin, each type:v length:v record. */
  factsAt: number;
}

export interface KeptFact {
  type: number;
  from: number;
  to: number;
}

/** Told what a frame holds beside blocks; every object given is reused, every range is a position in the frame's bytes. */
export interface FrameVisitor {
  regionNews(region: number, level: number, fact: KeptFact): void;
  zoneNews(fact: KeptFact): void;
  groupNews(group: number, fact: KeptFact): void;
  letter(fromSession: number, toName: string, fact: KeptFact, otherwise: KeptFact): void;
  session(record: SessionRecord, at: number): void;
  closed(session: number, reason: string): void;
  handedOver(session: number, zone: number): void;
}

/** Zone reports to one gateway in one tick, of anything that is counted: a guard against lying counts. */
const itemsMax = 1 << 24;

export class KeptFrame {
  /** A Buffer for its `copy`, which is the quickest way to move a range (35 ns against 55 of set and subarray). */
  bytes = Buffer.alloc(0);
  length = 0;
  tick = -1;
  epoch = 0;
  timeMs = 0;
  dilation = 100;
  planeCount = 0;
  readonly planes: KeptPlane[] = [];
  /** Regions with a keyframe in this frame. */
  keyframes: number[] = [];
  groupCount = 0;
  readonly #regions: number;
  readonly #keyframeFrom: Int32Array;
  readonly #keyframeTo: Int32Array;
  #newsAt = 0;
  #groupsAt = 0;
  #lettersAt = 0;
  #reader = new ByteReader(this.bytes);
  readonly #record: SessionRecord = {
    session: 0,
    flags: 0,
    own: 0,
    x: 0,
    y: 0,
    selfFrom: 0,
    selfTo: 0,
    group: 0,
    lastIntent: 0,
    ticksSince: 0,
    facts: 0,
    factsAt: 0,
  };
  readonly #fact: KeptFact = { type: 0, from: 0, to: 0 };
  readonly #otherFact: KeptFact = { type: 0, from: 0, to: 0 };

  constructor(regions: number) {
    this.#regions = regions;
    this.#keyframeFrom = new Int32Array(regions).fill(-1);
    this.#keyframeTo = new Int32Array(regions);
  }

  /** Copies and indexes a whole batch. False when it is no well-formed tick frame of this zone's size. */
  load(batch: Uint8Array): boolean {
    this.#forget();
    if (batch.length > this.bytes.length) this.bytes = Buffer.alloc(Math.ceil(batch.length * 1.25));
    this.bytes.set(batch);
    this.length = batch.length;
    const reader = new ByteReader(this.bytes, 0, batch.length);
    const isGood = this.#index(reader) && this.#check(reader);
    if (!isGood) this.#forget();
    return isGood;
  }

  /** Start of a region's keyframe, −1 when this frame has none. */
  keyframeFrom(region: number): number {
    return this.#keyframeFrom[region]!;
  }

  keyframeTo(region: number): number {
    return this.#keyframeTo[region]!;
  }

  /** Shows the visitor news, letters, sessions and ends, in the order of the wire. */
  visit(visitor: FrameVisitor): void {
    // A reader of its own: the visitor may ask for facts meanwhile.
    const reader = new ByteReader(this.bytes, this.#newsAt, this.length);
    const fact = { type: 0, from: 0, to: 0 };
    for (let left = reader.v(); left > 0; left--) {
      const kind = reader.u8();
      if (kind === audience.region) {
        const region = reader.u16();
        const level = reader.u8();
        readFact(reader, fact);
        visitor.regionNews(region, level, fact);
      } else if (kind === audience.group) {
        const group = reader.f64();
        readFact(reader, fact);
        visitor.groupNews(group, fact);
      } else {
        readFact(reader, fact);
        visitor.zoneNews(fact);
      }
    }
    reader.at = this.#lettersAt;
    for (let left = reader.v(); left > 0; left--) {
      const from = reader.u32();
      const to = reader.text(256);
      readFact(reader, fact);
      readFact(reader, this.#otherFact);
      visitor.letter(from, to, fact, this.#otherFact);
    }
    for (let left = reader.v(); left > 0; left--) {
      const at = reader.at;
      readRecord(reader, this.#record);
      visitor.session(this.#record, at);
    }
    for (let left = reader.v(); left > 0; left--) {
      const session = reader.u32();
      if (reader.u8() === ended.handedOver) visitor.handedOver(session, reader.u16());
      else visitor.closed(session, reader.text(64));
    }
  }

  /** Reads the record that `visit` showed at `at` once more. The object is reused. */
  recordAt(at: number): SessionRecord {
    readRecord(this.#at(at), this.#record);
    return this.#record;
  }

  /** Walks over this frame's facts of one record. */
  eachFact(record: SessionRecord, take: (fact: KeptFact) => void): void {
    const reader = this.#at(record.factsAt);
    for (let left = record.facts; left > 0; left--) {
      readFact(reader, this.#fact);
      take(this.#fact);
    }
  }

  /** The state of a group in this frame; undefined when there is none. The object is reused. */
  groupState(group: number): KeptFact | undefined {
    const reader = this.#at(this.#groupsAt);
    for (let left = reader.v(); left > 0; left--) {
      const id = reader.f64();
      const length = reader.v();
      const from = reader.skip(length);
      if (id !== group) continue;
      this.#fact.type = 0;
      this.#fact.from = from;
      this.#fact.to = from + length;
      return this.#fact;
    }
    return undefined;
  }

  #at(at: number): ByteReader {
    if (this.#reader.buffer !== this.bytes) this.#reader = new ByteReader(this.bytes);
    this.#reader.at = at;
    this.#reader.failed = false;
    return this.#reader;
  }

  #forget(): void {
    for (const region of this.keyframes) this.#keyframeFrom[region] = -1;
    this.keyframes.length = 0;
    this.tick = -1;
    this.planeCount = 0;
    this.groupCount = 0;
  }

  #index(reader: ByteReader): boolean {
    const head = readHeader(reader);
    if (!head.ok || head.value.kind !== batchKind.tickFrame) return false;
    this.tick = head.value.sequence;
    this.epoch = head.value.epoch;
    this.timeMs = reader.f64();
    this.dilation = reader.u8();
    if (reader.u16() !== this.#regions) return false;
    return this.#indexPlanes(reader) && this.#indexKeyframes(reader);
  }

  #indexPlanes(reader: ByteReader): boolean {
    this.planeCount = reader.u8();
    if (this.planeCount > levelsMax) return false;
    let lastLevel = -1;
    for (let i = 0; i < this.planeCount; i++) {
      const plane = (this.planes[i] ??= newPlane(this.#regions));
      plane.level = reader.u8();
      const flags = reader.u8();
      if (plane.level <= lastLevel || plane.level >= levelsMax) return false;
      lastLevel = plane.level;
      if (!readPlane(reader, plane.blocks) || !readPlane(reader, plane.intros)) return false;
      plane.hasIntros = plane.intros[0] !== plane.intros[this.#regions];
      plane.hasDigests = (flags & 1) !== 0;
      if (plane.hasDigests) readWords(reader, plane.digests, this.#regions);
      if (reader.failed) return false;
    }
    return true;
  }

  #indexKeyframes(reader: ByteReader): boolean {
    for (let left = reader.u16(); left > 0 && !reader.failed; left--) {
      const region = reader.u16();
      const length = reader.u32();
      const from = reader.skip(length);
      if (reader.failed || region >= this.#regions || this.#keyframeFrom[region] !== -1) return false;
      this.#keyframeFrom[region] = from;
      this.#keyframeTo[region] = from + length;
      this.keyframes.push(region);
    }
    return !reader.failed;
  }

  /** Walks over the rest once, so that nothing later meets a broken part half-way. */
  #check(reader: ByteReader): boolean {
    reader.skip(reader.u16());
    this.#newsAt = reader.at;
    for (let left = count(reader); left > 0 && !reader.failed; left--) {
      const kind = reader.u8();
      if (kind === audience.region) {
        if (reader.u16() >= this.#regions) return false;
        reader.u8();
      } else if (kind === audience.group) reader.skip(8);
      readFact(reader, this.#fact);
    }
    this.#groupsAt = reader.at;
    this.groupCount = count(reader);
    for (let left = this.groupCount; left > 0 && !reader.failed; left--) {
      reader.skip(8);
      reader.skip(reader.v());
    }
    this.#lettersAt = reader.at;
    for (let left = count(reader); left > 0 && !reader.failed; left--) {
      reader.u32();
      reader.text(256);
      readFact(reader, this.#fact);
      readFact(reader, this.#fact);
    }
    for (let left = count(reader); left > 0 && !reader.failed; left--) readRecord(reader, this.#record);
    for (let left = count(reader); left > 0 && !reader.failed; left--) {
      reader.u32();
      if (reader.u8() === ended.handedOver) reader.u16();
      else reader.text(64);
    }
    return !reader.failed && reader.remaining === 0;
  }
}

function newPlane(regions: number): KeptPlane {
  return {
    level: 0,
    blocks: new Uint32Array(regions + 1),
    intros: new Uint32Array(regions + 1),
    hasIntros: false,
    hasDigests: false,
    digests: new Uint32Array(regions),
  };
}

/** Reads offsets, checks that they ascend within the plane, and moves them to positions in the frame's bytes. */
function readPlane(reader: ByteReader, offsets: Uint32Array): boolean {
  readWords(reader, offsets, offsets.length);
  const length = reader.u32();
  const base = reader.skip(length);
  if (reader.failed) return false;
  let last = 0;
  for (let i = 0; i < offsets.length; i++) {
    const offset = offsets[i]!;
    if (offset < last || offset > length) return false;
    last = offset;
    offsets[i] = base + offset;
  }
  return true;
}

function readWords(reader: ByteReader, into: Uint32Array, words: number): void {
  const from = reader.skip(words * 4);
  if (reader.failed) return;
  const bytes = reader.buffer;
  for (let i = 0, at = from; i < words; i++, at += 4) {
    into[i] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  }
}

function count(reader: ByteReader): number {
  const value = reader.v();
  if (value > itemsMax) reader.failed = true;
  return value;
}

function readFact(reader: ByteReader, fact: KeptFact): void {
  fact.type = reader.v();
  const length = reader.v();
  fact.from = reader.skip(length);
  fact.to = fact.from + length;
}

function readRecord(reader: ByteReader, record: SessionRecord): void {
  record.session = reader.u32();
  const flags = reader.u8();
  record.flags = flags;
  if (flags & sessionFlag.own) record.own = reader.u16() | (reader.u8() << 16);
  if (flags & sessionFlag.moved) {
    record.x = reader.u32() | 0;
    record.y = reader.u32() | 0;
  }
  if (flags & sessionFlag.self) {
    const length = reader.v();
    record.selfFrom = reader.skip(length);
    record.selfTo = record.selfFrom + length;
  }
  if (flags & sessionFlag.group) record.group = reader.f64();
  record.lastIntent = reader.u32();
  record.ticksSince = reader.u8();
  record.facts = reader.v();
  record.factsAt = reader.at;
  for (let left = record.facts; left > 0 && !reader.failed; left--) {
    reader.v();
    reader.skip(reader.v());
  }
}
