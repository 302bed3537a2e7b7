/**
 * What a gateway is told and given when it is made.
 *
 * Invariant: everything from outside is in here; the gateway reads no configuration and no machine.
 */
import type { Level, Schema, ZoneInfo } from "@myriad/protocol";
import type { Bus } from "../bus/port.ts";
import type { Clock, RandomBytes, Timers } from "../kernel/time.ts";
import type { CharacterContent, Store } from "../store/port.ts";
import type { OriginPolicy } from "./origin.ts";
import type { Peers } from "./peers.ts";
import type { TicketVerifier } from "./tickets.ts";

export interface GatewayLimits {
  /** Messages and intents per second of one client. */
  readonly messagesPerSecond: number;
  /** Messages and intents that a client may send at once after a rest. */
  readonly messagesBurst: number;
  /** Milliseconds from the connection to the hello. */
  readonly handshakeMs: number;
  /** Milliseconds without a sign of life after which a connection is closed. */
  readonly idleMs: number;
  /** Milliseconds between two requests for a sign of life. */
  readonly heartbeatMs: number;
  /** Seconds that a session waits for its client to come back. */
  readonly resumeSeconds: number;
}

export interface GatewayOptions {
  /** Number of this gateway in the realm, 0 to 255: the first byte of its sessions' numbers. */
  readonly index: number;
  readonly realm: string;
  /** Server version, for the welcome. */
  readonly version: string;
  readonly schema: Schema;
  readonly tickRateHz: number;
  readonly regionSizeM: number;
  readonly levels: readonly Level[];
  /** Percent beyond a ring's radius up to which a region keeps it. */
  readonly hysteresisPercent: number;
  /** Metres that a character moves before its views are computed again. */
  readonly viewStepM: number;
  /**
   * Kilobits per second of others' state that a client is sent at most, keyframes left out.
   * @default no limit
   */
  readonly clientBudgetKbitPerSecond?: number;
  readonly zones: readonly ZoneInfo[];
  /** Sessions that may be there at once. */
  readonly capacity: number;
  readonly limits: GatewayLimits;
  readonly isOriginAllowed: OriginPolicy;
  /** What a character of this name begins with. */
  readonly newCharacter: (name: string) => CharacterContent;
  readonly bus: Bus;
  readonly store: Store;
  /** The other gateways of the realm. @default none */
  readonly peers?: Peers;
  /** Number before the first session's: another one for each start of this gateway. @default 0 */
  readonly firstSession?: number;
  readonly tickets: TicketVerifier;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly randomBytes: RandomBytes;
  /** Told of failures that are nobody's fault outside: for the log. */
  readonly onFailure: (error: unknown) => void;
}
