/**
 * The bus: the one seam between gateways and zones, and between zones. Plain bytes, one batch per tick and direction.
 *
 * Invariant: nothing above this port knows whether the other side is in this thread, another thread or another machine.
 * Invariant: bytes handed to a receiver are a view that is valid during the call only; who keeps them copies them.
 * Invariant: batches of one sender to one receiver arrive in their order or not at all; a receiver sees gaps by sequence.
 */

/** Receives one batch. Must not throw; whatever is wrong with the bytes is counted and the batch dropped. */
export type BatchReceiver = (batch: Uint8Array) => void;

export interface Bus {
  /** Zone → gateway: a tick frame. */
  sendTickFrame(gateway: number, batch: Uint8Array): void;
  /** Gateway → zone: an intent batch. */
  sendIntents(zone: number, batch: Uint8Array): void;
  /** Zone → zone: ghosts and numbered messages. */
  sendZoneBatch(toZone: number, batch: Uint8Array): void;
  /** Registers a gateway; returns the function that takes it off again. */
  onTickFrames(gateway: number, receiver: BatchReceiver): () => void;
  /** Registers a zone's intake of intents. */
  onIntents(zone: number, receiver: BatchReceiver): () => void;
  /** Registers a zone's intake of other zones' batches. */
  onZoneBatches(zone: number, receiver: BatchReceiver): () => void;
}
