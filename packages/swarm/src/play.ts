/**
 * Play: what goes on between a player's welcome and its goodbye. Frames come in, intents and acknowledgements go out.
 *
 * Owns the game as it was learnt, the observers, and the pairing of intents with the frames that acknowledge them.
 * Every message carries the last frame's number; the beat is shorter than the 250 ms within which a client acknowledges.
 * Invariant: nothing that comes from a server throws. No allocation per frame, but for the few that decode.
 * Invariant: who stalls or floods is in no rate and no latency: it is there for what happens to the others.
 * hot path
 */
import {
  absoluteFrame,
  BitReader,
  ByteWriter,
  clientMessage,
  decodeClientFrame,
  frameFlag,
  readField,
  selfChannel,
  type Welcome,
} from "@myriad/protocol";
import type { Behaviour, Wish } from "./behaviour.ts";
import { FrameHead } from "./frame-head.ts";
import { type Game, learnGame } from "./game.ts";
import {
  acknowledgeBytes,
  floodBurst,
  floodWaitingBytesMax,
  pendingIntentsMax,
  unansweredMsMin,
} from "./limits.ts";
import type { Meters } from "./meters.ts";
import { Observer } from "./observer.ts";
import { role, type Roster } from "./roster.ts";
import type { Link } from "./transport.ts";

/** The clocks of the machine; tests pass their own. */
export interface Clocks {
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
}

const ringMask = pendingIntentsMax - 1;
const resyncMessage = Uint8Array.of(clientMessage.resync);

export class Play {
  /** What is known of the game; undefined before the first welcome. */
  game: Game | undefined;
  /** The kind that players are; −1 before it is known. */
  playerKind = -1;
  readonly observers = new Map<number, Observer>();
  readonly #roster: Roster;
  readonly #meters: Meters;
  readonly #behaviour: Behaviour;
  readonly #clocks: Clocks;
  readonly #head = new FrameHead();
  readonly #writer = new ByteWriter(256);
  readonly #selfReader = new BitReader(new Uint8Array(0));
  #selfParts = new Int32Array(0);

  constructor(options: { roster: Roster; meters: Meters; behaviour: Behaviour; clocks: Clocks }) {
    this.#roster = options.roster;
    this.#meters = options.meters;
    this.#behaviour = options.behaviour;
    this.#clocks = options.clocks;
  }

  /** A player was welcomed. Answers why it cannot play, or undefined. */
  begin(player: number, welcome: Welcome): string | undefined {
    if (this.game === undefined) {
      const learnt = learnGame(welcome);
      if (!learnt.ok) return learnt.reason;
      this.game = learnt.game;
      this.#selfParts = new Int32Array(Math.max(1, ...learnt.game.kinds.map((kind) => kind.parts)));
    }
    if (this.#roster.observes[player] === 1) {
      const observer = this.observers.get(player);
      if (observer === undefined) this.observers.set(player, new Observer(this.game, this.#meters));
      else observer.clear();
    }
    if (welcome.resumed) {
      this.#roster.beginSocket(player);
    } else {
      // What the lost session did not answer will not be answered any more.
      this.#countUnansweredOf(player, this.#clocks.nowMs());
      this.#roster.beginSession(player);
    }
    return undefined;
  }

  /** A frame came: `bytes` from `from` to below `to`. */
  frame(player: number, link: Link, bytes: Uint8Array, from: number, to: number): void {
    const roster = this.#roster;
    const meters = this.#meters;
    const head = this.#head;
    if (!head.read(bytes, from, to)) return meters.error("malformed: frame truncated");
    if (head.frame <= roster.lastFrame[player]!) return meters.error("malformed: frames out of order");
    const nowMs = this.#clocks.nowMs();
    if (roster.role[player] === role.plays) {
      meters.frame(to - from);
      // NaN for the first frame of a socket, which closes no gap.
      const gapMs = nowMs - roster.lastFrameMs[player]!;
      if (meters.isMeasuring && gapMs >= 0) meters.frameGap.record(gapMs);
    }
    roster.lastFrameMs[player] = nowMs;
    roster.lastFrame[player] = head.frame;
    if (head.lastFact > 0) roster.lastFact[player] = head.lastFact;
    this.#acknowledged(player, head.lastIntent, nowMs);
    if (head.flags !== 0) this.#own(player, bytes);
    if (roster.observes[player] === 1) this.#observe(player, link, bytes.subarray(from, to), nowMs);
    const unacked = roster.unackedBytes[player]! + to - from;
    roster.unackedBytes[player] = unacked;
    if (unacked >= acknowledgeBytes) this.#send(player, link, nowMs, undefined);
  }

  /** A beat: an intent whose intended time is `dueMs`, and the acknowledgement. */
  beat(player: number, link: Link, dueMs: number): void {
    const { game } = this;
    const wish = game === undefined ? undefined : this.#behaviour.wish(player, dueMs, game);
    this.#send(player, link, dueMs, wish);
  }

  /** As many intents as the socket takes, at once. */
  flood(player: number, link: Link, dueMs: number): void {
    if (this.game === undefined) return;
    link.together(() => {
      for (let i = 0; i < floodBurst && link.waitingBytes < floodWaitingBytesMax; i++) {
        this.beat(player, link, dueMs);
        this.#meters.floodSent++;
      }
    });
  }

  /** At the end: intents without an answer and gaps without a next frame count with the age that they have reached. */
  countUnanswered(nowMs: number): void {
    for (let player = 0; player < this.#roster.count; player++) {
      const gapMs = nowMs - this.#roster.lastFrameMs[player]!;
      const counts = this.#roster.role[player] === role.plays;
      if (counts && gapMs >= unansweredMsMin) this.#meters.frameGap.record(gapMs);
      this.#countUnansweredOf(player, nowMs);
    }
    for (const observer of this.observers.values()) observer.closeGaps(nowMs);
  }

  #countUnansweredOf(player: number, nowMs: number): void {
    const { ackedSeq, lastSeq } = this.#roster;
    if (this.#roster.role[player] !== role.plays) return;
    for (let seq = ackedSeq[player]! + 1; seq <= lastSeq[player]!; seq++) {
      const ageMs = nowMs - this.#intendedMs(player, seq);
      if (ageMs >= unansweredMsMin) this.#meters.acknowledged(ageMs);
    }
  }

  #intendedMs(player: number, seq: number): number {
    return this.#roster.intendedMs[player * pendingIntentsMax + (seq & ringMask)]!;
  }

  #acknowledged(player: number, lastIntent: number, nowMs: number): void {
    const { ackedSeq, lastSeq } = this.#roster;
    const last = Math.min(lastIntent, lastSeq[player]!);
    if (this.#roster.role[player] === role.plays) {
      for (let seq = ackedSeq[player]! + 1; seq <= last; seq++) {
        this.#meters.acknowledged(nowMs - this.#intendedMs(player, seq));
      }
    }
    if (last > ackedSeq[player]!) ackedSeq[player] = last;
  }

