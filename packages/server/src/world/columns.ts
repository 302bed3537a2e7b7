/**
 * Columns: where the values of one field of all entities of a kind live, one dense array per field.
 *
 * Owns: which array a field type gets, its default, its bytes in a checkpoint. Arrays are allocated once at their full
 * capacity and never move, so game code may keep them; untouched pages cost no memory.
 * Invariant: game code writes plain numbers; ranges are enforced where values are quantised, not here.
 */
import type {
  ArrayType,
  BoundedListType,
  BoundedMapType,
  ByteReader,
  ByteWriter,
  EntityFields,
  FieldSpec,
  FinePositionType,
  PositionType,
  ServerType,
  TextType,
  VectorType,
} from "@myriad/protocol";
import { assert } from "../kernel/assert.ts";
import { Arena } from "../kernel/arena.ts";

/** A field of points or directions: one array for each axis. */
export interface VectorColumn {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** A field of fixed arrays: value i of a row stands at row × length + i. */
export interface ArrayColumn {
  readonly values: Float64Array;
  readonly length: number;
}

/** The column of each field type. Enumerations hold option codes, booleans 0 or 1, references EntityRef numbers. */
export type ColumnOf<T> = T extends PositionType | FinePositionType | VectorType
  ? VectorColumn
  : T extends TextType
    ? string[]
    : T extends ArrayType
      ? ArrayColumn
      : T extends BoundedListType
        ? ListColumn
        : T extends BoundedMapType
          ? MapColumn
          : Float64Array;

export type Columns<F extends EntityFields> = {
  readonly [K in keyof F]: F[K] extends FieldSpec<infer T> ? ColumnOf<T> : never;
};

export type AnyColumn = Float64Array | VectorColumn | string[] | ArrayColumn | ListColumn | MapColumn;

/** A field of bounded lists of numbers. */
export class ListColumn {
  readonly max: number;
  readonly values: Float64Array;
  readonly counts: Uint16Array;

  constructor(capacity: number, max: number, arena = new Arena()) {
    this.max = max;
    this.values = arena.f64(capacity * max);
    this.counts = arena.u16(capacity);
  }

  count(row: number): number {
    return this.counts[row]!;
  }

  at(row: number, index: number): number {
    assert(index >= 0 && index < this.counts[row]!, "list index is within the list");
    return this.values[row * this.max + index]!;
  }

  /** Appends; false when the list is full. */
  push(row: number, value: number): boolean {
    const count = this.counts[row]!;
    if (count === this.max) return false;
    this.values[row * this.max + count] = value;
    this.counts[row] = count + 1;
    return true;
  }

  /** Removes the value at an index; later ones move up. */
  removeAt(row: number, index: number): void {
    const count = this.counts[row]!;
    assert(index >= 0 && index < count, "list index is within the list");
    const base = row * this.max;
    this.values.copyWithin(base + index, base + index + 1, base + count);
    this.values[base + count - 1] = 0;
    this.counts[row] = count - 1;
  }

  clear(row: number): void {
    this.values.fill(0, row * this.max, row * this.max + this.counts[row]!);
    this.counts[row] = 0;
  }
}

/** A field of bounded maps from number to number, iterated in order of insertion. Small by design: lookups scan. */
export class MapColumn {
  readonly max: number;
  readonly keys: Float64Array;
  readonly values: Float64Array;
  readonly counts: Uint16Array;

  constructor(capacity: number, max: number, arena = new Arena()) {
    this.max = max;
    this.keys = arena.f64(capacity * max);
    this.values = arena.f64(capacity * max);
    this.counts = arena.u16(capacity);
  }

  count(row: number): number {
    return this.counts[row]!;
  }

  keyAt(row: number, index: number): number {
    assert(index >= 0 && index < this.counts[row]!, "map index is within the map");
    return this.keys[row * this.max + index]!;
  }

  valueAt(row: number, index: number): number {
    assert(index >= 0 && index < this.counts[row]!, "map index is within the map");
    return this.values[row * this.max + index]!;
  }

  has(row: number, key: number): boolean {
    return this.#indexOf(row, key) >= 0;
  }

  /** The value of a key, or `otherwise` when it is not in the map. */
  get(row: number, key: number, otherwise = 0): number {
    const index = this.#indexOf(row, key);
    return index < 0 ? otherwise : this.values[row * this.max + index]!;
  }

  /** Sets a key's value; false when the key is new and the map is full. */
  set(row: number, key: number, value: number): boolean {
    let index = this.#indexOf(row, key);
    if (index < 0) {
      index = this.counts[row]!;
      if (index === this.max) return false;
      this.keys[row * this.max + index] = key;
      this.counts[row] = index + 1;
    }
    this.values[row * this.max + index] = value;
    return true;
  }

  /** Removes a key; false when it was not there. The order of the others stays. */
  delete(row: number, key: number): boolean {
    const index = this.#indexOf(row, key);
    if (index < 0) return false;
    const base = row * this.max;
    const count = this.counts[row]!;
    this.keys.copyWithin(base + index, base + index + 1, base + count);
    this.values.copyWithin(base + index, base + index + 1, base + count);
    this.keys[base + count - 1] = 0;
    this.values[base + count - 1] = 0;
    this.counts[row] = count - 1;
    return true;
  }

