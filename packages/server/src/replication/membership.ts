/**
 * Who is in which region, and who came and went lately.
 *
 * Owns: members of each region in id order, the log of enters and leaves of the longest window, hysteresis.
 * Invariant: derived from positions; not saved. After a restore everyone enters anew and viewers get keyframes.
 * Invariant: logs reach back `strideTicksMax` ticks and no farther. No allocation per coming or going once they grew.
 * hot path
 */
import { lowerBound, type RegionGrid, strideTicksMax } from "@myriad/protocol";
import { RegionTree } from "./region-tree.ts";

/** Hysteresis of a small region is at most this share of its side: else nobody would ever cross a region of 2 m. */
const hysteresisShareMax = 1 / 8;

/** Comings or goings, oldest first: `ids[i]` at `ticks[i]`, `count` of them. */
export class EventLog {
  ticks = new Int32Array(8);
  ids = new Int32Array(8);
  count = 0;

  push(tick: number, id: number): void {
    if (this.count === this.ids.length) {
      this.ticks = widened(this.ticks);
      this.ids = widened(this.ids);
    }
    this.ticks[this.count] = tick;
    this.ids[this.count++] = id;
  }

  dropBefore(tick: number): void {
    let gone = 0;
    while (gone < this.count && this.ticks[gone]! <= tick) gone++;
    if (gone === 0) return;
    this.ticks.copyWithin(0, gone, this.count);
    this.ids.copyWithin(0, gone, this.count);
    this.count -= gone;
  }
}

/** Members of one region. */
export class RegionMembers {
  /** Ids in ascending order, `count` of them. */
  ids = new Int32Array(16);
  count = 0;
  /** Tick of the last change of a member or of the membership itself. */
  activeTick = 0;
  /** Tick of the last coming or going. */
  eventTick = 0;
  readonly enters = new EventLog();
  readonly leaves = new EventLog();

  insert(id: number): void {
    const at = lowerBound(this.ids, this.count, id);
    if (this.count === this.ids.length) this.ids = widened(this.ids);
    this.ids.copyWithin(at + 1, at, this.count);
    this.ids[at] = id;
    this.count++;
  }

  remove(id: number): void {
    const at = lowerBound(this.ids, this.count, id);
    if (at >= this.count || this.ids[at] !== id) return;
    this.ids.copyWithin(at, at + 1, this.count);
    this.count--;
  }

  has(id: number): boolean {
    const at = lowerBound(this.ids, this.count, id);
    return at < this.count && this.ids[at] === id;
  }

  clear(): void {
    this.count = 0;
    this.activeTick = 0;
    this.eventTick = 0;
    this.enters.count = 0;
    this.leaves.count = 0;
  }
}

export class Membership {
  readonly grid: RegionGrid;
  readonly tree: RegionTree;
  /** By region; those of regions that do not exist are empty. */
  readonly regions: RegionMembers[];
  /** Metres by which an entity must be outside its region before it belongs to another. */
  readonly #hysteresisM: number;
  #oldestLogTick = 0;

  constructor(grid: RegionGrid, hysteresisM: number) {
    this.grid = grid;
    this.tree = new RegionTree(grid);
    this.#hysteresisM = hysteresisM;
    this.regions = Array.from({ length: grid.count }, () => new RegionMembers());
  }

  /** The region an entity belongs to now: its old one while it is within the hysteresis, else the one that holds the point. */
  regionFor(current: number, x: number, y: number): number {
    if (current < 0) return this.tree.at(x, y);
    const left = this.tree.lefts[current]!;
    const top = this.tree.tops[current]!;
    const sizeM = this.tree.sizes[current]!;
    const slack = Math.min(this.#hysteresisM, sizeM * hysteresisShareMax);
    const isInside =
      x >= left - slack && y >= top - slack && x < left + sizeM + slack && y < top + sizeM + slack;
    return isInside ? current : this.tree.at(x, y);
  }

  enter(region: number, id: number, tick: number): void {
    const members = this.regions[region]!;
    members.insert(id);
    members.enters.push(tick, id);
    members.activeTick = tick;
    members.eventTick = tick;
  }

  leave(region: number, id: number, tick: number): void {
    const members = this.regions[region]!;
    members.remove(id);
    members.leaves.push(tick, id);
    members.activeTick = tick;
    members.eventTick = tick;
  }

  /**
   * Splits a leaf; its members go into the quarters that `quadrantOf` says, which is no coming or going. `tick` is the
   * last change of any of them: their blocks go on where the whole's ended.
   * @returns The first quarter, or 0 when there is no room.
   */
  split(region: number, tick: number, quadrantOf: (id: number) => number): number {
    const { tree, regions } = this;
    const first = tree.freeQuad();
    if (first === 0 || !tree.split(region, first, tick)) return 0;
    while (regions.length < first + 4) regions.push(new RegionMembers());
    const whole = regions[region]!;
    for (let quarter = first; quarter < first + 4; quarter++) {
      regions[quarter]!.clear();
      regions[quarter]!.activeTick = whole.activeTick;
    }
    // Members come in id order, so each quarter's are in order too.
    for (let i = 0; i < whole.count; i++) regions[first + quadrantOf(whole.ids[i]!)]!.insert(whole.ids[i]!);
    whole.clear();
    return first;
  }

  /** Takes a region's four quarters, leaves all, back into it. False when they are none. */
  merge(region: number, tick: number): boolean {
    const { tree, regions } = this;
    const first = tree.firstOf(region);
    if (!tree.merge(region, tick)) return false;
    const whole = regions[region]!;
    whole.clear();
    for (let quarter = first; quarter < first + 4; quarter++) {
      const part = regions[quarter]!;
      for (let i = 0; i < part.count; i++) whole.insert(part.ids[i]!);
      whole.activeTick = Math.max(whole.activeTick, part.activeTick);
      part.clear();
    }
    return true;
  }

  /** Forgets events that no window can reach any more. */
  forget(tick: number): void {
    // Once per longest window is enough: logs then hold at most two windows.
    if (tick - this.#oldestLogTick < strideTicksMax) return;
    this.#oldestLogTick = tick;
    const oldest = tick - strideTicksMax;
    for (const members of this.regions) {
      if (members.eventTick === 0) continue;
      members.enters.dropBefore(oldest);
      members.leaves.dropBefore(oldest);
    }
  }
}

function widened(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(numbers.length * 2);
  wider.set(numbers);
  return wider;
}
