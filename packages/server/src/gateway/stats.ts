/**
 * What the gateway counts about itself, as plain numbers; `observe/` turns them into metrics.
 *
 * Invariant: counting costs an addition. Counts only grow; what stands now is computed when somebody asks.
 */
import { type CloseReason, closeCodes } from "@myriad/protocol";

export class GatewayStats {
  connections = 0;
  framesSent = 0;
  bytesOut = 0;
  bytesIn = 0;
  keyframeBytesOut = 0;
  /** Messages by kind. */
  readonly messages = { hello: 0, input: 0, resync: 0, ping: 0, bye: 0, malformed: 0, early: 0 };
  readonly intents = { forwarded: 0, old: 0, unknown: 0, full: 0, rate: 0 };
  messagesDropped = 0;
  facts = 0;
  factsLost = 0;
  lettersUndelivered = 0;
  /** Times that a client became stale. */
  stales = 0;
  resumes = 0;
  takeovers = 0;
  /** Sessions given to and taken from other gateways. */
  movedOut = 0;
  movedIn = 0;
  /** Times that a session was let into its zone again because the zone had lost it. */
  rejoins = 0;
  handovers = 0;
  tickFrames = 0;
  batchesRefused = 0;
  zoneRestarts = 0;
  /** Sessions forgotten because their zone never answered. */
  sessionsForgotten = 0;
  /** Closes said by this gateway, by reason. */
  readonly closes: Record<CloseReason, number>;

  constructor() {
    const reasons = Object.keys(closeCodes) as CloseReason[];
    this.closes = Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<CloseReason, number>;
  }
}
