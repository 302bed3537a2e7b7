/**
 * The server's side of a WebSocket by hand: one write for each message, and no more reading than a client's small
 * messages need. For the bare server alone: it trusts its clients.
 *
 * Absent on purpose: fragments, pings, limits; the swarm sends none of them and is not to be measured with them.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const acceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const opcode = { binary: 2, close: 8 } as const;
const finBit = 0x80;
/** Bytes of a head for up to 125 bytes, for up to 64 KiB, and above. */
const headBytes = { tiny: 2, short: 4, long: 10 } as const;

/** What came on a socket; bytes are valid during the call only. */
export interface BareEvents {
  message(bytes: Uint8Array): void;
  closed(): void;
}

export class BareSocket {
  readonly #stream: Duplex;
  readonly #events: BareEvents;
  /** The beginning of a message whose end has not come. */
  #part: Buffer = Buffer.alloc(0);

  /** Answers the upgrade; messages follow. */
  constructor(request: IncomingMessage, stream: Duplex, events: BareEvents) {
    this.#stream = stream;
    this.#events = events;
    const key = request.headers["sec-websocket-key"] ?? "";
    const accept = createHash("sha1")
      .update(key + acceptGuid)
      .digest("base64");
    const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";
    stream.write(
      `${upgraded}\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: myriad.1\r\n\r\n`,
    );
    stream.on("data", (chunk: Buffer) => this.#read(chunk));
    stream.on("close", () => events.closed());
    stream.on("error", () => {});
  }

  send(bytes: Uint8Array): void {
    this.#stream.write(framed(opcode.binary, bytes));
  }

  close(code: number, reason: string): void {
    this.#stream.end(
      framed(opcode.close, Buffer.concat([Buffer.of(code >>> 8, code & 0xff), Buffer.from(reason)])),
    );
  }

  #read(chunk: Buffer): void {
    const bytes = this.#part.length === 0 ? chunk : Buffer.concat([this.#part, chunk]);
    let at = 0;
    for (;;) {
      const end = this.#readMessage(bytes, at);
      if (end === at) break;
      at = end;
    }
    this.#part = bytes.subarray(at);
  }

  /** Reads the message that begins at `at`; answers where it ends, or `at` when it is not whole. */
  #readMessage(bytes: Buffer, at: number): number {
    if (bytes.length - at < headBytes.tiny) return at;
    const short = bytes[at + 1]! & 0x7f;
    const lengthAt = at + headBytes.tiny;
    if (short === 126 && bytes.length - at < headBytes.short) return at;
    const length = short < 126 ? short : bytes.readUInt16BE(lengthAt);
    const maskAt = short < 126 ? lengthAt : lengthAt + 2;
    const start = maskAt + 4;
    const end = start + length;
    if (end > bytes.length) return at;
    for (let i = 0; i < length; i++) bytes[start + i]! ^= bytes[maskAt + (i & 3)]!;
    if ((bytes[at]! & 0x0f) === opcode.binary) this.#events.message(bytes.subarray(start, end));
    else this.#stream.end();
    return end;
  }
}

function framed(code: number, bytes: Uint8Array): Buffer {
  const { length } = bytes;
  const head = length < 126 ? headBytes.tiny : length < 0x1_0000 ? headBytes.short : headBytes.long;
  const message = Buffer.allocUnsafe(head + length);
  message[0] = finBit | code;
  message[1] = head === headBytes.tiny ? length : head === headBytes.short ? 126 : 127;
  if (head === headBytes.short) message.writeUInt16BE(length, 2);
  if (head === headBytes.long) message.writeBigUInt64BE(BigInt(length), 2);
  message.set(bytes, head);
  return message;
}
