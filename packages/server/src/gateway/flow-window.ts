/**
 * Flow control of one client by acknowledgement: what was sent, what is known to have arrived, whether more may go.
 *
 * The socket does not tell: a client that reads nothing swallows megabytes before Node notices. So composing stops when
 * the oldest unacknowledged frame is a second old or 64 KiB are on their way. Keyframes are owed in any case; they are
 * counted apart and bring their own time, else they would stop the client that they bring back.
 * Invariant: bounded memory whatever the client does: a few frames' worth, at most that of `framesInFlightMax`.
 * What the gateway asks of every client in every tick stands in the object itself, as small integers. // hot path
 */
import {
  bufferedBytesMax,
  framesInFlightMax,
  keyframeBytesPerMs,
  unacknowledgedBytesMax,
  unacknowledgedMsMax,
} from "./limits.ts";

/** Frames for which there is room at first: a client that acknowledges four times a second has fewer on their way. */
const roomAtFirst = 16;
/** Numbers kept of each frame, side by side. */
const width = 3;
const field = { bytes: 0, keyframeBytes: 1, deadlineMs: 2 } as const;

const noFrames: number[] = [];

export class FlowWindow {
  /** Number of the last frame sent; 0 for none. */
  sent = 0;
  /** Number of the last frame known to have arrived. */
  acknowledged = 0;
  /** On their way: bytes beside keyframes, bytes of keyframes. */
  #bytes = 0;
  #keyframeBytes = 0;
  /** When the oldest frame and when the newest frame on its way should have arrived, whole milliseconds. */
  #oldestMs = 0;
  #newestMs = 0;
  /** For each frame on its way: its bytes, those of keyframes, and when it should have arrived; a ring. */
  #frames: number[] = noFrames;
  /** One less than the frames that there is room for, a power of two. */
  #mask = -1;

  get inFlight(): number {
    return this.sent - this.acknowledged;
  }

  /** Bytes on their way, keyframes included. */
  get unacknowledgedBytes(): number {
    return this.#bytes + this.#keyframeBytes;
  }

  /** Whether another frame may be composed now. */
  isOpen(nowMs: number, bufferedBytes: number): boolean {
    if (this.sent === this.acknowledged) return bufferedBytes < bufferedBytesMax;
    return (
      this.sent - this.acknowledged < framesInFlightMax - 1 &&
      nowMs < this.#oldestMs &&
      this.#bytes < unacknowledgedBytesMax &&
      bufferedBytes < bufferedBytesMax + this.#keyframeBytes
    );
  }

  /** Notes that the next frame was sent. `bytes` holds its keyframes too. */
  noteSent(nowMs: number, bytes: number, keyframeBytes: number): void {
    const count = this.inFlight;
    if (count > this.#mask) this.#grow();
    const deadlineMs = Math.ceil(nowMs + unacknowledgedMsMax + keyframeBytes / keyframeBytesPerMs);
    // What follows a burst of keyframes waits behind it.
    this.#newestMs = count > 0 && this.#newestMs > deadlineMs ? this.#newestMs : deadlineMs;
    if (count === 0) this.#oldestMs = this.#newestMs;
    this.sent += 1;
    const at = (this.sent & this.#mask) * width;
    this.#frames[at + field.bytes] = bytes - keyframeBytes;
    this.#frames[at + field.keyframeBytes] = keyframeBytes;
    this.#frames[at + field.deadlineMs] = this.#newestMs;
    this.#bytes += bytes - keyframeBytes;
    this.#keyframeBytes += keyframeBytes;
  }

  /** Takes an acknowledgement; one of frames that were never sent or are older counts for nothing. */
  acknowledge(frame: number): boolean {
    if (frame > this.sent || frame <= this.acknowledged) return false;
    const frames = this.#frames;
    for (let arrived = this.acknowledged + 1; arrived <= frame; arrived++) {
      const at = (arrived & this.#mask) * width;
      this.#bytes -= frames[at + field.bytes]!;
      this.#keyframeBytes -= frames[at + field.keyframeBytes]!;
    }
    this.acknowledged = frame;
    if (frame < this.sent) this.#oldestMs = frames[((frame + 1) & this.#mask) * width + field.deadlineMs]!;
    return true;
  }

  /** A new socket: nothing is on its way. Frames keep counting. */
  restart(): void {
    this.acknowledged = this.sent;
    this.#bytes = 0;
    this.#keyframeBytes = 0;
    this.#frames = noFrames;
    this.#mask = -1;
  }

  /** Goes on behind another gateway's last frame. Only on a new window. */
  continueFrom(sent: number): void {
    this.sent = sent;
    this.acknowledged = sent;
  }

  #grow(): void {
    const [old, oldMask] = [this.#frames, this.#mask];
    const room = Math.min(framesInFlightMax, Math.max(roomAtFirst, 2 * (oldMask + 1)));
    this.#mask = room - 1;
    this.#frames = new Array<number>(room * width).fill(0);
    for (let frame = this.acknowledged + 1; frame <= this.sent; frame++) {
      const from = (frame & oldMask) * width;
      const to = (frame & this.#mask) * width;
      for (let i = 0; i < width; i++) this.#frames[to + i] = old[from + i]!;
    }
  }
}
