/**
 * The accounts of the books: every holder has one, and so have mints, sinks, and what is under way between shards.
 *
 * Invariant: a mint's and a sink's book belongs to one zone, so zones never wait for each other's.
 * Invariant: only a mint's balance, and that of what is under way, may be below 0.
 */
import type { Holder } from "./port.ts";

export interface Account {
  /** A holder's kind, `mint:NAME`, `sink:NAME` or `transit`. */
  readonly kind: string;
  /** The holder's id, or the zone whose book it is. */
  readonly id: number;
}

/** What left its holder and has not arrived. One per shard; its sum over all shards is what is under way. */
export const transit: Account = { kind: "transit", id: 0 };

export function accountOf({ kind, id }: Holder): Account {
  return { kind, id };
}

/** The book of a mint in a zone: its balance is minus what it gave. */
export function mintBook(name: string, zone: number): Account {
  return { kind: `mint:${name}`, id: zone };
}

/** The book of a sink in a zone: its balance is what it took. */
export function sinkBook(name: string, zone: number): Account {
  return { kind: `sink:${name}`, id: zone };
}

export function mayOwe({ kind }: Account): boolean {
  return kind === transit.kind || kind.startsWith("mint:");
}
