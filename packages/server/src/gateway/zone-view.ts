/**
 * What one session sees of one zone: which regions, at which level, and what the client has of each.
 *
 * A box of regions around the viewer holds three facts per region:
 *   wanted  the ring that the viewer's place asks for (0 none, else level + 1)
 *   steady  the ring whose blocks the client gets, complete up to `lastTick` (0 none)
 *   has     whether the client holds the region at all
 * A region where `steady` differs from `wanted` is unsettled: it changes for free when the plan allows it, else it waits
 * for a keyframe, at its old level if it has one.
 * Invariant: a block is only composed for a steady region, so it always continues what the client has.
 * Invariant: memory follows the view's size, not the zone's. No allocation in a tick without changes. // hot path
 */
import { type RegionGrid, strideTicksMax } from "@myriad/protocol";
import type { KeptFrame } from "./kept-frame.ts";
import type { ViewPlan } from "./view-plan.ts";

/** Regions by level as ranges [start, end): pairs in `spans`, those of a level from `starts[level]` to `ends[level]`. */
export interface Runs {
  readonly spans: Uint16Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

interface Box {
  column: number;
  row: number;
  width: number;
  height: number;
  readonly wanted: Uint8Array;
  readonly steady: Uint8Array;
  readonly has: Uint8Array;
}

export class ZoneView {
  readonly grid: RegionGrid;
  readonly plan: ViewPlan;
  /** Last tick of the zone that was composed; −1 before the first. */
  lastTick = -1;
  /** Regions where steady differs from wanted. */
  unsettled = 0;
  /** Regions that the client holds and no longer sees, to be told once. */
  readonly drops: number[] = [];
  /** Regions whose keyframe goes into the part that is being composed, nearest level first. */
  readonly keyframes: number[] = [];
  readonly blocks: Runs;
  readonly #intros: Runs;
  #areIntrosOld = false;
  /** Up to this tick every steady region gets its intros: its neighbours changed a moment ago. */
  introsUntil = -1;
  #box: Box;
  #spare: Box;
  #isChanged = false;
  /** The same by wanted ring. */
  readonly #unsettledOf: Uint16Array;

  constructor(grid: RegionGrid, plan: ViewPlan) {
    this.grid = grid;
    this.plan = plan;
    const side = Math.ceil((2 * plan.reachM) / grid.sizeM) + 2;
    const cells = Math.min(side, grid.columns) * Math.min(side, grid.rows);
    this.#box = newBox(cells);
    this.#spare = newBox(cells);
    this.#unsettledOf = new Uint16Array(plan.levels.length + 1);
    this.blocks = newRuns(plan.levels.length, cells);
    this.#intros = newRuns(plan.levels.length, cells);
  }

  /** The ring that the viewer's place asks for, as a level; −1 when the region is not in view. */
  levelAt(region: number): number {
    const cell = this.#cellOf(region);
    return cell < 0 ? -1 : this.#box.wanted[cell]! - 1;
  }

  /** The level whose blocks the client gets of a region; −1 for none. For tests and operators. */
  steadyAt(region: number): number {
    const cell = this.#cellOf(region);
    return cell < 0 ? -1 : this.#box.steady[cell]! - 1;
  }

