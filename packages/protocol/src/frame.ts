/**
 * The messages between client and gateway, except the blocks inside them.
 *
 * Little-endian; `v` is an unsigned LEB128 number. All text is UTF-8 behind a v length.
 *
 * client → server
 *   hello   01 | formatVersion:u8 | schemaHash:8 bytes | flags:u8 (1 = digests wanted, 2 = unpacks) | lastFact:u32 | client:text
 *   input   02 | ackFrame:u32 | { seq:v type:v length:v record }*          (none: an acknowledgement alone)
 *   resync  03
 *   ping    04 | nonce:u32
 *   bye     05
 *
 * server → client
 *   welcome 81 | formatVersion:u8 | JSON:text
 *   frame   82 | see client-frame.ts
 *   pong    83 | nonce:u32
 *   notice  84 | code:text | text:text
 *
 * Invariant: decoding never throws and allocates no more than the bytes it was given warrant.
 */
import { clientMessageBytesMax, intentsPerMessageMax, recordBytesMax } from "./limits.ts";
import { type Decoded, refused } from "./record.ts";

/** Version of the formats in this file, of blocks and of keyframes. Raised when old clients can no longer read. */
export const formatVersion = 1;
/** WebSocket subprotocol. */
export const subprotocol = "myriad.1";

export const clientMessage = { hello: 0x01, input: 0x02, resync: 0x03, ping: 0x04, bye: 0x05 } as const;
export const serverMessage = { welcome: 0x81, frame: 0x82, pong: 0x83, notice: 0x84 } as const;
const helloFlag = { digests: 1, unpacks: 2 } as const;
/** Kinds of section in a zone's part of a frame. */
export const section = {
  drops: 0,
  keyframes: 1,
  intros: 2,
  blocks: 3,
  digests: 4,
  group: 5,
  reshapes: 6,
  packedKeyframes: 7,
} as const;

/** Grows a byte buffer while writing. One writer is reused; `bytes()` copies, `view()` does not. */
export class ByteWriter {
  buffer: Uint8Array;
  at = 0;

  constructor(capacityBytes = 4096) {
    this.buffer = new Uint8Array(capacityBytes);
  }

  reset(): void {
    this.at = 0;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.at + count <= this.buffer.length) return;
    const next = new Uint8Array(Math.max(this.buffer.length * 2, this.at + count));
    next.set(this.buffer.subarray(0, this.at));
    this.buffer = next;
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.at++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.buffer[this.at] = value;
    this.buffer[this.at + 1] = value >>> 8;
    this.at += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    const { buffer, at } = this;
    buffer[at] = value;
    buffer[at + 1] = value >>> 8;
    buffer[at + 2] = value >>> 16;
    buffer[at + 3] = value >>> 24;
    this.at = at + 4;
  }

  /** A float64, for safe integers beyond 32 bits and times. */
  f64(value: number): void {
    this.reserve(8);
    float[0] = value;
    this.buffer.set(floatBytes, this.at);
    this.at += 8;
  }

  /** An unsigned LEB128 number below 2^32. */
  v(value: number): void {
    this.reserve(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.buffer[this.at++] = rest | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.at++] = rest;
  }

  bytes(source: Uint8Array, from = 0, to = source.length): void {
    const count = to - from;
    this.reserve(count);
    this.buffer.set(count === source.length ? source : source.subarray(from, to), this.at);
    this.at += count;
  }

  text(value: string): void {
    const encoded = encoder.encode(value);
    this.v(encoded.length);
    this.bytes(encoded);
  }

  view(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  copy(): Uint8Array {
    return this.buffer.slice(0, this.at);
  }
}

/** Reads what ByteWriter wrote. Past the end it yields zeros and sets `failed`; it never throws. */
export class ByteReader {
  failed = false;
  at: number;
  readonly end: number;
  readonly buffer: Uint8Array;

  constructor(buffer: Uint8Array, from = 0, to = buffer.length) {
    // Of Node's Buffer a slice would be a view: whoever copies what this reader answers must get a copy.
    this.buffer =
      buffer.constructor === Uint8Array
        ? buffer
        : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
    this.at = from;
    this.end = to;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  u8(): number {
    if (this.at >= this.end) return this.#fail();
    return this.buffer[this.at++]!;
  }

  u16(): number {
    if (this.at + 2 > this.end) return this.#fail();
    const value = this.buffer[this.at]! | (this.buffer[this.at + 1]! << 8);
    this.at += 2;
    return value;
  }

  u32(): number {
    if (this.at + 4 > this.end) return this.#fail();
    const { buffer, at } = this;
    this.at = at + 4;
    return (buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24)) >>> 0;
  }

  f64(): number {
    if (this.at + 8 > this.end) return this.#fail();
    for (let i = 0; i < 8; i++) floatBytes[i] = this.buffer[this.at + i]!;
    this.at += 8;
    return float[0]!;
  }

