/**
 * Links over WebSockets of the `ws` package.
 *
 * Absent on purpose: compression (the server does not offer it) and UTF-8 checks (the protocol is binary).
 */
import { clientFrameBytesMax } from "@myriad/protocol";
import { WebSocket } from "ws";
import { joinMsMax } from "./limits.ts";
import type { Link, LinkListener, Transport } from "./transport.ts";

/** WebSocket close code of a connection that ended without a goodbye. */
const abnormalCode = 1006;

export class WsTransport implements Transport {
  readonly #url: string;

  /** @param origin `ws://host:port` */
  constructor(origin: string) {
    this.#url = `${origin}/v1/play`;
  }

  open(player: number, protocols: readonly string[], listener: LinkListener): Link {
    try {
      return new WsLink(player, listener, openSocket(this.#url, protocols));
    } catch (cause) {
      // A ticket that cannot stand in a header: `ws` refuses it before it opens anything.
      const link = new WsLink(player, listener, undefined);
      const reason = cause instanceof Error ? cause.message : String(cause);
      queueMicrotask(() => listener.closed(link, abnormalCode, reason));
      return link;
    }
  }
}

function openSocket(url: string, protocols: readonly string[]): WebSocket {
  return new WebSocket(url, [...protocols], {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: clientFrameBytesMax,
    handshakeTimeout: joinMsMax,
  });
}

class WsLink implements Link {
  readonly player: number;
  readonly #socket: WebSocket | undefined;

  constructor(player: number, listener: LinkListener, socket: WebSocket | undefined) {
    this.player = player;
    this.#socket = socket;
    if (socket === undefined) return;
    let problem = "";
    socket.on("open", () => listener.opened(this));
    // Whole messages come as one Buffer; a text is as malformed as bytes that are no message.
    socket.on("message", (data) => listener.message(this, data as Buffer));
    socket.on("error", (error) => {
      problem = error.message;
    });
    socket.on("close", (code, reason) => listener.closed(this, code, reason.toString() || problem));
  }

  send(bytes: Uint8Array): void {
    // Masking copies the bytes, so the caller may write over them. A socket that is closing drops them.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes);
  }

  close(): void {
    this.#socket?.close(1000);
  }

  terminate(): void {
    this.#socket?.terminate();
  }
}
