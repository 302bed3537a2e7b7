/**
 * The socket under a connection: opens it with a ticket or a resume key, notices when it is lost, and opens the next one.
 *
 * Owns: credentials, attempts, the pauses between them, and the connection's state.
 * Invariant: one socket at a time; what an earlier one still says is ignored. A closed link stays closed.
 */
import { closeCodes, type CloseReason, closeReasonOf, subprotocol } from "@myriad/protocol";
import { backoffMs } from "./backoff.ts";
import type { Environment, SocketLike } from "./environment.ts";
import { attemptsMax, welcomeMsMax } from "./limits.ts";

/** Reasons for an end that this side finds by itself. */
export const clientCloseReasons = {
  unreachable: "the server could not be reached",
  ticket_refused: "no ticket was given",
  resume_expired: "the connection was lost for longer than the server waits",
  welcome_unusable: "the server's welcome could not be understood",
} as const;

export type EndReason = CloseReason | keyof typeof clientCloseReasons;

export type ConnectionState =
  | {
      readonly kind: "connecting";
      readonly attempt: number;
      /** Why the last attempt failed. */
      readonly why?: EndReason;
    }
  | { readonly kind: "playing"; readonly resumed: boolean }
  | {
      readonly kind: "reconnecting";
      readonly attempt: number;
      /** Of the environment's clock. */
      readonly retryAtMs: number;
      readonly why: EndReason;
    }
  | { readonly kind: "closed"; readonly reason: EndReason; readonly text: string };

export interface LinkOptions {
  /** http(s) or ws(s) address of the server; the path is /v1/play unless one is given. */
  readonly url: string;
  /** A ticket for the first attempt. */
  readonly ticket?: string | undefined;
  /** Fetches a ticket: for the first attempt when `ticket` is absent, and when a session cannot be resumed. */
  readonly getTicket?: (() => Promise<string>) | undefined;
  readonly environment: Environment;
  readonly changed: (state: ConnectionState) => void;
  readonly opened: () => void;
  readonly received: (bytes: Uint8Array) => void;
}

export class Link {
  #state: ConnectionState = { kind: "connecting", attempt: 1 };
  readonly #options: LinkOptions;
  readonly #url: string;
  #socket: SocketLike | undefined;
  /** Grows with each socket: events of earlier ones are ignored. */
  #generation = 0;
  #ticket: string | undefined;
  #resumeKey: string | undefined;
  #resumeMs = 0;
  #resumeUntilMs = 0;
  #attempt = 1;
  #cancelTimer: () => void = () => {};

  /** Throws TypeError when `url` is none. */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#url = playUrl(options.url);
    this.#ticket = options.ticket;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Opens the first socket. */
  open(): void {
    void this.#attemptNow();
  }

  /** Sends bytes if a socket is open; a socket that fails tells so by closing. */
  send(bytes: Uint8Array): void {
    try {
      this.#socket?.send(bytes as Uint8Array<ArrayBuffer>);
    } catch {
      // A socket that is still opening or already closing refuses; its close follows.
    }
  }

  /** The server's welcome was understood: attempts count anew, and the session can be resumed. */
  welcomed(welcome: { resumeKey: string; resumeSeconds: number; resumed: boolean }): void {
    this.#cancelTimer();
    this.#attempt = 0;
    this.#resumeKey = welcome.resumeKey;
    this.#resumeMs = welcome.resumeSeconds * 1000;
    this.#change({ kind: "playing", resumed: welcome.resumed });
  }

