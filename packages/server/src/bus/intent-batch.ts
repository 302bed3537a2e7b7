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
 *           5 here    the session is at this gateway from now on: it came from another one
 *
 * Invariant: meta never enters the world or the journal; inputs do, in their order.
 * Invariant: reading never throws; views point into the given bytes.
 */
import { ByteReader, ByteWriter, type Decoded, refused } from "@myriad/protocol";
import { type BatchHeader, batchKind, readHeader, writeHeader } from "./header.ts";

export const inputKind = { join: 1, leave: 2, intent: 3, absent: 4, here: 5 } as const;
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
  | { readonly kind: "absent"; readonly session: number; readonly absent: boolean }
  | { readonly kind: "here"; readonly session: number };

export interface IntentBatch {
  readonly header: BatchHeader;
  readonly wantsDigests: boolean;
  /** Regions whose keyframe some session needs. */
  readonly keyframes: readonly number[];
  /** Sessions that need their whole `self`, entity id and position again. */
  readonly selves: readonly number[];
  readonly inputs: readonly SessionInput[];
}

/** Gathers the inputs of the next batch as bytes, in the order in which they come; reused from batch to batch. */
export class InputList {
  readonly #writer = new ByteWriter(1024);
  #count = 0;

  add(input: SessionInput): void {
    writeInput(this.#writer, input);
    this.#count += 1;
  }

  /** Adds an intent whose `seq:u32 type:v length:v record` is `bytes[from, to)`; it is copied. */
  addIntent(session: number, bytes: Uint8Array, from: number, to: number): void {
    const writer = this.#writer;
    const length = to - from;
    writer.reserve(5 + length);
    writer.u8(inputKind.intent);
    writer.u32(session);
    const { buffer, at } = writer;
    for (let i = 0; i < length; i++) buffer[at + i] = bytes[from + i]!;
    writer.at = at + length;
    this.#count += 1;
  }

  writeTo(writer: ByteWriter): void {
    writer.v(this.#count);
    writer.bytes(this.#writer.buffer, 0, this.#writer.at);
  }

  clear(): void {
    this.#writer.reset();
    this.#count = 0;
  }
}

/** What a batch says beside its inputs. */
export type IntentBatchHead = Omit<IntentBatch, "inputs">;

/** Writes a whole batch into the writer (reset first by the caller). */
export function writeIntentBatch(writer: ByteWriter, batch: IntentBatch): void {
  writeHead(writer, batch);
  writer.v(batch.inputs.length);
  for (const input of batch.inputs) writeInput(writer, input);
}

/** Writes a whole batch of inputs that were gathered as bytes. */
export function writeGatheredBatch(writer: ByteWriter, head: IntentBatchHead, inputs: InputList): void {
  writeHead(writer, head);
  inputs.writeTo(writer);
}

function writeHead(writer: ByteWriter, head: IntentBatchHead): void {
  writeHeader(writer, head.header);
  writer.u8(head.wantsDigests ? 1 : 0);
  writer.v(head.keyframes.length);
  for (const region of head.keyframes) writer.u16(region);
  writer.v(head.selves.length);
  for (const session of head.selves) writer.u32(session);
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
      return;
    case "here":
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
    case inputKind.here:
      return { kind: "here", session };
    default:
      return undefined;
  }
}
