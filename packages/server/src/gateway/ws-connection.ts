/**
 * One WebSocket as the gateway's `Connection`: what goes out is framed here, what comes in passes the receiver.
 *
 *   open ──close(), the peer's goodbye or end, a fault──▶ closing ──the socket is gone──▶ closed
 *
 * Invariant: a frame is one contiguous buffer with the WebSocket header in front and one write.
 * Invariant: in `closing` nothing is sent, and nothing heard but the peer's goodbye. It ends after 2 s at the latest.
 * Invariant: bytes kept for a peer are bounded: pieces of one message, and what was read before a rest.
 * Source: RFC 6455, sections 5 and 7. // hot path
 */
import type { Socket } from "node:net";
import { closeCodes } from "@myriad/protocol";
import { type Connection, type ConnectionListener, frameRoomBytes } from "./transport.ts";
import { type Fault, type ReceiverListener, WsReceiver } from "./ws-receiver.ts";

/** Milliseconds for the peer's answer to a goodbye. */
const goodbyeMs = 2000;
/** Bytes that are read after a goodbye, to find the answer behind what the peer had sent before. */
const goodbyeBytesMax = 64 * 1024;

/** First bytes of what a server sends: whole messages, never masked. */
const head = { binary: 0x82, close: 0x88, ping: 0x89, pong: 0x8a } as const;

/** What the connections of one transport share. */
export interface WsHouse {
  /** How many more connections may rest: each holds what was read meanwhile. */
  restsLeft: number;
  gone(connection: WsConnection): void;
}

/** Who is at the other end, as its request said. */
export interface WsPeer {
  readonly remoteAddress: string;
  readonly origin: string | undefined;
  readonly offered: readonly string[];
}

export class WsConnection implements Connection, ReceiverListener {
  readonly remoteAddress: string;
  readonly origin: string | undefined;
  readonly offered: readonly string[];
  readonly #socket: Socket;
  readonly #house: WsHouse;
  readonly #receiver: WsReceiver;
  #listener: ConnectionListener | undefined;
  #state: "open" | "closing" | "closed" = "open";
  /** Ends a rest, or the closing. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What was read and not looked at because of a rest. */
  #unread: Uint8Array | undefined;
  #goodbyeBytes = 0;
  /** Whether the socket kept bytes of the last write: most sockets need not be asked. */
  #isCongested = false;

  /** Takes over a socket whose handshake was answered; its errors are handled by the caller. */
  constructor(socket: Socket, house: WsHouse, peer: WsPeer) {
    this.remoteAddress = peer.remoteAddress;
    this.origin = peer.origin;
    this.offered = peer.offered;
    this.#socket = socket;
    this.#house = house;
    this.#receiver = new WsReceiver(this);
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#gone());
  }

