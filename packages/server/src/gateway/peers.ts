/**
 * The other gateways of the realm, as one of them sees them: who has which character, whose session goes where, letters.
 *
 * Behind it stands a directory that all gateways ask. A gateway that is alone has no peers and needs none of this.
 * Invariant: a character's name belongs to one gateway at a time, from its login until its session ended.
 * Invariant: what goes between gateways is plain data.
 */
import type { CloseReason } from "@myriad/protocol";
import type { WaitingIntent } from "./intent-queue.ts";

/** A session on its way to another gateway. Its number stays. */
export interface MovedSession {
  readonly id: number;
  readonly characterId: number;
  readonly name: string;
  readonly nameKey: string;
  /** The zone that owns the character. */
  readonly zone: number;
  /** Number of the last frame sent. */
  readonly frames: number;
  readonly intents: { readonly lastSeq: number; readonly waiting: readonly WaitingIntent[] };
  readonly facts: {
    /** Number of the first one. */
    readonly first: number;
    readonly waiting: readonly { readonly type: number; readonly record: Uint8Array }[];
  };
  readonly factsLost: number;
  readonly group: number;
}

/** What a zone says of a session to the gateway that it left a moment ago. */
export type LateWord =
  | { readonly what: "fact"; readonly type: number; readonly record: Uint8Array }
  | { readonly what: "closed"; readonly reason: string }
  | { readonly what: "handedOver"; readonly zone: number };

export interface Peers {
  /**
   * Takes a character's name for this gateway. Who has it elsewhere is ended first, which takes until its zone saved it.
   * @returns Why not, if so: `server_full`, `zone_unavailable` (it did not end), `logged_in_elsewhere` (a newer login).
   */
  claim(nameKey: string): Promise<CloseReason | undefined>;
  /** The name is free again. */
  release(nameKey: string): void;
  /** Asks the gateway that a resume key names for the session; undefined when it has none for that key. */
  fetch(from: { gateway: number; session: number; secret: Uint8Array }): Promise<MovedSession | undefined>;
  /** Passes on what a zone said of a session that is at another gateway now. */
  pass(to: { gateway: number; session: number; word: LateWord }): void;
  /** Brings a fact to a character elsewhere; false when nobody plays it. */
  deliver(letter: { nameKey: string; type: number; record: Uint8Array }): Promise<boolean>;
}