  clear(row: number): void {
    const base = row * this.max;
    const count = this.counts[row]!;
    this.keys.fill(0, base, base + count);
    this.values.fill(0, base, base + count);
    this.counts[row] = 0;
  }

  #indexOf(row: number, key: number): number {
    const base = row * this.max;
    const end = base + this.counts[row]!;
    for (let i = base; i < end; i++) if (this.keys[i] === key) return i - base;
    return -1;
  }
}

/** Cuts the column of a field type for `capacity` rows out of an arena. */
export function createColumn(type: ServerType, capacity: number, arena = new Arena()): AnyColumn {
  switch (type.type) {
    case "position":
    case "finePosition":
    case "vector":
      return { x: arena.f64(capacity), y: arena.f64(capacity) };
    case "text":
      return [];
    case "array":
      return { values: arena.f64(capacity * type.length), length: type.length };
    case "boundedList":
      return new ListColumn(capacity, type.max, arena);
    case "boundedMap":
      return new MapColumn(capacity, type.max, arena);
    default:
      return arena.f64(capacity);
  }
}

/** Sets a row to the type's default. */
export function clearCell(type: ServerType, column: AnyColumn, row: number): void {
  switch (type.type) {
    case "position":
    case "finePosition":
    case "vector": {
      const { x, y } = column as VectorColumn;
      x[row] = 0;
      y[row] = 0;
      return;
    }
    case "text":
      (column as string[])[row] = "";
      return;
    case "array": {
      const { values, length } = column as ArrayColumn;
      values.fill(0, row * length, (row + 1) * length);
      return;
    }
    case "boundedList":
    case "boundedMap":
      (column as ListColumn | MapColumn).clear(row);
      return;
    default:
      (column as Float64Array)[row] = 0;
  }
}

/** Writes one cell without loss: for checkpoints, handovers and character saves. Numbers are float64. */
export function writeCell(writer: ByteWriter, type: ServerType, column: AnyColumn, row: number): void {
  switch (type.type) {
    case "position":
    case "finePosition":
    case "vector": {
      const { x, y } = column as VectorColumn;
      writer.f64(x[row]!);
      writer.f64(y[row]!);
      return;
    }
    case "text":
      writer.text((column as string[])[row] ?? "");
      return;
    case "array": {
      const { values, length } = column as ArrayColumn;
      for (let i = row * length; i < (row + 1) * length; i++) writer.f64(values[i]!);
      return;
    }
    case "boundedList": {
      const list = column as ListColumn;
      writer.v(list.count(row));
      for (let i = 0; i < list.count(row); i++) writer.f64(list.at(row, i));
      return;
    }
    case "boundedMap": {
      const map = column as MapColumn;
      writer.v(map.count(row));
      for (let i = 0; i < map.count(row); i++) {
        writer.f64(map.keyAt(row, i));
        writer.f64(map.valueAt(row, i));
      }
      return;
    }
    default:
      writer.f64((column as Float64Array)[row]!);
  }
}

/** Reads a cell that `writeCell` wrote; the reader's `failed` says when the bytes ran out. */
export function readCell(reader: ByteReader, type: ServerType, column: AnyColumn, row: number): void {
  switch (type.type) {
    case "position":
    case "finePosition":
    case "vector": {
      const { x, y } = column as VectorColumn;
      x[row] = reader.f64();
      y[row] = reader.f64();
      return;
    }
    case "text":
      // Game code may write longer texts than travel; whatever was written comes back.
      (column as string[])[row] = reader.text(reader.remaining);
      return;
    case "array": {
      const { values, length } = column as ArrayColumn;
      for (let i = row * length; i < (row + 1) * length; i++) values[i] = reader.f64();
      return;
    }
    case "boundedList": {
      const list = column as ListColumn;
      list.clear(row);
      for (let left = reader.v(); left > 0 && !reader.failed; left--) list.push(row, reader.f64());
      return;
    }
    case "boundedMap": {
      const map = column as MapColumn;
      map.clear(row);
      for (let left = reader.v(); left > 0 && !reader.failed; left--)
        map.set(row, reader.f64(), reader.f64());
      return;
    }
    default:
      (column as Float64Array)[row] = reader.f64();
  }
}

/** Passes every reference of one cell through `change`: entities change their names at borders. */
export function mapCellRefs(
  type: ServerType,
  column: AnyColumn,
  row: number,
  change: (ref: number) => number,
): void {
  switch (type.type) {
    case "entityRef": {
      const refs = column as Float64Array;
      refs[row] = change(refs[row]!);
      return;
    }
    case "array": {
      if (type.item.type !== "entityRef") return;
      const { values, length } = column as ArrayColumn;
      mapRange(values, row * length, (row + 1) * length, change);
      return;
    }
    case "boundedList": {
      if (type.item.type !== "entityRef") return;
      const list = column as ListColumn;
      mapRange(list.values, row * list.max, row * list.max + list.count(row), change);
      return;
    }
    case "boundedMap": {
      const map = column as MapColumn;
      const base = row * map.max;
      if (type.key.type === "entityRef") mapRange(map.keys, base, base + map.count(row), change);
      if (type.value.type === "entityRef") mapRange(map.values, base, base + map.count(row), change);
    }
  }
}

function mapRange(values: Float64Array, start: number, end: number, change: (ref: number) => number): void {
  for (let i = start; i < end; i++) values[i] = change(values[i]!);
}
