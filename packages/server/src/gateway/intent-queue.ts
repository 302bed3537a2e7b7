/**
 * The intents of one session that its zone has not acknowledged: those that wait for a batch and those on their way.
 *
 * They stand side by side in one buffer, as a batch wants them: size:u16 { seq:u32 type:v length:v record }.
 * Invariant: sequence numbers only grow; an old or repeated one is ignored, so an intent is applied at most once.
 * Invariant: bounded in number; a full queue refuses. After a handover everything unacknowledged goes to the new owner,
 * once. The buffer grows with what waits and is given up when nothing does. // hot path
 */
import { ByteReader } from "@myriad/protocol";
import { intentsWaitingMax } from "./limits.ts";

const none = new Uint8Array(0);

/** An intent with its record, as another gateway is told of it. */
export interface WaitingIntent {
  readonly seq: number;
  readonly type: number;
  readonly record: Uint8Array;
}

export type PushResult = "taken" | "old" | "full";

/** Bytes that a buffer begins with: the few intents that wait for the next tick. */
const roomBytes = 128;
/** A larger buffer is given up when the queue is empty: chat is rare. */
const keptRoomBytes = 512;
const sizeBytes = 2;
/** Bytes of an intent beside its record at most: number, type, length. */
const headBytesMax = 4 + 5 + 5;

export class IntentQueue {
  /** The buffer; what `next` shows is a range of it. */
  bytes = none;
  /** The intent that `next` showed last. */
  from = 0;
  to = 0;
  /** Where the oldest intent begins, where the first that waits for a batch, and where the next one goes. */
  #head = 0;
  #unsentAt = 0;
  #tail = 0;
  #length = 0;
  /** The newest so many wait for a batch. */
  #unsent = 0;
  /** Number of the oldest intent; it means nothing when there is none. */
  #firstSeq = 0;
  #lastSeq = 0;

  get unsent(): number {
    return this.#unsent;
  }

  get length(): number {
    return this.#length;
  }

  /** The newest number of which the zone spoke, as far as this queue knows. */
  get acknowledged(): number {
    return this.#length === 0 ? this.#lastSeq : this.#firstSeq - 1;
  }

  /** True for a number that was seen before, or is older than one that was. */
  isOld(seq: number): boolean {
    return seq <= this.#lastSeq;
  }

  /** Takes an intent whose record is `bytes[from, to)`; the record is copied. */
  push(seq: number, type: number, record: { bytes: Uint8Array; from: number; to: number }): PushResult {
    if (this.isOld(seq)) return "old";
    if (this.#length >= intentsWaitingMax) return "full";
    const { bytes, from, to } = record;
    this.#reserve(sizeBytes + headBytesMax + to - from);
    const target = this.bytes;
    const start = this.#tail + sizeBytes;
    target[start] = seq;
    target[start + 1] = seq >>> 8;
    target[start + 2] = seq >>> 16;
    target[start + 3] = seq >>> 24;
    let at = writeV(target, start + 4, type);
    at = writeV(target, at, to - from);
    for (let i = from; i < to; i++) target[at++] = bytes[i]!;
    target[this.#tail] = at - start;
    target[this.#tail + 1] = (at - start) >>> 8;
    this.#tail = at;
    if (this.#length === 0) this.#firstSeq = seq;
    this.#length += 1;
    this.#unsent += 1;
    this.#lastSeq = seq;
    return "taken";
  }

  /** Shows the next intent for a batch in `bytes[from, to)`; false when none waits. It is kept until it is acknowledged. */
  next(): boolean {
    if (this.#unsent === 0) return false;
    this.from = this.#unsentAt + sizeBytes;
    this.to = this.from + this.#sizeAt(this.#unsentAt);
    this.#unsentAt = this.to;
    this.#unsent -= 1;
    return true;
  }

  /** The zone applied or refused everything up to this number. */
  acknowledge(seq: number): void {
    if (this.#length === 0 || this.#firstSeq > seq) return;
    // Nearly always all of it, and then nobody needs to look at the bytes, which nobody has looked at for a while.
    if (seq >= this.#lastSeq) this.#clear();
    while (this.#length > 0 && this.#firstSeq <= seq) {
      this.#head += sizeBytes + this.#sizeAt(this.#head);
      this.#length -= 1;
      if (this.#length === 0) {
        this.#clear();
        return;
      }
      this.#firstSeq = this.#seqAt(this.#head);
      if (this.#unsent <= this.#length) continue;
      this.#unsent = this.#length;
      this.#unsentAt = this.#head;
    }
  }

  /** What waits and what is on its way, oldest first: for another gateway. */
  give(): { lastSeq: number; waiting: WaitingIntent[] } {
    const waiting: WaitingIntent[] = [];
    for (let at = this.#head; at < this.#tail; at += sizeBytes + this.#sizeAt(at)) {
      const end = at + sizeBytes + this.#sizeAt(at);
      const reader = new ByteReader(this.bytes, at + sizeBytes, end);
      const [seq, type] = [reader.u32(), reader.v()];
      waiting.push({ seq, type, record: reader.view(reader.v()).slice() });
    }
    return { lastSeq: this.#lastSeq, waiting };
  }

  /** Goes on where another gateway's queue stood; everything is sent again. Only on a new queue. */
  take(given: { lastSeq: number; waiting: readonly WaitingIntent[] }): void {
    for (const { seq, type, record } of given.waiting)
      this.push(seq, type, { bytes: record, from: 0, to: record.length });
    this.#lastSeq = given.lastSeq;
  }

  /** The zone that was sent them is no more, and they are not sent to another: they are done as they are. */
  forgetSent(): void {
    this.acknowledge(this.#unsent > 0 ? this.#seqAt(this.#unsentAt) - 1 : this.#lastSeq);
  }

  /** Another owner decides now: what was not acknowledged is sent again. */
  repeat(): void {
    this.#unsent = this.#length;
    this.#unsentAt = this.#head;
  }

  #clear(): void {
    this.#length = 0;
    this.#unsent = 0;
    this.#head = 0;
    this.#unsentAt = 0;
    this.#tail = 0;
    if (this.bytes.length > keptRoomBytes) this.bytes = none;
  }

  #reserve(count: number): void {
    if (this.#tail + count <= this.bytes.length) return;
    const used = this.#tail - this.#head;
    const target =
      used + count <= this.bytes.length
        ? this.bytes
        : new Uint8Array(Math.max(roomBytes, 2 * (used + count)));
    target.set(this.bytes.subarray(this.#head, this.#tail));
    this.bytes = target;
    this.#unsentAt -= this.#head;
    this.#tail = used;
    this.#head = 0;
  }

  #sizeAt(at: number): number {
    return this.bytes[at]! | (this.bytes[at + 1]! << 8);
  }

  #seqAt(entry: number): number {
    const at = entry + sizeBytes;
    const { bytes } = this;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }
}

function writeV(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  for (; rest >= 0x80; rest >>>= 7) target[end++] = rest | 0x80;
  target[end++] = rest;
  return end;
}
