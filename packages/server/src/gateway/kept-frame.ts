/**
 * One tick frame as the gateway keeps it: a copy of its bytes and an index into them, both reused for later ticks.
 *
 * The same layout as bus/tick-frame.ts, read in place: no object per session or block, because a gateway reads twenty
 * frames a second from every zone and each has a record for every player.
 * Invariant: `load` never throws; after `false` the frame is empty and must not be used. // hot path
 */
import { ByteReader, levelsMax } from "@myriad/protocol";
import { batchKind, readHeader } from "../bus/header.ts";
import { hasMore, rowAt, sessionFlag, sessionRowBytes } from "../bus/session-table.ts";
import { audience, ended, packedFlag, planeFlag } from "../bus/tick-frame.ts";

/** A level that is due at this tick. Offsets of blocks and intros are positions in `bytes`. */
export interface KeptPlane {
  level: number;
  blocks: Uint32Array;
  intros: Uint32Array;
  /** Whether any region has an intro: mostly none has. */
  hasIntros: boolean;
  hasDigests: boolean;
  digests: Uint32Array;
}

/** A split or merge between the tick before and this one; `from` and `to` is what its viewers are told. */
export interface KeptReshape {
  region: number;
  first: number;
  isMerge: boolean;
  from: number;
  to: number;
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
  /** All sessions' records: so many rows, side by side from `first` on; `recordAt` reads them. */
  sessions(first: number, count: number): void;
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
  /** Levels with a plane that holds anything, one bit each. */
  levelBits = 0;
  readonly planes: KeptPlane[] = [];
  /** Numbers of regions in use. */
  regionsUsed = 0;
  /** Every split: region and first quarter, wholes first; `splitCount` pairs. */
  splits = new Uint16Array(32);
  splitCount = 0;
  reshapeCount = 0;
  readonly reshapes: KeptReshape[] = [];
  /** Where loads and importance of the regions stand, one byte each; −1 when the frame has none. */
  weightsAt = -1;
  /** Regions with a keyframe in this frame. */
  keyframes: number[] = [];
  groupCount = 0;
  readonly #cells: number;
  readonly #capacity: number;
  readonly #keyframeFrom: Int32Array;
  readonly #keyframeTo: Int32Array;
  readonly #packedFrom: Int32Array;
  readonly #packedTo: Int32Array;
  #newsAt = 0;
  #groupsAt = 0;
  #lettersAt = 0;
  /** The table of sessions: its rows, and what stands behind it. */
  #sessionsAt = 0;
  #sessionCount = 0;
  #moreAt = 0;
  #endedAt = 0;
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

