/**
 * What the benchmark and its two children say to each other: the server of a peer, and the load program.
 *
 * Both are told to begin and to end the same span of time, and each measures itself in between.
 */

/** The contestants, in the order in which they run: the floor is told how large Myriad's frames were. */
export const peers = ["myriad", "ws", "socket.io", "colyseus"] as const;
export type Peer = (typeof peers)[number];

/** How each is called where people read it. */
export const peerTitles: Readonly<Record<Peer, string>> = {
  myriad: "Myriad",
  ws: "bare ws (floor)",
  "socket.io": "Socket.IO",
  colyseus: "Colyseus",
};

/** What a server is started with. */
export interface ServerOrder {
  readonly peer: Peer;
  readonly players: number;
  /** Bytes of one message of the floor. The others send what they have to. */
  readonly frameBytes: number;
}

/** What the load program is started with. */
export interface LoadOrder {
  readonly peer: Peer;
  readonly players: number;
  readonly port: number;
}

/** To a child. After `begin` it measures until `end`; after `stop` it goes. The load program answers `peek` at once. */
export type Word = "peek" | "begin" | "end" | "stop";

/** Of a process between `begin` and `end`. */
export interface ProcessFigures {
  /** Percent of one core, all threads together. */
  readonly cpuPercent: number;
  /** Largest resident memory that was seen, MB. */
  readonly rssMbMax: number;
}

/** What the load program saw between `begin` and `end`. */
export interface LoadFigures extends ProcessFigures {
  /** Updates that a client received per second, averaged over all clients. */
  readonly updateHz: number;
  /** The same of the client at the first percentile: the slow ones. */
  readonly slowUpdateHz: number;
  /** Times per second that a visible walker was refreshed, by the clients that decode. */
  readonly refreshHz: number;
  /** Walkers that a client holds, on average, by the clients that decode. */
  readonly visibleMean: number;
  /** Milliseconds from the simulation of a step to its arrival, by the clients that decode. */
  readonly ageMsMedian: number;
  readonly ageMsP99: number;
  /** Bytes per second and client on the wire, from the server, WebSocket headers included. */
  readonly bytesPerSecond: number;
  /** Bytes of one update on average, without the WebSocket header. */
  readonly updateBytes: number;
  /** Clients whose connection ended. */
  readonly lost: number;
  /** Messages that did not decode. */
  readonly malformed: number;
}

/** From a server. */
export type ServerWord =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "measured"; readonly figures: ProcessFigures };

/** From the load program. */
export type LoadWord =
  | { readonly kind: "joined"; readonly players: number }
  | { readonly kind: "ready" }
  /** Updates per second and client since the last such word, without those that decode. */
  | { readonly kind: "rate"; readonly updateHz: number }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "measured"; readonly figures: LoadFigures };
