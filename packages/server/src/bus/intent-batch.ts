/**
 * The intent batch: what a gateway tells a zone for one tick.
 *
 *   header (kind 2, peer = gateway, sequence = counter)
 *   meta    flags:u8 (1 digests wanted)  keyframes: count:v { region:u16 }  selves: count:v { session:u32 }
 *   inputs  count:v { kind:u8 session:u32 … }
 *           1 join    character: length:v bytes   lastIntent:u32      (character: see bus/character.ts; opaque here)
 *           2 leave   reason:u8 (0 left, 1 taken over, 2 timed out)
 *           3 intent  seq:u32 type:v length:v record
 *           4 absent  absent:u8 (1 the socket is gone and may come back, 0 it is back)
 *
 * Invariant: meta never enters the world or the journal; inputs do, in their order.
 * Invariant: reading never throws; views point into the given bytes.
 */
import { ByteReader, type ByteWriter, type Decoded, refused } from "@myriad/protocol";
import { type BatchHeader, batchKind, readHeader, writeHeader } from "./header.ts";

export const inputKind = { join: 1, leave: 2, intent: 3, absent: 4 } as const;
export const leaveReason = { left: 0, takenOver: 1, timedOut: 2 } as const;

export type SessionInput =
  | {
      readonly kind: "join";
      readonly session: number;
      readonly character: Uint8Array;
      readonly lastIntent: number;
    }
  | { readonly kind: "leave"; readonly session: number; readonly reason: number }
  | {
      readonly kind: "intent";
      readonly session: number;
      readonly seq: number;
      readonly type: number;
      readonly record: Uint8Array;
    }
  | { readonly kind: "absent"; readonly session: number; readonly absent: boolean };

export interface IntentBatch {
  readonly header: BatchHeader;
  readonly wantsDigests: boolean;
  /** Regions whose keyframe some session needs. */
  readonly keyframes: readonly number[];
  /** Sessions that need their whole `self`, entity id and position again. */
  readonly selves: readonly number[];
  readonly inputs: readonly SessionInput[];
}

/** Writes a whole batch into the writer (reset first by the caller). */
export function writeIntentBatch(writer: ByteWriter, batch: IntentBatch): void {
  writeHeader(writer, batch.header);
  writer.u8(batch.wantsDigests ? 1 : 0);
  writer.v(batch.keyframes.length);
  for (const region of batch.keyframes) writer.u16(region);
  writer.v(batch.selves.length);
  for (const session of batch.selves) writer.u32(session);
  writer.v(batch.inputs.length);
  for (const input of batch.inputs) writeInput(writer, input);
}

/** Reads a batch; never throws. */
export function readIntentBatch(bytes: Uint8Array): Decoded<IntentBatch> {
  const reader = new ByteReader(bytes);
  const head = readHeader(reader);
  if (!head.ok) return head;
  if (head.value.kind !== batchKind.intents) return refused("unknown_type");
  const wantsDigests = (reader.u8() & 1) !== 0;
  const keyframes: number[] = [];
  for (let left = reader.v(); left > 0 && !reader.failed; left--) keyframes.push(reader.u16());
  const selves: number[] = [];
  for (let left = reader.v(); left > 0 && !reader.failed; left--) selves.push(reader.u32());
  const inputs: SessionInput[] = [];
  for (let left = reader.v(); left > 0 && !reader.failed; left--) {
    const input = readInput(reader);
    if (input === undefined) return refused(reader.failed ? "truncated" : "unknown_type");
    inputs.push(input);
  }
  if (reader.failed) return refused("truncated");
  if (reader.remaining > 0) return refused("trailing_bytes");
  return { ok: true, value: { header: head.value, wantsDigests, keyframes, selves, inputs } };
}

/** Writes one input as it stands in a batch. */
export function writeInput(writer: ByteWriter, input: SessionInput): void {
  writer.u8(inputKind[input.kind]);
  writer.u32(input.session);
  switch (input.kind) {
    case "join":
      writer.v(input.character.length);
      writer.bytes(input.character);
      writer.u32(input.lastIntent);
      return;
    case "leave":
      writer.u8(input.reason);
      return;
    case "intent":
      writer.u32(input.seq);
      writer.v(input.type);
      writer.v(input.record.length);
      writer.bytes(input.record);
      return;
    case "absent":
      writer.u8(input.absent ? 1 : 0);
  }
}

/** Reads one input; undefined for a kind that there is not. Its bytes are views. */
export function readInput(reader: ByteReader): SessionInput | undefined {
  const kind = reader.u8();
  const session = reader.u32();
  switch (kind) {
    case inputKind.join: {
      const character = reader.view(reader.v());
      return { kind: "join", session, character, lastIntent: reader.u32() };
    }
    case inputKind.leave:
      return { kind: "leave", session, reason: reader.u8() };
    case inputKind.intent: {
      const seq = reader.u32();
      const type = reader.v();
      return { kind: "intent", session, seq, type, record: reader.view(reader.v()) };
    }
    case inputKind.absent:
      return { kind: "absent", session, absent: reader.u8() === 1 };
    default:
      return undefined;
  }
}
