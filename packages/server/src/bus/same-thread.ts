/**
 * The bus within one thread: a batch is handed on in the call that sends it.
 *
 * Invariant: still bytes; the receiver gets a view of the sender's buffer and copies what it keeps.
 */
import type { BatchReceiver, Bus } from "./port.ts";

export class SameThreadBus implements Bus {
  readonly #tickFrames = new Map<number, BatchReceiver>();
  readonly #intents = new Map<number, BatchReceiver>();
  readonly #zones = new Map<number, BatchReceiver>();

  sendTickFrame(gateway: number, batch: Uint8Array): void {
    this.#tickFrames.get(gateway)?.(batch);
  }

  sendIntents(zone: number, batch: Uint8Array): void {
    this.#intents.get(zone)?.(batch);
  }

  sendZoneBatch(toZone: number, batch: Uint8Array): void {
    this.#zones.get(toZone)?.(batch);
  }

  onTickFrames(gateway: number, receiver: BatchReceiver): () => void {
    return register(this.#tickFrames, gateway, receiver);
  }

  onIntents(zone: number, receiver: BatchReceiver): () => void {
    return register(this.#intents, zone, receiver);
  }

  onZoneBatches(zone: number, receiver: BatchReceiver): () => void {
    return register(this.#zones, zone, receiver);
  }
}

function register(receivers: Map<number, BatchReceiver>, key: number, receiver: BatchReceiver): () => void {
  receivers.set(key, receiver);
  return () => {
    if (receivers.get(key) === receiver) receivers.delete(key);
  };
}
