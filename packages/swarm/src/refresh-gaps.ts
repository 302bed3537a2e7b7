/**
 * How long an observer goes without news of what it sees: the time between two moments at which a region is up to date.
 *
 * A block of stride s tells what changed in the last s ticks. When more ticks passed since the region was up to date
 * before, nothing had changed in the first of them: only s of them are the gap. A digest that agrees says the same
 * without a block. A keyframe says nothing about what was before it.
 * Every entity counts with its region's gap: all of them, and apart from those the thirty nearest to the player.
 * Invariant: cost per region that is told, not per entity; who is near is looked up twice a second.
 */
import { positionStepsPerM, type ZoneReplica } from "@myriad/protocol";
import type { KindGuide } from "./game.ts";
import type { Latency } from "./latency.ts";
import { nearestLookMs, unansweredMsMin } from "./limits.ts";
import type { Place } from "./place.ts";

/** Neighbours that matter most: a fight. */
const nearestCount = 30;
/** Regions have 16 bits: one number names a region of a zone. */
const regionsPerZone = 0x1_0000;

/** A region that is up to date. */
export interface Refreshed {
  readonly zone: number;
  readonly region: number;
  /** Entities in it. */
  readonly members: number;
  readonly tick: number;
  /** Ticks that the block or the digest tells of; 0 for a keyframe. */
  readonly strideTicks: number;
  readonly nowMs: number;
}

/** Where the gaps are counted. */
export interface GapMeters {
  readonly nearestGap: Latency;
  readonly everyGap: Latency;
}

export class RefreshGaps {
  readonly #meters: GapMeters;
  readonly #guides: readonly KindGuide[];
  /** When each region was up to date last, by the clock and by its zone's tick. */
  readonly #last = new Map<number, { ms: number; tick: number }>();
  /** How many of the nearest are in each region. */
  readonly #nearest = new Map<number, number>();
  #lookMs = Number.NEGATIVE_INFINITY;
  readonly #found: { distance2: number; region: number }[] = [];

  constructor(options: { meters: GapMeters; guides: readonly KindGuide[] }) {
    this.#meters = options.meters;
    this.#guides = options.guides;
  }

  /** Forgets everything: gaps across a new session, or a mismatch, are another matter. */
  clear(): void {
    this.#last.clear();
    this.#nearest.clear();
    this.#lookMs = Number.NEGATIVE_INFINITY;
  }

  refreshed({ zone, region, members, tick, strideTicks, nowMs }: Refreshed): void {
    const key = zone * regionsPerZone + region;
    const last = this.#last.get(key);
    if (last === undefined) {
      this.#last.set(key, { ms: nowMs, tick });
      return;
    }
    const ticks = tick - last.tick;
    // A digest beside the block, or the block of another level: the region was told already.
    if (ticks <= 0) return;
    const share = strideTicks === 0 || ticks <= strideTicks ? 1 : strideTicks / ticks;
    // Several ticks may come in one frame: to who sees them that is one piece of news.
    if (nowMs > last.ms) this.#record(key, members, (nowMs - last.ms) * share);
    last.ms = nowMs;
    last.tick = tick;
  }

  /** Forgets regions that are no longer held: what comes again under their number is another story. */
  prune(replica: ZoneReplica): void {
    const base = replica.grid.zone * regionsPerZone;
    for (const key of this.#last.keys()) {
      const region = key - base;
      if (region >= 0 && region < regionsPerZone && !replica.members.has(region)) this.#last.delete(key);
    }
  }

  /** Looks who is near, if it is time. */
  look(replicas: Iterable<ZoneReplica>, at: Place, nowMs: number): void {
    if (nowMs - this.#lookMs < nearestLookMs) return;
    this.#lookMs = nowMs;
    const found = this.#found;
    found.length = 0;
    for (const replica of replicas) {
      const base = replica.grid.zone * regionsPerZone;
      for (const { kind, parts, region } of replica.entities.values()) {
        const { position } = this.#guides[kind.index]!;
        if (position < 0) continue;
        const dx = parts[position]! / positionStepsPerM - at.x;
        const dy = parts[position + 1]! / positionStepsPerM - at.y;
        const distance2 = dx * dx + dy * dy;
        const last = found[nearestCount - 1];
        if (last !== undefined && distance2 >= last.distance2) continue;
        insert(found, { distance2, region: base + region });
      }
    }
    this.#nearest.clear();
    for (const { region } of found) this.#nearest.set(region, (this.#nearest.get(region) ?? 0) + 1);
  }

  /** At the end: regions that are held and were not told for long count with the age that they have reached. */
  close(replicas: ReadonlyMap<number, ZoneReplica>, nowMs: number): void {
    for (const [key, { ms }] of this.#last) {
      const members = replicas.get(Math.floor(key / regionsPerZone))?.members.get(key % regionsPerZone);
      if (members !== undefined && nowMs - ms >= unansweredMsMin)
        this.#record(key, members.length, nowMs - ms);
    }
  }

  #record(key: number, members: number, gapMs: number): void {
    const near = this.#nearest.get(key) ?? 0;
    if (members > 0) this.#meters.everyGap.record(gapMs, members);
    if (near > 0) this.#meters.nearestGap.record(gapMs, near);
  }
}

/** Keeps the nearest, in order. */
function insert(
  found: { distance2: number; region: number }[],
  entry: { distance2: number; region: number },
): void {
  let at = Math.min(found.length, nearestCount - 1);
  for (; at > 0 && found[at - 1]!.distance2 > entry.distance2; at--) found[at] = found[at - 1]!;
  found[at] = entry;
}