  v(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f) return this.#fail();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return this.#fail();
  }

  /** Skips `count` bytes and returns where they begin; fails when there are fewer. */
  skip(count: number): number {
    const start = this.at;
    if (count > this.end - this.at) {
      this.#fail();
      return start;
    }
    this.at += count;
    return start;
  }

  /** A view of `count` bytes; empty on failure. */
  view(count: number): Uint8Array {
    const start = this.skip(count);
    return this.failed ? empty : this.buffer.subarray(start, start + count);
  }

  text(bytesMax: number): string {
    const length = this.v();
    if (length > bytesMax) {
      this.#fail();
      return "";
    }
    const bytes = this.view(length);
    try {
      return decoder.decode(bytes);
    } catch {
      this.#fail();
      return "";
    }
  }

  #fail(): number {
    this.failed = true;
    this.at = this.end;
    return 0;
  }
}

const encoder = new TextEncoder();
// A byte order mark is a character of the text: what was encoded comes back.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const empty = new Uint8Array(0);
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** A client's first message. */
export interface Hello {
  readonly formatVersion: number;
  readonly schemaHash: string;
  readonly wantsDigests: boolean;
  /** Whether the client takes keyframes packed. @default false */
  readonly unpacks?: boolean;
  /** Number of the last fact received, for a resume; 0 for none. */
  readonly lastFact: number;
  /** Name and version of the client program, for logs. */
  readonly client: string;
}

/** One intent as it travels: still bytes. */
export interface RawIntent {
  readonly seq: number;
  readonly type: number;
  readonly from: number;
  readonly to: number;
}

/** A decoded client message. */
export type ClientMessage =
  | { readonly kind: "hello"; readonly hello: Hello }
  | { readonly kind: "input"; readonly ackFrame: number; readonly intents: readonly RawIntent[] }
  | { readonly kind: "resync" }
  | { readonly kind: "ping"; readonly nonce: number }
  | { readonly kind: "bye" };

export function encodeHello(hello: Hello): Uint8Array {
  const writer = new ByteWriter(64);
  writer.u8(clientMessage.hello);
  writer.u8(hello.formatVersion);
  for (let i = 0; i < 8; i++) writer.u8(Number.parseInt(hello.schemaHash.slice(i * 2, i * 2 + 2), 16));
  writer.u8((hello.wantsDigests ? helloFlag.digests : 0) | (hello.unpacks === true ? helloFlag.unpacks : 0));
  writer.u32(hello.lastFact);
  writer.text(hello.client.slice(0, 64));
  return writer.copy();
}

/** Encodes an input message: an acknowledgement and any intents, oldest first. */
export function encodeInput(
  ackFrame: number,
  intents: readonly { seq: number; type: number; record: Uint8Array }[],
): Uint8Array {
  const writer = new ByteWriter(32);
  writer.u8(clientMessage.input);
  writer.u32(ackFrame);
  for (const intent of intents) {
    writer.v(intent.seq);
    writer.v(intent.type);
    writer.v(intent.record.length);
    writer.bytes(intent.record);
  }
  return writer.copy();
}

export function encodePing(nonce: number): Uint8Array {
  const writer = new ByteWriter(8);
  writer.u8(clientMessage.ping);
  writer.u32(nonce);
  return writer.copy();
}

/** Decodes a message from a client; never throws. */
export function decodeClientMessage(bytes: Uint8Array): Decoded<ClientMessage> {
  if (bytes.length > clientMessageBytesMax) return refused("too_large");
  const reader = new ByteReader(bytes);
  switch (reader.u8()) {
    case clientMessage.hello:
      return decodeHello(reader);
    case clientMessage.input:
      return decodeInput(reader);
    case clientMessage.resync:
      return reader.remaining === 0 ? { ok: true, value: { kind: "resync" } } : refused("trailing_bytes");
    case clientMessage.ping: {
      const nonce = reader.u32();
      if (reader.failed) return refused("truncated");
      return reader.remaining === 0
        ? { ok: true, value: { kind: "ping", nonce } }
        : refused("trailing_bytes");
    }
    case clientMessage.bye:
      return reader.remaining === 0 ? { ok: true, value: { kind: "bye" } } : refused("trailing_bytes");
    default:
      return refused(reader.failed ? "truncated" : "unknown_type");
  }
}

function decodeHello(reader: ByteReader): Decoded<ClientMessage> {
  const version = reader.u8();
  let schemaHash = "";
  for (let i = 0; i < 8; i++) schemaHash += reader.u8().toString(16).padStart(2, "0");
  const flags = reader.u8();
  const lastFact = reader.u32();
  const client = reader.text(256);
  if (reader.failed) return refused("truncated");
  const hello: Hello = {
    formatVersion: version,
    schemaHash,
    wantsDigests: (flags & helloFlag.digests) !== 0,
    unpacks: (flags & helloFlag.unpacks) !== 0,
    lastFact,
    client,
  };
  return { ok: true, value: { kind: "hello", hello } };
}

function decodeInput(reader: ByteReader): Decoded<ClientMessage> {
  const ackFrame = reader.u32();
  const intents: RawIntent[] = [];
  while (reader.remaining > 0) {
    const seq = reader.v();
    const type = reader.v();
    const length = reader.v();
    if (length > recordBytesMax || intents.length === intentsPerMessageMax) return refused("too_large");
    const from = reader.skip(length);
    if (reader.failed) return refused("truncated");
    intents.push({ seq, type, from, to: reader.at });
  }
  return reader.failed ? refused("truncated") : { ok: true, value: { kind: "input", ackFrame, intents } };
}
