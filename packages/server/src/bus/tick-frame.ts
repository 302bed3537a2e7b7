/**
 * The tick frame: everything a zone says about one tick. A part for all gateways and a part for the addressed one.
 *
 *   header (kind 1, peer = gateway, sequence = tick)
 *   timeMs:f64  dilation:u8 (percent of real time)  regions:u16
 *   planes      count:u8 { level:u8 flags:u8 (1 digests)  blocks: offsets:(regions+1)×u32 length:u32 bytes
 *                          intros: offsets:(regions+1)×u32 length:u32 bytes   [digests: regions×u32] }
 *   keyframes   count:u16 { region:u16 length:u32 bytes }
 *   importance  length:u16 bytes                                     one byte per region, or none
 *   news        count:v { audience }  — facts for many, encoded once:
 *               audience: 0 region:u16 level:u8 | 1 zone | 2 group:f64   then type:v length:v record
 *   groups      count:v { group:f64 length:v bytes }                 group state, encoded once
 *   letters     count:v { from:u32 (session) to:text type:v length:v record elseType:v elseLength:v elseRecord }
 *   sessions    count:v { session:u32 flags:u8 [own 1] id:u24 | [moved 2] x:i32 y:i32 | [self 4|full 8] length:v bytes |
 *               [group 16] group:f64 | lastIntent:u32 ticksSince:u8 | facts: count:v { type:v length:v record } }
 *   ended       count:v { session:u32 how:u8 (0 closed with a reason, 1 handed to a zone) reason:text | zone:u16 }
 *
 * Every session of the gateway that is at home in the zone, or was when the tick began, has a record in every tick frame.
 * Blocks of a level that is not due have no plane. Offsets are relative to the plane's bytes.
 * Invariant: reading never throws. Views point into the given bytes.
 */
import { ByteReader, type Decoded, levelsMax, refused } from "@myriad/protocol";
import { type BatchHeader, batchKind, readHeader } from "./header.ts";

export const sessionFlag = { own: 1, moved: 2, self: 4, full: 8, group: 16 } as const;
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

export interface RegionKeyframe {
  readonly region: number;
  readonly bytes: Uint8Array;
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
  readonly planes: readonly LevelPlanes[];
  readonly keyframes: readonly RegionKeyframe[];
  readonly importance: Uint8Array;
  readonly news: readonly News[];
  readonly groups: readonly GroupState[];
  readonly letters: readonly Letter[];
  readonly sessions: readonly SessionPart[];
  readonly ended: readonly SessionEnd[];
}

/** Reads a tick frame. Views point into `bytes`; offsets and digests are copied (alignment). Never throws. */
export function readTickFrame(bytes: Uint8Array): Decoded<TickFrame> {
  const reader = new ByteReader(bytes);
  const head = readHeader(reader);
  if (!head.ok) return head;
  if (head.value.kind !== batchKind.tickFrame) return refused("unknown_type");
  const timeMs = reader.f64();
  const dilation = reader.u8();
  const regions = reader.u16();
  const planes: LevelPlanes[] = [];
  const planeCount = reader.u8();
  if (planeCount > levelsMax) return refused("too_large");
  for (let i = 0; i < planeCount && !reader.failed; i++) {
    const level = reader.u8();
    const flags = reader.u8();
    const blocks = readPlane(reader, regions);
    const intros = readPlane(reader, regions);
    const digests = flags & 1 ? readWords(reader, regions) : undefined;
    planes.push({ level, blocks, intros, digests });
  }
  const keyframes: RegionKeyframe[] = [];
  for (let left = reader.u16(); left > 0 && !reader.failed; left--) {
    const region = reader.u16();
    keyframes.push({ region, bytes: reader.view(reader.u32()) });
  }
  const importance = reader.view(reader.u16());
  const news = readMany(reader, readNews);
  const groups = readMany(reader, (r): GroupState => ({ group: r.f64(), bytes: r.view(r.v()) }));
  const letters = readMany(
    reader,
    (r): Letter => ({ fromSession: r.u32(), toName: r.text(256), fact: readFact(r), otherwise: readFact(r) }),
  );
  const sessions = readMany(reader, readSession);
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
      planes,
      keyframes,
      importance,
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

function readSession(reader: ByteReader): SessionPart {
  const session = reader.u32();
  const flags = reader.u8();
  const own = flags & sessionFlag.own ? reader.u16() | (reader.u8() << 16) : undefined;
  const position = flags & sessionFlag.moved ? { x: reader.u32() | 0, y: reader.u32() | 0 } : undefined;
  const self = flags & sessionFlag.self ? reader.view(reader.v()) : undefined;
  const group = flags & sessionFlag.group ? reader.f64() : undefined;
  const lastIntent = reader.u32();
  const ticksSince = reader.u8();
  const facts = readMany(reader, readFact);
  const selfFull = (flags & sessionFlag.full) !== 0;
  return { session, own, position, self, selfFull, group, lastIntent, ticksSince, facts };
}

function readEnd(reader: ByteReader): SessionEnd {
  const session = reader.u32();
  return reader.u8() === ended.handedOver
    ? { session, how: "handedOver", zone: reader.u16() }
    : { session, how: "closed", reason: reader.text(64) };
}
