/**
 * What the SDK takes from its surroundings: a monotonic clock, timers, chance and sockets. Tests pass their own.
 *
 * Invariant: no other file of this package touches a clock, a timer, a random number or a global socket.
 */

/** The part of a WebSocket that is used; the browser's, Node's and `ws` all have it. */
export interface SocketLike {
  binaryType: string;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number }) => void): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

export interface Environment {
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
  /** Runs `work` once after so many milliseconds; returns what cancels it. */
  readonly after: (delayMs: number, work: () => void) => () => void;
  /** 0 ≤ x < 1; spreads reconnects, decides nothing else. */
  readonly random: () => number;
  readonly WebSocket: SocketConstructor;
}

/** The environment of the browser or of Node, with parts replaced. Throws when there is no WebSocket at all. */
export function environmentWith(parts: Partial<Environment>): Environment {
  const WebSocket =
    parts.WebSocket ?? (globalThis as { WebSocket?: SocketConstructor }).WebSocket ?? missingSocket();
  return {
    nowMs: parts.nowMs ?? (() => performance.now()),
    after: parts.after ?? afterWithTimers,
    random: parts.random ?? Math.random,
    WebSocket,
  };
}

function afterWithTimers(delayMs: number, work: () => void): () => void {
  const timer = setTimeout(work, delayMs);
  return () => clearTimeout(timer);
}

function missingSocket(): never {
  throw new Error("there is no global WebSocket here: pass one as connect({ WebSocket })");
}
