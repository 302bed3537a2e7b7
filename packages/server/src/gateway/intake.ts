/**
 * What playing clients say: checked here, decided in the zone.
 *
 * Order of checks, for each message: rate, size and form, then for each intent in it: rate, number, type, every field's
 * range. What passes is forwarded as the bytes that came.
 * Invariant: nothing a client sends throws. Malformed bytes close its connection; too many are dropped and counted.
 */
import {
  checkRecord,
  decodeClientMessage,
  type DecodeCode,
  encodePong,
  InputMessage,
} from "@myriad/protocol";
import type { CloseReason, Schema } from "@myriad/protocol";
import { unreachable } from "../kernel/assert.ts";
import { type Client, isWithinRate } from "./client.ts";
import type { Incoming } from "./door.ts";
import { intentsPerTickMax, resyncMsMin } from "./limits.ts";
import type { Link, Session } from "./session.ts";
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
  readonly #close: IntakeEvents["close"];
  readonly #input = new InputMessage();
  /** The record of the intent that is being taken. */
  readonly #record: { bytes: Uint8Array; from: number; to: number } = {
    bytes: new Uint8Array(0),
    from: 0,
    to: 0,
  };
  /** Emptied while the waiting intents of a zone are forwarded; takes in who waits on. */
  #spare: Session[] = [];

  constructor(options: { schema: Schema; stats: GatewayStats; views: Views; events: IntakeEvents }) {
    this.#schema = options.schema;
    this.#stats = options.stats;
    this.#views = options.views;
    this.#events = options.events;
    this.#close = (client, reason) => options.events.close(client, reason);
  }

  /** One message of a playing client. */
  take(client: Client, session: Session, incoming: Incoming): void {
    const { bytes, from, to, nowMs } = incoming;
    if (!isWithinRate(client, nowMs, this.#close)) {
      this.#stats.messagesDropped += 1;
      return;
    }
    if (InputMessage.isOne(bytes, from, to)) {
      this.#takeInput(client, session, incoming);
      return;
    }
    const decoded = decodeClientMessage(bytes.subarray(from, to));
    if (!decoded.ok) {
      this.#refuse(client, decoded.code);
      return;
    }
    const message = decoded.value;
    this.#stats.messages[message.kind] += 1;
    switch (message.kind) {
      case "input":
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

  /** Puts the intents that wait for a zone into its batch: up to 16 of each session, the rest stays for the next tick. */
  forward(link: Link): void {
    const sessions = link.forwarding;
    link.forwarding = this.#spare;
    for (const session of sessions) {
      session.isForwarding = false;
      if (session.state.kind !== "playing") continue;
      // Handed over meanwhile: its new zone takes them at its own time.
      if (session.home !== link) {
        this.queue(session);
        continue;
      }
      for (let i = 0; i < intentsPerTickMax; i++) {
        const { intents } = session;
        if (!intents.next()) break;
        session.home.intent(session.id, intents.bytes, intents.from, intents.to);
        this.#stats.intents.forwarded += 1;
      }
      if (session.intents.unsent > 0) this.queue(session);
    }
    sessions.length = 0;
    this.#spare = sessions;
  }

  /** The session has intents to forward, new ones or some to repeat. */
  queue(session: Session): void {
    if (session.isForwarding) return;
    session.isForwarding = true;
    session.home.forwarding.push(session);
  }

  #refuse(client: Client, code: DecodeCode): void {
    this.#stats.messages.malformed += 1;
    this.#events.close(client, code === "too_large" ? "message_too_large" : "message_malformed");
  }

  #takeInput(client: Client, session: Session, { bytes, from, to, nowMs }: Incoming): void {
    const input = this.#input;
    const code = input.read(bytes, from, to);
    if (code !== undefined) {
      this.#refuse(client, code);
      return;
    }
    this.#stats.messages.input += 1;
    if (session.flow.acknowledge(input.ackFrame)) session.facts.acknowledge(input.ackFrame);
    for (let i = 0; i < input.count; i++) {
      if (!this.#takeIntent(client, session, bytes, i, nowMs)) return;
    }
  }

  /** @returns False when the connection was closed over it. */
  #takeIntent(client: Client, session: Session, bytes: Uint8Array, index: number, nowMs: number): boolean {
    const input = this.#input;
    const { intents } = this.#stats;
    const seq = input.seqs[index]!;
    if (!isWithinRate(client, nowMs, this.#close)) {
      intents.rate += 1;
      return client.state.kind === "playing";
    }
    if (session.intents.isOld(seq)) {
      intents.old += 1;
      return true;
    }
    const type = this.#schema.intents[input.types[index]!];
    if (type === undefined) {
      // A newer client may know intents that this realm does not.
      intents.unknown += 1;
      return true;
    }
    const record = this.#record;
    record.bytes = bytes;
    record.from = input.froms[index]!;
    record.to = input.tos[index]!;
    if (checkRecord(type.fields, bytes, record.from, record.to) !== undefined) {
      this.#stats.messages.malformed += 1;
      this.#events.close(client, "message_malformed");
      return false;
    }
    if (session.intents.push(seq, input.types[index]!, record) === "full") {
      intents.full += 1;
      return true;
    }
    session.forgetAcknowledged();
    this.queue(session);
    return true;
  }

  #resync(session: Session, nowMs: number): void {
    if (nowMs - session.resyncMs < resyncMsMin) return;
    session.resyncMs = nowMs;
    session.needsSelf = true;
    this.#views.invalidate(session);
  }
}
