/**
 * The errors that an operator reads: a stable code, what happened, what to do about it.
 *
 * Invariant: a code is stable for ever once it was released, and stands in `docs/errors.md`.
 * Absent on purpose: failures that game code or a client can cause. Those are Result unions and close codes.
 */

interface ErrorText {
  /** What happened, as the beginning of a sentence. */
  readonly what: string;
  /** What the operator can do about it. */
  readonly help: string;
}

/** Every code of a MyriadError with its text. New codes go to the group they belong to. */
export const errorCodes = {
  // start of the process
  config_invalid: {
    what: "the configuration is invalid",
    help: "Correct the named field in myriad.config.ts or in the environment; the message says what is allowed.",
  },
  port_in_use: {
    what: "the port is in use",
    help: "Stop the other program or choose another port with PORT.",
  },

  // the game's own definitions
  schema_invalid: {
    what: "the schema is invalid",
    help: "Correct the named entity kind, field, intent or fact; the message says what is allowed.",
  },
  module_invalid: {
    what: "a module is invalid",
    help: "Correct the named module; the message says which part of its definition is wrong.",
  },
  event_unknown: {
    what: "a handler listens to an event that does not exist",
    help: "Correct the event's name; the message names the nearest one that exists.",
  },
  threads_need_module: {
    what: "a realm that is given as an object runs in one thread only",
    help: 'Give serve() the URL of the module that exports the realm, new URL("./realm.ts", import.meta.url), or set threads to single.',
  },
  realm_invalid: {
    what: "the realm is invalid",
    help: "Correct the named part of defineRealm; the message says what is allowed.",
  },

  // the data directory
  data_dir_unusable: {
    what: "the data directory cannot be used",
    help: "Make the directory writable for this user, free disk space, or choose another one with MYRIAD_DATA_DIR.",
  },
  data_dir_in_use: {
    what: "another server uses the data directory",
    help: "Stop the other server, or choose another directory with MYRIAD_DATA_DIR. The lock ends with its process.",
  },
  data_newer_than_program: {
    what: "the data was written by a newer version of Myriad",
    help: "Start the newer version again, or restore a backup from before the upgrade. Nothing was changed.",
  },
  data_of_another_realm: {
    what: "the data belongs to another realm",
    help: "Point MYRIAD_DATA_DIR to this realm's directory, or to an empty one. Nothing was changed.",
  },
  database_unusable: {
    what: "the database cannot be used",
    help: "Look at the cause: the address, the password, the rights to make a schema, the database's own settings. Nothing was changed.",
  },
  checkpoint_invalid: {
    what: "a checkpoint cannot be restored",
    help: "Start the build that the message names, or restore a backup; keep the file for a bug report.",
  },

  // the store while it runs
  store_failed: {
    what: "the store failed",
    help: "Look at the cause: usually a full or broken disk. Whether the request took effect is unknown; repeat ledger operations under the same id.",
  },
  store_overloaded: {
    what: "too many requests wait for the store",
    help: "The disk is slower than the realm's load. Use a faster disk or spread the realm; nothing of this request took effect.",
  },
  store_away: {
    what: "the store does not answer",
    help: "Look at the database and the way to it; requests are let through again by themselves. Nothing of this one took effect.",
  },
  zone_fenced: {
    what: "another owner has the zone",
    help: "Nothing to do when a zone has just moved: this one ends and the new owner goes on. Otherwise two servers run the same zone.",
  },
  journal_gap: {
    what: "a journal batch does not follow the one before",
    help: "This is a bug in the zone, which ends without harm to what is durable; please report it.",
  },
  store_closed: {
    what: "the store is closed",
    help: "A request came after the drain had ended. This is a bug in the order of shutdown; please report it.",
  },
} as const satisfies Record<string, ErrorText>;

export type ErrorCode = keyof typeof errorCodes;

/** An error for the operator. `message` is what happened and the detail; `help` says what to do. */
export class MyriadError extends Error {
  override readonly name = "MyriadError";
  /** Stable, snake_case; the key of this error in `docs/errors.md`. */
  readonly code: ErrorCode;
  /** What the operator can do about it, as whole sentences. */
  readonly help: string;
  /** What exactly, without the code's own words; an error crosses threads as code and detail. */
  readonly detail: string;

  /** @param detail What exactly, in a few words: the field, the file, the versions. Holds no secrets. */
  constructor(code: ErrorCode, detail: string, options?: { readonly cause?: unknown }) {
    super(`${errorCodes[code].what}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
    this.help = errorCodes[code].help;
  }
}

/** True for a MyriadError, of one code when `code` is given. Never throws. */
export function isMyriadError(error: unknown, code?: ErrorCode): error is MyriadError {
  return error instanceof MyriadError && (code === undefined || error.code === code);
}
