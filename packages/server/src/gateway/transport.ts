/**
 * What the gateway knows of a connection: messages come, messages go, somebody closes. Behind it stands a WebSocket
 * today and a datagram socket later; sequence and acknowledgement belong to the frames, not to the socket.
 *
 * Invariant: nothing here throws. Whatever happens to the peer ends in `closed`, exactly once, and nothing follows it.
 * Invariant: bytes given to the listener are valid during the call only; who keeps them copies them.
 */

/** Bytes that `sendFrame` may write into before the message: the longest WebSocket header of a server. */
export const frameRoomBytes = 10;

export interface ConnectionListener {
  /** One whole binary message: `bytes[from, to)`, or all of the bytes when no range is given. */
  message(bytes: Uint8Array, from?: number, to?: number): void;
  /** The peer pinged, or answered a ping. */
  alive(): void;
  /** A message that could not be one: text, or too large for the transport. The connection is being closed. */
  refused(reason: "message_malformed" | "message_too_large"): void;
  closed(): void;
}

export interface Connection {
  readonly remoteAddress: string;
  /** The page's origin; undefined for clients that are no browsers. */
  readonly origin: string | undefined;
  /** The subprotocols that the client offered, in its order. */
  readonly offered: readonly string[];
  /** Bytes handed over and not yet taken by the machine's own buffers. */
  readonly bufferedBytes: number;

  /** From now on `listener` is told. Called in the step in which the connection was accepted, before any message. */
  listen(listener: ConnectionListener): void;
  /** Sends a message; the bytes are copied or not changed by the caller any more. */
  send(message: Uint8Array): void;
  /**
   * Sends `bytes[start, end)` as one message, and may write its header into the `frameRoomBytes` before it.
   * @returns True when the bytes are gone and the caller may write over them, false when the transport keeps them.
   */
  sendFrame(bytes: Uint8Array, start: number, end: number): boolean;
  /** Asks the peer for a sign of life. */
  ping(): void;
  /**
   * Reads nothing for a while: the peer sends too fast, and what it sends waits in its own buffers. What was read already
   * is shown afterwards.
   * @returns False when too many rest already: this one is better closed.
   */
  rest(ms: number): boolean;
  /** Says goodbye with a WebSocket close code. `closed` follows, at the latest some seconds later. */
  close(code: number, reason: string): void;
  /** Ends at once, without a goodbye. */
  terminate(): void;
}
