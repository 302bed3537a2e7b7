/**
 * What the load program has to know of a peer's protocol: how to get in, what is an update, how an input looks.
 *
 * Invariant: no message is decoded but for the clients that are samples. The others are counted, answered where the
 * protocol asks for an answer, and send.
 */

/** Where a client knocks: the path of its WebSocket and the subprotocols it offers. */
export interface Door {
  readonly path: string;
  readonly protocols: readonly string[];
}

/** What one update told a client that decodes. */
export interface Seen {
  /** Milliseconds since 1970 when the step was simulated. */
  readonly timeMs: number;
  /** Walkers that were refreshed. */
  readonly updates: number;
  /** Walkers that the client holds now. */
  readonly visible: number;
}

/** What a message was to its client. */
export const heard = {
  /** Nothing to count: a greeting, a sign of life. */
  other: 0,
  /** The client is in. */
  welcome: 1,
  /** An update. */
  update: 2,
} as const;
export type Heard = (typeof heard)[keyof typeof heard];

/** The eyes of a client that decodes. */
export interface Sample {
  /** Takes any message. What it saw when it was an update, else undefined. Throws when the bytes make no sense. */
  read(message: Buffer): Seen | undefined;
}

/** A client as its wire sees it. */
export interface Speaker {
  readonly index: number;
  /** Sends one message. */
  say(message: Uint8Array, opcode?: number): void;
}

export interface Wire {
  /** Asks the server where to knock, when it has to be asked. Rejects when it does not say. */
  knock(client: number): Promise<Door>;
  /** The socket is open. */
  opened(client: Speaker): void;
  /** A message came: bytes from `from` to below `to`. */
  hear(client: Speaker, bytes: Buffer, from: number, to: number, opcode: number): Heard;
  /** The next input of a client, a message. */
  input(client: number, direction: number): Uint8Array;
  /** Eyes for a client that decodes. */
  sample(): Promise<Sample>;
}
