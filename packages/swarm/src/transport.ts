/**
 * What a player knows of its socket. `socket-transport.ts` stands behind it; tests put their own there.
 *
 * Invariant: nothing here throws. Whatever happens to a link ends in `closed`, exactly once, and nothing follows it.
 * Invariant: bytes given to the listener, and bytes given to `send`, are valid during the call only.
 */

/** One socket of one player. A player that reconnects gets another link. */
export interface Link {
  readonly player: number;
  /** Bytes that wait for the socket to take them. */
  readonly waitingBytes: number;
  /** Sends a message: `bytes` from `from` to below `to`. */
  send(bytes: Uint8Array, from?: number, to?: number): void;
  /** Sends what `work` sends at once, as one write. */
  together(work: () => void): void;
  /** Stops reading the socket: what comes waits in the kernel, and then at the server. */
  pause(): void;
  resume(): void;
  /** Says goodbye; `closed` follows. */
  close(): void;
  /** Ends at once; `closed` follows. */
  terminate(): void;
}

export interface LinkListener {
  opened(link: Link): void;
  /** A whole message: `bytes` from `from` to below `to`. */
  message(link: Link, bytes: Uint8Array, from: number, to: number): void;
  /** @param reason what the server said, or why the socket could not be opened; may be empty */
  closed(link: Link, code: number, reason: string): void;
}

export interface Transport {
  /** Opens a socket; the listener is told later, never during the call. */
  open(player: number, protocols: readonly string[], listener: LinkListener): Link;
}
