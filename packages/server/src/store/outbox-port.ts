/**
 * The outbox: news for the world outside, written in the transaction of what they speak of and delivered afterwards.
 *
 * Invariant: an event exists when, and only when, what it speaks of is durable.
 * Invariant: delivered at least once; every attempt is counted before it is made, so a crash counts too.
 * Invariant: an event that failed `deliveryAttemptsMax` times is a dead letter: kept, listed, and delivered again only when asked.
 * Absent on purpose: order. A slow receiver of one event holds up no other.
 * Routing key: none; every shard has its own outbox and is asked by itself. Calls reject as the Store's do.
 */

/** Something that happened: a player died, a trade was done, a level was reached. */
export interface DomainEvent {
  /** Names the event for ever; 1 to `eventIdUnitsMax` UTF-16 units. Receivers tell repetitions by it. */
  readonly eventId: string;
  /** What happened, such as `trade.done`; 1 to `eventTypeUnitsMax` UTF-16 units. */
  readonly type: string;
  /** Whom it concerns, such as `character:7`; 1 to `eventKeyUnitsMax` UTF-16 units. */
  readonly key: string;
  /** Up to `eventBytesMax`. */
  readonly payload: Uint8Array;
}

export interface ClaimedEvent extends DomainEvent {
  /** Position in the outbox: grows with every event. */
  readonly sequence: number;
  /** Deliveries tried, this one included. */
  readonly attempts: number;
}

export interface DeadLetter extends ClaimedEvent {
  /** What the last delivery failed with. */
  readonly error: string;
}

export interface ClaimRequest {
  /** 1 to `eventsPerCallMax`. */
  readonly limit: number;
  /** The caller's wall clock, in whole milliseconds since 1970. */
  readonly nowMs: number;
  /** Until then nobody else gets these events; who does not settle them lets them come again. */
  readonly untilMs: number;
}

/** What became of a delivery. */
export type Settlement =
  | { readonly sequence: number; readonly delivered: true }
  | {
      readonly sequence: number;
      readonly delivered: false;
      /** What it failed with; cut at `errorUnitsMax`. */
      readonly error: string;
      /** When to try again, in whole milliseconds since 1970. */
      readonly retryAtMs: number;
    };

export interface PageRequest {
  /** Only what stands behind this position. @default 0 */
  readonly after?: number;
  /** 1 to `eventsPerCallMax`. */
  readonly limit: number;
}

export interface OutboxDepth {
  /** Events that wait or are being delivered. */
  readonly waiting: number;
  readonly dead: number;
}

export interface EventOutbox {
  /** Takes events that are due, oldest first, and counts the attempt. */
  claim(request: ClaimRequest): Promise<ClaimedEvent[]>;

  /** Says what became of claimed events. One that failed too often becomes a dead letter; what is unknown is passed over. */
  settle(settlements: readonly Settlement[]): Promise<void>;

  /** Dead letters, oldest first. Consistency: may be stale. */
  deadLetters(page: PageRequest): Promise<DeadLetter[]>;

  /** Lets dead letters be delivered again, with new attempts. @returns how many of them were dead letters */
  replay(sequences: readonly number[]): Promise<number>;

  /** How many events there are. Consistency: may be stale. */
  depth(): Promise<OutboxDepth>;
}
