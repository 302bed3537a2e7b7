/**
 * The limits of the PostgreSQL adapter, with their units and reasons.
 */

/** Calls in one group: as many as 20 zones with a tick each, several times over. */
export const groupCallsMax = 256;
/** Operations and saves in one group, beyond which no further call is added: about 20 ms of work. */
export const groupRowsMax = 2048;
/** Tries of a transaction that could not be serialised; each loses against another that went through. */
export const groupAttemptsMax = 8;
/** Connections for reads and logins of one server, unless asked otherwise; PostgreSQL allows 100 for all by default. */
export const poolConnectionsMax = 8;
