/**
 * Counts connections per address, so that one machine cannot take every place.
 *
 * Invariant: an address is counted while it has a connection, and forgotten with the last one.
 * An IPv6 machine owns 2^64 addresses, so these are counted by their /64.
 */
import { addressesMax } from "./limits.ts";

/** Counts connections per address, here or elsewhere. */
export interface AddressGate {
  /** Counts one more connection; false, and nothing counted, when the address has as many as it may. Does not reject. */
  enter(address: string): boolean | Promise<boolean>;
  /** Takes back one `enter` that answered true. */
  leave(address: string): void;
}

export class AddressCounter implements AddressGate {
  readonly #counts = new Map<string, number>();
  readonly #perAddressMax: number;
  readonly #isLoopbackFree: boolean;

  constructor(options: { perAddressMax: number; isLoopbackFree: boolean }) {
    this.#perAddressMax = options.perAddressMax;
    this.#isLoopbackFree = options.isLoopbackFree;
  }

  /** Counts one more connection; false, and nothing counted, when the address has as many as it may. */
  enter(address: string): boolean {
    const key = addressKey(address);
    const count = this.#counts.get(key) ?? 0;
    const isFree = this.#isLoopbackFree && isLoopback(address);
    if (!isFree && (count >= this.#perAddressMax || (count === 0 && this.#counts.size >= addressesMax)))
      return false;
    this.#counts.set(key, count + 1);
    return true;
  }

  /** Takes back one `enter` that answered true. */
  leave(address: string): void {
    const key = addressKey(address);
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
  }

  /** Addresses that have a connection. */
  get size(): number {
    return this.#counts.size;
  }
}

/** True for this machine itself. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(plain);
}

/** What is counted for an address: itself for IPv4, the first four groups for IPv6. */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  return [...first, ...new Array<string>(zeros).fill("0"), ...last].slice(0, 4).join(":");
}

/** Without the prefix that a dual-stack socket puts before IPv4, and without a zone index. */
function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address.slice(0, 64));
  return mapped?.[1] ?? (address.slice(0, 64).split("%")[0] as string);
}
