/**
 * Every limit of the ledger, with its unit and its reason.
 */

/**
 * Places of one holder, by kind. A character's are an inventory, the ground's are one zone's loot (16 bits in the
 * database). Mail has as many, so that what comes back from a failed transfer always finds one; `mail` fills fewer.
 */
export const slotsOf = {
  character: 24,
  equipment: 16,
  storage: 128,
  mail: 65_536,
  ground: 65_536,
} as const;
/** Items that `mail` puts into one mailbox: a player reads a page of them; more is a flood. */
export const mailboxItemsMax = 32;
/** Operations in one call: a tick of a crowded zone needs hundreds; the transaction stays under about 50 ms. */
export const operationsPerApplyMax = 1024;
/** Items that one trade, letter or transfer moves: a few full trade windows. */
export const itemsPerOperationMax = 64;
/** Payments in one trade, letter or transfer: several parties in several currencies. */
export const paymentsPerOperationMax = 32;
/** Catalogue numbers of item types: 32 bits, so that a zone keeps one in a column. */
export const itemTypeMax = 0xffff_ffff;
/** Catalogue numbers of currencies: 16 bits. Each is its own book, so more would be another idea. */
export const currencyMax = 0xffff;
/** Units in one payment, and in one balance: what a number holds exactly. */
export const amountMax = Number.MAX_SAFE_INTEGER;
/** Characters of the name of a mint or sink of currency: it stands in every row of its account. */
export const bookNameCharactersMax = 32;
/** Characters of a realm's id: it is part of every operation id, subject and key. */
export const realmIdCharactersMax = 32;
/** Zones in one realm: as on the wire, a zone has 12 bits. */
export const zoneNumberMax = 4095;
/** Open transfers in one answer: a crash leaves as many as were under way at that moment. */
export const openTransfersMax = 1024;
