/**
 * The replicate phase of a zone's tick: find what changed, keep regions, encode each region once per level.
 *
 * Owns: quantised columns, membership, splits and merges, the planes of this tick. Reads the world's tables and never
 * writes them.
 * Invariant: derived state only. It is not part of a checkpoint: a restored zone starts a new Replicator and every viewer
 * gets keyframes. Cost: entities that changed × levels due; no term with viewers in it.
 * Invariant: a region is split or merged only in the tick after all its strides were due together, so that whoever
 * watches it, however seldom, knows exactly who is in it.
 * hot path
 */
import {
  BitWriter,
  type EntityRef,
  idOf,
  type Level,
  nearSteps,
  positionStepsPerM,
  type RegionGrid,
  type Schema,
  selfChannel,
  strideTicksMax,
  zoneMarginM,
  zoneOf,
} from "@myriad/protocol";
import { Arena } from "../kernel/arena.ts";
import type { VectorColumn } from "../world/columns.ts";
import { rowState, type Table } from "../world/table.ts";
import { BlockEncoder, type EntitySource, type Whereabouts } from "./encode.ts";
import { Membership } from "./membership.ts";
import { type PairLimits, QuantisedKind, watchedChannels } from "./quantised.ts";
import type { RegionTree } from "./region-tree.ts";
import { importanceOf } from "./importance.ts";

/** Metres from where all viewers were told of an entity within which a crossing says only its id. */
export const knownWithinM = 16;
/** Ticks since then after which a crossing says all of it: how long a viewer's view must have been there. */
export const knownTicksMax = 2 * strideTicksMax;
/**
 * Digests of a region are made in every eighth of its ticks: a client finds a difference within half a second at 20 Hz,
 * and a zone with one such client pays an eighth.
 */
const digestMask = 7;
/** Splits and merges in one tick of a zone: a crowd is taken apart over some ticks. */
const reshapesPerTickMax = 16;

/** Blocks of all regions at one level: region r is bytes[offsets[r], offsets[r+1]). Views, valid until the next tick. */
export interface EncodedPlane {
  readonly level: number;
  readonly blockOffsets: Uint32Array;
  blocks: Uint8Array;
  readonly introOffsets: Uint32Array;
  intros: Uint8Array;
  readonly digests: Uint32Array;
}

/** A region that was split (or merged) between the last tick and this one, and what its viewers are told. */
export interface Reshape {
  readonly region: number;
  /** First of its quarters. */
  readonly first: number;
  readonly isMerge: boolean;
  readonly bytes: Uint8Array;
}

/** When regions split and merge. */
export interface CrowdOptions {
  /** Entities above which a region splits. */
  readonly splitAbove: number;
  /** Entities below which four quarters together merge. */
  readonly mergeBelow: number;
  /** Metres; regions do not become smaller. */
  readonly regionSizeMinM: number;
}

/** Regions never split: for worlds that are small, and tests. */
export const neverSplit: CrowdOptions = {
  splitAbove: Number.POSITIVE_INFINITY,
  mergeBelow: 0,
  regionSizeMinM: 1,
};

interface KindState {
  readonly quantised: QuantisedKind;
  readonly position: VectorColumn;
  /** The position that was told last, in wire steps. */
  readonly toldX: Int32Array;
  readonly toldY: Int32Array;
  /** Reference last seen in each row, 0 for none: how spawns and despawns are found. */
  readonly known: Float64Array;
  /** Region of each row that is known. */
  readonly regions: Int32Array;
  /** Tick of the last sudden appearance. */
  readonly suddenTicks: Int32Array;
  /** Tick at which it came into its region. */
  readonly enterTicks: Int32Array;
  /** When and where everyone who watches its region was told of it. */
  readonly anchorTicks: Int32Array;
  readonly anchorX: Float32Array;
  readonly anchorY: Float32Array;
  /** Where a departed row's entity went, until the row is used again. */
  readonly departedTo: Float64Array;
}

type Plane = EncodedPlane & { readonly blockWriter: BitWriter; readonly introWriter: BitWriter };

