/**
 * What a player knows of its socket. Behind it stands `ws` today; sockets with hand-made frames can take its place.
 *
 * Invariant: nothing here throws. Whatever happens to a link ends in `closed`, exactly once, and nothing follows it.
 * Invariant: bytes given to the listener, and bytes given to `send`, are valid during the call only.
 */

/** One socket of one player. A player that reconnects gets another link. */
export interface Link {
  readonly player: number;
  send(bytes: Uint8Array): void;
  /** Says goodbye; `closed` follows. */
  close(): void;
  /** Ends at once; `closed` follows. */
  terminate(): void;
}

export interface LinkListener {
  opened(link: Link): void;
  message(link: Link, bytes: Uint8Array): void;
  /** @param reason what the server said, or why the socket could not be opened; may be empty */
  closed(link: Link, code: number, reason: string): void;
}

export interface Transport {
  /** Opens a socket; the listener is told later, never during the call. */
  open(player: number, protocols: readonly string[], listener: LinkListener): Link;
}
