/**
 * What several gateways must agree on: who has which character, how many players there are, how many connections each
 * address has.
 *
 * Invariant: a name has one holder. Whoever wants it next waits until the holder let go; a newer claim ends an older one
 * that waits. Invariant: the capacity counts names that are held, whoever holds them.
 * Invariant: a gateway that died holds nothing.
 */
import type { CloseReason } from "@myriad/protocol";
import { AddressCounter } from "../gateway/addresses.ts";
import { takeoverMsMax } from "../gateway/limits.ts";
import type { Cancel, Timers } from "../kernel/time.ts";

interface Claim {
  readonly gateway: number;
  answer(refusal: CloseReason | undefined): void;
  readonly cancelTimeout: Cancel;
}

interface Entry {
  holder: number;
  waiting: Claim | undefined;
}

export interface DirectoryOptions {
  /** Players at once, at all gateways together. */
  readonly capacity: number;
  readonly connectionsPerAddress: number;
  /** Whether this machine itself may open any number of connections. */
  readonly isLoopbackFree: boolean;
  readonly timers: Timers;
  /** Asks a gateway to end whoever plays a character, or is about to. */
  readonly evict: (gateway: number, nameKey: string) => void;
}

export class Directory {
  readonly #options: DirectoryOptions;
  readonly #names = new Map<string, Entry>();
  readonly #addresses: AddressCounter;
  /** Connections of each gateway, by address, so that a dead one's can be taken back. */
  readonly #connections = new Map<number, Map<string, number>>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#addresses = new AddressCounter({
      perAddressMax: options.connectionsPerAddress,
      isLoopbackFree: options.isLoopbackFree,
    });
  }

  /** Names that are held. */
  get size(): number {
    return this.#names.size;
  }

  /** The gateway that has a character; undefined when nobody plays it. */
  holderOf(nameKey: string): number | undefined {
    return this.#names.get(nameKey)?.holder;
  }

  /** Takes a name for a gateway; see `Peers.claim`. */
  claim(gateway: number, nameKey: string): Promise<CloseReason | undefined> {
    const entry = this.#names.get(nameKey);
    if (entry === undefined) {
      if (this.#names.size >= this.#options.capacity) return Promise.resolve("server_full");
      this.#names.set(nameKey, { holder: gateway, waiting: undefined });
      return Promise.resolve(undefined);
    }
    // Its own logins a gateway puts in turn by itself.
    if (entry.holder === gateway && entry.waiting === undefined) return Promise.resolve(undefined);
    this.#refuse(entry, "logged_in_elsewhere");
    return new Promise((resolve) => {
      const cancelTimeout = this.#options.timers.after(takeoverMsMax, () => {
        if (entry.waiting === claim) this.#refuse(entry, "zone_unavailable");
      });
      const claim: Claim = { gateway, answer: resolve, cancelTimeout };
      entry.waiting = claim;
      this.#options.evict(entry.holder, nameKey);
    });
  }

  /** A gateway lets go of a name. */
  release(gateway: number, nameKey: string): void {
    const entry = this.#names.get(nameKey);
    if (entry === undefined || entry.holder !== gateway) return;
    const { waiting } = entry;
    if (waiting === undefined) {
      this.#names.delete(nameKey);
      return;
    }
    entry.waiting = undefined;
    entry.holder = waiting.gateway;
    waiting.cancelTimeout();
    waiting.answer(undefined);
  }

  /** A session went from one gateway to another with its name. */
  move(from: number, to: number, nameKey: string): void {
    const entry = this.#names.get(nameKey);
    if (entry?.holder !== from) return;
    entry.holder = to;
    // Whoever wants the name waits for the new holder now.
    if (entry.waiting !== undefined) this.#options.evict(to, nameKey);
  }

  /** Counts a connection of an address at a gateway; false, and nothing counted, when there are as many as may be. */
  enter(gateway: number, address: string): boolean {
    if (!this.#addresses.enter(address)) return false;
    const own = this.#connections.get(gateway) ?? new Map<string, number>();
    this.#connections.set(gateway, own);
    own.set(address, (own.get(address) ?? 0) + 1);
    return true;
  }

  /** Takes back one `enter` that answered true. */
  leave(gateway: number, address: string): void {
    const own = this.#connections.get(gateway);
    const count = own?.get(address) ?? 0;
    if (own === undefined || count === 0) return;
    if (count === 1) own.delete(address);
    else own.set(address, count - 1);
    this.#addresses.leave(address);
  }

  /** A gateway died: its names are free, its connections are gone. */
  forget(gateway: number): void {
    for (const [nameKey, entry] of [...this.#names]) {
      if (entry.waiting?.gateway === gateway) this.#refuse(entry, "left");
      if (entry.holder === gateway) this.release(gateway, nameKey);
    }
    for (const [address, count] of this.#connections.get(gateway) ?? []) {
      for (let i = 0; i < count; i++) this.#addresses.leave(address);
    }
    this.#connections.delete(gateway);
  }

  #refuse(entry: Entry, reason: CloseReason): void {
    const { waiting } = entry;
    entry.waiting = undefined;
    waiting?.cancelTimeout();
    waiting?.answer(reason);
  }
}
