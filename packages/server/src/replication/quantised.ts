/**
 * What watchers were last told of one kind: quantised columns, and the tick at which each field and channel changed.
 *
 * Game code only writes columns; `scan` compares them with what was last sent. No setters to remember, no dirty flags to
 * forget. Owns: change detection. Absent on purpose: regions, bytes.
 * Invariant: a channel is scanned only at ticks of its own rate, so that its quantised values are exactly what a viewer
 * in the nearest ring holds; a new entity is scanned in all channels at once.
 * hot path
 */
import {
  type ArrayType,
  cutText,
  type FieldLayout,
  finePositionStepsPerM,
  type KindLayout,
  positionStepsPerM,
  quantiseAngle,
  type WireType,
} from "@myriad/protocol";
import { Arena } from "../kernel/arena.ts";
import { assert } from "../kernel/assert.ts";
import type { ArrayColumn, VectorColumn } from "../world/columns.ts";
import { rowState, type Table } from "../world/table.ts";

/** Channels that watchers see; `self` is handled by SelfState. */
export const watchedChannels = 4;

/** Range of a pair's quantised coordinates. */
export interface PairLimits {
  readonly minX: number;
  readonly maxX: number;
  readonly minY: number;
  readonly maxY: number;
}

/** Where something is and where it looks: what changes in everybody who walks. */
function isPlace(type: string): boolean {
  return type === "position" || type === "vector" || type === "angle";
}

export class QuantisedKind {
  readonly table: Table;
  readonly layout: KindLayout;
  readonly fields: readonly FieldLayout[];
  /** Quantised integers by part, then row. */
  readonly parts: readonly Int32Array[];
  readonly texts: readonly string[][];
  /** Tick of the last change by field, then row. */
  readonly fieldTicks: readonly Int32Array[];
  /** Tick of the last change of any field by channel, then row. */
  readonly channelTicks: readonly Int32Array[];
  /** Tick at which a position of the critical channel changed by more than `stepMax` between two scans, by row. */
  readonly leapTicks: Int32Array;
  /** Wire steps of a coordinate between two scans up to which a change is no leap. */
  stepMax = -1;
  /** Owned rows in id order, `rowCount` of them. */
  readonly rows: Int32Array;
  rowCount = 0;
  readonly #columns: Readonly<Record<string, unknown>>;
  readonly #limits: PairLimits;
  readonly #wanted: Int32Array;
  /** Raw values of the last scan, by field: what is equal to them needs no rounding. Absent for pairs, texts, references. */
  readonly #seen: readonly (Float64Array | undefined)[];
  readonly #differing: Int32Array;

