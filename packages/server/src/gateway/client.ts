/**
 * A client: one connection and where it stands on its way to a session.
 *
 * States:
 *   handshaking  connected; its hello is awaited
 *   loading      its ticket or key is being checked, its character loaded
 *   playing      it speaks for a session
 *   closed       a goodbye was said or the socket is gone; nothing it sends counts
 */
import { type CloseReason, encodeNotice } from "@myriad/protocol";
import { floodPauseMs } from "./limits.ts";
import type { Connection } from "./transport.ts";
import type { RateGuard } from "./rate-guard.ts";
import type { Session } from "./session.ts";

/** What the client brought to be let in. */
export type Credential =
  | { readonly kind: "ticket"; readonly token: string }
  | { readonly kind: "resume"; readonly key: string };

export type ClientState =
  | { readonly kind: "handshaking" }
  | { readonly kind: "loading" }
  | { readonly kind: "playing"; readonly session: Session }
  | { readonly kind: "closed" };

export class Client {
  readonly connection: Connection;
  readonly credential: Credential;
  readonly rate: RateGuard;
  state: ClientState = { kind: "handshaking" };
  /** When the state began, for its deadline. */
  sinceMs: number;
  /** When anything was heard, a pong included. */
  heardMs: number;
  /** When a sign of life was asked for. */
  pingedMs: number;

  constructor(options: { connection: Connection; credential: Credential; rate: RateGuard; nowMs: number }) {
    this.connection = options.connection;
    this.credential = options.credential;
    this.rate = options.rate;
    this.sinceMs = options.nowMs;
    this.heardMs = options.nowMs;
    this.pingedMs = options.nowMs;
  }
}

/**
 * One message or intent of a client came: whether it is within the rate. What is over it is to be dropped; the client is
 * told once, and not read for a moment, so that a flood waits in the flooder's own buffers.
 * @param close Called for a client that floods for too long, or when the transport has no room for one more that waits.
 */
export function isWithinRate(
  client: Client,
  nowMs: number,
  close: (client: Client, reason: CloseReason) => void,
): boolean {
  const verdict = client.rate.take(nowMs);
  if (verdict === "take") return true;
  if (verdict === "warn")
    client.connection.send(encodeNotice("rate_exceeded", "messages come too fast and are dropped"));
  if (verdict === "close" || !client.connection.rest(floodPauseMs)) close(client, "rate_exceeded");
  return false;
}

/** Reads `ticket.…` or `resume.…` among the offered subprotocols; undefined when there is none. */
export function credentialOf(offered: readonly string[]): Credential | undefined {
  for (const token of offered) {
    if (token.startsWith("ticket.")) return { kind: "ticket", token: token.slice("ticket.".length) };
    if (token.startsWith("resume.")) return { kind: "resume", key: token.slice("resume.".length) };
  }
  return undefined;
}
