/**
 * The header of every batch on the bus: which format, which realm, who speaks for which zone under which epoch.
 *
 *   4d 59 | format:u8 | kind:u8 | realm:u32 | zone:u16 | peer:u16 | epoch:u32 | sequence:u32 | trace: 25 bytes
 *
 * `peer` is the gateway, or the other zone. `trace` is a W3C trace context (trace id 16, span id 8, flags 1); zeros mean none.
 * Invariant: a batch of another realm, an older epoch or an unknown format is refused before its body is read.
 */
import { type ByteReader, type ByteWriter, type Decoded, refused } from "@myriad/protocol";

export const busFormatVersion = 1;
export const batchKind = { tickFrame: 1, intents: 2, zone: 3 } as const;
export const headerBytes = 45;
/** Bytes of the trace context. */
export const traceBytes = 25;

export interface BatchHeader {
  readonly kind: number;
  /** `realmTag` of the realm's id. */
  readonly realm: number;
  readonly zone: number;
  readonly peer: number;
  readonly epoch: number;
  /** The tick for tick frames, a counter for the others. */
  readonly sequence: number;
  /** 25 bytes, or undefined for none. A view into the batch when read. */
  readonly trace?: Uint8Array | undefined;
}

export function writeHeader(writer: ByteWriter, header: BatchHeader): void {
  writer.u8(0x4d);
  writer.u8(0x59);
  writer.u8(busFormatVersion);
  writer.u8(header.kind);
  writer.u32(header.realm);
  writer.u16(header.zone);
  writer.u16(header.peer);
  writer.u32(header.epoch);
  writer.u32(header.sequence);
  writer.bytes(header.trace ?? noTrace);
}

/** Reads a header; answers `truncated`, `unknown_type` or `version_unknown`. The reader then stands at the body. */
export function readHeader(reader: ByteReader): Decoded<BatchHeader> {
  if (reader.remaining < headerBytes) return refused("truncated");
  if (reader.u8() !== 0x4d || reader.u8() !== 0x59) return refused("unknown_type");
  if (reader.u8() !== busFormatVersion) return refused("version_unknown");
  const kind = reader.u8();
  const realm = reader.u32();
  const zone = reader.u16();
  const peer = reader.u16();
  const epoch = reader.u32();
  const sequence = reader.u32();
  const trace = reader.view(traceBytes);
  const value = {
    kind,
    realm,
    zone,
    peer,
    epoch,
    sequence,
    trace: trace.some((byte) => byte !== 0) ? trace : undefined,
  };
  return { ok: true, value };
}

/** 32-bit tag of a realm's id, so that batches of two realms on one bus cannot be mixed up. */
export function realmTag(realm: string): number {
  let tag = 0x811c9dc5;
  for (let i = 0; i < realm.length; i++) tag = Math.imul(tag ^ realm.charCodeAt(i), 0x01000193);
  return tag >>> 0;
}

const noTrace = new Uint8Array(traceBytes);