  /** The player's own state, as the head that was just read has it. */
  #own(player: number, bytes: Uint8Array): void {
    const roster = this.#roster;
    const head = this.#head;
    if (head.own >= 0) {
      roster.ownId[player] = head.own;
      this.playerKind = head.own >>> 16;
    }
    if (head.flags & frameFlag.moved) {
      roster.x[player] = head.x;
      roster.y[player] = head.y;
    }
    if (head.flags & frameFlag.self) this.#self(player, bytes);
  }

  /** Reads the self bits as far as the hit points: whoever has none left has fallen. */
  #self(player: number, bytes: Uint8Array): void {
    const head = this.#head;
    const kind = this.#roster.ownId[player]! >>> 16;
    const fields = this.game?.selfFields[kind];
    if (fields === undefined || fields.length === 0) return;
    const reader = this.#selfReader;
    reader.reset(bytes, head.selfFrom, head.selfTo);
    const mask = reader.bits(this.game!.kinds[kind]!.channels[selfChannel]!.length);
    const hitPoints = fields.length - 1;
    if ((mask & (1 << hitPoints)) === 0) return;
    for (let i = 0; i <= hitPoints; i++) {
      if ((mask & (1 << i)) === 0) continue;
      readField(reader, fields[i]!.type, this.#selfParts, fields[i]!.part, absoluteFrame);
    }
    const left = this.#selfParts[fields[hitPoints]!.part];
    if (!reader.failed) this.#roster.isFallen[player] = left === 0 ? 1 : 0;
  }

  #observe(player: number, link: Link, bytes: Uint8Array, nowMs: number): void {
    const meters = this.#meters;
    const { role: roles, x, y } = this.#roster;
    const observer = this.observers.get(player)!;
    const decoded = decodeClientFrame(bytes);
    if (!decoded.ok) return meters.error(`malformed: frame ${decoded.code}`);
    const isMeasured = meters.isMeasuring && roles[player] === role.plays;
    const at = isMeasured ? { x: x[player]!, y: y[player]! } : undefined;
    const { updates, digests, mismatches } = observer.apply(decoded.value, nowMs, at);
    meters.digests += digests;
    if (mismatches.length > 0) {
      for (const mismatch of mismatches) meters.mismatch(this.#roster.first + player, mismatch);
      link.send(resyncMessage);
    }
    if (updates === 0 || !isMeasured) return;
    meters.windowUpdates += updates;
    // Modulo 2^32, like the frame's own time.
    meters.updateAge.record((this.#clocks.wallMs() - decoded.value.timeMs) | 0, updates);
  }

  /** Sends an acknowledgement, with an intent if there is one. */
  #send(player: number, link: Link, intendedMs: number, wish: Wish | undefined): void {
    const roster = this.#roster;
    const writer = this.#writer;
    writer.reset();
    writer.u8(clientMessage.input);
    writer.u32(roster.lastFrame[player]!);
    if (wish !== undefined) {
      const seq = roster.lastSeq[player]! + 1;
      this.#makeRoom(player, seq, intendedMs);
      roster.lastSeq[player] = seq;
      roster.intendedMs[player * pendingIntentsMax + (seq & ringMask)] = intendedMs;
      writer.v(seq);
      writer.v(wish.type);
      writer.v(wish.record.length);
      writer.bytes(wish.record);
    }
    roster.unackedBytes[player] = 0;
    link.send(writer.buffer, 0, writer.at);
  }

  /** An intent that still waits where the next one's time is to stand counts with the age that it has reached. */
  #makeRoom(player: number, seq: number, nowMs: number): void {
    const { ackedSeq } = this.#roster;
    if (seq - ackedSeq[player]! <= pendingIntentsMax) return;
    const oldest = ackedSeq[player]! + 1;
    if (this.#roster.role[player] === role.plays)
      this.#meters.acknowledged(nowMs - this.#intendedMs(player, oldest));
    ackedSeq[player] = oldest;
  }
}
