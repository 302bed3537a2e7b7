/**
 * Takes out of a tick frame what concerns sessions: their records, facts for one and for many, letters, goodbyes.
 *
 * Invariant: a fact for many is copied once and shared by everyone who gets it.
 * Invariant: everything here happens for each frame that comes, whether or not a client gets a frame for it.
 */
import { finePositionStepsPerM } from "@myriad/protocol";
import { sessionFlag } from "../bus/tick-frame.ts";
import type { Client } from "./client.ts";
import type { FrameVisitor, KeptFact, KeptFrame, SessionRecord } from "./kept-frame.ts";
import { lostHandoverMs } from "./limits.ts";
import type { Link, Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { GatewayStats } from "./stats.ts";

/** What the delivery cannot decide by itself. */
export interface DeliveryEvents {
  /** A connected client has more facts waiting than it may. */
  factsOverflow(client: Client): void;
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
      const seenAt = view.levelAt(region);
      if (seenAt < 0 || seenAt > level) return;
      record ??= this.#copy(fact);
      this.#give(session, fact.type, record);
    });
  }

  zoneNews(fact: KeptFact): void {
    const record = this.#copy(fact);
    for (const session of this.#link.residents) this.#give(session, fact.type, record);
  }

  groupNews(group: number, fact: KeptFact): void {
    const record = this.#copy(fact);
    for (const session of this.#sessions.inGroup(group)) this.#give(session, fact.type, record);
  }

  letter(fromSession: number, toName: string, fact: KeptFact, otherwise: KeptFact): void {
    const receiver = this.#sessions.named(toName);
    if (receiver !== undefined) {
      this.#give(receiver, fact.type, this.#copy(fact));
      return;
    }
    this.#stats.lettersUndelivered += 1;
    const sender = this.#sessions.get(fromSession);
    if (sender !== undefined) this.#give(sender, otherwise.type, this.#copy(otherwise));
  }

  session(record: SessionRecord, at: number): void {
    const session = this.#sessions.get(record.session);
    if (session === undefined) return;
    const link = this.#link;
    session.noteRecord(link.zone, this.#frame.tick, link.newestSlot, at);
    if (record.facts > 0) {
      this.#frame.eachFact(record, (fact) => this.#give(session, fact.type, this.#copy(fact)));
    }
    if (session.home !== link) {
      // A zone that is about to take the session over, or was left a moment ago, does not say where it is. But a
      // handover whose tick frame was lost would otherwise never be heard of.
      const isLost = this.#nowMs - session.reportedMs >= lostHandoverMs;
      if (!isLost) return;
      this.#events.handedOver(session, link.zone);
    }
    session.reportedMs = this.#nowMs;
    session.intents.acknowledge(record.lastIntent);
    if (record.flags & sessionFlag.moved) {
      session.hasPosition = true;
      session.x = record.x / finePositionStepsPerM;
      session.y = record.y / finePositionStepsPerM;
    }
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
  #give(session: Session, type: number, record: Uint8Array): void {
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
