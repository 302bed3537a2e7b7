/**
 * A session: one character's place at this gateway, from the join until the zone let it go. Sockets come and go under it.
 *
 * States:
 *   playing  a client is connected and gets frames
 *   absent   the socket is gone; the character stands where it was and the client may resume until `untilMs`
 *   closing  the zone was told to let the character go and has not answered; the client, if it is still there, waits
 *   moved    the client resumed at another gateway; what the zone still says of it here is passed on until `untilMs`
 *   ended    the zone let it go, the character is saved; nothing refers to the session any more
 * Invariant: a session is in exactly one state and only `Lifecycle` changes it.
 */
import type { CloseReason } from "@myriad/protocol";
import type { leaveReason } from "../bus/intent-batch.ts";
import { finePositionStepsPerM } from "@myriad/protocol";
import type { Client } from "./client.ts";
import { FactQueue } from "./fact-queue.ts";
import { FlowWindow } from "./flow-window.ts";
import { IntentQueue } from "./intent-queue.ts";
import { LineRoom } from "./line-room.ts";
import { framesKept } from "./limits.ts";
import {
  cell,
  type InRow,
  newRow,
  recordAfter,
  recordWidth,
  rowFlag,
  type SessionRows,
  slotsMax,
  unknownIntent,
} from "./session-rows.ts";
import type { Indexed } from "./viewer-index.ts";
import type { ZoneLink } from "./zone-link.ts";
import type { ZoneView } from "./zone-view.ts";

export type SessionState =
  | { readonly kind: "playing"; readonly client: Client }
  | { readonly kind: "absent"; readonly untilMs: number }
  | {
      readonly kind: "closing";
      readonly client: Client | undefined;
      readonly reason: CloseReason;
      readonly leave: keyof typeof leaveReason;
      readonly untilMs: number;
    }
  | { readonly kind: "moved"; readonly gateway: number; readonly untilMs: number }
  | { readonly kind: "ended" };

/** One session's view of one zone. */
export interface Viewer extends Indexed {
  readonly session: Session;
  readonly link: Link;
  readonly view: ZoneView;
  /** Out of reach: removed once the client was told to drop what it holds. */
  isLeaving: boolean;
}

export type Link = ZoneLink<Viewer, Session>;

export class Session implements InRow {
  readonly id: number;
  readonly characterId: number;
  readonly name: string;
  /** The name as the directory compares it. */
  readonly nameKey: string;
  state: SessionState;
  /** Secret half of the resume key. */
  resumeSecret: Uint8Array;
  wantsDigests = false;
  /** Whether the client takes keyframes packed. */
  unpacks = false;

  readonly intents = new IntentQueue();
  /** Whether it stands in a zone's list of sessions with intents to forward. */
  isForwarding = false;
  readonly facts = new FactQueue();
  /** Facts that were dropped because the client was away too long. */
  factsLost = 0;
  readonly flow = new FlowWindow();
  /** When composing stopped; −1 while it goes on. */
  staleSinceMs = -1;
  /** While composing is stopped: the newest frame known to have arrived, and when that was seen. */
  drainedFrame = 0;
  drainedMs = -1;

  /** When it was let in again last because its zone had lost it. */
  rejoinedMs = Number.NEGATIVE_INFINITY;
  /** Where the views were computed last. */
  viewedX = Number.NaN;
  viewedY = Number.NaN;
  readonly viewers: Viewer[] = [];
  /** How much of others' state fits on its line. */
  readonly room = new LineRoom();
  group = 0;
  /** Tick by zone of the newest group state from afar that the client was sent; made for whoever is in a group. */
  groupTold: Float64Array | undefined;
  /** The last tick of the home zone that was composed; −1 before the first and after a handover. */
  homeTick = -1;
  /** Whether the client's `self` must come whole before changes make sense to it. */
  needsSelf = true;
  selfAskedTick = Number.NEGATIVE_INFINITY;
  /** Dilation that the client knows of. */
  dilationTold = 100;
  /** When the client's last `resync` was obeyed. */
  resyncMs = Number.NEGATIVE_INFINITY;

  /** Its row of numbers, see session-rows.ts: in the directory's table, or one of its own. */
  #ints: Int32Array;
  #floats: Float64Array;
  #row = 0;
  #home: Link;
  #calledMs = 0;
  #waiting: (() => void)[] = [];

