/**
 * What one zone tells another in one tick: numbered messages, an acknowledgement of the other's, and the border regions
 * that the other keeps ghosts of.
 *
 *   header (kind 3, zone = sender, peer = receiver, sequence = tick)
 *   flags:u8 (1 the receiver shall start its ghosts anew, 2 the sender asks for keyframes)
 *   life:u32       which life of the sender this is: the epoch under which it came back from an older state, 0 at first
 *   peerLife:u32   which life of the receiver the sender knows: numbers and acknowledgements belong to this pair of lives
 *   ack:u32        last message number applied
 *   messages       count:v { number:u32 kind:u8 length:v bytes }
 *   ghosts         present:u8 [ a zone's part as in a client frame: zone:v tick:u32 length:v sections ]
 *
 * Invariant: reading never throws. Messages are numbered per pair from 1 without gaps, repeated until acknowledged, applied once.
 */
import { ByteReader, type Decoded, readZonePart, refused, type ZonePart } from "@myriad/protocol";
import { type BatchHeader, batchKind, readHeader } from "../bus/header.ts";

export const zoneMessage = { game: 1, handover: 2, grant: 3 } as const;
export const zoneBatchFlag = { restart: 1, wantsKeyframes: 2 } as const;

export interface ZoneMessage {
  readonly number: number;
  readonly kind: number;
  readonly bytes: Uint8Array;
}

export interface ZoneBatch {
  readonly header: BatchHeader;
  readonly flags: number;
  readonly life: number;
  readonly peerLife: number;
  readonly ack: number;
  readonly messages: readonly ZoneMessage[];
  readonly ghosts: ZonePart | undefined;
}

export function readZoneBatch(bytes: Uint8Array): Decoded<ZoneBatch> {
  const reader = new ByteReader(bytes);
  const head = readHeader(reader);
  if (!head.ok) return head;
  if (head.value.kind !== batchKind.zone) return refused("unknown_type");
  const flags = reader.u8();
  const life = reader.u32();
  const peerLife = reader.u32();
  const ack = reader.u32();
  const messages: ZoneMessage[] = [];
  for (let left = reader.v(); left > 0 && !reader.failed; left--) {
    messages.push({ number: reader.u32(), kind: reader.u8(), bytes: reader.view(reader.v()) });
  }
  let ghosts: ZonePart | undefined;
  if (reader.u8() === 1) {
    const part = readZonePart(reader);
    if (typeof part === "string") return refused(part);
    ghosts = part;
  }
  if (reader.failed) return refused("truncated");
  return { ok: true, value: { header: head.value, flags, life, peerLife, ack, messages, ghosts } };
}
