/**
 * A player's eyes when it decodes everything: a replica of each zone, compared with the server's digests.
 *
 * Owns: the replicas, what counts as a mismatch, and the quiet time after one, in which keyframes are on their way and
 * what does not fit says nothing new.
 * Invariant: no bytes make this throw.
 */
import {
  ByteReader,
  type ClientFrame,
  type DecodeCode,
  type Level,
  section,
  type ZonePart,
  ZoneReplica,
} from "@myriad/protocol";
import type { Game } from "./game.ts";
import { resyncQuietMs } from "./limits.ts";
import type { Place } from "./place.ts";
import { type GapMeters, RefreshGaps } from "./refresh-gaps.ts";

/** One disagreement between what was decoded and what the server says. */
export interface Mismatch {
  readonly zone: number;
  readonly tick: number;
  readonly frame: number;
  /** −1 where a whole part could not be decoded. */
  readonly region: number;
  readonly level: number;
  /** A decoder's code, or `digest`. */
  readonly what: DecodeCode | "digest" | "not_held";
}

/** What one frame brought. The object is reused. */
export interface Observation {
  /** Entities that appeared or changed, each counted once per zone and frame. */
  updates: number;
  /** Digests that were compared. */
  digests: number;
  readonly mismatches: Mismatch[];
}

export class Observer {
  readonly replicas = new Map<number, ZoneReplica>();
  /** Whether the last digests agreed, and no frame since then failed to fit. */
  isEqual = false;
  readonly #gaps: RefreshGaps;
  readonly #levels: readonly Level[];
  readonly #seen = new Set<number>();
  readonly #observation: Observation = { updates: 0, digests: 0, mismatches: [] };
  #quietUntilMs = 0;
  /** When the frame came that is applied now, if gaps are measured, else −1; and the tick of its part. */
  #gapsAtMs = -1;
  #partTick = 0;

  constructor(game: Game, meters: GapMeters) {
    this.#gaps = new RefreshGaps({ meters, guides: game.guides });
    const note = ({ id }: { id: number }) => this.#seen.add(id);
    const { kinds, levels } = game;
    this.#levels = levels;
    for (const grid of game.grids) {
      const refreshed = (region: number, strideTicks: number) =>
        this.#refreshed(grid.zone, region, strideTicks);
      const listener = { appeared: note, changed: note, refreshed };
      this.replicas.set(grid.zone, new ZoneReplica({ grid, kinds, levels, listener }));
    }
  }

  /** Forgets everything: a new session, or keyframes were asked for. */
  clear(quietUntilMs = 0): void {
    for (const replica of this.replicas.values()) replica.clear();
    this.#gaps.clear();
    this.isEqual = false;
    this.#quietUntilMs = quietUntilMs;
  }

  /**
   * Applies a frame. After a mismatch everything is forgotten and the caller asks for keyframes: `mismatches` is not
   * empty then, and stays empty for the quiet time that follows.
   * @param at where the player stands if gaps are measured, else undefined
   */
  apply(frame: ClientFrame, nowMs: number, at?: Place): Observation {
    const observation = this.#observation;
    observation.updates = 0;
    observation.digests = 0;
    observation.mismatches.length = 0;
    this.#gapsAtMs = at === undefined ? -1 : nowMs;
    if (at === undefined) this.#gaps.clear();
    for (const part of frame.zones) this.#applyPart(frame, part);
    if (at !== undefined) this.#gaps.look(this.replicas.values(), at, nowMs);
    if (observation.mismatches.length > 0) this.isEqual = false;
    else if (observation.digests > 0) this.isEqual = true;
    if (nowMs < this.#quietUntilMs) observation.mismatches.length = 0;
    else if (observation.mismatches.length > 0) this.clear(nowMs + resyncQuietMs);
    return observation;
  }

  /** At the end: what was not told for long counts with the age that it has reached. */
  closeGaps(nowMs: number): void {
    this.#gaps.close(this.replicas, nowMs);
  }

  #applyPart(frame: ClientFrame, part: ZonePart): void {
    const replica = this.replicas.get(part.zone);
    const found = { zone: part.zone, tick: part.tick, frame: frame.frame };
    const { mismatches } = this.#observation;
    if (replica === undefined) {
      mismatches.push({ ...found, region: -1, level: 0, what: "out_of_range" });
      return;
    }
    this.#seen.clear();
    this.#partTick = part.tick;
    let isWhole = true;
    for (const { kind, level, from, to } of part.sections) {
      const what = applySection(replica, { kind, level, tick: part.tick, bytes: frame.bytes, from, to });
      if (kind === section.drops || kind === section.reshapes) this.#gaps.prune(replica);
      if (what === undefined) continue;
      isWhole = false;
      mismatches.push({ ...found, region: -1, level, what });
    }
    this.#observation.updates += this.#seen.size;
    // After a section that did not fit, every digest would say the same once more.
    if (isWhole) this.#compare(replica, frame, part);
  }

  #refreshed(zone: number, region: number, strideTicks: number): void {
    if (this.#gapsAtMs < 0) return;
    const members = this.replicas.get(zone)?.members.get(region)?.length ?? 0;
    const tick = this.#partTick;
    this.#gaps.refreshed({ zone, region, members, tick, strideTicks, nowMs: this.#gapsAtMs });
  }

  #compare(replica: ZoneReplica, frame: ClientFrame, part: ZonePart): void {
    for (const { kind, level, from, to } of part.sections) {
      if (kind !== section.digests) continue;
      const reader = new ByteReader(frame.bytes, from, to);
      while (reader.remaining >= 6) {
        const region = reader.u16();
        const theirs = reader.u32();
        const ours = replica.digest(region, level);
        this.#observation.digests++;
        if (ours === theirs) {
          this.#refreshed(part.zone, region, this.#levels[level]?.strideTicks ?? 0);
          continue;
        }
        const what = ours === undefined ? "not_held" : "digest";
        const { zone, tick } = part;
        this.#observation.mismatches.push({ zone, tick, frame: frame.frame, region, level, what });
      }
    }
  }
}

interface SectionBytes {
  readonly kind: number;
  readonly level: number;
  readonly tick: number;
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** Applies one section; digests and group state change nothing. */
function applySection(replica: ZoneReplica, given: SectionBytes): DecodeCode | undefined {
  const { kind, level, tick, bytes, from, to } = given;
  switch (kind) {
    case section.drops:
      replica.drop(readRegions(bytes, from, to));
      return undefined;
    case section.reshapes:
      return replica.applyReshapes(bytes, from, to);
    case section.keyframes:
      return replica.applyKeyframes(tick, bytes, from, to);
    case section.packedKeyframes:
      return replica.applyPackedKeyframes(tick, bytes, from, to);
    case section.intros:
      return replica.applyIntros(level, tick, bytes, from, to);
    case section.blocks:
      return replica.applyBlocks(level, tick, bytes, from, to);
    default:
      return undefined;
  }
}

function readRegions(bytes: Uint8Array, from: number, to: number): number[] {
  const reader = new ByteReader(bytes, from, to);
  const regions: number[] = [];
  while (reader.remaining >= 2) regions.push(reader.u16());
  return regions;
}
