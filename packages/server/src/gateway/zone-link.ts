/**
 * The gateway's side of one zone: the tick frames that came from it, the inputs and wishes that go to it.
 *
 * Owns the order of inputs: what is put in first stands first in the next batch.
 * Invariant: a frame of an older epoch, or of a tick that was seen, is refused; a newer epoch begins anew.
 * Invariant: a keyframe is asked for once however many sessions wait for it, and again when it does not come.
 */
import { type ByteWriter, RegionGrid, type ZoneInfo } from "@myriad/protocol";
import { batchKind } from "../bus/header.ts";
import { InputList, leaveReason, writeGatheredBatch } from "../bus/intent-batch.ts";
import { KeptFrame } from "./kept-frame.ts";
import { framesKept, keyframeRetryTicks, zoneSilentMs } from "./limits.ts";
import { RegionTree } from "../replication/region-tree.ts";
import { type Indexed, ViewerIndex } from "./viewer-index.ts";
import type { RegionWeights } from "./zone-view.ts";

/** What came of a batch: a frame, a frame of a new owner, or nothing. */
export type Accepted = "frame" | "new_epoch" | "refused";

export class ZoneLink<Viewer extends Indexed, Resident> {
  readonly zone: number;
  readonly info: ZoneInfo;
  readonly grid: RegionGrid;
  /** The zone's splits, as of the newest frame. */
  readonly tree: RegionTree;
  /** What the zone's regions weigh, as of the newest frame. */
  readonly weights: RegionWeights;
  readonly viewers: ViewerIndex<Viewer>;
  /** Sessions at home in this zone. */
  readonly residents = new Set<Resident>();
  /** Sessions at home here with intents that wait for a batch, in the order in which the first of them came. */
  forwarding: Resident[] = [];
  #epoch = 0;
  /** One more than are kept: a frame that turns out malformed overwrites nothing that is still wanted. */
  readonly #frames: KeptFrame[] = [];
  #newest = 0;
  /** When the zone's present owner, or the zone after a silence, was heard first. */
  aliveSinceMs: number;
  #heardMs: number;
  #sequence = 0;
  readonly #inputs = new InputList();
  #keyframes: number[] = [];
  #selves: number[] = [];
  /** Tick at which a region's keyframe was asked for; −1 when it is not awaited. */
  readonly #askedAt: Float64Array;
  /** The splits that the tree has, as the frame said them. */
  #splits = new Uint16Array(0);
  #splitCount = 0;
  #wantsDigests = false;

  constructor(info: ZoneInfo, options: { regionSizeM: number; reachM: number; nowMs: number }) {
    this.zone = info.zone;
    this.info = info;
    this.grid = new RegionGrid(info.zone, info.bounds, options.regionSizeM);
    this.tree = new RegionTree(this.grid);
    const { capacity } = this.grid;
    this.weights = { loads: new Uint8Array(capacity), importance: new Uint8Array(capacity) };
    this.viewers = new ViewerIndex(this.grid, options.reachM);
    for (let i = 0; i <= framesKept; i++)
      this.#frames.push(new KeptFrame(this.grid.count, this.grid.capacity));
    this.#heardMs = options.nowMs;
    this.aliveSinceMs = options.nowMs;
    this.#askedAt = new Float64Array(this.grid.capacity).fill(-1);
  }

  /** The newest frame; its tick is −1 before the first. */
  get newest(): KeptFrame {
    return this.#frames[this.#newest]!;
  }

  /** Place of the newest frame, for `frameIn`. */
  get newestSlot(): number {
    return this.#newest;
  }

  /** The frame in a slot, if it still holds this tick. */
  frameIn(slot: number, tick: number): KeptFrame | undefined {
    const frame = this.#frames[slot];
    return frame !== undefined && frame.tick === tick ? frame : undefined;
  }

  /** The oldest kept frame that is newer than a tick. */
  frameAfter(tick: number): KeptFrame | undefined {
    if (this.newest.tick <= tick) return undefined;
    for (let back = framesKept - 1; back > 0; back--) {
      const frame = this.#frames[(this.#newest + this.#frames.length - back) % this.#frames.length]!;
      if (frame.tick > tick) return frame;
    }
    return this.newest;
  }

  /** The newest kept frame with states of groups, if it is newer than a tick. */
  groupsAfter(tick: number): KeptFrame | undefined {
    for (let back = 0; back < framesKept; back++) {
      const frame = this.#frames[(this.#newest + this.#frames.length - back) % this.#frames.length]!;
      if (frame.tick <= tick) return undefined;
      if (frame.groupCount > 0) return frame;
    }
    return undefined;
  }