export class Replicator implements EntitySource {
  readonly grid: RegionGrid;
  readonly tree: RegionTree;
  readonly levels: readonly Level[];
  readonly kinds: readonly (QuantisedKind | undefined)[];
  /** What a refresh of a region weighs: its members that moved within the longest window, at most 255. */
  readonly loads: Uint8Array;
  /** How much happens in a region: see importance.ts. */
  readonly importance: Uint8Array;
  readonly #states: readonly (KindState | undefined)[];
  readonly #membership: Membership;
  readonly #encoder: BlockEncoder;
  readonly #crowds: CrowdOptions;
  readonly #planes: readonly Plane[];
  readonly #due: EncodedPlane[] = [];
  readonly #keyframeWriter = new BitWriter(4096);
  readonly #reshapeWriter = new BitWriter(256);
  /** Regions to split or whose quarters to merge before the next tick. */
  readonly #toSplit: number[] = [];
  readonly #toMerge: number[] = [];
  readonly #reshapes: Reshape[] = [];
  /** Shortest stride at which any level sends each channel: how often it is scanned. */
  readonly #scanStrides: readonly number[];
  #tick = 0;
  #splitX = 0;
  #splitY = 0;
  readonly #quadrantOf = (id: number): number => {
    const { position } = this.#states[id >>> 16]!;
    const row = id & 0xffff;
    return (position.x[row]! >= this.#splitX ? 1 : 0) + (position.y[row]! >= this.#splitY ? 2 : 0);
  };