  constructor(options: {
    id: number;
    characterId: number;
    name: string;
    nameKey: string;
    home: Link;
    client: Client;
    resumeSecret: Uint8Array;
    nowMs: number;
  }) {
    this.id = options.id;
    this.characterId = options.characterId;
    this.name = options.name;
    this.nameKey = options.nameKey;
    const { ints, floats } = newRow();
    this.#ints = ints;
    this.#floats = floats;
    this.#home = options.home;
    this.home = options.home;
    this.resumeSecret = options.resumeSecret;
    this.reportedMs = options.nowMs;
    this.state = { kind: "playing", client: options.client };
  }

  /** The connected client, whatever the session's state. */
  get client(): Client | undefined {
    return this.state.kind === "playing" || this.state.kind === "closing" ? this.state.client : undefined;
  }

  /** The zone that owns the character. */
  get home(): Link {
    return this.#home;
  }

  set home(link: Link) {
    this.#home = link;
    this.#ints[this.#row + cell.home] = link.zone;
  }

  /** When its zone reported it last, or it began. */
  get reportedMs(): number {
    return this.#floats[(this.#row + cell.reportedMs) / 2]!;
  }

  set reportedMs(ms: number) {
    this.#floats[(this.#row + cell.reportedMs) / 2] = ms;
  }

  get hasPosition(): boolean {
    return (this.#ints[this.#row + cell.flags]! & rowFlag.hasPosition) !== 0;
  }

  /** Metres. */
  get x(): number {
    return this.#ints[this.#row + cell.x]! / finePositionStepsPerM;
  }

  get y(): number {
    return this.#ints[this.#row + cell.y]! / finePositionStepsPerM;
  }

  /** The zone said where it is, in 1/1024 m. */
  placeAt(x: number, y: number): void {
    this.#ints[this.#row + cell.x] = x;
    this.#ints[this.#row + cell.y] = y;
    this.flag(rowFlag.hasPosition, true);
  }

  /** When its zone was told last that it is at this gateway, while the zone does not report it; 0 when it does. */
  get calledMs(): number {
    return this.#calledMs;
  }

  set calledMs(ms: number) {
    this.#calledMs = ms;
    this.flag(rowFlag.called, ms !== 0);
  }

  /** Sets or clears one of the row's flags. */
  flag(flag: number, isSet: boolean): void {
    const at = this.#row + cell.flags;
    if (isSet) this.#ints[at]! |= flag;
    else this.#ints[at]! &= ~flag;
  }

  /** Whatever the zone says next of the intents that it applied is new to the queue. */
  forgetAcknowledged(): void {
    this.#ints[this.#row + cell.lastIntent] = unknownIntent;
  }

  settle(ints: Int32Array, floats: Float64Array, row: number): void {
    this.#ints = ints;
    this.#floats = floats;
    this.#row = row;
  }

  /** Puts its numbers into a table of rows. */
  enter(rows: SessionRows<Session>): void {
    rows.add(this, this.#ints, this.#row);
  }

  /** Place of the oldest record of the home zone that is newer than `homeTick`; −1 when there is none. */
  nextRecord(): number {
    return recordAfter(this.#ints, this.#row, this.#home.zone, this.homeTick);
  }

  /** Tick, slot and offset of the record at a place. */
  recordTick(place: number): number {
    return this.#ints[place + 1]! >>> 0;
  }

  recordSlot(place: number): number {
    return this.#ints[place]! % slotsMax;
  }

  recordOffset(place: number): number {
    return this.#ints[place + 2]!;
  }

  /** Old records mean nothing any more: another owner, another epoch, or composing begins again. */
  forgetRecords(): void {
    const from = this.#row + cell.records;
    this.#ints.fill(-1, from, from + framesKept * recordWidth);
  }

  viewerOf(link: Link): Viewer | undefined {
    for (const viewer of this.viewers) if (viewer.link === link) return viewer;
    return undefined;
  }

  /** Resolves when the zone let the character go. */
  whenEnded(): Promise<void> {
    return new Promise((resolve) => {
      if (this.state.kind === "ended") resolve();
      else this.#waiting.push(resolve);
    });
  }

  /** Called once, by the directory, after the state became `ended`. */
  tellEnded(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }
}
