/**
 * The door: connections until they speak for a session, and their goodbyes.
 *
 * Order of checks for a connection: draining, origin, room at the door, subprotocol, credential. Then its first message
 * is a hello, in time; then its format version; then its ticket or resume key.
 * Invariant: whoever is refused is told a code; a browser sees it because the upgrade was completed first.
 */
import {
  type CloseReason,
  closeCodes,
  decodeClientMessage,
  formatVersion,
  type Hello,
  subprotocol,
} from "@myriad/protocol";
import { unreachable } from "../kernel/assert.ts";
import type { Clock } from "../kernel/time.ts";
import { Client, type Credential, credentialOf, isWithinRate } from "./client.ts";
import type { GatewayLimits } from "./gateway-options.ts";
import { handshakesMin, handshakesPerCapacity, loginMsMax } from "./limits.ts";
import { type LoadedCharacter, Login, type Logins } from "./login.ts";
import type { OriginPolicy } from "./origin.ts";
import { RateGuard } from "./rate-guard.ts";
import type { Session } from "./session.ts";
import type { GatewayStats } from "./stats.ts";
import type { Connection } from "./transport.ts";

/** A message as it came: `bytes[from, to)`. One object for all messages: it is good during the call. */
export interface Incoming {
  bytes: Uint8Array;
  from: number;
  to: number;
  nowMs: number;
}

export interface DoorOptions {
  readonly capacity: number;
  readonly limits: GatewayLimits;
  readonly isOriginAllowed: OriginPolicy;
  readonly clock: Clock;
  readonly stats: GatewayStats;
  readonly logins: Logins;
  /** A character is loaded; answers why it may not join, if so. */
  readonly join: (client: Client, hello: Hello, character: LoadedCharacter) => CloseReason | undefined;
  /** A client wants its session back; answers why not, if so, maybe after another gateway was asked. */
  readonly resume: (
    client: Client,
    hello: Hello,
    key: string,
  ) => CloseReason | undefined | Promise<CloseReason | undefined>;
  /** A playing client spoke. */
  readonly message: (client: Client, session: Session, incoming: Incoming) => void;
  /** A playing client is gone, or was closed. */
  readonly gone: (client: Client, session: Session) => void;
}

export class Door {
  readonly #options: DoorOptions;
  readonly #clients = new Set<Client>();
  readonly #attempts = new Map<Client, Login>();
  readonly #incoming: Incoming = { bytes: new Uint8Array(0), from: 0, to: 0, nowMs: 0 };
  readonly #close = (client: Client, reason: CloseReason) => this.close(client, reason);
  /** Set once: nobody is let in any more. */
  isShut = false;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Clients that are connected, in whatever state. */
  get clients(): ReadonlySet<Client> {
    return this.#clients;
  }

  /** Clients whose character is being loaded. */
  get loading(): number {
    return this.#attempts.size;
  }

  /** Takes a new connection in. */
  accept(connection: Connection): void {
    const { clock, limits, stats } = this.#options;
    stats.connections += 1;
    const credential = this.#admit(connection);
    if (typeof credential === "string") {
      this.#sayGoodbye(connection, credential);
      return;
    }
    const nowMs = clock.nowMs();
    const rate = new RateGuard({
      ratePerSecond: limits.messagesPerSecond,
      burst: limits.messagesBurst,
      nowMs,
    });
    const client = new Client({ connection, credential, rate, nowMs });
    this.#clients.add(client);
    connection.listen({
      message: (bytes, from = 0, to = bytes.length) => {
        const incoming = this.#incoming;
        incoming.bytes = bytes;
        incoming.from = from;
        incoming.to = to;
        this.#take(client, incoming);
      },
      alive: () => this.#takeSignOfLife(client),
      refused: (reason) => this.close(client, reason),
      closed: () => this.#lost(client),
    });
  }

  /** Says goodbye with a reason. A session of the client is left alone and waits for another one. */
  close(client: Client, reason: CloseReason): void {
    if (client.state.kind === "closed") return;
    this.#forget(client, reason, () => this.#sayGoodbye(client.connection, reason));
  }

  /** Looks at a client's deadlines, and asks it for a sign of life now and then. */
  sweep(client: Client, nowMs: number): void {
    const { handshakeMs, idleMs, heartbeatMs } = this.#options.limits;
    const { kind } = client.state;
    if (kind === "handshaking" && nowMs - client.sinceMs >= handshakeMs) {
      this.close(client, "handshake_timeout");
    } else if (kind === "loading" && nowMs - client.sinceMs >= loginMsMax) {
      this.close(client, "store_unavailable");
    } else if (nowMs - client.heardMs >= idleMs) {
      this.close(client, "idle_timeout");
    } else if (nowMs - client.pingedMs >= heartbeatMs) {
      client.pingedMs = nowMs;
      client.connection.ping();
    }
  }

