/**
 * The client frame: what one client gets for one tick of its home zone. Layout, and the decoder.
 *
 *   82 | frame:u32 | flags:u8 | timeMs:u32
 *      | home zone:v | tick:u32 | lastIntent:v | ticksSince:u8
 *      | [own 1]      entity id:u24
 *      | [moved 2]    x:i32 y:i32                      1/1024 m, for prediction
 *      | [self 4]     length:v { bits: mask of the kind's self fields, the masked fields; padded to a byte }*
 *      | [dilation 8] percent of real time:u8
 *      | [facts 16]   first number:u32 count:v { type:v length:v record }
 *      | until the end: zone:v tick:u32 length:v { head:u8 = kind << 4 | level, length:v, bytes }
 *
 * `timeMs` is the server's wall clock, milliseconds modulo 2^32, when the home tick was simulated.
 * Sections of one zone come in this order and are applied in it: drops, reshapes, keyframes, packed keyframes,
 * intros, blocks by level, digests, group.
 * Invariant: sequence and acknowledgement belong to the frame, not to the socket. Decoding never throws.
 */
import { clientFrameBytesMax, levelsMax, recordBytesMax } from "./limits.ts";
import { ByteReader, section, serverMessage } from "./frame.ts";
import { type Decoded, refused } from "./record.ts";

export const frameFlag = { own: 1, moved: 2, self: 4, dilation: 8, facts: 16 } as const;

/** A fact as it travels: numbered per session, still bytes. */
export interface RawFact {
  readonly number: number;
  readonly type: number;
  readonly from: number;
  readonly to: number;
}

/** A section of a zone's part: a range of the frame's bytes. */
export interface RawSection {
  readonly kind: number;
  readonly level: number;
  readonly from: number;
  readonly to: number;
}

export interface ZonePart {
  /** What the sections' ranges refer to. */
  readonly bytes: Uint8Array;
  readonly zone: number;
  readonly tick: number;
  readonly sections: readonly RawSection[];
}

/** A decoded client frame; ranges refer to `bytes`. */
export interface ClientFrame {
  readonly bytes: Uint8Array;
  readonly frame: number;
  readonly timeMs: number;
  readonly homeZone: number;
  readonly tick: number;
  /** Number of the last intent that the zone applied. */
  readonly lastIntent: number;
  /** Ticks that the zone simulated since it applied that intent, that tick included; 255 stands for more. */
  readonly ticksSince: number;
  /** The player's own entity id in the home zone, when it changed. */
  readonly own: number | undefined;
  /** Own position in 1/1024 m, when it changed. */
  readonly position: { readonly x: number; readonly y: number } | undefined;
  readonly self: { readonly from: number; readonly to: number } | undefined;
  /** Percent of real time at which the zone runs, when announced. */
  readonly dilation: number | undefined;
  readonly facts: readonly RawFact[];
  readonly zones: readonly ZonePart[];
}

const factsPerFrameMax = 4096;
const zonesPerFrameMax = 64;

/** Decodes a client frame (its first byte included); never throws. */
export function decodeClientFrame(bytes: Uint8Array): Decoded<ClientFrame> {
  if (bytes.length > clientFrameBytesMax) return refused("too_large");
  const reader = new ByteReader(bytes);
  if (reader.u8() !== serverMessage.frame) return refused("unknown_type");
  const frame = reader.u32();
  const flags = reader.u8();
  const timeMs = reader.u32();
  const homeZone = reader.v();
  const tick = reader.u32();
  const lastIntent = reader.v();
  const ticksSince = reader.u8();
  const own = flags & frameFlag.own ? reader.u16() | (reader.u8() << 16) : undefined;
  const position = flags & frameFlag.moved ? { x: reader.u32() | 0, y: reader.u32() | 0 } : undefined;
  let self: { from: number; to: number } | undefined;
  if (flags & frameFlag.self) {
    const length = reader.v();
    self = { from: reader.skip(length), to: reader.at };
  }
  const dilation = flags & frameFlag.dilation ? reader.u8() : undefined;
  const facts: RawFact[] = [];
  if (flags & frameFlag.facts) {
    const first = reader.u32();
    const count = reader.v();
    if (count > factsPerFrameMax) return refused("too_large");
    for (let i = 0; i < count && !reader.failed; i++) {
      const type = reader.v();
      const length = reader.v();
      if (length > recordBytesMax) return refused("too_large");
      facts.push({ number: first + i, type, from: reader.skip(length), to: reader.at });
    }
  }
  const zones: ZonePart[] = [];
  while (reader.remaining > 0) {
    if (zones.length === zonesPerFrameMax) return refused("too_large");
    const part = readZonePart(reader);
    if (typeof part === "string") return refused(part);
    zones.push(part);
  }
  if (reader.failed) return refused("truncated");
  const value = {
    bytes,
    frame,
    timeMs,
    homeZone,
    tick,
    lastIntent,
    ticksSince,
    own,
    position,
    self,
    dilation,
    facts,
    zones,
  };
  return { ok: true, value };
}

/** Reads one zone's part: used for client frames and for what neighbouring zones send each other. */
export function readZonePart(reader: ByteReader): ZonePart | "truncated" | "unknown_type" {
  const zone = reader.v();
  const tick = reader.u32();
  const length = reader.v();
  const end = reader.skip(length) + length;
  if (reader.failed) return "truncated";
  const inner = new ByteReader(reader.buffer, end - length, end);
  const sections: RawSection[] = [];
  while (inner.remaining > 0) {
    const head = inner.u8();
    const kind = head >>> 4;
    const level = head & 15;
    const size = inner.v();
    const from = inner.skip(size);
    if (inner.failed) return "truncated";
    if (kind > section.packedKeyframes || level >= levelsMax) return "unknown_type";
    sections.push({ kind, level, from, to: from + size });
  }
  return { bytes: reader.buffer, zone, tick, sections };
}
