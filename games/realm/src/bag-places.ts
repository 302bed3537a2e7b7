/**
 * The places of a player's bag: what lies in them, which of them wait for the ledger.
 *
 * Invariant: the ledger is the truth and the bag its copy. A place that waits is touched by nothing but the answer.
 */
import type { EntityRef } from "@myriad/protocol";
import type { ItemPlace, ZoneApi } from "@myriad/server";
import { bagPlaces, Player } from "../shared/schema.ts";

/** Places of one bag that may wait at once: a hand that is quicker than this can wait, the ledger's queue cannot. */
const waitingMax = 4;

export interface Bag {
  readonly row: number;
  /** The ledger's name of a place. */
  place(slot: number): ItemPlace;
  /** Item type, 0 for an empty place. */
  type(slot: number): number;
  itemId(slot: number): number;
  put(slot: number, item: { itemType: number; itemId: number }): void;
  clear(slot: number): void;
  isWaiting(slot: number): boolean;
  setWaiting(slot: number, waiting: boolean): void;
  /** True when so many places wait that nothing more may be asked for. */
  readonly isBusy: boolean;
  /** First place that is empty and does not wait; −1 when there is none. */
  readonly freePlace: number;
}

/** The bag of a player that this zone owns; undefined for everything else. */
export function bagOf(zone: ZoneApi, player: EntityRef): Bag | undefined {
  const players = zone.table(Player);
  const row = players.row(player);
  if (!players.isOwned(row)) return undefined;
  const { bag, bagItems, bagPending } = players.columns;
  const base = row * bagPlaces;
  const waiting = () => bagPending[row] ?? 0;
  return {
    row,
    place: (slot) => ({ kind: "character", id: zone.characterOf(player), slot }),
    type: (slot) => bag.values[base + slot] ?? 0,
    itemId: (slot) => bagItems.values[base + slot] ?? 0,
    put: (slot, { itemType, itemId }) => {
      bag.values[base + slot] = itemType;
      bagItems.values[base + slot] = itemId;
    },
    clear: (slot) => {
      bag.values[base + slot] = 0;
      bagItems.values[base + slot] = 0;
    },
    isWaiting: (slot) => (waiting() & (1 << slot)) !== 0,
    setWaiting: (slot, isWaiting) => {
      bagPending[row] = isWaiting ? waiting() | (1 << slot) : waiting() & ~(1 << slot);
    },
    get isBusy() {
      return countBits(waiting()) >= waitingMax;
    },
    get freePlace() {
      for (let slot = 0; slot < bagPlaces; slot++) {
        if ((bagItems.values[base + slot] ?? 0) === 0 && (waiting() & (1 << slot)) === 0) return slot;
      }
      return -1;
    },
  };
}

function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