  constructor(options: {
    grid: RegionGrid;
    levels: readonly Level[];
    schema: Schema;
    tables: readonly Table[];
    /** Metres; how far outside its region an entity may be. Below `regionMarginM` of the protocol. */
    regionHysteresisM: number;
    /** @default regions never split */
    crowds?: CrowdOptions | undefined;
  }) {
    const { grid, levels } = options;
    this.grid = grid;
    this.levels = levels;
    this.#crowds = options.crowds ?? neverSplit;
    this.#membership = new Membership(grid, options.regionHysteresisM);
    this.tree = this.#membership.tree;
    this.loads = new Uint8Array(grid.capacity);
    this.importance = new Uint8Array(grid.capacity);
    const arena = new Arena();
    this.#states = options.tables.map((table) => stateOf(table, options.schema, limitsOf(grid), arena));
    this.kinds = this.#states.map((state) => state?.quantised);
    this.#encoder = new BlockEncoder(this, this.#membership, levels);
    this.#planes = levels.map((_, level) => planeOf(level, grid.capacity));
    this.#scanStrides = Array.from({ length: watchedChannels }, (_, channel) => {
      const strides = levels.map((level) => level.channelStrides[channel]!).filter((stride) => stride > 0);
      return strides.length === 0 ? 0 : Math.min(...strides);
    });
    const stepMax = stepMaxOf(levels, this.#scanStrides[0]!);
    for (const kind of this.kinds) if (kind !== undefined) kind.stepMax = stepMax;
  }

  /** Planes of the levels that were due at the last tick. */
  get due(): readonly EncodedPlane[] {
    return this.#due;
  }

  /** Regions that were split or merged between the tick before and the observed one. */
  get reshapes(): readonly Reshape[] {
    return this.#reshapes;
  }

  /** Compares the world with what was last told and updates membership. `moved` maps refs that left for another zone to their new names. */
  observe(tick: number, moved: ReadonlyMap<EntityRef, EntityRef>): void {
    this.#tick = tick;
    this.#anchor(tick - 1);
    this.#reshape(tick);
    for (const state of this.#states) {
      if (state === undefined) continue;
      state.quantised.gather();
      this.#findDepartures(state, tick, moved);
      for (let channel = 0; channel < watchedChannels; channel++) this.#scan(state, channel, tick);
      if (state.quantised.layout.channels[selfChannel]!.length > 0)
        state.quantised.scanChannel(selfChannel, tick);
      this.#findArrivals(state, tick);
    }
    this.#membership.forget(tick);
    this.#settle(tick);
  }

  /** Encodes the planes that are due at the observed tick; digests too when asked. */
  encode(wantsDigests: boolean): readonly EncodedPlane[] {
    const tick = this.#tick;
    const { used, phases } = this.tree;
    const { regions } = this.#membership;
    this.#due.length = 0;
    for (const plane of this.#planes) {
      const mask = this.levels[plane.level]!.strideTicks - 1;
      // Phases differ by four, so longer strides are due somewhere every fourth tick.
      if (((tick + phases[0]!) & mask & 3) !== 0) continue;
      const { blockWriter, introWriter, blockOffsets, introOffsets } = plane;
      blockWriter.reset();
      introWriter.reset();
      for (let region = 0; region < used; region++) {
        blockOffsets[region] = blockWriter.lengthBytes;
        introOffsets[region] = introWriter.lengthBytes;
        const isDue = ((tick + phases[region]!) & mask) === 0;
        if (!isDue || regions[region]!.activeTick === 0) continue;
        this.#encoder.writeBlock(blockWriter, region, plane.level, tick);
        this.#encoder.writeIntro(introWriter, region, plane.level, tick);
      }
      blockOffsets[used] = blockWriter.lengthBytes;
      introOffsets[used] = introWriter.lengthBytes;
      plane.blocks = blockWriter.view();
      plane.intros = introWriter.view();
      if (wantsDigests) this.#writeDigests(plane, tick, mask);
      this.#due.push(plane);
    }
    return this.#due;
  }

  /** A leaf's whole state at the observed tick; a view that the next call overwrites. */
  keyframe(region: number): Uint8Array {
    this.#keyframeWriter.reset();
    this.#encoder.writeKeyframe(this.#keyframeWriter, region);
    return this.#keyframeWriter.view();
  }

  /** The region an entity's row was in at the observed tick; −1 when it is in none. */
  regionOf(kind: number, row: number): number {
    const state = this.#states[kind];
    return state === undefined || state.known[row] === 0 ? -1 : state.regions[row]!;
  }

  /** Ids in a region at the observed tick, ascending: for checks. */
  membersOf(region: number): Int32Array {
    const members = this.#membership.regions[region]!;
    return members.ids.slice(0, members.count);
  }

  /** Hash of a region at a level: for checks. */
  digest(region: number, level: number): number {
    return this.#encoder.digest(region, this.levels[level]!);
  }

  suddenTick(id: number): number {
    return this.#states[id >>> 16]!.suddenTicks[id & 0xffff]!;
  }

  enterTick(id: number): number {
    return this.#states[id >>> 16]!.enterTicks[id & 0xffff]!;
  }

  toldTick(id: number): number {
    const state = this.#states[id >>> 16]!;
    return Math.max(state.anchorTicks[id & 0xffff]!, state.suddenTicks[id & 0xffff]!);
  }

  whereabouts(id: number): Whereabouts {
    const state = this.#states[id >>> 16]!;
    const row = id & 0xffff;
    if (state.known[row] !== 0) return { to: "region", region: state.regions[row]! };
    const to = state.departedTo[row]!;
    return to === 0 ? { to: "gone" } : { to: "zone", zone: zoneOf(to), id: idOf(to) };
  }

  #writeDigests(plane: EncodedPlane, tick: number, mask: number): void {
    const { used, phases } = this.tree;
    for (let region = 0; region < used; region++) {
      const isDue = ((tick + phases[region]!) & (mask | digestMask)) === 0 && this.tree.isLeaf(region);
      plane.digests[region] = isDue ? this.#encoder.digest(region, this.levels[plane.level]!) : 0;
    }
  }

  /** A channel is scanned where it is due: strides up to four are due everywhere at once, longer ones region by region. */
  #scan({ quantised, regions }: KindState, channel: number, tick: number): void {
    const stride = this.#scanStrides[channel]!;
    const { phases } = this.tree;
    if (stride === 0 || ((tick + phases[0]!) & (stride - 1) & 3) !== 0) return;
    if (stride <= 4) quantised.scanChannel(channel, tick);
    else
      quantised.scanWhere(
        channel,
        tick,
        (row) => regions[row]! >= 0 && ((tick + phases[regions[row]!]!) & (stride - 1)) === 0,
      );
  }

  #findDepartures(state: KindState, tick: number, moved: ReadonlyMap<EntityRef, EntityRef>): void {
    const { known, regions, quantised } = state;
    const { table } = quantised;
    for (let row = 0, end = table.rowsUsed; row < end; row++) {
      const was = known[row]!;
      if (was === 0) continue;
      const now = table.state[row] === rowState.owned ? table.refs[row]! : 0;
      if (was === now) continue;
      state.departedTo[row] = moved.get(was) ?? 0;
      known[row] = 0;
      this.#membership.leave(regions[row]!, idOf(was), tick);
      regions[row] = -1;
    }
  }

  #findArrivals(state: KindState, tick: number): void {
    const { known, regions, quantised, position } = state;
    const { table, rows, rowCount, channelTicks } = quantised;
    const critical = channelTicks[0]!;
    const detailed = channelTicks[1]!;
    const cosmetic = channelTicks[2]!;
    const metadata = channelTicks[3]!;
    const members = this.#membership.regions;
    for (let i = 0; i < rowCount; i++) {
      const row = rows[i]!;
      if (known[row] === 0) {
        known[row] = table.refs[row]!;
        quantised.takeRow(row, tick);
        state.suddenTicks[row] = tick;
        state.enterTicks[row] = tick;
        state.anchorTicks[row] = -1;
        regions[row] = this.tree.at(position.x[row]!, position.y[row]!);
        this.#membership.enter(regions[row]!, idOf(known[row]!), tick);
        continue;
      }
      const current = regions[row]!;
      if (critical[row] === tick) {
        const next = this.#membership.regionFor(current, position.x[row]!, position.y[row]!);
        if (next !== current) {
          this.#cross(state, row, current, next, tick);
          continue;
        }
        members[current]!.activeTick = tick;
        // Any channel: a region with a change has a block to write.
      } else if (detailed[row] === tick || cosmetic[row] === tick || metadata[row] === tick) {
        members[current]!.activeTick = tick;
      }
    }
  }

  /**
   * Moves an entity to another region. Who watches the neighbourhood of the place where everyone was told of it knows it;
   * who came farther, or of whom nobody was told for long, is sent in full.
   */
  #cross(state: KindState, row: number, from: number, to: number, tick: number): void {
    const id = idOf(state.known[row]!);
    const anchorTick = state.anchorTicks[row]!;
    const dx = state.position.x[row]! - state.anchorX[row]!;
    const dy = state.position.y[row]! - state.anchorY[row]!;
    const isKnown =
      anchorTick >= state.suddenTicks[row]! &&
      tick - anchorTick <= knownTicksMax &&
      dx * dx + dy * dy <= knownWithinM * knownWithinM;
    if (!isKnown) state.suddenTicks[row] = tick;
    state.enterTicks[row] = tick;
    state.regions[row] = to;
    this.#membership.leave(from, id, tick);
    this.#membership.enter(to, id, tick);
  }

  /** Notes, of the members of regions in which every stride was due at a tick, that everyone who watches knows them. */
  #anchor(tick: number): void {
    const { phases, used } = this.tree;
    if (((tick + phases[0]!) & 3) !== 0) return;
    for (let region = 0; region < used; region++) {
      if (((tick + phases[region]!) & (strideTicksMax - 1)) !== 0) continue;
      const members = this.#membership.regions[region]!;
      for (let i = 0; i < members.count; i++) {
        const id = members.ids[i]!;
        const row = id & 0xffff;
        const { anchorTicks, anchorX, anchorY, toldX, toldY } = this.#states[id >>> 16]!;
        anchorTicks[row] = tick;
        // Where it was at that tick: by now it may have jumped to where nobody was told of it.
        anchorX[row] = toldX[row]! / positionStepsPerM;
        anchorY[row] = toldY[row]! / positionStepsPerM;
      }
    }
  }

  /** Looks at the regions in which every stride is due now: what they weigh, who must split. */
  #settle(tick: number): void {
    const { tree } = this;
    const { regions } = this.#membership;
    const { phases } = tree;
    if (((tick + phases[0]!) & 3) !== 0) return;
    for (let region = 0; region < tree.used; region++) {
      if (((tick + phases[region]!) & (strideTicksMax - 1)) !== 0) continue;
      const members = regions[region]!;
      let moving = 0;
      let fighting = 0;
      for (let i = 0; i < members.count; i++) {
        const id = members.ids[i]!;
        const row = id & 0xffff;
        const state = this.#states[id >>> 16]!;
        if (state.quantised.channelTicks[0]![row]! > tick - strideTicksMax) moving++;
        if (state.quantised.isBusy(row, tick - strideTicksMax)) fighting++;
      }
      this.loads[region] = Math.min(255, moving);
      this.importance[region] = importanceOf(fighting);
      if (tree.isLeaf(region)) this.#judge(region, members.count);
    }
  }

  #judge(region: number, count: number): void {
    const { splitAbove, mergeBelow, regionSizeMinM } = this.#crowds;
    const { tree } = this;
    if (count > splitAbove && tree.shapeOf(region).sizeM / 2 >= regionSizeMinM) {
      this.#toSplit.push(region);
      return;
    }
    // The last of four quarters speaks for all: they share a phase.
    if (region < this.grid.count || ((region - this.grid.count) & 3) !== 3) return;
    let together = 0;
    for (let quarter = region - 3; quarter <= region; quarter++) {
      if (!tree.isLeaf(quarter)) return;
      together += this.#membership.regions[quarter]!.count;
    }
    if (together < mergeBelow) this.#toMerge.push(tree.wholeOf(region));
  }

  /** Splits and merges what the tick before found. */
  #reshape(tick: number): void {
    this.#reshapes.length = 0;
    // Splits first: a number that a merge takes back is not given again in the same tick, so that within a tick it has
    // one meaning.
    for (const region of this.#toSplit) this.#splitLeaf(region, tick);
    for (const region of this.#toMerge) this.#mergeQuarters(region, tick);
    this.#toMerge.length = 0;
    this.#toSplit.length = 0;
  }

  #splitLeaf(region: number, tick: number): void {
    const { tree } = this;
    const free = tree.freeQuad();
    const shape = tree.shapeOf(region);
    const isPossible = free !== 0 && this.#reshapes.length < reshapesPerTickMax;
    if (!isPossible) return;
    this.#splitX = shape.left + shape.sizeM / 2;
    this.#splitY = shape.top + shape.sizeM / 2;
    this.#reshapeWriter.reset();
    this.#encoder.writeSplit(this.#reshapeWriter, region, free, this.#quadrantOf);
    const first = this.#membership.split(region, tick, this.#quadrantOf);
    if (first === 0) return;
    const bytes = this.#reshapeWriter.bytes();
    this.#reshapes.push({ region, first, isMerge: false, bytes });
    for (let quarter = first; quarter < first + 4; quarter++) this.#moveIn(quarter);
  }

  #mergeQuarters(region: number, tick: number): void {
    if (this.#reshapes.length >= reshapesPerTickMax) return;
    const first = this.tree.firstOf(region);
    if (!this.#membership.merge(region, tick)) return;
    this.#reshapeWriter.reset();
    this.#encoder.writeMerge(this.#reshapeWriter, region, first);
    this.#reshapes.push({ region, first, isMerge: true, bytes: this.#reshapeWriter.bytes() });
    this.#moveIn(region);
  }

  /** A region's members are its own now, and everyone who watches was told of them the tick before. */
  #moveIn(region: number): void {
    const members = this.#membership.regions[region]!;
    this.loads[region] = Math.min(255, members.count);
    this.importance[region] = importanceOf(0);
    for (let i = 0; i < members.count; i++) {
      const state = this.#states[members.ids[i]! >>> 16]!;
      state.regions[members.ids[i]! & 0xffff] = region;
      // Before any window: those of the first ticks begin below 0.
      state.suddenTicks[members.ids[i]! & 0xffff] = -strideTicksMax;
    }
  }
}

