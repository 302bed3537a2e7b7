/**
 * What a connection counts: for the network panel of a game, for bots, for a bug report.
 *
 * Invariant: counting never allocates; rates are taken over whole windows of a second.
 */

export class ConnectionStats {
  /** Client frames received. */
  frames = 0;
  /** Bytes received, of all messages. */
  bytes = 0;
  /** Tick of the home zone in the newest frame. */
  tick = 0;
  /** Ticks of the home zone that went by since the first frame. */
  ticks = 0;
  /** Round trip in milliseconds, smoothed; 0 before the first pong. */
  rttMs = 0;
  /** Milliseconds between the two newest frames. */
  frameGapMs = 0;
  /** Longest gap since the connection began. */
  frameGapMsMax = 0;
  bytesPerSecond = 0;
  framesPerSecond = 0;
  /** Percent of real time at which the home zone runs. */
  dilation = 100;
  /** Corrections of the own position by more than 1/64 m. */
  corrections = 0;
  /** Digests that did not match the state that was applied. */
  mismatches = 0;
  /** Messages, sections or facts that could not be decoded. */
  decodeProblems = 0;
  /** Times that keyframes were asked for. */
  resyncs = 0;
  /** Sockets that were lost and resumed. */
  resumes = 0;

  #lastFrameMs = -1;
  #windowStartMs = -1;
  #windowBytes = 0;
  #windowFrames = 0;

  /** Counts a message of so many bytes. */
  received(bytes: number, nowMs: number): void {
    this.bytes += bytes;
    if (this.#windowStartMs < 0) this.#windowStartMs = nowMs;
    const elapsedMs = nowMs - this.#windowStartMs;
    if (elapsedMs >= 1000) {
      this.bytesPerSecond = Math.round((this.#windowBytes * 1000) / elapsedMs);
      this.framesPerSecond = Math.round((this.#windowFrames * 10_000) / elapsedMs) / 10;
      this.#windowStartMs = nowMs;
      this.#windowBytes = 0;
      this.#windowFrames = 0;
    }
    this.#windowBytes += bytes;
  }

  /** Counts a client frame. `zoneChanged` when its tick belongs to another zone than the last one's. */
  frame(tick: number, zoneChanged: boolean, nowMs: number): void {
    if (this.#lastFrameMs >= 0) {
      this.frameGapMs = nowMs - this.#lastFrameMs;
      this.frameGapMsMax = Math.max(this.frameGapMsMax, this.frameGapMs);
    }
    if (this.frames > 0 && !zoneChanged && tick > this.tick) this.ticks += tick - this.tick;
    this.#lastFrameMs = nowMs;
    this.tick = tick;
    this.frames++;
    this.#windowFrames++;
  }

  /** A round trip was measured. */
  roundTrip(ms: number): void {
    this.rttMs = this.rttMs === 0 ? ms : this.rttMs + (ms - this.rttMs) * 0.25;
  }

  /** The socket was lost: the pause that follows is no gap between frames. */
  interrupted(): void {
    this.#lastFrameMs = -1;
  }
}
