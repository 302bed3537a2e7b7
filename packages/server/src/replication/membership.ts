/**
 * Who is in which region, and who came and went lately.
 *
 * Owns: members of each region in id order, the log of enters and leaves of the longest window, hysteresis.
 * Invariant: derived from positions; not saved. After a restore everyone enters anew and viewers get keyframes.
 * Invariant: logs reach back `strideTicksMax` ticks and no farther.
 */
import { lowerBound, type RegionGrid, strideTicksMax } from "@myriad/protocol";

/** One coming or going. Events of one tick and region keep their order. */
interface MemberEvent {
  readonly tick: number;
  readonly id: number;
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
  readonly enters: MemberEvent[] = [];
  readonly leaves: MemberEvent[] = [];

  insert(id: number): void {
    const at = lowerBound(this.ids, this.count, id);
    if (this.count === this.ids.length) {
      const wider = new Int32Array(this.count * 2);
      wider.set(this.ids);
      this.ids = wider;
    }
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
}

export class Membership {
  readonly grid: RegionGrid;
  readonly regions: readonly RegionMembers[];
  /** Metres by which an entity must be outside its region before it belongs to another. */
  readonly #hysteresisM: number;
  #oldestLogTick = 0;

  constructor(grid: RegionGrid, hysteresisM: number) {
    this.grid = grid;
    this.#hysteresisM = hysteresisM;
    this.regions = Array.from({ length: grid.count }, () => new RegionMembers());
  }

  /** The region an entity belongs to now: its old one while it is within the hysteresis, else the one that holds the point. */
  regionFor(current: number, x: number, y: number): number {
    const { grid } = this;
    const next = grid.at(x, y);
    if (next === current || current < 0) return next;
    const left = grid.left(current) - this.#hysteresisM;
    const top = grid.top(current) - this.#hysteresisM;
    const size = grid.sizeM + 2 * this.#hysteresisM;
    const isInside = x >= left && y >= top && x < left + size && y < top + size;
    return isInside ? current : next;
  }

  enter(region: number, id: number, tick: number): void {
    const members = this.regions[region]!;
    members.insert(id);
    members.enters.push({ tick, id });
    members.activeTick = tick;
    members.eventTick = tick;
  }

  leave(region: number, id: number, tick: number): void {
    const members = this.regions[region]!;
    members.remove(id);
    members.leaves.push({ tick, id });
    members.activeTick = tick;
    members.eventTick = tick;
  }

  /** Forgets events that no window can reach any more. */
  forget(tick: number): void {
    // Once per longest window is enough: logs then hold at most two windows.
    if (tick - this.#oldestLogTick < strideTicksMax) return;
    this.#oldestLogTick = tick;
    const oldest = tick - strideTicksMax;
    for (const members of this.regions) {
      if (members.eventTick === 0) continue;
      dropBefore(members.enters, oldest);
      dropBefore(members.leaves, oldest);
    }
  }
}

function dropBefore(events: MemberEvent[], tick: number): void {
  let count = 0;
  while (count < events.length && events[count]!.tick <= tick) count++;
  if (count > 0) events.splice(0, count);
}