/**
 * Wire steps between two scans of the critical channel that all levels' near bits have room for, as often as their strides
 * have scans; −1 where scans come at uneven times, so that nothing counts as near.
 */
function stepMaxOf(levels: readonly Level[], scanStride: number): number {
  if (scanStride === 0 || scanStride > 4) return -1;
  const steps = levels
    .filter(({ nearBits }) => nearBits !== undefined && nearBits > 0)
    .map(({ nearBits, channelStrides }) =>
      Math.floor((nearSteps(nearBits!) * scanStride) / channelStrides[0]!),
    );
  return Math.min(...steps);
}

function stateOf(table: Table, schema: Schema, limits: PairLimits, arena: Arena): KindState | undefined {
  const layout = schema.kinds[table.index]!;
  const position = (table.columns as Record<string, unknown>)["position"] as VectorColumn | undefined;
  if (position === undefined) return undefined;
  const { capacity } = table;
  const quantised = new QuantisedKind(table, layout, layout.fields, limits, arena);
  const { part } = layout.fields.find(({ name }) => name === "position")!;
  return {
    quantised,
    position,
    toldX: quantised.parts[part]!,
    toldY: quantised.parts[part + 1]!,
    known: arena.f64(capacity),
    regions: arena.i32(capacity),
    suddenTicks: arena.i32(capacity),
    enterTicks: arena.i32(capacity),
    anchorTicks: arena.i32(capacity),
    anchorX: arena.f32(capacity),
    anchorY: arena.f32(capacity),
    departedTo: arena.f64(capacity),
  };
}

/** Positions that blocks of this grid can carry: the zone and the margin around it. */
function limitsOf(grid: RegionGrid): PairLimits {
  const { x, y, width, height } = grid.bounds;
  const margin = zoneMarginM * positionStepsPerM;
  return {
    minX: Math.round(x * positionStepsPerM) - margin,
    maxX: Math.round((x + width) * positionStepsPerM) + margin - 1,
    minY: Math.round(y * positionStepsPerM) - margin,
    maxY: Math.round((y + height) * positionStepsPerM) + margin - 1,
  };
}

function planeOf(level: number, regions: number): Plane {
  return {
    level,
    blockOffsets: new Uint32Array(regions + 1),
    blocks: new Uint8Array(0),
    introOffsets: new Uint32Array(regions + 1),
    intros: new Uint8Array(0),
    digests: new Uint32Array(regions),
    blockWriter: new BitWriter(16 * 1024),
    introWriter: new BitWriter(1024),
  };
}
