/**
 * Every limit of the store, with its unit and its reason.
 */

/** Requests that wait for the store before `store_overloaded`: some seconds of a slow disk at a full realm's load. */
export const pendingRequestsMax = 10_000;
/** Requests in one transaction of the worker: enough to share a sync among, short enough to keep the wait under a tick. */
export const groupRequestsMax = 256;
/** Characters saved in one call: a zone's players in one go. */
export const savesPerCallMax = 1024;
/** Bytes of one character's state: a hundred times what the sample game keeps. */
export const stateBytesMax = 64 * 1024;
/** Characters of one account. A guard against a client that opens a new name at each login. */
export const charactersPerAccountMax = 16;
/** UTF-16 units of a stored name. Gateways allow fewer; a database outlives their rules. */
export const storedNameUnitsMax = 64;
/** UTF-16 units of an identity provider's subject (OpenID Connect allows 255 characters). */
export const subjectUnitsMax = 255;
/** UTF-16 units of a ticket's id. */
export const ticketIdUnitsMax = 128;
/** Used tickets are kept this long past their end, so that gateways whose clocks differ agree that they were used. */
export const ticketSweepGraceMs = 120_000;
/** Expired tickets removed per consumed one: more than one, so the table shrinks; few, so nobody waits. */
export const ticketsPerSweepMax = 16;
/** Milliseconds to wait for a lock that another program holds on the database, a backup for example. */
export const lockWaitMs = 5000;
