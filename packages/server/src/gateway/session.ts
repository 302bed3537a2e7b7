/**
 * A session: one character's place at this gateway, from the join until the zone let it go. Sockets come and go under it.
 *
 * States:
 *   playing  a client is connected and gets frames
 *   absent   the socket is gone; the character stands where it was and the client may resume until `untilMs`
 *   closing  the zone was told to let the character go and has not answered; the client, if it is still there, waits
 *   ended    the zone let it go, the character is saved; nothing refers to the session any more
 * Invariant: a session is in exactly one state and only `Lifecycle` changes it.
 */
import type { CloseReason } from "@myriad/protocol";
import type { leaveReason } from "../bus/intent-batch.ts";
import type { Client } from "./client.ts";
import { FactQueue } from "./fact-queue.ts";
import { FlowWindow } from "./flow-window.ts";
import { IntentQueue } from "./intent-queue.ts";
import { framesKept } from "./limits.ts";
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

/** Numbers kept of each record: its zone, its tick, the slot of the frame it is in, and where in that. */
const recordWidth = 4;

export class Session {
  readonly id: number;
  readonly characterId: number;
  readonly name: string;
  /** The name as the directory compares it. */
  readonly nameKey: string;
  state: SessionState;
  /** The zone that owns the character. */
  home: Link;
  /** Secret half of the resume key. */
  resumeSecret: Uint8Array;
  wantsDigests = false;

  readonly intents = new IntentQueue();
  /** Whether it stands in the list of sessions with intents to forward. */
  isForwarding = false;
  readonly facts = new FactQueue();
  /** Facts that were dropped because the client was away too long. */
  factsLost = 0;
  readonly flow = new FlowWindow();
  /** When composing stopped; −1 while it goes on. */
  staleSinceMs = -1;

  /** When its zone reported it last, or it began. */
  reportedMs: number;
  hasPosition = false;
  /** Metres. */
  x = 0;
  y = 0;
  /** Where the views were computed last. */
  viewedX = Number.NaN;
  viewedY = Number.NaN;
  readonly viewers: Viewer[] = [];
  group = 0;
  /** The last tick of the home zone that was composed; −1 before the first and after a handover. */
  homeTick = -1;
  /** Whether the client's `self` must come whole before changes make sense to it. */
  needsSelf = true;
  selfAskedTick = Number.NEGATIVE_INFINITY;
  /** Dilation that the client knows of. */
  dilationTold = 100;
  /** When the client's last `resync` was obeyed. */
  resyncMs = Number.NEGATIVE_INFINITY;

  /** The newest records, a ring of as many as frames are kept. */
  readonly #records = new Float64Array(framesKept * recordWidth).fill(-1);
  #nextRecord = 0;
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
    this.home = options.home;
    this.resumeSecret = options.resumeSecret;
    this.reportedMs = options.nowMs;
    this.state = { kind: "playing", client: options.client };
  }

  /** The connected client, whatever the session's state. */
  get client(): Client | undefined {
    return this.state.kind === "playing" || this.state.kind === "closing" ? this.state.client : undefined;
  }

  /** Notes where the record of a tick is. */
  noteRecord(zone: number, tick: number, slot: number, at: number): void {
    const records = this.#records;
    const place = this.#nextRecord;
    records[place] = zone;
    records[place + 1] = tick;
    records[place + 2] = slot;
    records[place + 3] = at;
    this.#nextRecord = (place + recordWidth) % records.length;
  }

  /** Place of the oldest record of the home zone that is newer than `homeTick`; −1 when there is none. */
  nextRecord(): number {
    const records = this.#records;
    for (let i = 0; i < records.length; i += recordWidth) {
      const place = (this.#nextRecord + i) % records.length;
      if (records[place] === this.home.zone && records[place + 1]! > this.homeTick) return place;
    }
    return -1;
  }

  /** Tick, slot and offset of the record at a place. */
  recordTick(place: number): number {
    return this.#records[place + 1]!;
  }

  recordSlot(place: number): number {
    return this.#records[place + 2]!;
  }

  recordOffset(place: number): number {
    return this.#records[place + 3]!;
  }

  /** Old records mean nothing any more: another owner, another epoch, or composing begins again. */
  forgetRecords(): void {
    this.#records.fill(-1);
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