  /** True when nothing came from the zone for seconds, or ever. */
  isSilent(nowMs: number): boolean {
    return nowMs - this.#heardMs > zoneSilentMs;
  }

  /** Milliseconds since the last tick frame, or since the start. */
  silentMs(nowMs: number): number {
    return nowMs - this.#heardMs;
  }

  /** Takes a tick frame in; the bytes are copied. */
  accept(batch: Uint8Array, nowMs: number): Accepted {
    const next = (this.#newest + 1) % this.#frames.length;
    const frame = this.#frames[next]!;
    if (!frame.load(batch)) return "refused";
    const isNewEpoch = frame.epoch > this.#epoch;
    if (frame.epoch < this.#epoch || (!isNewEpoch && frame.tick <= this.newest.tick)) {
      frame.tick = -1;
      return "refused";
    }
    this.#newest = next;
    if (isNewEpoch || this.isSilent(nowMs)) this.aliveSinceMs = nowMs;
    this.#heardMs = nowMs;
    for (const region of frame.keyframes) this.#askedAt[region] = -1;
    if (isNewEpoch) this.#forgetShapes();
    this.#followShapes(frame);
    if (!isNewEpoch) return "frame";
    const isFirst = this.#epoch === 0;
    this.#epoch = frame.epoch;
    for (const other of this.#frames) if (other !== frame) other.tick = -1;
    this.#askedAt.fill(-1);
    return isFirst ? "frame" : "new_epoch";
  }

  /** Another owner counts from other ticks: what was born in those of the old one would seem young for long. */
  #forgetShapes(): void {
    this.tree.clear();
    this.#splitCount = 0;
  }

  #followShapes(frame: KeptFrame): void {
    const { splits, splitCount, weightsAt, regionsUsed } = frame;
    let isSame = splitCount === this.#splitCount;
    for (let i = 0; i < splitCount * 2 && isSame; i++) isSame = splits[i] === this.#splits[i];
    if (!isSame) {
      if (this.#splits.length < splits.length) this.#splits = new Uint16Array(splits.length);
      this.#splits.set(splits.subarray(0, splitCount * 2));
      this.#splitCount = splitCount;
      this.tree.follow(splits, splitCount, frame.tick);
    }
    if (weightsAt < 0) return;
    const { loads, importance } = this.weights;
    for (let region = 0; region < regionsUsed; region++) {
      loads[region] = frame.bytes[weightsAt + region]!;
      importance[region] = frame.bytes[weightsAt + regionsUsed + region]!;
    }
  }

  join(session: number, character: Uint8Array, lastIntent: number): void {
    this.#inputs.add({ kind: "join", session, character, lastIntent });
  }

  leave(session: number, reason: keyof typeof leaveReason): void {
    this.#inputs.add({ kind: "leave", session, reason: leaveReason[reason] });
  }

  absent(session: number, absent: boolean): void {
    this.#inputs.add({ kind: "absent", session, absent });
  }

  /** The session came here from another gateway. */
  here(session: number): void {
    this.#inputs.add({ kind: "here", session });
  }

  /** An intent as an `IntentQueue` shows it: `bytes[from, to)` is copied. */
  intent(session: number, bytes: Uint8Array, from: number, to: number): void {
    this.#inputs.addIntent(session, bytes, from, to);
  }

  /** Some session needs the region whole. */
  askKeyframe(region: number): void {
    const askedAt = this.#askedAt[region]!;
    const now = this.newest.tick;
    if (askedAt >= 0 && now - askedAt < keyframeRetryTicks) return;
    this.#askedAt[region] = Math.max(0, now);
    this.#keyframes.push(region);
  }

  /** A session needs its `self`, entity id and position whole. */
  askSelf(session: number): void {
    this.#selves.push(session);
  }

  /** Some session wants digests; to be said again for each batch. */
  askDigests(): void {
    this.#wantsDigests = true;
  }

  /** Writes what gathered into a batch and begins the next one. */
  writeBatch(writer: ByteWriter, head: { realm: number; gateway: number }): void {
    writer.reset();
    const header = {
      kind: batchKind.intents,
      realm: head.realm,
      zone: this.zone,
      peer: head.gateway,
      epoch: this.#epoch,
      sequence: ++this.#sequence,
    };
    const wishes = { wantsDigests: this.#wantsDigests, keyframes: this.#keyframes, selves: this.#selves };
    writeGatheredBatch(writer, { header, ...wishes }, this.#inputs);
    this.#inputs.clear();
    this.#keyframes.length = 0;
    this.#selves.length = 0;
    this.#wantsDigests = false;
  }
}
