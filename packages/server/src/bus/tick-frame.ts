/**
 * The tick frame: everything a zone says about one tick. A part for all gateways and a part for the addressed one.
 *
 *   header (kind 1, peer = gateway, sequence = tick)
 *   timeMs:f64  dilation:u8 (percent of real time)  regions:u16 (numbers of regions in use)
 *   splits      count:u16 { region:u16 first quarter:u16 }           all there are, wholes before their quarters
 *   reshapes    count:u8 { region:u16 first quarter:u16 merge:u8 length:v bytes }   between the tick before and this one
 *   planes      count:u8 { level:u8 flags:u8 (1 digests, 2 intros)  blocks: offsets:(regions+1)×u32 length:u32 bytes
 *                          [intros: offsets:(regions+1)×u32 length:u32 bytes]   [digests: regions×u32] }
 *   keyframes   count:u16 { region:u16 length:u31 packed?:1 bytes [packed: length:u32 bytes] }    the same twice: see packing.ts
 *   weights     length:v bytes                                       none, or a byte of load, then of importance, per region
 *   news        count:v { audience }  — facts for many, encoded once:
 *               audience: 0 region:u16 level:u8 | 1 zone | 2 group:f64   then type:v length:v record
 *   groups      count:v { group:f64 length:v bytes }                 group state, encoded once
 *   letters     count:v { from:u32 (session) to:text type:v length:v record elseType:v elseLength:v elseRecord }
 *   sessions    a table of equal rows and what only some have: see session-table.ts
 *   ended       count:v { session:u32 how:u8 (0 closed with a reason, 1 handed to a zone) reason:text | zone:u16 }
 *
 * Every session of the gateway that is at home in the zone, or was when the tick began, has a record in every tick frame.
 * Blocks of a level that is not due have no plane. Offsets are relative to the plane's bytes.
 * Invariant: reading never throws. Views point into the given bytes.
 */
import { ByteReader, type Decoded, levelsMax, refused } from "@myriad/protocol";
import { type BatchHeader, batchKind, readHeader } from "./header.ts";
import { readSessionTable } from "./session-table.ts";

export const planeFlag = { digests: 1, intros: 2 } as const;
/** Bit of a keyframe's length which says that it follows packed, too. */
export const packedFlag = 2 ** 31;
export const audience = { region: 0, zone: 1, group: 2 } as const;
export const ended = { closed: 0, handedOver: 1 } as const;