  /** `limits`: where a position can be on this zone's wire; one outside (a bug of the game) is told at the edge. */
  constructor(
    table: Table,
    layout: KindLayout,
    fields: readonly FieldLayout[],
    limits: PairLimits,
    arena = new Arena(),
  ) {
    this.#limits = limits;
    this.table = table;
    this.layout = layout;
    this.fields = fields;
    this.parts = Array.from({ length: layout.parts }, () => arena.i32(table.capacity));
    this.texts = Array.from({ length: layout.texts }, () => []);
    this.fieldTicks = layout.fields.map(() => arena.i32(table.capacity));
    this.channelTicks = layout.channels.map(() => arena.i32(table.capacity));
    this.leapTicks = arena.i32(table.capacity);
    this.rows = arena.i32(table.capacity);
    this.#wanted = arena.i32(table.capacity);
    this.#differing = arena.i32(table.capacity);
    this.#seen = layout.fields.map(({ type, parts }) =>
      type.type === "array" || (parts === 1 && type.type !== "entityRef")
        ? arena.f64(table.capacity * Math.max(1, parts))
        : undefined,
    );
    this.#columns = table.columns as Record<string, unknown>;
  }

  /** Lists the owned rows. Call once a tick, before scans. */
  gather(): void {
    const { rows, table } = this;
    const { state } = table;
    let count = 0;
    for (let row = 0, end = table.rowsUsed; row < end; row++)
      if (state[row] === rowState.owned) rows[count++] = row;
    this.rowCount = count;
  }

  /** Compares one channel of all owned rows with what was last sent; changes are stamped with `tick`. */
  scanChannel(channel: number, tick: number): void {
    for (const field of this.layout.channels[channel]!)
      this.#scan(field, channel, tick, this.rows, this.rowCount);
  }

  /** The same for the owned rows that a predicate names. */
  scanWhere(channel: number, tick: number, isWanted: (row: number) => boolean): void {
    let count = 0;
    for (let i = 0; i < this.rowCount; i++)
      if (isWanted(this.rows[i]!)) this.#wanted[count++] = this.rows[i]!;
    for (const field of this.layout.channels[channel]!) this.#scan(field, channel, tick, this.#wanted, count);
  }

  /** Whether a `critical` field of a row beside its position changed after a tick: something happened to it. */
  isBusy(row: number, sinceTick: number): boolean {
    const fields = this.layout.channels[0]!;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!;
      if (isPlace(field.type.type)) continue;
      if (this.fieldTicks[field.index]![row]! > sinceTick) return true;
    }
    return false;
  }

  /** Takes all given fields of one row over, stamped with `tick`: for new entities. */
  takeRow(row: number, tick: number): void {
    single[0] = row;
    for (const field of this.fields) {
      const channel = this.layout.channels.findIndex((fields) => fields.includes(field));
      this.#scan(field, channel, tick, single, 1);
      this.fieldTicks[field.index]![row] = tick;
      this.channelTicks[channel]![row] = tick;
    }
  }

  #scan(field: FieldLayout, channel: number, tick: number, rows: Int32Array, count: number): void {
    const ticks = this.fieldTicks[field.index]!;
    const channelTicks = this.channelTicks[channel]!;
    const column = this.#columns[field.name];
    const { type } = field;
    if (type.type === "text") {
      const sent = this.texts[field.text]!;
      const texts = column as string[];
      for (let i = 0; i < count; i++) {
        const row = rows[i]!;
        const text = texts[row] ?? "";
        if (sent[row] === text) continue;
        // What receivers will hold, so that digests agree; the same beyond the cut is no change.
        const cut = cutText(text, type.bytesMax);
        if (sent[row] === cut) continue;
        sent[row] = cut;
        ticks[row] = tick;
        channelTicks[row] = tick;
      }
      return;
    }
    if (type.type === "array")
      return this.#scanArray(field, type, column as ArrayColumn, ticks, channelTicks, tick, rows, count);
    const low = this.parts[field.part]!;
    if (field.parts === 2) {
      const high = this.parts[field.part + 1]!;
      if (type.type === "entityRef")
        return scanRefs(column as Float64Array, low, high, ticks, channelTicks, tick, rows, count);
      const { x, y } = column as VectorColumn;
      const { scale, max } = pairScale(type);
      const limits =
        type.type === "position" ? this.#limits : { minX: -max, maxX: max, minY: -max, maxY: max };
      const stepMax = type.type === "position" && channel === 0 ? this.stepMax : Number.POSITIVE_INFINITY;
      return scanPairs(
        x,
        y,
        low,
        high,
        scale,
        limits,
        ticks,
        channelTicks,
        this.leapTicks,
        stepMax,
        tick,
        rows,
        count,
      );
    }
    const numbers = column as Float64Array;
    const differing = this.#differing;
    const changed = findDiffering(numbers, this.#seen[field.index]!, rows, count, differing);
    if (changed === 0) return;
    if (type.type === "angle")
      return scanAngles(numbers, low, 2 ** type.bits, ticks, channelTicks, tick, differing, changed);
    const { scale, min, max } = numberScale(type);
    scanNumbers(numbers, low, scale, min, max, ticks, channelTicks, tick, differing, changed);
  }

  #scanArray(
    field: FieldLayout,
    type: ArrayType,
    column: ArrayColumn,
    ticks: Int32Array,
    channelTicks: Int32Array,
    tick: number,
    rows: Int32Array,
    count: number,
  ): void {
    const { item } = type;
    assert(item.type !== "number" && item.type !== "entityRef", "arrays of these stay on the server");
    const angleBits = item.type === "angle" ? item.bits : 0;
    const { scale, min, max } = angleBits > 0 ? unused : numberScale(item);
    const { length } = type;
    const { values } = column;
    const seen = this.#seen[field.index]!;
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      for (let k = 0, at = row * length; k < length; k++, at++) {
        const given = values[at]!;
        if (given === seen[at]) continue;
        seen[at] = given;
        const part = this.parts[field.part + k]!;
        // As an int32, which is what a part holds: a larger number would differ from it at every scan.
        const value =
          angleBits > 0 ? quantiseAngle(given, angleBits) : quantiseNumber(given, scale, min, max) | 0;
        if (part[row] === value) continue;
        part[row] = value;
        ticks[row] = tick;
        channelTicks[row] = tick;
      }
    }
  }
}

const single = new Int32Array(1);
/** Angles wrap instead of being clamped. */
const unused = { scale: 1, min: 0, max: 0 };

