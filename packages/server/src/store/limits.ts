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
/** Milliseconds to wait for a lock that another program holds on the embedded database, a backup for example. */
export const lockWaitMs = 5000;
/** Bytes of one journal batch: a hundred milliseconds of the inputs of 10,000 players in one zone, several times over. */
export const journalBatchBytesMax = 8 * 1024 * 1024;
/** Bytes of batches in one answer, unless asked otherwise: some minutes of a busy zone, and no burden for the reader. */
export const journalPageBytesMax = 4 * 1024 * 1024;
/** Bytes of one checkpoint: all columns of a zone of 10,000 players and their creatures are a tenth of it. */
export const checkpointBytesMax = 256 * 1024 * 1024;
/** Checkpoints that are kept of a zone: the newest, and the one before in case it is damaged. */
export const checkpointsKept = 2;
/** UTF-16 units of a build's name. */
export const buildUnitsMax = 128;
/** UTF-16 units of what an owner of a zone calls itself. */
export const ownerUnitsMax = 128;
/** Events in one call, written, claimed or settled: a transaction of some milliseconds. */
export const eventsPerCallMax = 1024;
/** UTF-16 units of an event's id. */
export const eventIdUnitsMax = 128;
/** UTF-16 units of an event's type. */
export const eventTypeUnitsMax = 64;
/** UTF-16 units of an event's key. */
export const eventKeyUnitsMax = 128;
/** Bytes of an event's payload: it says what happened; what it happened to is read elsewhere. */
export const eventBytesMax = 16 * 1024;
/** UTF-16 units kept of what a delivery failed with. */
export const errorUnitsMax = 512;
/** Deliveries before an event is a dead letter: with doubling pauses from a second on, about half an hour. */
export const deliveryAttemptsMax = 12;
/** Rows in one page of an audit: enough to be fast, few enough to keep the pauses of the server's own reads short. */
export const auditRowsMax = 10_000;
/** Shards that a realm's ids leave room for; each has 2^43 of every kind (docs/decisions/0002-ids-53-bit.md). */
export const idShardsMax = 1024;