/** The blocks of one level for all regions: region r is bytes[offsets[r], offsets[r+1]). */
export interface Plane {
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

export interface LevelPlanes {
  readonly level: number;
  readonly blocks: Plane;
  readonly intros: Plane;
  /** One hash per region, when some session asked for digests. */
  readonly digests: Uint32Array | undefined;
}

export interface RegionSplit {
  readonly region: number;
  readonly first: number;
}

export interface RegionReshape extends RegionSplit {
  readonly isMerge: boolean;
  readonly bytes: Uint8Array;
}

export interface RegionKeyframe {
  readonly region: number;
  readonly bytes: Uint8Array;
  /** The same as raw deflate, where that is worth its while. */
  readonly packed?: Uint8Array;
}

/** A fact as bytes. */
export interface FactRecord {
  readonly type: number;
  readonly record: Uint8Array;
}

/** A fact for many. */
export type News = FactRecord &
  (
    | {
        readonly to: "region";
        readonly region: number /** Viewers of the region at this level or nearer. */;
        readonly level: number;
      }
    | { readonly to: "zone" }
    | { readonly to: "group"; readonly group: number }
  );

/** A fact for a character by name, wherever it plays; `otherwise` goes to the sender when nobody of that name is here. */
export interface Letter {
  readonly fromSession: number;
  readonly toName: string;
  readonly fact: FactRecord;
  readonly otherwise: FactRecord;
}

export interface GroupState {
  readonly group: number;
  readonly bytes: Uint8Array;
}

export interface SessionPart {
  readonly session: number;
  /** Entity id, when it changed or a full state was asked for. */
  readonly own: number | undefined;
  /** Position in 1/1024 m, when it changed or a full state was asked for. */
  readonly position: { readonly x: number; readonly y: number } | undefined;
  readonly self: Uint8Array | undefined;
  /** True when `self` holds all fields. */
  readonly selfFull: boolean;
  readonly group: number | undefined;
  readonly lastIntent: number;
  readonly ticksSince: number;
  readonly facts: readonly FactRecord[];
}

export type SessionEnd =
  | { readonly session: number; readonly how: "closed"; readonly reason: string }
  | { readonly session: number; readonly how: "handedOver"; readonly zone: number };

export interface TickFrame {
  readonly header: BatchHeader;
  readonly tick: number;
  /** Wall clock when the tick was simulated, milliseconds since 1970. */
  readonly timeMs: number;
  readonly dilation: number;
  readonly regions: number;
  readonly splits: readonly RegionSplit[];
  readonly reshapes: readonly RegionReshape[];
  readonly planes: readonly LevelPlanes[];
  readonly keyframes: readonly RegionKeyframe[];
  readonly weights: Uint8Array;
  readonly news: readonly News[];
  readonly groups: readonly GroupState[];
  readonly letters: readonly Letter[];
  readonly sessions: readonly SessionPart[];
  readonly ended: readonly SessionEnd[];
}

/** Reads a tick frame. Views point into `bytes`; offsets and digests are copied (alignment). Never throws. */
export function readTickFrame(given: Uint8Array): Decoded<TickFrame> {
  const reader = new ByteReader(given);
  const head = readHeader(reader);
  if (!head.ok) return head;
  if (head.value.kind !== batchKind.tickFrame) return refused("unknown_type");
  const timeMs = reader.f64();
  const dilation = reader.u8();
  const regions = reader.u16();
  const splits: RegionSplit[] = [];
  for (let left = reader.u16(); left > 0 && !reader.failed; left--)
    splits.push({ region: reader.u16(), first: reader.u16() });
  const reshapes: RegionReshape[] = [];
  for (let left = reader.u8(); left > 0 && !reader.failed; left--) {
    const region = reader.u16();
    const first = reader.u16();
    const isMerge = reader.u8() === 1;
    reshapes.push({ region, first, isMerge, bytes: reader.view(reader.v()) });
  }
  const planes: LevelPlanes[] = [];
  const planeCount = reader.u8();
  if (planeCount > levelsMax) return refused("too_large");
  for (let i = 0; i < planeCount && !reader.failed; i++) {
    const level = reader.u8();
    const flags = reader.u8();
    const blocks = readPlane(reader, regions);
    const intros =
      flags & planeFlag.intros
        ? readPlane(reader, regions)
        : { offsets: new Uint32Array(regions + 1), bytes: new Uint8Array(0) };
    const digests = flags & planeFlag.digests ? readWords(reader, regions) : undefined;
    planes.push({ level, blocks, intros, digests });
  }
  const keyframes: RegionKeyframe[] = [];
  for (let left = reader.u16(); left > 0 && !reader.failed; left--) {
    const region = reader.u16();
    const length = reader.u32();
    const isPacked = length >= packedFlag;
    const whole = reader.view(length % packedFlag);
    keyframes.push(
      isPacked ? { region, bytes: whole, packed: reader.view(reader.u32()) } : { region, bytes: whole },
    );
  }
  const weights = reader.view(reader.v());
  const news = readMany(reader, readNews);
  const groups = readMany(reader, (r): GroupState => ({ group: r.f64(), bytes: r.view(r.v()) }));
  const letters = readMany(
    reader,
    (r): Letter => ({ fromSession: r.u32(), toName: r.text(256), fact: readFact(r), otherwise: readFact(r) }),
  );
  const sessions = readSessionTable(reader);
  const endedSessions = readMany(reader, readEnd);
  if (reader.failed) return refused("truncated");
  if (reader.remaining > 0) return refused("trailing_bytes");
  return {
    ok: true,
    value: {
      header: head.value,
      tick: head.value.sequence,
      timeMs,
      dilation,
      regions,
      splits,
      reshapes,
      planes,
      keyframes,
      weights,
      news,
      groups,
      letters,
      sessions,
      ended: endedSessions,
    },
  };
}

function readPlane(reader: ByteReader, regions: number): Plane {
  const offsets = readWords(reader, regions + 1);
  const bytes = reader.view(reader.u32());
  for (let i = 0; i < offsets.length; i++) {
    const isOrdered = offsets[i]! <= (i + 1 < offsets.length ? offsets[i + 1]! : bytes.length);
    if (!isOrdered) reader.failed = true;
  }
  return { offsets, bytes };
}

function readWords(reader: ByteReader, count: number): Uint32Array {
  const view = reader.view(count * 4);
  const words = new Uint32Array(reader.failed ? 0 : count);
  for (let i = 0, at = 0; i < words.length; i++, at += 4) {
    words[i] = view[at]! | (view[at + 1]! << 8) | (view[at + 2]! << 16) | (view[at + 3]! << 24);
  }
  return words;
}

function readMany<T>(reader: ByteReader, readOne: (reader: ByteReader) => T): T[] {
  const items: T[] = [];
  for (let left = reader.v(); left > 0 && !reader.failed; left--) items.push(readOne(reader));
  return items;
}

function readFact(reader: ByteReader): FactRecord {
  const type = reader.v();
  return { type, record: reader.view(reader.v()) };
}

function readNews(reader: ByteReader): News {
  switch (reader.u8()) {
    case audience.region: {
      const region = reader.u16();
      const level = reader.u8();
      return { to: "region", region, level, ...readFact(reader) };
    }
    case audience.group:
      return { to: "group", group: reader.f64(), ...readFact(reader) };
    default:
      return { to: "zone", ...readFact(reader) };
  }
}

function readEnd(reader: ByteReader): SessionEnd {
  const session = reader.u32();
  return reader.u8() === ended.handedOver
    ? { session, how: "handedOver", zone: reader.u16() }
    : { session, how: "closed", reason: reader.text(64) };
}
