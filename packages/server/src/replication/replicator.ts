/**
 * The replicate phase of a zone's tick: find what changed, keep regions, encode each region once per level.
 *
 * Owns: quantised columns, membership, the planes of this tick. Reads the world's tables and never writes them.
 * Invariant: derived state only. It is not part of a checkpoint: a restored zone starts a new Replicator and every viewer
 * gets keyframes. Cost: entities that changed × levels due; no term with viewers in it.
 * hot path
 */
import {
  BitWriter,
  type EntityRef,
  idOf,
  positionMarginSteps,
  positionStepsPerM,
  type Level,
  type RegionGrid,
  type Schema,
  strideTicksMax,
  zoneOf,
} from "@myriad/protocol";
import type { VectorColumn } from "../world/columns.ts";
import { rowState, type Table } from "../world/table.ts";
import { BlockEncoder, type EntitySource, type Whereabouts } from "./encode.ts";
import { Membership } from "./membership.ts";
import { type PairLimits, QuantisedKind, watchedChannels } from "./quantised.ts";
import { selfChannel } from "@myriad/protocol";

/** Blocks of all regions at one level: region r is bytes[offsets[r], offsets[r+1]). Views, valid until the next tick. */
export interface EncodedPlane {
  readonly level: number;
  readonly blockOffsets: Uint32Array;
  blocks: Uint8Array;
  readonly introOffsets: Uint32Array;
  intros: Uint8Array;
  readonly digests: Uint32Array;
}

interface KindState {
  readonly quantised: QuantisedKind;
  readonly position: VectorColumn;
  /** Reference last seen in each row, 0 for none: how spawns and despawns are found. */
  readonly known: Float64Array;
  /** Region of each row, −1 for none. */
  readonly regions: Int32Array;
  /** Tick of the last sudden appearance. */
  readonly suddenTicks: Int32Array;
  readonly crossedTicks: Int32Array;
  /** Where a departed row's entity went, until the row is used again. */
  readonly departedTo: Float64Array;
}

