/**
 * What one session sees of one zone: which regions, at which level, and what the client has of each.
 *
 * For each region (leaf) near the viewer:
 *   ring    the ring that its distance asks for (0 none, else ring + 1)
 *   wanted  the level that the ring and the room on the line ask for (0 none, else level + 1)
 *   steady  the level whose blocks the client gets, complete up to `lastTick` (0 none)
 *   has     whether the client holds the region at all
 * A region where `steady` differs from `wanted` is unsettled: it changes for free when the plan allows it, else it waits
 * for a keyframe, at its old level if it has one.
 * Invariant: a block is only composed for a steady region, so it always continues what the client has.
 * Invariant: the list of regions is that of the zone's tree after `lastTick`; splits and merges carry over what is steady.
 * Invariant: memory follows the view's size, not the zone's. No allocation in a tick without changes. // hot path
 */
import { type RegionGrid, strideTicksMax } from "@myriad/protocol";
import { importanceUsual } from "../replication/importance.ts";
import type { RegionTree } from "../replication/region-tree.ts";
import type { KeptFrame, KeptReshape } from "./kept-frame.ts";
import { beginRuns, extend, newRuns, type Runs } from "./runs.ts";
import {
  distanceField,
  distanceMax,
  hasField,
  regionField,
  ringField,
  sinceField,
  spareCells,
  steadyField,
  stepsPerM,
  ViewCells,
  wantedField,
  width,
} from "./view-cells.ts";
import { introRimM, type ViewPlan } from "./view-plan.ts";

/** Ticks after a keyframe in the midst of a view for which newcomers around it are told in full: see replicator.ts. */
const introTicks = 3 * strideTicksMax;
/**
 * What a refresh of one entity that moves is taken to cost, bits. Measured are 16 nearby to 35 at the longest strides, and
 * who leaps costs more. Rather too much: a plan too small is widened when that is seen, one too large fills the line first.
 */
const updateBits = 40;
/** What a block costs beside its entities, bits. */
const blockBits = 40;

/** What regions of a zone weigh, by region; the newest that the zone said. */
export interface RegionWeights {
  readonly loads: Uint8Array;
  readonly importance: Uint8Array;
}

export class ZoneView {
  readonly grid: RegionGrid;
  readonly tree: RegionTree;
  readonly plan: ViewPlan;
  /** Last tick of the zone that was composed; −1 before the first. */
  lastTick = -1;
  /** Regions where steady differs from wanted. */
  unsettled = 0;
  /** Regions that the client holds and no longer sees, to be told once. */
  readonly drops: number[] = [];
  /** Splits and merges that the client takes part in, to be told in the part that is being composed. */
  readonly reshapes: KeptReshape[] = [];
  /** Regions whose keyframe goes into the part that is being composed, nearest ring first. */
  readonly keyframes: number[] = [];
  readonly blocks: Runs;
  /** Levels of the blocks that the client gets, one bit each. */
  levelBits = 0;
  readonly #intros: Runs;
  /** Up to this tick something in the midst of the view is unknown, or was lately. */
  introsUntil = -1;
  #x = 0;
  #y = 0;
  /** Version of the tree that the list of regions was made of. */
  treeVersion = -1;
  readonly #cells = new ViewCells();
  /** Whether the runs of blocks are older than the list. */
  #isChanged = false;
  /** Whether those of intros are: they are made when a frame has any. */
  #areIntrosOld = true;
  /** Whether those were made while something in the midst was unknown. */
  #hasYoung = false;
  /** Rings with something unsettled, one bit each. */
  #unsettledRings = 0;

  constructor(tree: RegionTree, plan: ViewPlan) {
    this.tree = tree;
    this.grid = tree.grid;
    this.plan = plan;
    this.blocks = newRuns(plan.levels.length);
    this.#intros = newRuns(plan.levels.length);
  }

