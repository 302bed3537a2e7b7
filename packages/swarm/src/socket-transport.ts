/**
 * Links over raw sockets: WebSocket frames made and read by hand.
 *
 * Every socket reads into one buffer, whose bytes are judged before the next read: no chunk is allocated, and of the
 * usual message, which came whole, nothing is copied. What came in part waits in a buffer of the link's own.
 * Invariant: bounded: an answer's head, a message, and nothing else is kept of a socket.
 * Absent on purpose: compression and fragments (the server offers neither), UTF-8 checks (the protocol is binary).
 * hot path
 */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { clientFrameBytesMax } from "@myriad/protocol";
import type { Link, LinkListener, Transport } from "./transport.ts";
import { answerBytesMax, askForUpgrade, endOfHead, judgeAnswer, type Upgrade } from "./upgrade.ts";
import { FrameView, FrameWriter, headBytesMax, opcode } from "./wire.ts";

/** Close codes of WebSocket: a goodbye without a reason, a fault against the standard, an end without a goodbye. */
const closeCode = { normal: 1000, protocolError: 1002, none: 1005, abnormal: 1006 } as const;
/** Bytes read at once: what a socket's buffer holds after a stall comes in a few reads. */
const chunkBytes = 64 * 1024;
const nothing = new Uint8Array(0);

/** What all links share. */
interface Shared {
  readonly chunk: Uint8Array;
  readonly view: FrameView;
  readonly writer: FrameWriter;
}