/** Lists the rows whose raw value is not the one of the last scan, and notes the new one. Returns how many. */
function findDiffering(
  values: Float64Array,
  seen: Float64Array,
  rows: Int32Array,
  count: number,
  differing: Int32Array,
): number {
  let found = 0;
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    const value = values[row]!;
    // A NaN differs each time, and is then rounded to what it was.
    if (value === seen[row]) continue;
    seen[row] = value;
    differing[found++] = row;
  }
  return found;
}

function scanPairs(
  x: Float64Array,
  y: Float64Array,
  sentX: Int32Array,
  sentY: Int32Array,
  scale: number,
  limits: PairLimits,
  ticks: Int32Array,
  channelTicks: Int32Array,
  leapTicks: Int32Array,
  stepMax: number,
  tick: number,
  rows: Int32Array,
  count: number,
): void {
  const { minX, maxX, minY, maxY } = limits;
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    const qx = quantiseNumber(x[row]!, scale, minX, maxX);
    const qy = quantiseNumber(y[row]!, scale, minY, maxY);
    const dx = qx - sentX[row]!;
    const dy = qy - sentY[row]!;
    if (dx === 0 && dy === 0) continue;
    if (dx > stepMax || dy > stepMax || -dx > stepMax || -dy > stepMax) leapTicks[row] = tick;
    sentX[row] = qx;
    sentY[row] = qy;
    ticks[row] = tick;
    channelTicks[row] = tick;
  }
}

function scanNumbers(
  values: Float64Array,
  sent: Int32Array,
  scale: number,
  min: number,
  max: number,
  ticks: Int32Array,
  channelTicks: Int32Array,
  tick: number,
  rows: Int32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    const value = quantiseNumber(values[row]!, scale, min, max) | 0;
    if (value === sent[row]) continue;
    sent[row] = value;
    ticks[row] = tick;
    channelTicks[row] = tick;
  }
}

function scanAngles(
  values: Float64Array,
  sent: Int32Array,
  steps: number,
  ticks: Int32Array,
  channelTicks: Int32Array,
  tick: number,
  rows: Int32Array,
  count: number,
): void {
  const perRadian = steps / 6.283185307179586;
  const mask = steps - 1;
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    // A mask wraps: the number of steps is a power of two. Angles beyond 2^31 steps are not meant.
    const value = Math.floor(values[row]! * perRadian + 0.5) & mask;
    if (value === sent[row]) continue;
    sent[row] = value;
    ticks[row] = tick;
    channelTicks[row] = tick;
  }
}

function scanRefs(
  values: Float64Array,
  sentZone: Int32Array,
  sentId: Int32Array,
  ticks: Int32Array,
  channelTicks: Int32Array,
  tick: number,
  rows: Int32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    const ref = values[row]!;
    const zone = Math.floor(ref / 1_099_511_627_776);
    const id = ref & 0xffffff;
    if (zone === sentZone[row] && id === sentId[row]) continue;
    sentZone[row] = zone;
    sentId[row] = id;
    ticks[row] = tick;
    channelTicks[row] = tick;
  }
}

/** Rounds and clamps; NaN becomes the nearest allowed value to 0. Same result as `quantise` of the protocol. */
function quantiseNumber(value: number, scale: number, min: number, max: number): number {
  const rounded = Math.floor(value * scale + 0.5);
  if (rounded >= max) return max;
  if (rounded <= min) return min;
  return rounded === rounded ? rounded : Math.max(0, min);
}

function pairScale(type: WireType): { scale: number; max: number } {
  switch (type.type) {
    case "position":
      return { scale: positionStepsPerM, max: 0x7fffffff };
    case "finePosition":
      return { scale: finePositionStepsPerM, max: 0x7fffffff };
    case "vector": {
      const steps = 2 ** (type.bits - 1) - 1;
      return { scale: steps / type.max, max: steps };
    }
    default:
      assert(false, `${type.type} is not a pair`);
  }
}

function numberScale(type: WireType): { scale: number; min: number; max: number } {
  switch (type.type) {
    case "uint":
      return { scale: 1, min: 0, max: 2 ** type.bits - 1 };
    case "int":
      return { scale: 1, min: -(2 ** (type.bits - 1)), max: 2 ** (type.bits - 1) - 1 };
    case "unit":
      return { scale: 2 ** type.bits - 1, min: 0, max: 2 ** type.bits - 1 };
    case "bool":
      return { scale: 1, min: 0, max: 1 };
    case "oneOf":
      return { scale: 1, min: 0, max: type.options.length - 1 };
    default:
      assert(false, `${type.type} is not a number`);
  }
}
