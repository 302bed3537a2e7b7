/**
 * What playing clients say: checked here, decided in the zone.
 *
 * Order of checks, for each message: rate, size and form, then for each intent in it: rate, number, type, every field's
 * range. What passes is forwarded as the bytes that came.
 * Invariant: nothing a client sends throws. Malformed bytes close its connection; too many are dropped and counted.
 */
import {
  decodeClientMessage,
  decodeRecord,
  encodeNotice,
  encodePong,
  type RawIntent,
} from "@myriad/protocol";
import type { CloseReason, Schema } from "@myriad/protocol";
import { unreachable } from "../kernel/assert.ts";
import type { Client } from "./client.ts";
import { intentsPerTickMax, resyncMsMin } from "./limits.ts";
import type { Session } from "./session.ts";
import type { GatewayStats } from "./stats.ts";
import type { Views } from "./views.ts";

export interface IntakeEvents {
  close(client: Client, reason: CloseReason): void;
  /** The player says goodbye. */
  bye(session: Session): void;
}

export class Intake {
  readonly #schema: Schema;
  readonly #stats: GatewayStats;
  readonly #views: Views;
  readonly #events: IntakeEvents;
  /** Sessions with intents that wait for a batch, in the order in which the first of them came. */
  #forwarding: Session[] = [];
  #stillForwarding: Session[] = [];

  constructor(options: { schema: Schema; stats: GatewayStats; views: Views; events: IntakeEvents }) {
    this.#schema = options.schema;
    this.#stats = options.stats;
    this.#views = options.views;
    this.#events = options.events;
  }

  /** One message of a playing client. */
  take(client: Client, session: Session, bytes: Uint8Array, nowMs: number): void {
    if (!this.#isWithinRate(client, nowMs)) {
      this.#stats.messagesDropped += 1;
      return;
    }
    const decoded = decodeClientMessage(bytes);
    if (!decoded.ok) {
      this.#stats.messages.malformed += 1;
      const isSize = decoded.code === "too_large";
      this.#events.close(client, isSize ? "message_too_large" : "message_malformed");
      return;
    }
    const message = decoded.value;
    this.#stats.messages[message.kind] += 1;
    switch (message.kind) {
      case "input":
        if (session.flow.acknowledge(message.ackFrame)) session.facts.acknowledge(message.ackFrame);
        for (const intent of message.intents) {
          if (!this.#takeIntent(client, session, bytes, intent, nowMs)) return;
        }
        return;
      case "ping":
        client.connection.send(encodePong(message.nonce));
        return;
      case "resync":
        this.#resync(session, nowMs);
        return;
      case "bye":
        this.#events.bye(session);
        return;
      case "hello":
        // A second hello: whoever sends it is not where it believes to be.
        this.#events.close(client, "message_malformed");
        return;
      default:
        unreachable(message);
    }
  }

  /** Puts the waiting intents into their zones' batches: up to 16 of each session, the rest stays for the next tick. */
  forward(): void {
    const sessions = this.#forwarding;
    this.#forwarding = this.#stillForwarding;
    for (const session of sessions) {
      session.isForwarding = false;
      if (session.state.kind !== "playing") continue;
      for (let i = 0; i < intentsPerTickMax; i++) {
        const intent = session.intents.next();
        if (intent === undefined) break;
        session.home.intent(session.id, intent.seq, intent.type, intent.record);
        this.#stats.intents.forwarded += 1;
      }
      if (session.intents.unsent > 0) this.queue(session);
    }
    sessions.length = 0;
    this.#stillForwarding = sessions;
  }

  /** The session has intents to forward, new ones or some to repeat. */
  queue(session: Session): void {
    if (session.isForwarding) return;
    session.isForwarding = true;
    this.#forwarding.push(session);
  }

  /** @returns False when the connection was closed over it. */
  #takeIntent(
    client: Client,
    session: Session,
    bytes: Uint8Array,
    intent: RawIntent,
    nowMs: number,
  ): boolean {
    const { intents } = this.#stats;
    if (!this.#isWithinRate(client, nowMs)) {
      intents.rate += 1;
      return client.state.kind === "playing";
    }
    if (session.intents.isOld(intent.seq)) {
      intents.old += 1;
      return true;
    }
    const type = this.#schema.intents[intent.type];
    if (type === undefined) {
      // A newer client may know intents that this realm does not.
      intents.unknown += 1;
      return true;
    }
    if (!decodeRecord(type.fields, bytes, intent.from, intent.to).ok) {
      this.#stats.messages.malformed += 1;
      this.#events.close(client, "message_malformed");
      return false;
    }
    // Not the message's own slice: of a Buffer that is a view, and the message is the transport's.
    const record = new Uint8Array(bytes.subarray(intent.from, intent.to));
    if (session.intents.push({ seq: intent.seq, type: intent.type, record }) === "full") {
      intents.full += 1;
      return true;
    }
    this.queue(session);
    return true;
  }

  #isWithinRate(client: Client, nowMs: number): boolean {
    const verdict = client.rate.take(nowMs);
    if (verdict === "take") return true;
    if (verdict === "warn")
      client.connection.send(encodeNotice("rate_exceeded", "messages come too fast and are dropped"));
    if (verdict === "close") this.#events.close(client, "rate_exceeded");
    return false;
  }

  #resync(session: Session, nowMs: number): void {
    if (nowMs - session.resyncMs < resyncMsMin) return;
    session.resyncMs = nowMs;
    session.needsSelf = true;
    this.#views.invalidate(session);
  }
}