  /** The viewer is at a new place: computes every ring again. Costs one distance per region of the box. */
  moveTo(x: number, y: number): void {
    const { grid, plan } = this;
    const { sizeM, bounds } = grid;
    const reach = plan.reachM;
    const column = clamp(Math.floor((x - reach - bounds.x) / sizeM), grid.columns);
    const row = clamp(Math.floor((y - reach - bounds.y) / sizeM), grid.rows);
    const columnEnd = clamp(Math.floor((x + reach - bounds.x) / sizeM), grid.columns) + 1;
    const rowEnd = clamp(Math.floor((y + reach - bounds.y) / sizeM), grid.rows) + 1;
    this.#refill(column, row, columnEnd - column, rowEnd - row, (cellColumn, cellRow, current) => {
      const left = bounds.x + cellColumn * sizeM;
      const top = bounds.y + cellRow * sizeM;
      const dx = Math.max(left - x, 0, x - (left + sizeM));
      const dy = Math.max(top - y, 0, y - (top + sizeM));
      return plan.ringAt(dx * dx + dy * dy, current);
    });
  }

  /** The viewer is too far away from this zone: nothing is in view, and what the client holds is dropped. */
  leave(): void {
    this.#refill(0, 0, 0, 0, () => 0);
  }

  /** What the client has can no longer be continued: every region waits for a keyframe. */
  invalidate(): void {
    this.#box.steady.fill(0);
    this.#changed();
  }

  /** The client holds nothing any more, as after a resume. */
  forgetClient(): void {
    this.#box.has.fill(0);
    this.drops.length = 0;
    this.invalidate();
  }

  /** Ticks in (lastTick, tick) were not composed: levels that were due in them have a gap. */
  skipTo(tick: number): void {
    const { steady } = this.#box;
    let isChanged = false;
    for (let level = 0; level < this.plan.levels.length; level++) {
      if (!this.plan.wasDue(level, this.lastTick, tick - 1)) continue;
      for (let cell = 0; cell < this.#cells; cell++) {
        if (steady[cell] !== level + 1) continue;
        steady[cell] = 0;
        isChanged = true;
      }
    }
    if (isChanged) this.#changed();
  }

  /**
   * Settles what can be settled in the frame of tick `lastTick + 1` or later: free changes of level, and keyframes that
   * the frame holds, up to `keyframeBytesMax` bytes but at least one. Regions that still need one are shown to `request`.
   * @returns Bytes of the keyframes chosen.
   */
  settle(frame: KeptFrame, keyframeBytesMax: number, request: (region: number) => void): number {
    const box = this.#box;
    let bytes = 0;
    this.keyframes.length = 0;
    const cells = this.#cells;
    for (let ring = 1; ring <= this.plan.levels.length; ring++) {
      if (this.#unsettledOf[ring] === 0) continue;
      for (let cell = 0; cell < cells; cell++) {
        if (box.wanted[cell] !== ring || box.steady[cell] === ring) continue;
        const steady = box.steady[cell]!;
        if (steady > 0 && this.plan.mayChange(steady - 1, ring - 1, frame.tick - 1)) {
          box.steady[cell] = ring;
          this.#isChanged = true;
          continue;
        }
        if (steady > 0 && this.plan.coversChannels(steady - 1, ring - 1)) continue;
        const region = this.#regionOf(cell);
        const from = frame.keyframeFrom(region);
        const length = frame.keyframeTo(region) - from;
        if (from >= 0 && (bytes === 0 || bytes + length <= keyframeBytesMax)) {
          this.keyframes.push(region);
          bytes += length;
          // Its block of this tick says nothing that the keyframe does not.
          box.steady[cell] = 0;
          box.has[cell] = 1;
          this.#isChanged = true;
        } else {
          request(region);
        }
      }
    }
    return bytes;
  }

  /** Brings the runs up to date with what is steady; call before composing. */
  refresh(tick: number): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    this.introsUntil = tick + strideTicksMax;
    this.#areIntrosOld = true;
    this.#list(this.blocks, () => true);
    this.#count();
  }

  /** The regions whose intros the client needs at a tick. Those beside unseen ones are found when they are first asked for. */
  introsAt(tick: number): Runs {
    if (tick <= this.introsUntil) return this.blocks;
    if (this.#areIntrosOld) {
      this.#areIntrosOld = false;
      this.#list(this.#intros, (column, row, ring) => this.#needsIntros(column, row, ring));
    }
    return this.#intros;
  }

  /** The part of `tick` was composed: what it carried counts as had. */
  composed(tick: number): void {
    this.lastTick = tick;
    this.drops.length = 0;
    if (this.keyframes.length === 0) return;
    for (const region of this.keyframes) {
      const cell = this.#cellOf(region);
      this.#box.steady[cell] = this.#box.wanted[cell]!;
    }
    this.keyframes.length = 0;
    this.#changed();
  }

  /** Lists the steady regions that are wanted. */
  #list(runs: Runs, isWanted: (cellColumn: number, cellRow: number, ring: number) => boolean): void {
    runs.ends.set(runs.starts);
    const { column, row, width, height, steady } = this.#box;
    for (let cellRow = 0, cell = 0; cellRow < height; cellRow++) {
      const left = (row + cellRow) * this.grid.columns + column;
      for (let cellColumn = 0; cellColumn < width; cellColumn++, cell++) {
        const ring = steady[cell]!;
        if (ring > 0 && isWanted(cellColumn, cellRow, ring)) extend(runs, ring - 1, left + cellColumn);
      }
    }
  }

  get #cells(): number {
    return this.#box.width * this.#box.height;
  }

  #changed(): void {
    this.#isChanged = true;
    this.#count();
  }

  #count(): void {
    const { wanted, steady } = this.#box;
    const cells = this.#cells;
    let unsettled = 0;
    this.#unsettledOf.fill(0);
    for (let cell = 0; cell < cells; cell++) {
      const ring = wanted[cell]!;
      if (ring === steady[cell]) continue;
      unsettled++;
      this.#unsettledOf[ring]!++;
    }
    this.unsettled = unsettled;
  }

  #regionOf(cell: number): number {
    const { column, row, width } = this.#box;
    return (row + Math.floor(cell / width)) * this.grid.columns + column + (cell % width);
  }

  #cellOf(region: number): number {
    const { column, row, width, height } = this.#box;
    const cellColumn = (region % this.grid.columns) - column;
    const cellRow = Math.floor(region / this.grid.columns) - row;
    const isInside = cellColumn >= 0 && cellColumn < width && cellRow >= 0 && cellRow < height;
    return isInside ? cellRow * width + cellColumn : -1;
  }

  /** Fills the spare box at its new place from the old one, and makes it the box. */
  #refill(
    column: number,
    row: number,
    width: number,
    height: number,
    ringAt: (column: number, row: number, current: number) => number,
  ): void {
    const old = this.#box;
    const box = this.#spare;
    box.column = column;
    box.row = row;
    box.width = width;
    box.height = height;
    const isSamePlace =
      old.column === column && old.row === row && old.width === width && old.height === height;
    if (!isSamePlace) this.#dropOutside(old, box);
    for (let cellRow = 0, cell = 0; cellRow < height; cellRow++) {
      const oldRow = cellRow + row - old.row;
      const isRowKept = oldRow >= 0 && oldRow < old.height;
      for (let cellColumn = 0; cellColumn < width; cellColumn++, cell++) {
        const oldColumn = cellColumn + column - old.column;
        const isKept = isRowKept && oldColumn >= 0 && oldColumn < old.width;
        const from = oldRow * old.width + oldColumn;
        const ring = ringAt(column + cellColumn, row + cellRow, isKept ? old.wanted[from]! : 0);
        box.wanted[cell] = ring;
        box.steady[cell] = isKept ? old.steady[from]! : 0;
        box.has[cell] = isKept ? old.has[from]! : 0;
        if (ring === 0 && box.has[cell] === 1) {
          this.drops.push((row + cellRow) * this.grid.columns + column + cellColumn);
          this.#isChanged = true;
          box.has[cell] = 0;
          box.steady[cell] = 0;
        }
      }
    }
    this.#box = box;
    this.#spare = old;
    this.#count();
  }

  /** Regions of the old box that the new one does not reach. */
  #dropOutside(old: Box, box: Box): void {
    for (let cell = 0; cell < old.width * old.height; cell++) {
      if (old.has[cell] === 0) continue;
      const cellColumn = old.column + (cell % old.width) - box.column;
      const cellRow = old.row + Math.floor(cell / old.width) - box.row;
      if (cellColumn >= 0 && cellColumn < box.width && cellRow >= 0 && cellRow < box.height) continue;
      this.drops.push(this.#regionOf(cell));
      this.#isChanged = true;
    }
  }

  /** Whether somebody may cross into the cell from a region that the client does not get at the same level or nearer. */
  #needsIntros(cellColumn: number, cellRow: number, ring: number): boolean {
    const { column, row, width, height, steady } = this.#box;
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const besideColumn = cellColumn + dx;
        const besideRow = cellRow + dy;
        const isInZone =
          column + besideColumn >= 0 &&
          column + besideColumn < this.grid.columns &&
          row + besideRow >= 0 &&
          row + besideRow < this.grid.rows;
        if (!isInZone) continue;
        if (besideColumn < 0 || besideColumn >= width || besideRow < 0 || besideRow >= height) return true;
        const beside = steady[besideRow * width + besideColumn]!;
        if (beside === 0 || beside > ring) return true;
      }
    }
    return false;
  }
}

function newBox(cells: number): Box {
  return {
    column: 0,
    row: 0,
    width: 0,
    height: 0,
    wanted: new Uint8Array(cells),
    steady: new Uint8Array(cells),
    has: new Uint8Array(cells),
  };
}

function newRuns(levels: number, cells: number): Runs {
  // Each level has room for as many ranges as there are regions: two numbers each.
  const starts = Uint32Array.from({ length: levels }, (_, level) => level * cells * 2);
  return { spans: new Uint16Array(levels * cells * 2), starts, ends: starts.slice() };
}

/** Adds a region to a level's runs; regions come in ascending order. */
function extend(runs: Runs, level: number, region: number): void {
  const { spans } = runs;
  const end = runs.ends[level]!;
  if (end > runs.starts[level]! && spans[end - 1] === region) {
    spans[end - 1] = region + 1;
    return;
  }
  spans[end] = region;
  spans[end + 1] = region + 1;
  runs.ends[level] = end + 2;
}

function clamp(value: number, count: number): number {
  return value < 0 ? 0 : value >= count ? count - 1 : value;
}
