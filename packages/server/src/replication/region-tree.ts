/**
 * Which cells of a zone's grid are split, and into which regions. The zone keeps one; each gateway mirrors it.
 *
 * Owns: the numbers of quarters (four in a row, lowest free first), shapes, phases. A leaf is a region that is not split:
 * every entity is in exactly one.
 * Invariant: a quarter's number is given again only after a merge took it back, so what a tick says of a region is
 * unambiguous together with `bornTick`.
 */
import { phaseOf, regionDepthMax, type RegionGrid, type RegionShape } from "@myriad/protocol";

export class RegionTree {
  readonly grid: RegionGrid;
  /** Numbers from here on are not in use. */
  used: number;
  /** Grows with each split and merge. */
  version = 0;
  /** First tick at which a region was a leaf with this number; 0 from the beginning. */
  readonly bornTick: Float64Array;
  /** Ticks by which a region's blocks are shifted. */
  readonly phases: Uint8Array;
  /** First of a split region's quarters; 0 for a region that is not split. */
  readonly #first: Uint16Array;
  /** The region that four quarters make up, by their place; −1 for quarters that do not exist. */
  readonly #wholes: Int32Array;
  readonly #shapes: (RegionShape | undefined)[];
  /** West and north edges and sides of the regions that exist, metres: side by side, for whoever walks over many. */
  readonly lefts: Float64Array;
  readonly tops: Float64Array;
  readonly sizes: Float64Array;

  constructor(grid: RegionGrid) {
    this.grid = grid;
    this.used = grid.count;
    this.bornTick = new Float64Array(grid.capacity);
    this.phases = Uint8Array.from({ length: grid.capacity }, (_, region) => phaseOf(grid, region));
    this.#first = new Uint16Array(grid.capacity);
    this.#wholes = new Int32Array(grid.quadsMax).fill(-1);
    this.lefts = new Float64Array(grid.capacity);
    this.tops = new Float64Array(grid.capacity);
    this.sizes = new Float64Array(grid.capacity);
    this.#shapes = new Array<RegionShape | undefined>(grid.capacity).fill(undefined);
    for (let cell = 0; cell < grid.count; cell++) this.#place(cell, grid.shapeOf(cell));
  }

  /** Where a region lies that exists. */
  shapeOf(region: number): RegionShape {
    return this.#shapes[region]!;
  }

  exists(region: number): boolean {
    return this.#shapes[region] !== undefined;
  }

  isLeaf(region: number): boolean {
    return this.#first[region] === 0 && this.#shapes[region] !== undefined;
  }

  /** First of a region's quarters; 0 when it is not split. */
  firstOf(region: number): number {
    return this.#first[region]!;
  }

  /** The region that a quarter is part of; −1 for a cell. */
  wholeOf(region: number): number {
    return region < this.grid.count ? -1 : this.#wholes[(region - this.grid.count) >>> 2]!;
  }

  /** The leaf that holds a point. */
  at(x: number, y: number): number {
    let region = this.grid.at(x, y);
    for (let first = this.#first[region]!; first !== 0; first = this.#first[region]!) {
      region = first + (x >= this.lefts[first + 3]! ? 1 : 0) + (y >= this.tops[first + 3]! ? 2 : 0);
    }
    return region;
  }

  /** The cell of the grid that a region lies in, and the quadrants on the way down, two bits each. */
  pathOf(region: number): { cell: number; depth: number; path: number } {
    let path = 0;
    let depth = 0;
    let at = region;
    for (let whole = this.wholeOf(at); whole >= 0; whole = this.wholeOf(at)) {
      path |= ((at - this.grid.count) & 3) << (2 * depth);
      depth++;
      at = whole;
    }
    return { cell: at, depth, path };
  }

  /** A number for four quarters that is free; 0 when there is none. */
  freeQuad(): number {
    const quad = this.#wholes.indexOf(-1);
    return quad < 0 ? 0 : this.grid.count + 4 * quad;
  }

  /** Splits a leaf into the quarters from `first` on. False when that is not possible, and nothing changed. */
  split(region: number, first: number, tick: number): boolean {
    const { grid } = this;
    const shape = this.#shapes[region];
    const quad = (first - grid.count) >>> 2;
    if (shape === undefined || this.#first[region] !== 0 || shape.depth >= regionDepthMax) return false;
    if (!grid.isQuad(first) || this.#wholes[quad] !== -1) return false;
    this.#wholes[quad] = region;
    this.#first[region] = first;
    for (let quadrant = 0; quadrant < 4; quadrant++) {
      this.#place(first + quadrant, grid.quarterOf(shape, quadrant));
      this.bornTick[first + quadrant] = tick;
    }
    this.used = Math.max(this.used, first + 4);
    this.version++;
    return true;
  }

  /** Makes a region a leaf again whose quarters are leaves. False when that is not possible, and nothing changed. */
  merge(region: number, tick: number): boolean {
    const first = this.#first[region] ?? 0;
    if (first === 0) return false;
    for (let quarter = first; quarter < first + 4; quarter++) if (this.#first[quarter] !== 0) return false;
    this.#wholes[(first - this.grid.count) >>> 2] = -1;
    this.#first[region] = 0;
    for (let quarter = first; quarter < first + 4; quarter++) this.#shapes[quarter] = undefined;
    this.bornTick[region] = tick;
    while (this.used > this.grid.count && this.#shapes[this.used - 1] === undefined) this.used -= 4;
    this.version++;
    return true;
  }

  /** Forgets all splits and when they were: another owner of the zone counts from other ticks. */
  clear(): void {
    const splits: number[] = [];
    this.eachSplit((region) => splits.push(region));
    for (const region of splits.reverse()) this.merge(region, 0);
    this.bornTick.fill(0);
    this.version++;
  }

  /**
   * Makes the splits those of another tree: `pairs` holds a region and its first quarter each, wholes first, as `eachSplit`
   * shows them. False when they cannot be, and the tree is then as far as they could.
   */
  follow(pairs: Uint16Array, count: number, tick: number): boolean {
    const kept = new Set<number>();
    const wanted = new Map<number, number>();
    for (let i = 0; i < count; i++) wanted.set(pairs[2 * i]!, pairs[2 * i + 1]!);
    const gone: number[] = [];
    this.eachSplit((region, first) => {
      const whole = this.wholeOf(region);
      const isKept = wanted.get(region) === first && (whole < 0 || kept.has(whole));
      if (isKept) kept.add(region);
      else gone.push(region);
    });
    for (const region of gone.reverse()) this.merge(region, tick);
    for (let i = 0; i < count; i++) {
      const region = pairs[2 * i]!;
      if (!kept.has(region) && !this.split(region, pairs[2 * i + 1]!, tick)) return false;
    }
    return true;
  }

  /** Shows every split, wholes before their quarters. */
  eachSplit(show: (region: number, first: number) => void): void {
    if (this.used === this.grid.count) return;
    for (let cell = 0; cell < this.grid.count; cell++) this.#eachSplitOf(cell, show);
  }

  #place(region: number, shape: RegionShape): void {
    this.#shapes[region] = shape;
    this.lefts[region] = shape.left;
    this.tops[region] = shape.top;
    this.sizes[region] = shape.sizeM;
  }

  #eachSplitOf(region: number, show: (region: number, first: number) => void): void {
    const first = this.#first[region]!;
    if (first === 0) return;
    show(region, first);
    for (let quarter = first; quarter < first + 4; quarter++) this.#eachSplitOf(quarter, show);
  }
}