export class SocketTransport implements Transport {
  readonly #origin: URL;
  readonly #shared: Shared = {
    chunk: new Uint8Array(chunkBytes),
    view: new FrameView(),
    writer: new FrameWriter(),
  };

  /** @param origin `ws://host:port` or `wss://host:port` */
  constructor(origin: string) {
    this.#origin = new URL(origin);
  }

  open(player: number, protocols: readonly string[], listener: LinkListener): Link {
    const { host } = this.#origin;
    const upgrade = askForUpgrade({ host, path: "/v1/play", protocols });
    return new SocketLink({ player, listener, origin: this.#origin, upgrade, shared: this.#shared });
  }
}

/** Where a link stands: asks for the upgrade, carries messages, said goodbye, is over for the listener. */
type LinkState = "asking" | "open" | "leaving" | "over";

class SocketLink implements Link {
  readonly player: number;
  readonly #listener: LinkListener;
  readonly #upgrade: Upgrade | undefined;
  readonly #shared: Shared;
  readonly #socket: Socket | undefined;
  #state: LinkState = "asking";
  /** A message, or the answer's head, that came in part: `#kept` bytes of it. */
  #part: Uint8Array = nothing;
  #kept = 0;
  #problem = "";

  constructor(options: {
    player: number;
    listener: LinkListener;
    origin: URL;
    upgrade: Upgrade | undefined;
    shared: Shared;
  }) {
    this.player = options.player;
    this.#listener = options.listener;
    this.#upgrade = options.upgrade;
    this.#shared = options.shared;
    if (options.upgrade === undefined) {
      queueMicrotask(() => this.#over(closeCode.abnormal, "a subprotocol that cannot stand in a header"));
      return;
    }
    this.#socket = this.#connect(options.origin, options.upgrade.request);
  }

  get waitingBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  send(bytes: Uint8Array, from = 0, to = bytes.length): void {
    if (this.#state === "open") this.#write(opcode.binary, bytes, from, to);
  }

  together(work: () => void): void {
    this.#socket?.cork();
    work();
    this.#socket?.uncork();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  close(): void {
    if (this.#state !== "open") return this.terminate();
    this.#state = "leaving";
    this.#write(opcode.close, Uint8Array.of(closeCode.normal >>> 8, closeCode.normal & 0xff));
    this.#socket?.end();
  }

  terminate(): void {
    this.#socket?.destroy();
  }

  #connect({ hostname, port, protocol }: URL, request: string): Socket {
    const isSecure = protocol === "wss:";
    const host = hostname.replace(/^\[|\]$/g, "");
    const onread = { buffer: this.#shared.chunk, callback: (count: number) => this.#read(count) };
    const at = { host, port: Number(port) || (isSecure ? 443 : 80), noDelay: true, onread };
    // The name for the certificate; an address is none.
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = isSecure ? connectSecurely({ ...at, ...name }) : connect(at);
    socket.once(isSecure ? "secureConnect" : "connect", () => socket.write(request, "latin1"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#problem = error.message || (error.code ?? "");
    });
    socket.on("close", () => this.#over(closeCode.abnormal, this.#problem));
    return socket;
  }

  /** `count` bytes stand in the chunk. Always answers true: reading goes on until `pause`. */
  #read(count: number): boolean {
    const { chunk } = this.#shared;
    let at = 0;
    if (this.#state === "asking") at = this.#readAnswer(chunk, count);
    if (this.#kept > 0) at = this.#complete(chunk, at, count);
    if (at < count) at = this.#readFrames(chunk, at, count);
    if (at < count && this.#isReading) this.#keep(chunk, at, count);
    return true;
  }

  get #isReading(): boolean {
    return this.#state === "open" || this.#state === "leaving";
  }

  /** Reads the answer to the upgrade; answers where the first message begins. */
  #readAnswer(chunk: Uint8Array, count: number): number {
    const before = this.#kept;
    this.#grow(before + count);
    this.#part.set(chunk.subarray(0, count), before);
    this.#kept += count;
    const end = endOfHead(this.#part, this.#kept);
    if (end < 0) {
      if (this.#kept > answerBytesMax) this.#fail("the answer to the upgrade does not end");
      return count;
    }
    const head = Buffer.from(this.#part.buffer, 0, end).toString("latin1");
    const answer = judgeAnswer(head, this.#upgrade!);
    this.#forgetPart();
    if (answer.kind === "refused") {
      this.#fail(answer.reason);
      return count;
    }
    this.#state = "open";
    this.#listener.opened(this);
    return end - before;
  }

  /** Reads every message that came whole; answers where the rest begins. */
  #readFrames(bytes: Uint8Array, from: number, to: number): number {
    const { view } = this.#shared;
    let at = from;
    while (this.#isReading) {
      const found = view.read(bytes, at, to, clientFrameBytesMax);
      if (found < 0) {
        this.#fail("a frame that no server sends", closeCode.protocolError);
        return to;
      }
      if (found === 0) return at;
      const start = at + view.head;
      const end = start + view.length;
      if (end > to) return at;
      at = end;
      this.#take(view.opcode, bytes, start, end);
    }
    return to;
  }

  #take(code: number, bytes: Uint8Array, from: number, to: number): void {
    switch (code) {
      case opcode.binary:
      case opcode.text:
        // A text is as malformed as bytes that are no message.
        if (this.#state === "open") this.#listener.message(this, bytes, from, to);
        return;
      case opcode.close:
        return this.#closedByServer(bytes, from, to);
      case opcode.ping:
        if (this.#state === "open") this.#write(opcode.pong, bytes, from, to);
        return;
      default:
        return;
    }
  }

  /** Keeps the beginning of a message that has not come whole. */
  #keep(chunk: Uint8Array, from: number, to: number): void {
    this.#grow(to - from);
    this.#part.set(chunk.subarray(from, to), 0);
    this.#kept = to - from;
  }

  /** Adds to a message that came in part, and reads it when it is whole; answers where the chunk goes on. */
  #complete(chunk: Uint8Array, from: number, to: number): number {
    const { view } = this.#shared;
    let at = from;
    while (at < to && this.#isReading) {
      const found = view.read(this.#part, 0, this.#kept, clientFrameBytesMax);
      // Until the head is whole, byte by byte: it has ten at most.
      const whole = found === 1 ? view.head + view.length : this.#kept + 1;
      const count = Math.min(to - at, whole - this.#kept);
      this.#grow(whole);
      this.#part.set(chunk.subarray(at, at + count), this.#kept);
      this.#kept += count;
      at += count;
      if (this.#kept < whole || this.#readFrames(this.#part, 0, this.#kept) === 0) continue;
      this.#forgetPart();
      return at;
    }
    return at;
  }

  #grow(bytes: number): void {
    if (this.#part.length >= bytes) return;
    const next = new Uint8Array(Math.max(bytes, headBytesMax));
    next.set(this.#part.subarray(0, this.#kept));
    this.#part = next;
  }

  #forgetPart(): void {
    this.#part = nothing;
    this.#kept = 0;
  }

  /** The server says goodbye: the same is said to it, and the listener is told at once. */
  #closedByServer(bytes: Uint8Array, from: number, to: number): void {
    const code = to - from >= 2 ? (bytes[from]! << 8) | bytes[from + 1]! : closeCode.none;
    const reason = Buffer.from(bytes.subarray(Math.min(from + 2, to), to)).toString();
    const isAnswer = this.#state === "leaving";
    if (!isAnswer) this.#write(opcode.close, bytes, from, Math.min(from + 2, to));
    this.#socket?.destroySoon();
    this.#over(code, reason);
  }

  #fail(problem: string, code?: number): void {
    this.#problem = problem;
    if (code !== undefined && this.#state === "open")
      this.#write(opcode.close, Uint8Array.of(code >>> 8, code & 0xff));
    this.#socket?.destroySoon();
    this.#over(closeCode.abnormal, problem);
  }

  #write(code: number, bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#socket?.write(this.#shared.writer.write(code, bytes, from, to));
  }

  #over(code: number, reason: string): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#forgetPart();
    this.#listener.closed(this, code, reason);
  }
}