  /** Closes everyone who is not playing, and lets nobody in any more. */
  shut(): void {
    this.isShut = true;
    for (const client of this.#clients) {
      if (client.state.kind !== "playing") this.close(client, "server_closing");
    }
  }

  #admit(connection: Connection): Credential | CloseReason {
    const { capacity, isOriginAllowed } = this.#options;
    const roomMax = capacity + Math.max(handshakesMin, capacity * handshakesPerCapacity);
    if (this.isShut) return "server_closing";
    if (!isOriginAllowed(connection.origin)) return "origin_refused";
    if (this.#clients.size >= roomMax) return "server_full";
    if (!connection.offered.includes(subprotocol)) return "format_unsupported";
    return credentialOf(connection.offered) ?? "ticket_invalid";
  }

  #take(client: Client, incoming: Incoming): void {
    const { clock, stats } = this.#options;
    const nowMs = clock.nowMs();
    const { state } = client;
    incoming.nowMs = nowMs;
    client.heardMs = nowMs;
    stats.bytesIn += incoming.to - incoming.from;
    switch (state.kind) {
      case "playing":
        this.#options.message(client, state.session, incoming);
        return;
      case "handshaking":
        this.#takeHello(client, incoming.bytes.subarray(incoming.from, incoming.to), nowMs);
        return;
      case "loading":
        // Too early, and not heard; a flood of it is a flood.
        stats.messages.early += 1;
        isWithinRate(client, nowMs, this.#close);
        return;
      case "closed":
        return;
      default:
        unreachable(state);
    }
  }

  /** Pings and pongs cost as much as messages: a flood of them is a flood. */
  #takeSignOfLife(client: Client): void {
    if (client.state.kind === "closed") return;
    const nowMs = this.#options.clock.nowMs();
    client.heardMs = nowMs;
    isWithinRate(client, nowMs, this.#close);
  }

  #takeHello(client: Client, bytes: Uint8Array, nowMs: number): void {
    const { stats } = this.#options;
    const decoded = decodeClientMessage(bytes);
    if (!decoded.ok || decoded.value.kind !== "hello") {
      stats.messages.malformed += 1;
      const isSize = !decoded.ok && decoded.code === "too_large";
      this.close(client, isSize ? "message_too_large" : "message_malformed");
      return;
    }
    stats.messages.hello += 1;
    const { hello } = decoded.value;
    if (hello.formatVersion !== formatVersion) {
      this.close(client, "format_unsupported");
      return;
    }
    client.state = { kind: "loading" };
    client.sinceMs = nowMs;
    const { credential } = client;
    if (credential.kind === "ticket") {
      void this.#login(client, hello, credential.token);
      return;
    }
    const refusal = this.#options.resume(client, hello, credential.key);
    if (refusal instanceof Promise) void this.#resumeLater(client, refusal);
    else if (refusal !== undefined) this.close(client, refusal);
  }

  /** The promise does not reject: failures are reasons. */
  async #resumeLater(client: Client, asked: Promise<CloseReason | undefined>): Promise<void> {
    const refusal = await asked;
    if (refusal !== undefined) this.close(client, refusal);
  }

  /** Never rejects: a login's failures are reasons. */
  async #login(client: Client, hello: Hello, token: string): Promise<void> {
    const { logins, join } = this.#options;
    const login = new Login((reason) => this.close(client, reason));
    this.#attempts.set(client, login);
    const refusal = await logins.run(login, token, (character) => join(client, hello, character));
    this.#attempts.delete(client);
    if (refusal !== undefined) this.close(client, refusal);
  }

  /** The socket is gone. */
  #lost(client: Client): void {
    if (client.state.kind === "closed") return;
    // Nobody is there to be told a reason.
    this.#forget(client, "left", () => {});
  }

  #forget(client: Client, reason: CloseReason, sayGoodbye: () => void): void {
    const { state } = client;
    client.state = { kind: "closed" };
    this.#clients.delete(client);
    sayGoodbye();
    // The attempt stops at its next step.
    this.#attempts.get(client)?.end(reason);
    if (state.kind === "playing") this.#options.gone(client, state.session);
  }

  #sayGoodbye(connection: Connection, reason: CloseReason): void {
    this.#options.stats.closes[reason] += 1;
    connection.close(closeCodes[reason].code, reason);
  }
}