  /** The ring in which a cell of the grid lies, as an index; −1 when it is out of view. Without hysteresis: for news. */
  ringOf(cell: number): number {
    return this.plan.ringAt(this.#squareTo(cell), 0) - 1;
  }

  /** The level that is asked for in a region; −1 when it is not in view. */
  levelAt(region: number): number {
    const at = this.#cells.find(region);
    return at < 0 ? -1 : this.#cells.data[at + wantedField]! - 1;
  }

  /** The level whose blocks the client gets of a region; −1 for none. For tests and operators. */
  steadyAt(region: number): number {
    const at = this.#cells.find(region);
    return at < 0 ? -1 : this.#cells.data[at + steadyField]! - 1;
  }

  /** The viewer is at a new place, or the tree changed: lists the regions in reach again. Levels are chosen by `assign`. */
  moveTo(x: number, y: number): void {
    this.#x = x;
    this.#y = y;
    const { grid, plan, tree } = this;
    const { sizeM, bounds } = grid;
    const reach = plan.reachM;
    const column = clamp(Math.floor((x - reach - bounds.x) / sizeM), grid.columns);
    const row = clamp(Math.floor((y - reach - bounds.y) / sizeM), grid.rows);
    const columnEnd = clamp(Math.floor((x + reach - bounds.x) / sizeM), grid.columns);
    const rowEnd = clamp(Math.floor((y + reach - bounds.y) / sizeM), grid.rows);
    const old = this.#cells;
    const next = spareCells;
    old.lend(grid.capacity);
    next.length = 0;
    for (let cellRow = row; cellRow <= rowEnd; cellRow++) {
      const left = cellRow * grid.columns;
      for (let cellColumn = column; cellColumn <= columnEnd; cellColumn++)
        this.#list(next, left + cellColumn, old);
    }
    this.#dropUnlisted(old);
    if (old.copyFrom(next)) this.#isChanged = true;
    this.#areIntrosOld = true;
    this.treeVersion = tree.version;
  }

  /** The viewer is too far away from this zone: nothing is in view, and what the client holds is dropped. */
  leave(): void {
    this.#cells.lend(this.grid.capacity);
    this.#dropUnlisted(this.#cells);
    this.#cells.length = 0;
    this.#changed();
  }

  /**
   * Bits per tick that the view is taken to cost when strides double with each doubling of the square of the distance
   * beyond `nearM`, with `crowding` more doublings everywhere.
   */
  costAt(weights: RegionWeights, nearM: number, crowding: number, strideMin: number): number {
    const { data, length } = this.#cells;
    let bits = 0;
    for (let at = 0; at < length; at += width) {
      const number = data[at + regionField]!;
      // Where nobody moves no block is written.
      if (weights.loads[number] === 0) continue;
      const doublings = crowding + doublingsAt(data[at + distanceField]!, weights.importance[number]!, nearM);
      const { strideTicks } =
        this.plan.levels[this.plan.levelFor(data[at + ringField]!, doublings, strideMin)]!;
      bits += (weights.loads[number]! * updateBits + blockBits) / strideTicks;
    }
    return bits;
  }

  /** Chooses the level of each region: the arguments are those of `costAt`. */
  assign(weights: RegionWeights, nearM: number, crowding: number, strideMin: number): void {
    const { data, length } = this.#cells;
    for (let at = 0; at < length; at += width) {
      const doublings =
        crowding +
        doublingsAt(data[at + distanceField]!, weights.importance[data[at + regionField]!]!, nearM);
      data[at + wantedField] = this.plan.levelFor(data[at + ringField]!, doublings, strideMin) + 1;
    }
    this.#count();
  }

  /** What the client has can no longer be continued: every region waits for a keyframe. */
  invalidate(): void {
    this.#cells.clear(steadyField);
    this.#changed();
  }

  /** The zone began anew: ticks after `lastTick` are to come, regions are what the tree says now. */
  restart(lastTick: number): void {
    this.#cells.clear(steadyField);
    this.lastTick = lastTick;
    if (this.#cells.length > 0) this.moveTo(this.#x, this.#y);
    this.#changed();
  }

  /** The client holds nothing any more, as after a resume. */
  forgetClient(): void {
    this.#cells.clear(hasField);
    this.drops.length = 0;
    this.invalidate();
  }

  /**
   * Ticks in (lastTick, tick) were not composed: call when the tree is as it is after `tick`. Levels that were due in
   * them have a gap, and so have regions that are new.
   */
  skipTo(tick: number): void {
    const { data, length } = this.#cells;
    const { phases } = this.tree;
    for (let at = 0; at < length; at += width) {
      if (data[at + steadyField] === 0) continue;
      const phase = phases[data[at + regionField]!]!;
      const wasDue = this.plan.wasDue(data[at + steadyField]! - 1, this.lastTick + phase, tick - 1 + phase);
      if (wasDue) data[at + steadyField] = 0;
    }
    // The list of regions may be an old one. Who has left sees none, and stays so.
    if (length > 0) this.moveTo(this.#x, this.#y);
    this.#changed();
  }

  /** Takes over the splits and merges of a tick, which happened before anything else of it. */
  reshape(frame: KeptFrame): void {
    for (let i = 0; i < frame.reshapeCount; i++) {
      const reshape = frame.reshapes[i]!;
      if (reshape.isMerge) this.#merge(reshape);
      else this.#split(reshape);
    }
    this.#changed();
  }

  /** Whether a frame holds nothing for this view and can be passed over: most of the ticks between two client frames. */
  isIdleIn(frame: KeptFrame): boolean {
    return (
      (this.levelBits & frame.levelBits) === 0 &&
      !this.#isChanged &&
      this.drops.length === 0 &&
      frame.reshapeCount === 0 &&
      !this.canSettle(frame)
    );
  }

  /** Whether `settle` may find something in a frame: levels change behind ticks in which all strides up to four were due. */
  canSettle(frame: KeptFrame): boolean {
    if (this.unsettled === 0) return false;
    // A view that lacks something in its midst is in a hurry; at its edge a fifth of a second is nothing.
    const isHurried = frame.keyframes.length > 0 || frame.tick <= this.introsUntil;
    return isHurried || ((frame.tick + this.tree.phases[0]!) & 3) === 1;
  }

  /**
   * Settles what can be settled in the frame of tick `lastTick + 1` or later: free changes of level, and keyframes that
   * the frame holds, up to `keyframeBytesMax` bytes but at least one. Regions that still need one are shown to `request`.
   * @returns Bytes of the keyframes chosen.
   */
  settle(frame: KeptFrame, keyframeBytesMax: number, request: (region: number) => void): number {
    const { data, length } = this.#cells;
    const { phases } = this.tree;
    let bytes = 0;
    this.keyframes.length = 0;
    for (let nearness = 1; nearness <= this.plan.rings; nearness++) {
      if ((this.#unsettledRings & (1 << nearness)) === 0) continue;
      for (let at = 0; at < length; at += width) {
        const want = data[at + wantedField]!;
        const now = data[at + steadyField]!;
        if (data[at + ringField] !== nearness || now === want) continue;
        const number = data[at + regionField]!;
        if (now > 0 && this.plan.mayChange(now - 1, want - 1, frame.tick - 1 + phases[number]!)) {
          data[at + steadyField] = want;
          this.#isChanged = true;
          continue;
        }
        if (now > 0 && this.plan.coversChannels(now - 1, want - 1)) continue;
        const from = frame.keyframeFrom(number);
        const size = frame.keyframeTo(number) - from;
        if (from >= 0 && (bytes === 0 || bytes + size <= keyframeBytesMax)) {
          this.keyframes.push(number);
          bytes += size;
          // Its block of this tick says nothing that the keyframe does not.
          data[at + steadyField] = 0;
          data[at + hasField] = 1;
          this.#isChanged = true;
        } else {
          request(number);
        }
      }
    }
    return bytes;
  }

  /** Brings the runs up to date with what is steady; call before composing. */
  refresh(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const { data, length } = this.#cells;
    beginRuns(this.blocks, data, length);
    this.#areIntrosOld = true;
    this.levelBits = 0;
    for (let at = 0; at < length; at += width) {
      const level = data[at + steadyField]! - 1;
      if (level < 0) continue;
      const number = data[at + regionField]!;
      this.levelBits |= 1 << level;
      extend(this.blocks, level, number);
    }
  }

  /** The regions whose intros the client needs at a tick. */
  introsAt(tick: number): Runs {
    const isYoung = tick <= this.introsUntil;
    if (this.#areIntrosOld || this.#hasYoung !== isYoung) this.#refreshIntros(isYoung);
    return this.#intros;
  }

  /** The part of `tick` was composed: what it carried counts as had. */
  composed(tick: number): void {
    this.lastTick = tick;
    this.drops.length = 0;
    this.reshapes.length = 0;
    if (this.keyframes.length === 0) return;
    const { data } = this.#cells;
    for (const number of this.keyframes) {
      const at = this.#cells.find(number);
      if (at < 0) continue;
      data[at + steadyField] = data[at + wantedField]!;
      data[at + sinceField] = tick;
      if (!this.plan.isRim(data[at + ringField]!, data[at + distanceField]! / stepsPerM))
        this.introsUntil = Math.max(this.introsUntil, tick + introTicks);
    }
    this.keyframes.length = 0;
    this.#changed();
  }

  #refreshIntros(isYoung: boolean): void {
    this.#areIntrosOld = false;
    this.#hasYoung = isYoung;
    if (isYoung) this.#markYoung();
    const { data, length } = this.#cells;
    const { sizes } = this.tree;
    beginRuns(this.#intros, data, length);
    for (let at = 0; at < length; at += width) {
      const level = data[at + steadyField]! - 1;
      if (level < 0) continue;
      const number = data[at + regionField]!;
      const distanceM = data[at + distanceField]! / stepsPerM;
      if (
        this.plan.takesIntros(data[at + ringField]!, distanceM, sizes[number]!) ||
        (isYoung && this.#isNearYoung(number))
      )
        extend(this.#intros, level, number);
    }
  }

  /** Marks the cells around what is unknown in the midst of the view, or was until lately: who comes from there may be. */
  #markYoung(): void {
    const { data, length } = this.#cells;
    const { lefts, tops, sizes } = this.tree;
    const { grid, plan, lastTick } = this;
    if (marks.length < grid.count) marks = new Uint32Array(grid.count);
    mark = (mark + 1) >>> 0;
    for (let at = 0; at < length; at += width) {
      const ticksKnown = (lastTick - data[at + sinceField]!) & 0xffff;
      if (ticksKnown >= introTicks && this.#isKnown(at)) continue;
      if (plan.isRim(data[at + ringField]!, data[at + distanceField]! / stepsPerM)) continue;
      const number = data[at + regionField]!;
      const far = sizes[number]! + introRimM;
      const first = grid.at(lefts[number]! - introRimM, tops[number]! - introRimM);
      const last = grid.at(lefts[number]! + far, tops[number]! + far);
      const columns = (last % grid.columns) - (first % grid.columns);
      for (let row = first; row <= last; row += grid.columns)
        for (let cell = row; cell <= row + columns; cell++) marks[cell] = mark;
    }
  }

  /** Whether a region's cell is marked. */
  #isNearYoung(number: number): boolean {
    const { lefts, tops, sizes } = this.tree;
    const half = sizes[number]! / 2;
    return marks[this.grid.at(lefts[number]! + half, tops[number]! + half)] === mark;
  }

  /** Whether the client has all channels that are asked for in a listed region. */
  #isKnown(at: number): boolean {
    const { data } = this.#cells;
    const now = data[at + steadyField]!;
    return now > 0 && this.plan.coversChannels(now - 1, data[at + wantedField]! - 1);
  }

  /** Lists a region's leaves that are in reach; what the client has of them is taken over from the old list. */
  #list(next: ViewCells, number: number, old: ViewCells): void {
    const first = this.tree.firstOf(number);
    if (first !== 0) {
      for (let quarter = first; quarter < first + 4; quarter++) this.#list(next, quarter, old);
      return;
    }
    // A region that is younger than what was composed last is another than the client knows by this number.
    const bornTick = this.tree.bornTick[number]!;
    const from = bornTick <= this.lastTick || bornTick === 0 ? old.lent(number) : -1;
    const square = this.#squareTo(number);
    const nearness = this.plan.ringAt(square, from < 0 ? 0 : old.data[from + ringField]!);
    // Without a ring nothing is listed, and what the client has of it will be dropped.
    if (nearness === 0) return;
    const at = next.push();
    const { data } = next;
    const distanceM = Math.sqrt(square);
    data[at + regionField] = number;
    data[at + ringField] = nearness;
    data[at + distanceField] = Math.min(distanceMax, Math.round(distanceM * stepsPerM));
    if (from < 0) {
      data[at + wantedField] = this.plan.levelFor(nearness, 0, 1) + 1;
      data[at + steadyField] = 0;
      data[at + hasField] = 0;
      data[at + sinceField] = this.lastTick - introTicks;
      return;
    }
    data[at + wantedField] = old.data[from + wantedField]!;
    data[at + steadyField] = old.data[from + steadyField]!;
    data[at + hasField] = old.data[from + hasField]!;
    data[at + sinceField] = old.data[from + sinceField]!;
    old.take(number);
    // What was at the edge of the view a moment ago is in the midst of it.
    const ticksKnown = (this.lastTick - data[at + sinceField]!) & 0xffff;
    if (ticksKnown < introTicks && !this.plan.isRim(nearness, distanceM))
      this.introsUntil = Math.max(this.introsUntil, this.lastTick + introTicks - ticksKnown);
  }

  /** What was not taken over is no longer seen. */
  #dropUnlisted(old: ViewCells): void {
    const { data, length } = old;
    for (let at = 0; at < length; at += width) {
      if (!old.isTaken(at) && data[at + hasField] === 1) this.drops.push(data[at + regionField]!);
    }
    old.giveBack();
  }

  #split(reshape: KeptReshape): void {
    const cells = this.#cells;
    const at = cells.find(reshape.region);
    if (at < 0) return;
    const isSteady = cells.data[at + steadyField] !== 0 && cells.data[at + hasField] === 1;
    if (isSteady) this.reshapes.push(reshape);
    else if (cells.data[at + hasField] === 1) this.drops.push(reshape.region);
    if (!isSteady) {
      cells.data[at + steadyField] = 0;
      cells.data[at + hasField] = 0;
    }
    cells.repeat(at, 3);
    for (let quadrant = 0; quadrant < 4; quadrant++)
      cells.data[at + quadrant * width + regionField] = reshape.first + quadrant;
  }

  #merge(reshape: KeptReshape): void {
    const cells = this.#cells;
    const { first } = reshape;
    let isWhole = true;
    let level = 0;
    let listed = 0;
    for (let quarter = first; quarter < first + 4; quarter++) {
      const at = cells.find(quarter);
      if (at >= 0) listed++;
      const now = at < 0 ? 0 : cells.data[at + steadyField]!;
      if (now === 0 || cells.data[at + hasField] === 0) isWhole = false;
      // The level whose channels all four have: rings' channels are nested.
      else if (level === 0 || this.plan.coversChannels(level - 1, now - 1)) level = now;
    }
    if (listed === 0) return;
    if (isWhole) this.reshapes.push(reshape);
    for (let quarter = first; quarter < first + 4; quarter++) {
      const at = cells.find(quarter);
      if (at < 0) continue;
      if (!isWhole && cells.data[at + hasField] === 1) this.drops.push(quarter);
      if (--listed > 0) {
        cells.remove(at);
        continue;
      }
      cells.data[at + regionField] = reshape.region;
      cells.data[at + steadyField] = isWhole ? level : 0;
      cells.data[at + hasField] = isWhole ? 1 : 0;
    }
  }

  /** Squared metres from the viewer to the nearest point of a region. */
  #squareTo(number: number): number {
    const left = this.tree.lefts[number]!;
    const top = this.tree.tops[number]!;
    const sizeM = this.tree.sizes[number]!;
    const x = this.#x;
    const y = this.#y;
    const dx = x < left ? left - x : x > left + sizeM ? x - left - sizeM : 0;
    const dy = y < top ? top - y : y > top + sizeM ? y - top - sizeM : 0;
    return dx * dx + dy * dy;
  }

  #changed(): void {
    this.#isChanged = true;
    this.#count();
  }

