/**
 * Flow control of one client by acknowledgement: what was sent, what is known to have arrived, whether more may go.
 *
 * The socket does not tell: a client that reads nothing swallows megabytes before Node notices. So composing stops when
 * the oldest unacknowledged frame is a second old or 64 KiB are on their way. Keyframes are owed in any case; they are
 * counted apart and bring their own time, else they would stop the client that they bring back.
 * Invariant: bounded memory whatever the client does. No allocation after the construction. // hot path
 */
import {
  bufferedBytesMax,
  framesInFlightMax,
  keyframeBytesPerMs,
  unacknowledgedBytesMax,
  unacknowledgedMsMax,
} from "./limits.ts";

const mask = framesInFlightMax - 1;
/** Numbers kept of each frame, side by side: one line of the processor's cache each. */
const width = 4;
const field = { bytes: 0, keyframeBytes: 1, deadlineMs: 2 } as const;

export class FlowWindow {
  /** Number of the last frame sent; 0 for none. */
  sent = 0;
  /** Number of the last frame known to have arrived. */
  acknowledged = 0;
  /** For each frame: bytes and bytes of keyframes sent up to it, and when it should have arrived. */
  readonly #frames = new Float64Array(framesInFlightMax * width);

  get inFlight(): number {
    return this.sent - this.acknowledged;
  }

  /** Bytes on their way, keyframes included. */
  get unacknowledgedBytes(): number {
    return this.#onTheirWay(field.bytes) + this.#onTheirWay(field.keyframeBytes);
  }

  /** Whether another frame may be composed now. */
  isOpen(nowMs: number, bufferedBytes: number): boolean {
    if (this.inFlight === 0) return bufferedBytes < bufferedBytesMax;
    const oldest = ((this.acknowledged + 1) & mask) * width;
    return (
      this.inFlight < framesInFlightMax - 1 &&
      nowMs < this.#frames[oldest + field.deadlineMs]! &&
      this.#onTheirWay(field.bytes) < unacknowledgedBytesMax &&
      bufferedBytes < bufferedBytesMax + this.#onTheirWay(field.keyframeBytes)
    );
  }

  /** Notes that the next frame was sent. `bytes` holds its keyframes too. */
  noteSent(nowMs: number, bytes: number, keyframeBytes: number): void {
    const frames = this.#frames;
    const last = (this.sent & mask) * width;
    // What follows a burst of keyframes waits behind it.
    const lastDeadlineMs = this.inFlight === 0 ? 0 : frames[last + field.deadlineMs]!;
    const deadlineMs = nowMs + unacknowledgedMsMax + keyframeBytes / keyframeBytesPerMs;
    this.sent += 1;
    const next = (this.sent & mask) * width;
    frames[next + field.bytes] = frames[last + field.bytes]! + bytes - keyframeBytes;
    frames[next + field.keyframeBytes] = frames[last + field.keyframeBytes]! + keyframeBytes;
    frames[next + field.deadlineMs] = lastDeadlineMs > deadlineMs ? lastDeadlineMs : deadlineMs;
  }

  /** Takes an acknowledgement; one of frames that were never sent or are older counts for nothing. */
  acknowledge(frame: number): boolean {
    if (frame > this.sent || frame <= this.acknowledged) return false;
    this.acknowledged = frame;
    return true;
  }

  /** A new socket: nothing is on its way. Frames keep counting. */
  restart(): void {
    this.acknowledged = this.sent;
  }

  #onTheirWay(which: number): number {
    const first = (this.acknowledged & mask) * width + which;
    return this.#frames[(this.sent & mask) * width + which]! - this.#frames[first]!;
  }
}
