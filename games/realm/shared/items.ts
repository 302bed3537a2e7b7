/**
 * The catalogue of items: what a number in a bag place means.
 *
 * Invariant: a type's number never changes its meaning: the ledger remembers numbers for ever. 0 is no item.
 */

export type ItemKind = "potion" | "trophy" | "weapon";

export interface ItemType {
  /** Number in the ledger, in bags and on the ground. */
  readonly type: number;
  readonly name: string;
  readonly kind: ItemKind;
  /** One line for the player. */
  readonly about: string;
  /** Hit points that a potion gives back. */
  readonly heals?: number;
  /** Damage that a weapon adds while it is in hand. */
  readonly power?: number;
}

/** The bag place that is the hand: a weapon in it is wielded. */
export const handPlace = 0;

export const itemTypes: readonly ItemType[] = [
  { type: 1, name: "Dawnroot Draught", kind: "potion", about: "Gives back 60 hit points.", heals: 60 },
  { type: 2, name: "Lantern Oil Tonic", kind: "potion", about: "Gives back 150 hit points.", heals: 150 },
  { type: 10, name: "Bristle Tusk", kind: "trophy", about: "A boar's pride, chipped." },
  { type: 11, name: "Dusk Pelt", kind: "trophy", about: "It is darker than the night around it." },
  { type: 12, name: "Thorn Heart", kind: "trophy", about: "A knot of roots that still beats." },
  { type: 13, name: "Stolen Signet", kind: "trophy", about: "Somebody in Lanternrest misses it." },
  { type: 14, name: "Pinch of Shade", kind: "trophy", about: "Cold, weightless, hard to look at." },
  { type: 20, name: "Notched Cutlass", kind: "weapon", about: "Adds 5 to every blow.", power: 5 },
  { type: 21, name: "Road Warden's Maul", kind: "weapon", about: "Adds 9 to every blow.", power: 9 },
  { type: 22, name: "Lamplighter's Pike", kind: "weapon", about: "Adds 14 to every blow.", power: 14 },
];

const byType: ReadonlyMap<number, ItemType> = new Map(itemTypes.map((item) => [item.type, item]));

/** An item type by its number; undefined for 0 and for numbers that mean nothing. */
export function itemTypeOf(type: number): ItemType | undefined {
  return byType.get(type);
}

/** Damage that an item adds in hand; 0 for what is no weapon. */
export function weaponPower(type: number): number {
  return byType.get(type)?.power ?? 0;
}
