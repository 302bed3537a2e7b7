/**
 * The receiving half of one WebSocket: bytes of the socket in, whole messages out. The states are those of the standard.
 *
 *   head ──▶ length ──▶ more length ──▶ mask ──▶ payload ──▶ head …          a frame, which may come in any pieces
 *   any ──▶ over                                                              after a goodbye or a fault: nothing is read
 *
 * Invariant: never throws, whatever the bytes. What is against the standard, or over a limit, is a fault, told once.
 * Invariant: a message that lies whole in what was read is unmasked where it is and shown there; only pieces are copied,
 * into a buffer that grows with what came, up to the largest message. // hot path
 * Absent on purpose: compression, which is never agreed to, and text, of which the protocol has none.
 * Source: RFC 6455, sections 5 (frames, masks, fragments, control frames) and 7 (closing).
 */
import { isUtf8 } from "node:buffer";
import { clientMessageBytesMax, closeCodes } from "@myriad/protocol";

/** Fragments of one message: a client of ours sends one. */
export const fragmentsMax = 64;
/** Bytes of a control frame's payload, by the standard. */
const controlBytesMax = 125;
/** Bytes that a buffer for pieces begins with: what most messages need. */
const piecesBytesMin = 256;

/** What is wrong with the bytes, and the code of the goodbye; none where the listener chooses it. */
export interface Fault {
  readonly reason: "message_malformed" | "message_too_large";
  readonly code: number | undefined;
}

/** Told what came. Ranges are valid during the call only. */
export interface ReceiverListener {
  /** A whole binary message. */
  received(bytes: Uint8Array, from: number, to: number): void;
  pinged(bytes: Uint8Array, from: number, to: number): void;
  ponged(): void;
  /** The peer said goodbye: 1005 when it gave no code. Nothing is read after it. */
  parted(code: number): void;
  /** Nothing is read after it. */
  faulted(fault: Fault): void;
}

const opcode = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;
const state = { head: 0, length: 1, moreLength: 2, mask: 3, payload: 4, over: 5 } as const;

const faults = {
  standard: { reason: "message_malformed", code: 1002 },
  utf8: { reason: "message_malformed", code: 1007 },
  text: { reason: "message_malformed", code: undefined },
  size: { reason: "message_too_large", code: closeCodes.message_too_large.code },
} as const;

const none = new Uint8Array(0);

export class WsReceiver {
  readonly #listener: ReceiverListener;
  #state: number = state.head;
  /** Bytes that the state still waits for: of a long length, of the mask, of the payload. */
  #left = 0;
  /** Of the frame that is being read. */
  #opcode = 0;
  #isFinal = false;
  #length = 0;
  #mask = 0;
  /** Frames of the message that is being read; 0 between messages. */
  #fragments = 0;
  /** Pieces of the message: what came of it, unmasked. */
  #pieces = none;
  #piecesLength = 0;
  /** Pieces of a control frame, which may come between those of a message. */
  #control = none;
  #controlLength = 0;
  /** Set by the listener, in the middle of a call: stop after this message. */
  isResting = false;

  constructor(listener: ReceiverListener) {
    this.#listener = listener;
  }

  /** Whether nothing more is read. */
  get isOver(): boolean {
    return this.#state === state.over;
  }

  /** Bytes kept of what is not whole yet. */
  get keptBytes(): number {
    return this.#pieces.length + this.#control.length;
  }

  /** Reads no more, whatever comes, and lets go of what it holds. */
  end(): void {
    this.#state = state.over;
    this.#pieces = none;
    this.#control = none;
  }

