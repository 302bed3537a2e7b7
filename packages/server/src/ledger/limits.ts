/**
 * Every limit of the ledger, with its unit and its reason.
 */

/** Places of one holder, by kind. A character's are an inventory; the ground's are one zone's loot (16 bits in the database). */
export const slotsOf = { character: 24, ground: 65_536 } as const;
/** Operations in one call: a tick of a crowded zone needs hundreds; the transaction stays under about 50 ms. */
export const operationsPerApplyMax = 1024;
/** Catalogue numbers of item types: 32 bits, so that a zone keeps one in a column. */
export const itemTypeMax = 0xffff_ffff;
/** Characters of a realm's id: it is part of every operation id, subject and key. */
export const realmIdCharactersMax = 32;
/** Zones in one realm: as on the wire, a zone has 12 bits. */
export const zoneNumberMax = 4095;
