/**
 * Connections over WebSocket: the upgrade of an HTTP request, and the socket behind a `Connection`.
 *
 * Refused with an HTTP answer, before anything is allocated for them: other paths, too many connections of one address.
 * Everything else is upgraded first and then closed with a code, because a browser shows a page no HTTP answer.
 * Invariant: a frame is one contiguous buffer with the WebSocket header in front and one write; `ws` itself writes its
 * control frames to the same socket at once (without compression its sender never queues), so the order holds.
 * Source: RFC 6455; OWASP WebSocket Security Cheat Sheet; the limits of `ws` 8.21 and later.
 */
import { once } from "node:events";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { clientMessageBytesMax, subprotocol } from "@myriad/protocol";
import { WebSocket, WebSocketServer } from "ws";
import { AddressCounter } from "./addresses.ts";
import { type Connection, type ConnectionListener, frameRoomBytes } from "./transport.ts";

/** Where players connect. */
export const playPath = "/v1/play";
/** Fragments of one message: a client of ours sends one. */
const fragmentsMax = 64;
/** Chunks that `ws` may hold of an unfinished message: each is at least a byte of 16 KiB, usually a packet. */
const chunksMax = 1024;
/** Milliseconds for the peer's answer to a goodbye. */
const goodbyeMs = 2000;
/** What `ws` calls a message over our limits. */
const tooLargeErrors = new Set(["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", "WS_ERR_TOO_MANY_BUFFERED_PARTS"]);
/** Subprotocols a client may offer: ours, and a ticket or key. */
const offersMax = 8;

export interface WsTransportOptions {
  readonly connectionsPerAddress: number;
  /** Whether this machine itself may open any number. */
  readonly isLoopbackFree: boolean;
  /** Takes each new connection. */
  readonly accept: (connection: Connection) => void;
}

export class WsTransport {
  readonly #options: WsTransportOptions;
  readonly #addresses: AddressCounter;
  readonly #server: WebSocketServer;
  /** Connections refused because their address had too many. */
  refusedAddresses = 0;

  constructor(options: WsTransportOptions) {
    this.#options = options;
    this.#addresses = new AddressCounter({
      perAddressMax: options.connectionsPerAddress,
      isLoopbackFree: options.isLoopbackFree,
    });
    const settings = {
      noServer: true,
      clientTracking: true,
      perMessageDeflate: false,
      maxPayload: clientMessageBytesMax,
      maxFragments: fragmentsMax,
      maxBufferedChunks: chunksMax,
      closeTimeout: goodbyeMs,
      WebSocket: CodedWebSocket,
      handleProtocols: (offered: Set<string>) => (offered.has(subprotocol) ? subprotocol : false),
    };
    this.#server = new WebSocketServer(settings);
  }

  /** Serves the upgrades of an HTTP server from now on. */
  attach(server: Server): void {
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /**
   * Lets nobody in any more, waits for the answers to goodbyes that were said, and ends what is left without one.
   * @param graceMs Milliseconds to wait at most.
   */
  async close(graceMs = 500): Promise<void> {
    const ended = once(this.#server, "close");
    this.#server.close();
    const timer = setTimeout(() => {
      for (const socket of this.#server.clients) socket.terminate();
    }, graceMs);
    await ended;
    clearTimeout(timer);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Before `ws` listens, a peer that resets the connection must not end the process.
    socket.on("error", ignore);
    if (pathOf(request) !== playPath) {
      answer(socket, 404, "not_found");
      return;
    }
    const address = request.socket.remoteAddress ?? "";
    if (!this.#addresses.enter(address)) {
      this.refusedAddresses += 1;
      answer(socket, 429, "too_many_connections");
      return;
    }
    socket.once("close", () => this.#addresses.leave(address));
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      this.#options.accept(new WsConnection(ws, socket, { address, request }));
    });
  }
}

/** `ws` with our codes where it would close for a limit of ours; faults against the standard keep the standard's. */
class CodedWebSocket extends WebSocket {
  override close(code?: number, data?: string | Buffer): void {
    // 1009: the message is too large. 1008: it has too many fragments, which is large in another way.
    if (code === 1009 || code === 1008) super.close(4012, "message_too_large");
    else super.close(code, data);
  }
}

class WsConnection implements Connection {
  readonly remoteAddress: string;
  readonly origin: string | undefined;
  readonly offered: readonly string[];
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  #listener: ConnectionListener | undefined;
  #isClosed = false;

  constructor(ws: WebSocket, socket: Duplex, from: { address: string; request: IncomingMessage }) {
    this.remoteAddress = from.address;
    this.origin = from.request.headers.origin;
    this.offered = offersOf(from.request);
    this.#ws = ws;
    this.#socket = socket;
    ws.on("message", (data, isBinary) => {
      if (isBinary) this.#listener?.message(data as Buffer);
      else this.#listener?.refused("message_malformed");
    });
    ws.on("pong", () => this.#listener?.alive());
    ws.on("error", (error: Error & { code?: string }) => {
      // A reset connection is no message; `close` follows.
      if (error.code?.startsWith("WS_ERR_") !== true) return;
      this.#listener?.refused(tooLargeErrors.has(error.code) ? "message_too_large" : "message_malformed");
    });
    ws.on("close", () => {
      this.#isClosed = true;
      this.#listener?.closed();
    });
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    if (this.#isClosed) listener.closed();
  }

  send(message: Uint8Array): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    const framed = Buffer.allocUnsafe(frameRoomBytes + message.length);
    framed.set(message, frameRoomBytes);
    this.#socket.write(framed.subarray(writeHeader(framed, frameRoomBytes, framed.length)));
  }

  sendFrame(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#ws.readyState !== WebSocket.OPEN) return true;
    const from = writeHeader(bytes, start, end);
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from);
    const isFree = this.#socket.writableLength === 0;
    // A congested socket keeps what it is given: a copy of the right size, so that a backlog holds no empty room.
    this.#socket.write(isFree ? view : Buffer.from(view));
    // Nothing waits: the kernel took all of it in this call, and the bytes are the caller's again.
    return !isFree || this.#socket.writableLength === 0;
  }

  ping(): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.ping();
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }

  terminate(): void {
    this.#ws.terminate();
  }
}

/** Writes the header of an unmasked, whole, binary message right before its bytes; answers where it begins. */
function writeHeader(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 126) {
    bytes[start - 2] = 0x82;
    bytes[start - 1] = length;
    return start - 2;
  }
  if (length < 0x1_0000) {
    bytes[start - 4] = 0x82;
    bytes[start - 3] = 126;
    bytes[start - 2] = length >>> 8;
    bytes[start - 1] = length;
    return start - 4;
  }
  bytes[start - 10] = 0x82;
  bytes[start - 9] = 127;
  bytes.fill(0, start - 8, start - 4);
  bytes[start - 4] = length >>> 24;
  bytes[start - 3] = length >>> 16;
  bytes[start - 2] = length >>> 8;
  bytes[start - 1] = length;
  return start - 10;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] as string;
}

function offersOf(request: IncomingMessage): string[] {
  const header = request.headers["sec-websocket-protocol"] ?? "";
  return header
    .split(",", offersMax)
    .map((offer) => offer.trim())
    .filter((offer) => offer !== "");
}

function answer(socket: Duplex, status: 404 | 429, code: string): void {
  const body = JSON.stringify({ code });
  const phrase = status === 404 ? "Not Found" : "Too Many Requests";
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  socket.once("finish", () => socket.destroy());
}

function ignore(): void {}