  /** Counts what is unsettled, and sees whether something is unknown in the midst of the view. */
  #count(): void {
    const { data, length } = this.#cells;
    let unsettled = 0;
    this.#unsettledRings = 0;
    for (let at = 0; at < length; at += width) {
      const now = data[at + steadyField]!;
      if (data[at + wantedField] === now) continue;
      const nearness = data[at + ringField]!;
      unsettled++;
      this.#unsettledRings |= 1 << nearness;
      if (this.#isKnown(at) || this.plan.isRim(nearness, data[at + distanceField]! / stepsPerM)) continue;
      // Until long after it is known, newcomers around it are told in full.
      this.introsUntil = Math.max(this.introsUntil, this.lastTick + introTicks);
      this.#areIntrosOld = true;
    }
    this.unsettled = unsettled;
  }
}

/** By cell of a grid: the number of the last look at a view that found something young near it. One for all views. */
let marks = new Uint32Array(256);
let mark = 0;

/** How often the stride doubles at a distance (1/32 m): not within `nearM`, then once for each factor √2. */
function doublingsAt(distanceSteps: number, importance: number, nearM: number): number {
  const ratio = distanceSteps / (nearM * stepsPerM);
  const square = importance === 0 ? ratio * ratio : (ratio * ratio * importanceUsual) / importance;
  if (!(square > 1)) return 0;
  return square >= 32 ? 5 : 32 - Math.clz32(Math.ceil(square) - 1);
}

function clamp(value: number, count: number): number {
  return value < 0 ? 0 : value >= count ? count - 1 : value;
}
