/**
 * Takes out of a tick frame what concerns sessions: their records, facts for one and for many, letters, goodbyes.
 *
 * Invariant: a fact for many is copied once and shared by everyone who gets it.
 * Invariant: everything here happens for each frame that comes, whether or not a client gets a frame for it.
 */
import { rowAt, sessionFlag, sessionRowBytes } from "../bus/session-table.ts";
import type { Client } from "./client.ts";
import type { FrameVisitor, KeptFact, KeptFrame, SessionRecord } from "./kept-frame.ts";
import { lostHandoverMs } from "./limits.ts";
import type { OutwardLetter } from "./elsewhere.ts";
import type { LateWord } from "./peers.ts";
import { cell, rowFlag } from "./session-rows.ts";
import type { Link, Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { GatewayStats } from "./stats.ts";

/** What the delivery cannot decide by itself. */
export interface DeliveryEvents {
  /** A connected client has more facts waiting than it may. */
  factsOverflow(client: Client): void;
  /** A zone says something of a session that went to another gateway. */
  pass(gateway: number, session: number, word: LateWord): void;
  /** A zone reports a session that is not here. */
  orphan(session: number, link: Link): void;
  /** A letter to a character that is not here. */
  forward(letter: OutwardLetter): void;
  /** The zone let a session go. */
  closed(session: Session, reason: string): void;
  handedOver(session: Session, zone: number): void;
}

export class Delivery implements FrameVisitor {
  readonly #sessions: Sessions;
  readonly #stats: GatewayStats;
  readonly #events: DeliveryEvents;
  #link!: Link;
  #frame!: KeptFrame;
  #nowMs = 0;

  constructor(options: { sessions: Sessions; stats: GatewayStats; events: DeliveryEvents }) {
    this.#sessions = options.sessions;
    this.#stats = options.stats;
    this.#events = options.events;
  }

  /** Goes through the newest frame of a zone. */
  take(link: Link, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#link = link;
    this.#frame = link.newest;
    this.#frame.visit(this);
  }

  regionNews(region: number, level: number, fact: KeptFact): void {
    let record: Uint8Array | undefined;
    this.#link.viewers.around(region, ({ session, view }) => {
      const seenAt = view.ringOf(region);
      if (seenAt < 0 || seenAt > level) return;
      record ??= this.#copy(fact);
      this.give(session, fact.type, record);
    });
  }

  zoneNews(fact: KeptFact): void {
    const record = this.#copy(fact);
    for (const session of this.#link.residents) this.give(session, fact.type, record);
  }

  groupNews(group: number, fact: KeptFact): void {
    const record = this.#copy(fact);
    for (const session of this.#sessions.inGroup(group)) this.give(session, fact.type, record);
  }

  letter(fromSession: number, toName: string, fact: KeptFact, otherwise: KeptFact): void {
    const receiver = this.#sessions.named(toName);
    if (receiver !== undefined) {
      this.give(receiver, fact.type, this.#copy(fact));
      return;
    }
    const elsewise = { type: otherwise.type, record: this.#copy(otherwise) };
    const undelivered = (): void => {
      this.#stats.lettersUndelivered += 1;
      const sender = this.#sessions.get(fromSession);
      if (sender !== undefined) this.give(sender, elsewise.type, elsewise.record);
    };
    const { type } = fact;
    this.#events.forward({ toName, type, record: this.#copy(fact), undelivered });
  }

  /** Nearly every record is plain: where it is is noted, and the place and the time, in the session's row. */
  sessions(first: number, count: number): void {
    const link = this.#link;
    const { zone, newestSlot } = link;
    const { bytes, tick } = this.#frame;
    const { rows } = this.#sessions;
    const end = first + count * sessionRowBytes;
    for (let at = first; at < end; at += sessionRowBytes) {
      const id = i32(bytes, at);
      const row = rows.find(id);
      if (row < 0) {
        this.#events.orphan(id >>> 0, link);
        continue;
      }
      rows.noteRecord(row, zone, tick, newestSlot, at);
      const { ints, floats } = rows;
      const flags = bytes[at + rowAt.flags]!;
      const isPlain =
        (flags & (sessionFlag.group | sessionFlag.facts)) === 0 &&
        (ints[row + cell.flags]! & (rowFlag.apart | rowFlag.called | rowFlag.grouped)) === 0 &&
        ints[row + cell.home] === zone;
      if (!isPlain) {
        this.#session(rows.holder(row), this.#frame.recordAt(at));
        continue;
      }
      floats[(row + cell.reportedMs) / 2] = this.#nowMs;
      const lastIntent = i32(bytes, at + rowAt.lastIntent);
      if (lastIntent !== ints[row + cell.lastIntent]) {
        ints[row + cell.lastIntent] = lastIntent;
        rows.holder(row).intents.acknowledge(lastIntent >>> 0);
      }
      if ((flags & sessionFlag.moved) === 0) continue;
      ints[row + cell.x] = i32(bytes, at + rowAt.x);
      ints[row + cell.y] = i32(bytes, at + rowAt.y);
      ints[row + cell.flags]! |= rowFlag.hasPosition;
    }
  }

  /** A record with news, or of a session that is not simply at home in the zone. */
  #session(session: Session, record: SessionRecord): void {
    const link = this.#link;
    if (record.facts > 0) {
      this.#frame.eachFact(record, (fact) => this.give(session, fact.type, this.#copy(fact)));
    }
    if (session.state.kind === "moved") return;
    if (session.home !== link) {
      // A zone that is about to take the session over, or was left a moment ago, does not say where it is. But a
      // handover whose tick frame was lost would otherwise never be heard of.
      const isLost = this.#nowMs - session.reportedMs >= lostHandoverMs;
      if (!isLost) return;
      this.#events.handedOver(session, link.zone);
    }
    session.reportedMs = this.#nowMs;
    session.calledMs = 0;
    session.intents.acknowledge(record.lastIntent);
    if (record.flags & sessionFlag.moved) session.placeAt(record.x, record.y);
    this.#sessions.setGroup(session, record.flags & sessionFlag.group ? record.group : 0);
  }

  closed(id: number, reason: string): void {
    const session = this.#sessions.get(id);
    if (session !== undefined && this.#speaksFor(session)) this.#events.closed(session, reason);
  }

  handedOver(id: number, zone: number): void {
    const session = this.#sessions.get(id);
    if (session !== undefined && this.#speaksFor(session)) this.#events.handedOver(session, zone);
  }

  /** Gives a session a fact. A client that has too many waiting is closed; one that is away loses the oldest, and is told. */
  give(session: Session, type: number, record: Uint8Array): void {
    if (session.state.kind === "moved") {
      this.#events.pass(session.state.gateway, session.id, { what: "fact", type, record });
      return;
    }
    this.#stats.facts += 1;
    if (session.facts.push(type, record)) return;
    if (session.state.kind === "playing") this.#events.factsOverflow(session.state.client);
    while (session.facts.length > 0) {
      session.facts.dropOldest();
      session.factsLost += 1;
      this.#stats.factsLost += 1;
      if (session.facts.push(type, record)) return;
    }
  }

  #speaksFor(session: Session): boolean {
    return session.home === this.#link;
  }

  #copy(fact: KeptFact): Uint8Array {
    // Not Buffer's own slice: that is a view of bytes which the next ticks write over.
    return new Uint8Array(this.#frame.bytes.subarray(fact.from, fact.to));
  }
}

function i32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
