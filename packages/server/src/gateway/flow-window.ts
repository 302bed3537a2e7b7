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

export class FlowWindow {
  /** Number of the last frame sent; 0 for none. */
  sent = 0;
  /** Number of the last frame known to have arrived. */
  acknowledged = 0;
  #bytes = 0;
  #keyframeBytes = 0;
  readonly #bytesAt = new Float64Array(framesInFlightMax);
  readonly #keyframeBytesAt = new Float64Array(framesInFlightMax);
  readonly #deadlineMs = new Float64Array(framesInFlightMax);
  #lastDeadlineMs = 0;

  get inFlight(): number {
    return this.sent - this.acknowledged;
  }

  /** Bytes on their way, keyframes included. */
  get unacknowledgedBytes(): number {
    const at = this.acknowledged & mask;
    if (this.inFlight === 0) return 0;
    return this.#bytes + this.#keyframeBytes - this.#bytesAt[at]! - this.#keyframeBytesAt[at]!;
  }

  /** Whether another frame may be composed now. */
  isOpen(nowMs: number, bufferedBytes: number): boolean {
    if (this.inFlight === 0) return bufferedBytes < bufferedBytesMax;
    const at = this.acknowledged & mask;
    const keyframeBytes = this.#keyframeBytes - this.#keyframeBytesAt[at]!;
    return (
      this.inFlight < framesInFlightMax - 1 &&
      nowMs < this.#deadlineMs[(this.acknowledged + 1) & mask]! &&
      this.#bytes - this.#bytesAt[at]! < unacknowledgedBytesMax &&
      bufferedBytes < bufferedBytesMax + keyframeBytes
    );
  }

  /** Notes that the next frame was sent. `bytes` holds its keyframes too. */
  noteSent(nowMs: number, bytes: number, keyframeBytes: number): void {
    this.sent += 1;
    this.#bytes += bytes - keyframeBytes;
    this.#keyframeBytes += keyframeBytes;
    const at = this.sent & mask;
    this.#bytesAt[at] = this.#bytes;
    this.#keyframeBytesAt[at] = this.#keyframeBytes;
    // What follows a burst of keyframes waits behind it.
    this.#lastDeadlineMs = Math.max(
      this.#lastDeadlineMs,
      nowMs + unacknowledgedMsMax + keyframeBytes / keyframeBytesPerMs,
    );
    this.#deadlineMs[at] = this.#lastDeadlineMs;
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
    const at = this.sent & mask;
    this.#bytesAt[at] = this.#bytes;
    this.#keyframeBytesAt[at] = this.#keyframeBytes;
    this.#lastDeadlineMs = 0;
  }
}