  /**
   * Takes what the socket read, and writes into it: payloads are unmasked in place.
   * @returns How far it came: to the end, or less when the listener asked for a rest.
   */
  receive(bytes: Uint8Array, from = 0): number {
    const end = bytes.length;
    let at = from;
    while (at < end && !this.isResting) {
      if (this.#state === state.head) {
        const next = this.#wholeFrame(bytes, at, end);
        if (next > at) {
          at = next;
          continue;
        }
      }
      at = this.#step(bytes, at, end);
      if (this.#state === state.over) return end;
    }
    return at;
  }

  /**
   * The usual case at once: a short binary message in one frame that lies whole in `bytes`.
   * @returns Where the next one begins; `at` when it is something else.
   */
  #wholeFrame(bytes: Uint8Array, at: number, end: number): number {
    if (this.#fragments !== 0 || end - at < 6 || bytes[at] !== 0x82) return at;
    const length = bytes[at + 1]! - 0x80;
    if (length < 0 || length > controlBytesMax) return at;
    const start = at + 6;
    const next = start + length;
    if (next > end) return at;
    const m0 = bytes[at + 2]!;
    const m1 = bytes[at + 3]!;
    const m2 = bytes[at + 4]!;
    const m3 = bytes[at + 5]!;
    let i = start;
    for (; i + 3 < next; i += 4) {
      bytes[i]! ^= m0;
      bytes[i + 1]! ^= m1;
      bytes[i + 2]! ^= m2;
      bytes[i + 3]! ^= m3;
    }
    if (i < next) bytes[i]! ^= m0;
    if (i + 1 < next) bytes[i + 1]! ^= m1;
    if (i + 2 < next) bytes[i + 2]! ^= m2;
    this.#listener.received(bytes, start, next);
    return next;
  }

  /** One step of the way through a frame; answers where the next one begins. */
  #step(bytes: Uint8Array, at: number, end: number): number {
    switch (this.#state) {
      case state.head:
        this.#takeHead(bytes[at]!);
        return at + 1;
      case state.length:
        this.#takeLength(bytes[at]!);
        return at + 1;
      case state.moreLength:
        this.#takeMoreLength(bytes[at]!);
        return at + 1;
      case state.mask:
        this.#mask = (this.#mask << 8) | bytes[at]!;
        this.#left -= 1;
        // A frame may have no payload: then it is whole now.
        if (this.#left === 0) this.#beginPayload(bytes, at + 1);
        return at + 1;
      case state.payload:
        return this.#takePayload(bytes, at, end);
      default:
        return end;
    }
  }

  #takeHead(byte: number): void {
    this.#opcode = byte & 0x0f;
    this.#isFinal = (byte & 0x80) !== 0;
    const isControl = this.#opcode >= opcode.close;
    const isBegun = this.#fragments > 0;
    // Reserved bits belong to extensions, and none was agreed to.
    if ((byte & 0x70) !== 0) this.#fail(faults.standard);
    else if (isControl ? this.#opcode > opcode.pong || !this.#isFinal : this.#opcode > opcode.binary)
      this.#fail(faults.standard);
    else if (!isControl && isBegun !== (this.#opcode === opcode.continuation)) this.#fail(faults.standard);
    else if (this.#opcode === opcode.text) this.#fail(faults.text);
    else if (!isControl && this.#fragments === fragmentsMax) this.#fail(faults.size);
    else this.#state = state.length;
  }

  #takeLength(byte: number): void {
    const length = byte & 0x7f;
    // Clients mask, and control frames are short.
    if (byte < 0x80 || (this.#opcode >= opcode.close && length > controlBytesMax)) {
      this.#fail(faults.standard);
      return;
    }
    this.#length = 0;
    if (length <= controlBytesMax) this.#sized(length);
    else {
      this.#left = length === 126 ? 2 : 8;
      this.#state = state.moreLength;
    }
  }

  #takeMoreLength(byte: number): void {
    // A float holds what any length may grow to before it is refused.
    this.#length = this.#length * 256 + byte;
    this.#left -= 1;
    if (this.#left === 0) this.#sized(this.#length);
  }

  /** The frame's length is known. */
  #sized(length: number): void {
    this.#length = length;
    if (this.#opcode < opcode.close) {
      if (this.#piecesLength + length > clientMessageBytesMax) {
        this.#fail(faults.size);
        return;
      }
      this.#fragments += 1;
    }
    this.#mask = 0;
    this.#left = 4;
    this.#state = state.mask;
  }

  #beginPayload(bytes: Uint8Array, at: number): void {
    this.#left = this.#length;
    this.#controlLength = 0;
    this.#state = state.payload;
    if (this.#length === 0) this.#takePayload(bytes, at, at);
  }

  #takePayload(bytes: Uint8Array, at: number, end: number): number {
    const taken = Math.min(this.#left, end - at);
    const done = this.#length - this.#left;
    unmask(bytes, at, at + taken, this.#mask, done);
    this.#left -= taken;
    const next = at + taken;
    if (this.#opcode >= opcode.close) {
      if (done === 0 && this.#left === 0) this.#takeControl(bytes, at, next);
      else this.#keepControl(bytes, at, next);
    } else if (this.#left === 0 && this.#isFinal && this.#piecesLength === 0) {
      this.#takeMessage(bytes, at, next);
    } else {
      this.#keepPiece(bytes, at, next);
      if (this.#left === 0 && this.#isFinal) this.#takeMessage(this.#pieces, 0, this.#piecesLength);
      else if (this.#left === 0) this.#state = state.head;
    }
    return next;
  }

  #takeMessage(bytes: Uint8Array, from: number, to: number): void {
    this.#state = state.head;
    this.#fragments = 0;
    this.#piecesLength = 0;
    // Large messages are rare; who sent one does not occupy its room for ever.
    this.#pieces = none;
    this.#listener.received(bytes, from, to);
  }

  #keepPiece(bytes: Uint8Array, from: number, to: number): void {
    const length = this.#piecesLength + to - from;
    if (length > this.#pieces.length) {
      const roomBytes = Math.min(clientMessageBytesMax, Math.max(piecesBytesMin, 2 * length));
      const larger = new Uint8Array(roomBytes);
      larger.set(this.#pieces.subarray(0, this.#piecesLength));
      this.#pieces = larger;
    }
    for (let i = from, j = this.#piecesLength; i < to; i++, j++) this.#pieces[j] = bytes[i]!;
    this.#piecesLength = length;
  }

  #keepControl(bytes: Uint8Array, from: number, to: number): void {
    if (this.#control.length === 0) this.#control = new Uint8Array(controlBytesMax);
    for (let i = from; i < to; i++) this.#control[this.#controlLength++] = bytes[i]!;
    if (this.#left > 0) return;
    const control = this.#control;
    this.#control = none;
    this.#takeControl(control, 0, this.#controlLength);
  }

  #takeControl(bytes: Uint8Array, from: number, to: number): void {
    this.#state = state.head;
    if (this.#opcode === opcode.ping) this.#listener.pinged(bytes, from, to);
    else if (this.#opcode === opcode.pong) this.#listener.ponged();
    else this.#takeGoodbye(bytes, from, to);
  }

  #takeGoodbye(bytes: Uint8Array, from: number, to: number): void {
    const code = to === from ? 1005 : (bytes[from]! << 8) | (bytes[from + 1] ?? 0);
    if (to - from === 1 || (to > from && !mayBeSaid(code))) this.#fail(faults.standard);
    else if (to - from > 2 && !isUtf8(bytes.subarray(from + 2, to))) this.#fail(faults.utf8);
    else {
      this.end();
      this.#listener.parted(code);
    }
  }

  #fail(fault: Fault): void {
    this.end();
    this.#listener.faulted(fault);
  }
}

/** Takes the mask off a range; `done` bytes of the payload came before it. */
function unmask(bytes: Uint8Array, from: number, to: number, mask: number, done: number): void {
  for (let i = from, turn = done; i < to; i++, turn++) bytes[i]! ^= mask >>> (24 - 8 * (turn & 3));
}

/** Whether a goodbye may have this code: the others are for what is not said on the wire. */
function mayBeSaid(code: number): boolean {
  const isStandard = code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
  return isStandard || (code >= 3000 && code <= 4999);
}
