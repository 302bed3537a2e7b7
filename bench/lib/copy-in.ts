/**
 * COPY FROM STDIN over a client of `pg`: the fastest way that PostgreSQL has to take rows, for comparison.
 *
 * Source: https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-COPY
 */
import type pg from "pg";

/** What a client's connection can do that its types do not say. */
interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** Sends rows with a statement `COPY … FROM STDIN`. Rejects with what the database says. */
export function copyIn(client: pg.Client, text: string, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const copy = {
      submit(connection: CopyConnection) {
        connection.query(text);
      },
      handleCopyInResponse(connection: CopyConnection) {
        connection.sendCopyFromChunk(rows);
        connection.endCopyFrom();
      },
      handleError: (error: Error) => reject(error),
      handleReadyForQuery: () => resolve(),
      handleCommandComplete() {},
      handleRowDescription() {},
      handleDataRow() {},
      handleEmptyQuery() {},
      handlePortalSuspended() {},
      handleCopyData() {},
      callback() {},
    };
    client.query(copy as unknown as pg.Submittable);
  });
}