  /** Gives the socket up as lost and begins to come back. */
  lost(): void {
    if (this.#state.kind === "closed") return;
    this.#detach();
    this.#retry("unreachable");
  }

  /** Ends the pause before the next attempt: the network is back, or the player asks. */
  retryNow(): void {
    if (this.#state.kind !== "reconnecting" || this.#socket !== undefined) return;
    this.#cancelTimer();
    void this.#attemptNow();
  }

  /** Closes for good. */
  end(reason: EndReason, text: string): void {
    if (this.#state.kind === "closed") return;
    this.#detach();
    this.#change({ kind: "closed", reason, text });
  }

  async #attemptNow(): Promise<void> {
    const generation = ++this.#generation;
    const credential = await this.#credential();
    if (credential === undefined || generation !== this.#generation || this.#state.kind === "closed") return;
    const { environment } = this.#options;
    let socket: SocketLike;
    try {
      socket = new environment.WebSocket(this.#url, [subprotocol, credential]);
    } catch {
      return this.#retry("unreachable");
    }
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      if (generation === this.#generation) this.#options.opened();
    });
    socket.addEventListener("message", ({ data }) => {
      if (generation === this.#generation) this.#options.received(bytesOf(data));
    });
    socket.addEventListener("close", ({ code }) => {
      if (generation === this.#generation) this.#closed(code, credential.startsWith("resume."));
    });
    // A close follows every error; without a listener `ws` would throw it.
    socket.addEventListener("error", () => {});
    this.#cancelTimer = environment.after(welcomeMsMax, () => {
      if (generation === this.#generation) this.lost();
    });
  }

  /** What to show the server; undefined when there is nothing (the link has ended or will try again). */
  async #credential(): Promise<string | undefined> {
    const { getTicket, environment } = this.#options;
    if (this.#resumeKey !== undefined && environment.nowMs() < this.#resumeUntilMs) {
      return `resume.${this.#resumeKey}`;
    }
    const wasPlaying = this.#resumeKey !== undefined;
    this.#resumeKey = undefined;
    const ticket = this.#ticket;
    this.#ticket = undefined;
    if (ticket !== undefined) return `ticket.${ticket}`;
    if (getTicket === undefined) {
      const reason = wasPlaying ? "resume_expired" : "unreachable";
      this.end(reason, clientCloseReasons[reason]);
      return undefined;
    }
    const generation = this.#generation;
    try {
      return `ticket.${await getTicket()}`;
    } catch (error) {
      if (generation !== this.#generation) return undefined;
      if (this.#state.kind === "reconnecting") this.#retry("unreachable");
      else
        this.end(
          "ticket_refused",
          error instanceof Error ? error.message : clientCloseReasons.ticket_refused,
        );
      return undefined;
    }
  }

  #closed(code: number, wasResume: boolean): void {
    this.#detach();
    const reason = closeReasonOf(code);
    if (reason === undefined || closeCodes[reason].retry) return this.#retry(reason ?? "unreachable");
    const isStale = reason === "session_unknown" || reason === "ticket_expired" || reason === "ticket_used";
    const canStartAnew = this.#options.getTicket !== undefined && (isStale || wasResume);
    if (!canStartAnew || reason === "logged_in_elsewhere") return this.end(reason, closeCodes[reason].text);
    this.#resumeKey = undefined;
    this.#retry(reason);
  }

  #retry(why: EndReason): void {
    const { environment } = this.#options;
    const now = environment.nowMs();
    if (this.#state.kind === "playing") this.#resumeUntilMs = now + this.#resumeMs;
    this.#attempt++;
    if (this.#attempt > attemptsMax) return this.end("unreachable", clientCloseReasons.unreachable);
    const pauseMs = backoffMs(this.#attempt, environment.random());
    const hasPlayed = this.#state.kind === "playing" || this.#state.kind === "reconnecting";
    this.#change(
      hasPlayed
        ? { kind: "reconnecting", attempt: this.#attempt, retryAtMs: now + pauseMs, why }
        : { kind: "connecting", attempt: this.#attempt, why },
    );
    this.#cancelTimer = environment.after(pauseMs, () => void this.#attemptNow());
  }

  #detach(): void {
    this.#cancelTimer();
    this.#generation++;
    const socket = this.#socket;
    this.#socket = undefined;
    try {
      socket?.close();
    } catch {
      // It is gone already, which is what was wanted.
    }
  }

  #change(state: ConnectionState): void {
    this.#state = state;
    this.#options.changed(state);
  }
}

/** The WebSocket address for a server's address. Throws TypeError when it is none. */
export function playUrl(address: string): string {
  const url = new URL(address);
  url.protocol = url.protocol.replace("http", "ws");
  if (url.pathname === "/") url.pathname = "/v1/play";
  url.hash = "";
  return url.href;
}

/** A message's bytes; a text message has none that are understood. */
function bytesOf(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(0);
}