  /** For a zone with so many cells, and numbers of regions below `capacity`. */
  constructor(cells: number, capacity: number) {
    this.#cells = cells;
    this.#capacity = capacity;
    this.#keyframeFrom = new Int32Array(capacity).fill(-1);
    this.#keyframeTo = new Int32Array(capacity);
    this.#packedFrom = new Int32Array(capacity).fill(-1);
    this.#packedTo = new Int32Array(capacity);
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

  /** Start of a region's keyframe as raw deflate, −1 when there is none. */
  packedFrom(region: number): number {
    return this.#packedFrom[region]!;
  }

  packedTo(region: number): number {
    return this.#packedTo[region]!;
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
    visitor.sessions(this.#sessionsAt, this.#sessionCount);
    reader.at = this.#endedAt;
    for (let left = reader.v(); left > 0; left--) {
      const session = reader.u32();
      if (reader.u8() === ended.handedOver) visitor.handedOver(session, reader.u16());
      else visitor.closed(session, reader.text(64));
    }
  }

  /** Reads one of the records that `visit` showed. The object is reused. */
  recordAt(at: number): SessionRecord {
    const { bytes } = this;
    const record = this.#record;
    const flags = bytes[at + rowAt.flags]!;
    record.session = i32(bytes, at) >>> 0;
    record.lastIntent = i32(bytes, at + rowAt.lastIntent) >>> 0;
    record.x = i32(bytes, at + rowAt.x);
    record.y = i32(bytes, at + rowAt.y);
    record.flags = flags;
    record.ticksSince = bytes[at + rowAt.ticksSince]!;
    record.facts = 0;
    if ((flags & hasMore) !== 0) {
      const more = i32(bytes, at + rowAt.more) >>> 0;
      readMore(this.#at(this.#moreAt + more), record);
    }
    return record;
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
    for (const region of this.keyframes) {
      this.#keyframeFrom[region] = -1;
      this.#packedFrom[region] = -1;
    }
    this.keyframes.length = 0;
    this.tick = -1;
    this.planeCount = 0;
    this.reshapeCount = 0;
    this.splitCount = 0;
    this.weightsAt = -1;
    this.groupCount = 0;
  }

  #index(reader: ByteReader): boolean {
    const head = readHeader(reader);
    if (!head.ok || head.value.kind !== batchKind.tickFrame) return false;
    this.tick = head.value.sequence;
    this.epoch = head.value.epoch;
    this.timeMs = reader.f64();
    this.dilation = reader.u8();
    this.regionsUsed = reader.u16();
    if (this.regionsUsed < this.#cells || this.regionsUsed > this.#capacity) return false;
    return this.#indexShapes(reader) && this.#indexPlanes(reader) && this.#indexKeyframes(reader);
  }

  #indexShapes(reader: ByteReader): boolean {
    this.splitCount = reader.u16();
    if (this.splitCount * 4 > this.#capacity) return false;
    if (this.splits.length < this.splitCount * 2) this.splits = new Uint16Array(this.splitCount * 4);
    for (let i = 0; i < this.splitCount * 2; i += 2) {
      this.splits[i] = reader.u16();
      this.splits[i + 1] = reader.u16();
      if (!this.#isUsed(this.splits[i]!) || !this.#isUsed(this.splits[i + 1]! + 3)) return false;
    }
    this.reshapeCount = reader.u8();
    for (let i = 0; i < this.reshapeCount && !reader.failed; i++) {
      const reshape = (this.reshapes[i] ??= { region: 0, first: 0, isMerge: false, from: 0, to: 0 });
      reshape.region = reader.u16();
      reshape.first = reader.u16();
      reshape.isMerge = reader.u8() === 1;
      const length = reader.v();
      reshape.from = reader.skip(length);
      reshape.to = reshape.from + length;
      // What there is afterwards has planes; numbers that a merge took back may be used no more.
      const left = reshape.isMerge ? reshape.region : reshape.first + 3;
      if (!this.#isUsed(left) || reshape.first + 3 >= this.#capacity) return false;
    }
    return !reader.failed;
  }

  #isUsed(region: number): boolean {
    return region < this.regionsUsed;
  }

  #indexPlanes(reader: ByteReader): boolean {
    this.planeCount = reader.u8();
    this.levelBits = 0;
    if (this.planeCount > levelsMax) return false;
    let lastLevel = -1;
    for (let i = 0; i < this.planeCount; i++) {
      const plane = (this.planes[i] ??= newPlane());
      fit(plane, this.regionsUsed);
      plane.level = reader.u8();
      const flags = reader.u8();
      if (plane.level <= lastLevel || plane.level >= levelsMax) return false;
      lastLevel = plane.level;
      const words = this.regionsUsed + 1;
      plane.hasIntros = (flags & planeFlag.intros) !== 0;
      if (!readPlane(reader, plane.blocks, words)) return false;
      if (plane.hasIntros && !readPlane(reader, plane.intros, words)) return false;
      plane.hasDigests = (flags & planeFlag.digests) !== 0;
      if (plane.hasDigests) readWords(reader, plane.digests, this.regionsUsed);
      if (reader.failed) return false;
      const isEmpty = plane.blocks[0] === plane.blocks[this.regionsUsed] && !plane.hasDigests;
      if (!isEmpty || plane.hasIntros) this.levelBits |= 1 << plane.level;
    }
    return true;
  }

  #indexKeyframes(reader: ByteReader): boolean {
    for (let left = reader.u16(); left > 0 && !reader.failed; left--) {
      const region = reader.u16();
      const flagged = reader.u32();
      const length = flagged % packedFlag;
      const from = reader.skip(length);
      if (reader.failed || region >= this.regionsUsed || this.#keyframeFrom[region] !== -1) return false;
      this.#keyframeFrom[region] = from;
      this.#keyframeTo[region] = from + length;
      this.keyframes.push(region);
      if (flagged < packedFlag) continue;
      const packedLength = reader.u32();
      this.#packedFrom[region] = reader.skip(packedLength);
      this.#packedTo[region] = this.#packedFrom[region]! + packedLength;
    }
    return !reader.failed;
  }

  /** Looks at the rows with more behind the table; the others cannot be wrong. */
  #checkSessions(reader: ByteReader): boolean {
    this.#sessionCount = count(reader);
    this.#sessionsAt = reader.skip(this.#sessionCount * sessionRowBytes);
    const length = reader.u32();
    this.#moreAt = reader.skip(length);
    if (reader.failed) return false;
    const more = new ByteReader(this.bytes, this.#moreAt, this.#moreAt + length);
    const { bytes } = this;
    const record = this.#record;
    for (let i = 0, at = this.#sessionsAt; i < this.#sessionCount; i++, at += sessionRowBytes) {
      record.flags = bytes[at + rowAt.flags]!;
      if ((record.flags & hasMore) === 0) continue;
      record.facts = 0;
      more.at = this.#moreAt + (i32(bytes, at + rowAt.more) >>> 0);
      readMore(more, record);
      for (let left = record.facts; left > 0 && !more.failed; left--) readFact(more, this.#fact);
      if (more.failed) return false;
    }
    return true;
  }

  /** Walks over the rest once, so that nothing later meets a broken part half-way. */
  #check(reader: ByteReader): boolean {
    const weights = reader.v();
    this.weightsAt = reader.skip(weights);
    if (weights === 0) this.weightsAt = -1;
    else if (weights !== 2 * this.regionsUsed) return false;
    this.#newsAt = reader.at;
    for (let left = count(reader); left > 0 && !reader.failed; left--) {
      const kind = reader.u8();
      if (kind === audience.region) {
        if (reader.u16() >= this.#cells) return false;
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
    if (!this.#checkSessions(reader)) return false;
    this.#endedAt = reader.at;
    for (let left = count(reader); left > 0 && !reader.failed; left--) {
      reader.u32();
      if (reader.u8() === ended.handedOver) reader.u16();
      else reader.text(64);
    }
    return !reader.failed && reader.remaining === 0;
  }
}

function newPlane(): KeptPlane {
  const none = new Uint32Array(0);
  return { level: 0, blocks: none, intros: none, hasIntros: false, hasDigests: false, digests: none };
}

/** Gives a plane room for so many regions. */
function fit(plane: KeptPlane, regions: number): void {
  if (plane.blocks.length > regions) return;
  const words = Math.ceil((regions + 1) * 1.25);
  plane.blocks = new Uint32Array(words);
  plane.intros = new Uint32Array(words);
  plane.digests = new Uint32Array(words);
}

/** Reads offsets, checks that they ascend within the plane, and moves them to positions in the frame's bytes. */
function readPlane(reader: ByteReader, offsets: Uint32Array, words: number): boolean {
  readWords(reader, offsets, words);
  const length = reader.u32();
  const base = reader.skip(length);
  if (reader.failed) return false;
  let last = 0;
  for (let i = 0; i < words; i++) {
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

/** Reads what stands behind the table of a row with these flags. */
function readMore(reader: ByteReader, record: SessionRecord): void {
  const { flags } = record;
  if (flags & sessionFlag.own) record.own = reader.u16() | (reader.u8() << 16);
  if (flags & sessionFlag.self) {
    const length = reader.v();
    record.selfFrom = reader.skip(length);
    record.selfTo = record.selfFrom + length;
  }
  if (flags & sessionFlag.group) record.group = reader.f64();
  if (flags & sessionFlag.facts) {
    record.facts = reader.v();
    record.factsAt = reader.at;
  }
}

function i32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
