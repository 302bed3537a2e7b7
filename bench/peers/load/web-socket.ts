/**
 * A WebSocket client with hand-made frames, light enough that thousands of them leave a core to spare.
 *
 * All sockets are read into one buffer, and a message that came whole is handed out as a range of it: no copy and no
 * object for a message. What comes in parts is put together in a buffer of its socket's own.
 * Invariant: ranges given to the listener are valid during the call only.
 * Absent on purpose: fragments and compression. No peer sends them here; whoever does is refused.
 * Source: RFC 6455. The mask is zero: it protects proxies from browsers, and there are neither.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

/** What happens to a socket. Nothing follows `closed`. */
export interface SocketListener {
  /** The upgrade went well. */
  opened(socket: LightSocket): void;
  /** A whole message: bytes from `from` to below `to`. */
  message(socket: LightSocket, bytes: Buffer, from: number, to: number, opcode: number): void;
  /** Bytes that came, headers included. */
  received(socket: LightSocket, count: number): void;
  closed(socket: LightSocket, reason: string): void;
}

export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One read's bytes at most: a socket that has more waiting is read again. */
const readBytes = 256 * 1024;
/** Longest answer to an upgrade, bytes. */
const answerBytesMax = 16 * 1024;
/** Longest message, bytes: Colyseus greets with the state of everybody in view. */
const messageBytesMax = 16 * 1024 * 1024;

const shared = Buffer.allocUnsafe(readBytes);

export class LightSocket {
  /** Number of the client that the socket belongs to. */
  readonly client: number;
  readonly #listener: SocketListener;
  readonly #socket: Socket;
  #isOpen = false;
  #isClosed = false;
  /** Bytes of something that has not come whole yet; `#waitingBytes` of them count. */
  #waiting: Buffer = Buffer.alloc(0);
  #waitingBytes = 0;

  constructor(given: {
    client: number;
    port: number;
    path: string;
    /** Offered subprotocols. */
    protocols: readonly string[];
    listener: SocketListener;
  }) {
    this.client = given.client;
    this.#listener = given.listener;
    this.#socket = connect({
      port: given.port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (count: number) => {
          this.#read(count);
          return true;
        },
      },
    });
    this.#socket.on("connect", () => this.#socket.write(upgradeOf(given.path, given.protocols)));
    this.#socket.on("error", (error) => this.#end(error.message));
    this.#socket.on("close", () => this.#end("closed"));
  }

  /** Writes a frame that `clientFrame` made. */
  write(frame: Buffer): void {
    if (!this.#isClosed) this.#socket.write(frame);
  }

  destroy(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    this.destroy();
    this.#listener.closed(this, reason);
  }

  #read(count: number): void {
    this.#listener.received(this, count);
    if (this.#waitingBytes === 0) {
      const used = this.#consume(shared, count);
      if (used < count) this.#keep(shared, used, count);
      return;
    }
    this.#keep(shared, 0, count);
    const used = this.#consume(this.#waiting, this.#waitingBytes);
    if (used === 0) return;
    this.#waiting.copyWithin(0, used, this.#waitingBytes);
    this.#waitingBytes -= used;
  }

  /** Puts bytes behind those that wait. */
  #keep(bytes: Buffer, from: number, to: number): void {
    const needed = this.#waitingBytes + to - from;
    if (this.#waiting.length < needed) {
      const grown = Buffer.allocUnsafeSlow(needed * 2);
      this.#waiting.copy(grown, 0, 0, this.#waitingBytes);
      this.#waiting = grown;
    }
    bytes.copy(this.#waiting, this.#waitingBytes, from, to);
    this.#waitingBytes = needed;
  }

  /** Takes what is whole from the front. Returns how many bytes that were. */
  #consume(bytes: Buffer, end: number): number {
    let at = 0;
    if (!this.#isOpen) {
      at = this.#answer(bytes, end);
      if (at === 0) return 0;
    }
    while (!this.#isClosed && end - at >= 2) {
      let length = bytes[at + 1]! & 127;
      let payload = at + 2;
      if (length === 126) {
        if (end - at < 4) break;
        length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
        payload = at + 4;
      } else if (length === 127) {
        if (end - at < 10) break;
        length = Number(bytes.readBigUInt64BE(at + 2));
        payload = at + 10;
      }
      if (length > messageBytesMax) {
        this.#end(`a message of ${length} bytes`);
        return end;
      }
      if (payload + length > end) break;
      this.#frame(bytes, bytes[at]!, payload, payload + length);
      at = payload + length;
    }
    // What comes after the end is nobody's.
    return this.#isClosed ? end : at;
  }

  #frame(bytes: Buffer, first: number, from: number, to: number): void {
    if ((first & 0xf0) !== 0x80) return this.#end("a fragment, or an extension that was not agreed");
    const opcode = first & 15;
    switch (opcode) {
      case opcodes.ping:
        return this.write(clientFrame(bytes.subarray(from, to), opcodes.pong));
      case opcodes.pong:
        return undefined;
      case opcodes.close:
        return this.#end(to - from >= 2 ? closeText(bytes, from, to) : "closed without a code");
      default:
        return this.#listener.message(this, bytes, from, to, opcode);
    }
  }

  /** Reads the HTTP answer to the upgrade. Returns the bytes it took, 0 while it is not whole. */
  #answer(bytes: Buffer, end: number): number {
    const length = bytes.subarray(0, end).indexOf("\r\n\r\n");
    if (length < 0) {
      if (end > answerBytesMax) this.#end("an endless answer to the upgrade");
      return 0;
    }
    const line = bytes.toString("latin1", 0, bytes.indexOf("\r\n"));
    if (!line.includes(" 101 ")) {
      this.#end(line);
      return end;
    }
    this.#isOpen = true;
    this.#listener.opened(this);
    return length + 4;
  }
}

/** A message as a client's frame, header included: one buffer, one write. */
export function clientFrame(payload: Uint8Array, opcode: number = opcodes.binary): Buffer {
  const { length } = payload;
  const isShort = length < 126;
  const header = isShort ? 6 : 8;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = 0x80 | opcode;
  if (isShort) {
    frame[1] = 0x80 | length;
  } else {
    if (length > 0xffff) throw new Error("no client here says so much");
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  }
  frame.fill(0, header - 4, header);
  frame.set(payload, header);
  return frame;
}

function upgradeOf(path: string, protocols: readonly string[]): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    ...(protocols.length === 0 ? [] : [`Sec-WebSocket-Protocol: ${protocols.join(", ")}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function closeText(bytes: Buffer, from: number, to: number): string {
  return `${bytes.readUInt16BE(from)} ${bytes.toString("utf8", from + 2, to)}`.trim();
}
