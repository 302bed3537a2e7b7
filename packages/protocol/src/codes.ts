/**
 * Every code that one side tells the other: why a connection was closed, why bytes were refused.
 *
 * Invariant: a code is stable for ever once it was released; `docs/errors.md` lists each one.
 */

/** Reasons for a close, by name: the WebSocket close code and whether the client may resume or try again by itself. */
export const closeCodes = {
  server_closing: { code: 4000, retry: true, text: "the server is shutting down; characters are saved" },
  ticket_invalid: { code: 4001, retry: false, text: "the ticket is malformed or its signature is wrong" },
  ticket_expired: { code: 4002, retry: false, text: "the ticket is older than its lifetime" },
  ticket_used: { code: 4003, retry: false, text: "the ticket was used before" },
  server_full: { code: 4004, retry: true, text: "the server holds as many players as it may" },
  format_unsupported: { code: 4005, retry: false, text: "the wire format version is not spoken here" },
  schema_incompatible: { code: 4006, retry: false, text: "the game versions do not fit together" },
  logged_in_elsewhere: { code: 4007, retry: false, text: "the same character logged in from another place" },
  session_unknown: { code: 4008, retry: false, text: "there is no session to resume, or its time is over" },
  handshake_timeout: { code: 4009, retry: true, text: "no hello came within the handshake time" },
  idle_timeout: { code: 4010, retry: true, text: "nothing was heard from the client for too long" },
  message_malformed: { code: 4011, retry: false, text: "a message could not be decoded" },
  message_too_large: { code: 4012, retry: false, text: "a message was larger than allowed" },
  rate_exceeded: { code: 4013, retry: false, text: "the client kept sending faster than allowed" },
  facts_overflow: { code: 4014, retry: true, text: "too many unacknowledged facts; resume to receive them" },
  not_draining: { code: 4015, retry: true, text: "the client did not read or acknowledge for too long" },
  origin_refused: { code: 4016, retry: false, text: "the page's origin is not on the allow-list" },
  too_many_connections: { code: 4017, retry: true, text: "too many connections from one address" },
  zone_unavailable: { code: 4018, retry: true, text: "the zone is not running at the moment" },
  store_unavailable: { code: 4019, retry: true, text: "the character could not be loaded" },
  name_taken: { code: 4020, retry: false, text: "the character name belongs to another account" },
  left: { code: 4021, retry: false, text: "the player left" },
  too_many_characters: { code: 4022, retry: false, text: "the account has as many characters as it may" },
} as const;

export type CloseReason = keyof typeof closeCodes;

/** Looks a close reason up by its WebSocket code; undefined for a code that is not Myriad's. */
export function closeReasonOf(code: number): CloseReason | undefined {
  for (const reason of Object.keys(closeCodes) as CloseReason[]) {
    if (closeCodes[reason].code === code) return reason;
  }
  return undefined;
}

/** Codes of notices: what a client is told while its connection stays. Codes of closes may come as notices, too. */
export const noticeCodes = {
  facts_lost: "more happened while the client was away than could be kept for it",
  zone_restored: "the zone failed and came back from a moment before",
} as const;

/** Reasons for which bytes are refused by a decoder. Decoders answer with one of these and never throw. */
export const decodeCodes = {
  truncated: "the bytes end before the value does",
  trailing_bytes: "bytes are left after the last value",
  too_large: "a count or a length is over its limit",
  unknown_type: "no message, intent, fact or section has this number",
  out_of_range: "a value is outside what its field allows",
  text_malformed: "a text is not UTF-8",
  json_malformed: "a JSON part cannot be parsed or has another shape",
  state_mismatch: "the bytes speak of an entity or region that the receiver does not hold",
  version_unknown: "the format version is not known",
} as const;

export type DecodeCode = keyof typeof decodeCodes;