export class Replicator implements EntitySource {
  readonly grid: RegionGrid;
  readonly levels: readonly Level[];
  readonly kinds: readonly (QuantisedKind | undefined)[];
  readonly #states: readonly (KindState | undefined)[];
  readonly #membership: Membership;
  readonly #encoder: BlockEncoder;
  readonly #planes: readonly (EncodedPlane & {
    readonly blockWriter: BitWriter;
    readonly introWriter: BitWriter;
  })[];
  readonly #due: EncodedPlane[] = [];
  readonly #keyframeWriter = new BitWriter(4096);
  /** Shortest stride at which any level sends each channel: how often it is scanned. */
  readonly #scanStrides: readonly number[];
  #tick = 0;

  constructor(options: {
    grid: RegionGrid;
    levels: readonly Level[];
    schema: Schema;
    tables: readonly Table[];
    /** Metres; how far outside its region an entity may be. At most 16. */
    regionHysteresisM: number;
  }) {
    this.grid = options.grid;
    this.levels = options.levels;
    this.#membership = new Membership(options.grid, options.regionHysteresisM);
    this.#states = options.tables.map((table) => stateOf(table, options.schema, limitsOf(options.grid)));
    this.kinds = this.#states.map((state) => state?.quantised);
    this.#encoder = new BlockEncoder(this, this.#membership);
    this.#planes = options.levels.map((_, level) => planeOf(level, options.grid.count));
    this.#scanStrides = Array.from({ length: watchedChannels }, (_, channel) => {
      const strides = options.levels
        .map((level) => level.channelStrides[channel]!)
        .filter((stride) => stride > 0);
      return strides.length === 0 ? 0 : Math.min(...strides);
    });
  }

  /** Planes of the levels that were due at the last tick. */
  get due(): readonly EncodedPlane[] {
    return this.#due;
  }

  /** Compares the world with what was last told and updates membership. `moved` maps refs that left for another zone to their new names. */
  observe(tick: number, moved: ReadonlyMap<EntityRef, EntityRef>): void {
    this.#tick = tick;
    for (const state of this.#states) {
      if (state === undefined) continue;
      state.quantised.gather();
      this.#findDepartures(state, tick, moved);
      for (let channel = 0; channel < watchedChannels; channel++) {
        const stride = this.#scanStrides[channel]!;
        if (stride > 0 && tick % stride === 0) state.quantised.scanChannel(channel, tick);
      }
      if (state.quantised.layout.channels[selfChannel]!.length > 0)
        state.quantised.scanChannel(selfChannel, tick);
      this.#findArrivals(state, tick);
    }
    this.#membership.forget(tick);
  }

  /** Encodes the planes that are due at the observed tick; digests too when asked. */
  encode(wantsDigests: boolean): readonly EncodedPlane[] {
    const tick = this.#tick;
    this.#due.length = 0;
    for (const plane of this.#planes) {
      const level = this.levels[plane.level]!;
      if (tick % level.strideTicks !== 0) continue;
      const { blockWriter, introWriter, blockOffsets, introOffsets } = plane;
      blockWriter.reset();
      introWriter.reset();
      const count = this.grid.count;
      for (let region = 0; region < count; region++) {
        blockOffsets[region] = blockWriter.lengthBytes;
        introOffsets[region] = introWriter.lengthBytes;
        if (this.#membership.regions[region]!.activeTick === 0) continue;
        this.#encoder.writeBlock(blockWriter, region, level, tick);
        this.#encoder.writeIntro(introWriter, region, level, tick);
      }
      blockOffsets[count] = blockWriter.lengthBytes;
      introOffsets[count] = introWriter.lengthBytes;
      plane.blocks = blockWriter.view();
      plane.intros = introWriter.view();
      if (wantsDigests) this.#writeDigests(plane, level);
      this.#due.push(plane);
    }
    return this.#due;
  }

  /** A region's whole state at the observed tick; a view that the next call overwrites. */
  keyframe(region: number): Uint8Array {
    this.#keyframeWriter.reset();
    this.#encoder.writeKeyframe(this.#keyframeWriter, region);
    return this.#keyframeWriter.view();
  }

  /** The region an entity's row was in at the observed tick; −1 when it is in none. */
  regionOf(kind: number, row: number): number {
    return this.#states[kind]?.regions[row] ?? -1;
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

  whereabouts(id: number): Whereabouts {
    const state = this.#states[id >>> 16]!;
    const row = id & 0xffff;
    if (state.known[row] !== 0) return { to: "region", region: state.regions[row]! };
    const to = state.departedTo[row]!;
    return to === 0 ? { to: "gone" } : { to: "zone", zone: zoneOf(to), id: idOf(to) };
  }

  #writeDigests(plane: EncodedPlane, level: Level): void {
    for (let region = 0; region < this.grid.count; region++)
      plane.digests[region] = this.#encoder.digest(region, level);
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
    const { known, regions, quantised, position, suddenTicks, crossedTicks } = state;
    const { table, rows, rowCount, channelTicks } = quantised;
    const positionTicks = channelTicks[0]!;
    for (let i = 0; i < rowCount; i++) {
      const row = rows[i]!;
      if (known[row] === 0) {
        known[row] = table.refs[row]!;
        suddenTicks[row] = tick;
        crossedTicks[row] = tick;
        quantised.takeRow(row, tick);
        regions[row] = this.grid.at(position.x[row]!, position.y[row]!);
        this.#membership.enter(regions[row]!, idOf(known[row]!), tick);
        continue;
      }
      const current = regions[row]!;
      if (positionTicks[row] === tick) {
        const next = this.#membership.regionFor(current, position.x[row]!, position.y[row]!);
        if (next !== current) {
          this.#cross(state, row, current, next, tick);
          continue;
        }
      }
      // Any channel: a region with a change has a block to write.
      if (
        channelTicks[0]![row] === tick ||
        channelTicks[1]![row] === tick ||
        channelTicks[2]![row] === tick ||
        channelTicks[3]![row] === tick
      ) {
        this.#membership.regions[current]!.activeTick = tick;
      }
    }
  }

  /**
   * Moves an entity to another region. A neighbour's viewers know it; who jumps farther, or crosses twice within the
   * longest window, may be unknown to a viewer whose windows are long, and is sent in full.
   */
  #cross(state: KindState, row: number, from: number, to: number, tick: number): void {
    const { columns } = this.grid;
    const id = idOf(state.known[row]!);
    const isNeighbour =
      Math.abs((from % columns) - (to % columns)) <= 1 &&
      Math.abs(Math.floor(from / columns) - Math.floor(to / columns)) <= 1;
    if (!isNeighbour || tick - state.crossedTicks[row]! < strideTicksMax) state.suddenTicks[row] = tick;
    state.crossedTicks[row] = tick;
    state.regions[row] = to;
    this.#membership.leave(from, id, tick);
    this.#membership.enter(to, id, tick);
  }
}

function stateOf(table: Table, schema: Schema, limits: PairLimits): KindState | undefined {
  const layout = schema.kinds[table.index]!;
  const position = (table.columns as Record<string, unknown>)["position"] as VectorColumn | undefined;
  if (position === undefined) return undefined;
  const { capacity } = table;
  return {
    quantised: new QuantisedKind(table, layout, layout.fields, limits),
    position,
    known: new Float64Array(capacity),
    regions: new Int32Array(capacity).fill(-1),
    suddenTicks: new Int32Array(capacity),
    crossedTicks: new Int32Array(capacity),
    departedTo: new Float64Array(capacity),
  };
}

/** Positions that blocks of this grid can carry: the zone and the margin around it. */
function limitsOf(grid: RegionGrid): PairLimits {
  const { x, y, width, height } = grid.bounds;
  return {
    minX: Math.round(x * positionStepsPerM) - positionMarginSteps,
    maxX: Math.round((x + width) * positionStepsPerM) + positionMarginSteps - 1,
    minY: Math.round(y * positionStepsPerM) - positionMarginSteps,
    maxY: Math.round((y + height) * positionStepsPerM) + positionMarginSteps - 1,
  };
}

function planeOf(
  level: number,
  regions: number,
): EncodedPlane & { blockWriter: BitWriter; introWriter: BitWriter } {
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