  get bufferedBytes(): number {
    if (!this.#isCongested) return 0;
    const { writableLength } = this.#socket;
    this.#isCongested = writableLength > 0;
    return writableLength;
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    if (this.#state === "closed") listener.closed();
  }

  send(message: Uint8Array): void {
    if (this.#state !== "open") return;
    const framed = Buffer.allocUnsafe(frameRoomBytes + message.length);
    framed.set(message, frameRoomBytes);
    this.#write(framed.subarray(writeHeader(framed, frameRoomBytes, framed.length)));
  }

  sendFrame(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#state !== "open") return true;
    const from = writeHeader(bytes, start, end);
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from);
    const isFree = this.bufferedBytes === 0;
    // A congested socket keeps what it is given: a copy of the right size, so that a backlog holds no empty room.
    this.#write(isFree ? view : Buffer.from(view));
    // Nothing waits: the kernel took all of it in this call, and the bytes are the caller's again.
    return !isFree || !this.#isCongested;
  }

  ping(): void {
    if (this.#state === "open") this.#write(Uint8Array.of(head.ping, 0));
  }

  rest(ms: number): boolean {
    if (this.#state !== "open" || this.#receiver.isResting) return true;
    if (this.#house.restsLeft === 0) return false;
    this.#house.restsLeft -= 1;
    this.#receiver.isResting = true;
    this.#socket.pause();
    this.#timer = setTimeout(() => this.#wake(), ms);
    return true;
  }

  close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    const text = Buffer.from(reason);
    this.#control(head.close, Buffer.concat([Uint8Array.of(code >>> 8, code), text]));
    this.#beginClosing();
  }

  terminate(): void {
    this.#socket.destroy();
  }

  /** Of the receiver. */
  received(bytes: Uint8Array, from: number, to: number): void {
    if (this.#state === "open") this.#listener?.message(bytes, from, to);
  }

  /** Of the receiver. */
  pinged(bytes: Uint8Array, from: number, to: number): void {
    if (this.#state !== "open") return;
    this.#control(head.pong, bytes.subarray(from, to));
    this.#listener?.alive();
  }

  /** Of the receiver. */
  ponged(): void {
    if (this.#state === "open") this.#listener?.alive();
  }

  /** Of the receiver: the goodbye is answered with its own code, unless it is the answer. */
  parted(code: number): void {
    if (this.#state === "open") {
      const hasCode = code !== 1005;
      this.#control(head.close, hasCode ? Uint8Array.of(code >>> 8, code) : new Uint8Array(0));
      this.#beginClosing();
    }
    this.#socket.end();
  }

  /** Of the receiver: a fault ends the connection, with the code that it has or else with one of the listener's. */
  faulted({ reason, code }: Fault): void {
    if (this.#state !== "open") return;
    if (code !== undefined) {
      this.close(code, code === closeCodes[reason].code ? reason : "");
      this.#socket.end();
    }
    this.#listener?.refused(reason);
  }

  #read(chunk: Uint8Array): void {
    if (this.#state === "closing") {
      this.#goodbyeBytes += chunk.length;
      if (this.#goodbyeBytes > goodbyeBytesMax) {
        // Whoever goes on sending is not listened to: the end comes by the clock.
        this.#receiver.end();
        this.#socket.pause();
        return;
      }
    }
    const at = this.#receiver.receive(chunk);
    if (at < chunk.length) this.#unread = chunk.subarray(at);
  }

  #control(first: number, payload: Uint8Array): void {
    const framed = Buffer.allocUnsafe(2 + payload.length);
    framed[0] = first;
    framed[1] = payload.length;
    framed.set(payload, 2);
    this.#write(framed);
  }

  #write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
    this.#isCongested = this.#socket.writableLength > 0;
  }

  /** The rest is over: what was read before it is looked at first. */
  #wake(): void {
    if (!this.#receiver.isResting) return;
    clearTimeout(this.#timer);
    this.#receiver.isResting = false;
    this.#house.restsLeft += 1;
    const unread = this.#unread;
    this.#unread = undefined;
    if (unread !== undefined) this.#read(unread);
    if (!this.#receiver.isResting) this.#socket.resume();
  }

  #beginClosing(): void {
    this.#state = "closing";
    // The peer's answer may be among what was not looked at.
    this.#wake();
    this.#timer = setTimeout(() => this.#socket.destroy(), goodbyeMs);
  }

  /** The peer sends no more. */
  #end(): void {
    if (this.#state === "open") this.#beginClosing();
    this.#socket.end();
  }

  #gone(): void {
    this.#state = "closed";
    clearTimeout(this.#timer);
    if (this.#receiver.isResting) this.#house.restsLeft += 1;
    this.#receiver.isResting = false;
    this.#receiver.end();
    this.#unread = undefined;
    this.#house.gone(this);
    this.#listener?.closed();
  }
}

/** Writes the header of an unmasked, whole, binary message right before its bytes; answers where it begins. */
function writeHeader(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 126) {
    bytes[start - 2] = head.binary;
    bytes[start - 1] = length;
    return start - 2;
  }
  if (length < 0x1_0000) {
    bytes[start - 4] = head.binary;
    bytes[start - 3] = 126;
    bytes[start - 2] = length >>> 8;
    bytes[start - 1] = length;
    return start - 4;
  }
  bytes[start - 10] = head.binary;
  bytes[start - 9] = 127;
  bytes.fill(0, start - 8, start - 4);
  bytes[start - 4] = length >>> 24;
  bytes[start - 3] = length >>> 16;
  bytes[start - 2] = length >>> 8;
  bytes[start - 1] = length;
  return start - 10;
}
