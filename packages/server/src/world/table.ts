/**
 * A table: all entities of one kind in one zone, as columns over rows.
 *
 * Owns: which rows live, their generations, the rest of freed rows. A row is owned, or a ghost of a neighbour's entity
 * (read-only by convention: the owner's next update overwrites it).
 * Invariant: spawn and despawn are O(1); a row keeps its number for its entity's life; iteration is in id order.
 * Invariant: a freed row rests `idRestTicks` before it is given again, so that late bytes cannot mean another entity.
 */
import {
  ByteReader,
  ByteWriter,
  type EntityFields,
  type EntityKind,
  type EntityRef,
  generationOf,
  idOf,
  idRestTicks,
  kindOf,
  packRef,
  rowOf,
  zoneOf,
} from "@myriad/protocol";
import { Arena } from "../kernel/arena.ts";
import { assert } from "../kernel/assert.ts";
import {
  type AnyColumn,
  clearCell,
  type Columns,
  createColumn,
  readCell,
  mapCellRefs,
  writeCell,
} from "./columns.ts";

/** What a row holds. */
export const rowState = { free: 0, owned: 1, ghost: 2 } as const;

const generationMax = 65_535;

/** A field with its column. */
interface FieldColumn {
  readonly name: string;
  readonly type: EntityFields[string]["type"];
  readonly column: AnyColumn;
  /** Name and type as bytes: what stands before its values wherever they are saved. */
  readonly head: Uint8Array;
}

/** Some fields of a table, in their order. */
export type Selection = readonly FieldColumn[];

export class Table<F extends EntityFields = EntityFields> {
  readonly kind: EntityKind<string, F>;
  /** Place of the kind in the schema. */
  readonly index: number;
  readonly zone: number;
  readonly capacity: number;
  readonly columns: Columns<F>;
  /** rowState of each row. */
  readonly state: Uint8Array;
  /** The reference of each live row: this zone's for owned rows, the neighbour's for ghosts. */
  readonly refs: Float64Array;
  readonly #generations: Uint16Array;
  readonly #freedTicks: Float64Array;
  /** Freed rows, oldest first: a ring over `capacity` places. */
  readonly #free: Uint16Array;
  #freeHead = 0;
  #freeCount = 0;
  #highWater = 0;
  #owned = 0;
  #ghosts = 0;
  /** Rows of ghosts by reference. */
  readonly #ghostRows = new Map<number, number>();
  readonly #fields: readonly FieldColumn[];
  readonly #refFields: readonly FieldColumn[];

  constructor(
    kind: EntityKind<string, F>,
    options: { index: number; zone: number; capacity: number; arena?: Arena },
  ) {
    const arena = options.arena ?? new Arena();
    this.kind = kind;
    this.index = options.index;
    this.zone = options.zone;
    this.capacity = options.capacity;
    this.state = arena.u8(this.capacity);
    this.refs = arena.f64(this.capacity);
    this.#generations = arena.u16(this.capacity);
    this.#freedTicks = arena.f64(this.capacity);
    this.#free = arena.u16(this.capacity);
    const columns: Record<string, AnyColumn> = {};
    for (const [name, spec] of Object.entries(kind.fields))
      columns[name] = createColumn(spec.type, this.capacity, arena);
    this.columns = columns as Columns<F>;
    this.#fields = Object.entries(kind.fields).map(([name, spec]) => ({
      name,
      type: spec.type,
      column: columns[name]!,
      head: headOf(name, spec.type.type),
    }));
    this.#refFields = this.#fields.filter((field) => holdsReferences(field.type));
  }

  /** Owned entities. */
  get count(): number {
    return this.#owned;
  }

  /** Ghosts of neighbours' entities. */
  get ghostCount(): number {
    return this.#ghosts;
  }

  /** One more than the highest row ever used. */
  get rowsUsed(): number {
    return this.#highWater;
  }

  /** The next owned row after `row`, in id order; −1 at the end. Start with −1. */
  next(row: number): number {
    for (let i = row + 1; i < this.#highWater; i++) if (this.state[i] === rowState.owned) return i;
    return -1;
  }

  /** The next row after `row` that lives, ghosts included; −1 at the end. */
  nextSeen(row: number): number {
    for (let i = row + 1; i < this.#highWater; i++) if (this.state[i] !== rowState.free) return i;
    return -1;
  }

  /**
   * The row of a reference, ghosts included; −1 when it is not (or no longer) here. A reference without generation,
   * as it comes off the wire, means whoever has the id now.
   */
  row(ref: EntityRef): number {
    if (ref === 0 || kindOf(ref) !== this.index) return -1;
    if (zoneOf(ref) !== this.zone) return this.#ghostRows.get(ref) ?? -1;
    const row = rowOf(ref);
    if (row >= this.#highWater || this.state[row] !== rowState.owned) return -1;
    const generation = generationOf(ref);
    return generation === 0 || generation === this.#generations[row] ? row : -1;
  }

  /** The reference of a live row; 0 for a free one. */
  ref(row: number): EntityRef {
    return this.refs[row]!;
  }

  isOwned(row: number): boolean {
    return row >= 0 && this.state[row] === rowState.owned;
  }

  isGhost(row: number): boolean {
    return row >= 0 && this.state[row] === rowState.ghost;
  }

  /** Takes a row for a new entity; −1 when the table is full. All columns hold their defaults. */
  take(tick: number): number {
    const row = this.#takeRow(tick);
    if (row < 0) return -1;
    this.state[row] = rowState.owned;
    this.refs[row] = packRef(this.zone, this.#generations[row]!, this.index, row);
    this.#owned++;
    return row;
  }

  /** Keeps a row for an entity that a neighbour will hand over; −1 when the table is full. It lives from `fillReserved` on. */
  reserve(tick: number): number {
    return this.#takeRow(tick);
  }

  /** A reserved row will not be filled: it rests, and is free again. */
  unreserve(row: number, tick: number): void {
    assert(
      row < this.#highWater && this.state[row] === rowState.free,
      "a reserved row is free until it is filled",
    );
    this.#rest(row, tick);
  }

  /** Gives life to a reserved row. */
  fillReserved(row: number): EntityRef {
    assert(
      row < this.#highWater && this.state[row] === rowState.free,
      "a reserved row is free until it is filled",
    );
    this.state[row] = rowState.owned;
    this.refs[row] = packRef(this.zone, this.#generations[row]!, this.index, row);
    this.#owned++;
    return this.refs[row]!;
  }

  /** Takes a row for a neighbour's entity; −1 when the table is full. */
  takeGhost(ref: EntityRef, tick: number): number {
    assert(
      zoneOf(ref) !== this.zone && !this.#ghostRows.has(ref),
      "a ghost belongs to another zone and is taken once",
    );
    const row = this.#takeRow(tick);
    if (row < 0) return -1;
    this.state[row] = rowState.ghost;
    this.refs[row] = ref;
    this.#ghostRows.set(ref, row);
    this.#ghosts++;
    return row;
  }

  /** Frees an owned or ghost row; its columns go back to their defaults. */
  free(row: number, tick: number): void {
    const state = this.state[row];
    assert(state !== rowState.free, "only a live row is freed");
    if (state === rowState.ghost) {
      this.#ghostRows.delete(this.refs[row]!);
      this.#ghosts--;
    } else {
      this.#owned--;
    }
    this.state[row] = rowState.free;
    this.refs[row] = 0;
    for (const field of this.#fields) clearCell(field.type, field.column, row);
    this.#rest(row, tick);
  }

  /** Passes every reference of every live row through `change`. */
  mapRefs(change: (ref: EntityRef) => EntityRef): void {
    for (let row = this.nextSeen(-1); row >= 0; row = this.nextSeen(row)) this.mapRowRefs(row, change);
  }

  /** Passes every reference of one row through `change`. */
  mapRowRefs(row: number, change: (ref: EntityRef) => EntityRef): void {
    for (const field of this.#refFields) mapCellRefs(field.type, field.column, row, change);
  }

  /** Writes all fields of a row by name, so that another build can read what it still knows. */
  writeRow(writer: ByteWriter, row: number, include: (name: string) => boolean): void {
    this.writeFields(writer, row, this.selection(include));
  }

  /** The fields that a predicate names: what `writeFields` takes, made once where rows are written often. */
  selection(include: (name: string) => boolean): Selection {
    return this.#fields.filter((field) => include(field.name));
  }

  /** Writes what `writeRow` writes, of fields that were chosen before. */
  writeFields(writer: ByteWriter, row: number, chosen: Selection): void {
    writer.v(chosen.length);
    for (const field of chosen) {
      writer.bytes(field.head);
      const at = writer.at;
      writer.u32(0);
      writeCell(writer, field.type, field.column, row);
      patchU32(writer, at, writer.at - at - 4);
    }
  }

  /** Reads what `writeRow` wrote; unknown fields and those of another type are skipped. False when the bytes are broken. */
  readRow(reader: ByteReader, row: number): boolean {
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      const name = reader.text(256);
      const typeName = reader.text(64);
      const length = reader.u32();
      const from = reader.skip(length);
      const field = this.#fields.find(
        (candidate) => candidate.name === name && candidate.type.type === typeName,
      );
      if (field === undefined || reader.failed) continue;
      const inner = new ByteReader(reader.buffer, from, from + length);
      readCell(inner, field.type, field.column, row);
    }
    return !reader.failed;
  }

  /** Writes the table into a checkpoint: rows in order, then the resting ones. */
  save(writer: ByteWriter): void {
    writer.text(this.kind.name);
    writer.v(this.#highWater);
    for (let row = 0; row < this.#highWater; row++) {
      writer.u8(this.state[row]!);
      writer.u16(this.#generations[row]!);
      writer.f64(this.state[row] === rowState.free ? this.#freedTicks[row]! : this.refs[row]!);
    }
    writer.v(this.#freeCount);
    for (let i = 0; i < this.#freeCount; i++) writer.u16(this.#free[(this.#freeHead + i) % this.capacity]!);
    writer.v(this.#fields.length);
    for (const field of this.#fields) {
      writer.bytes(field.head);
      const at = writer.at;
      writer.u32(0);
      for (let row = this.nextSeen(-1); row >= 0; row = this.nextSeen(row)) {
        writeCell(writer, field.type, field.column, row);
      }
      patchU32(writer, at, writer.at - at - 4);
    }
  }

  /** Reads a table into a new, empty one; columns are matched by name and type. False when the bytes are broken or do not fit. */
  restore(reader: ByteReader): boolean {
    assert(this.#highWater === 0, "a table is restored into an empty one");
    const used = reader.v();
    if (used > this.capacity) return false;
    for (let row = 0; row < used && !reader.failed; row++) {
      const state = reader.u8();
      this.#generations[row] = reader.u16();
      const value = reader.f64();
      if (!this.#canHold(row, state, value)) return false;
      this.state[row] = state;
      if (state === rowState.free) {
        this.#freedTicks[row] = value;
        continue;
      }
      this.refs[row] = value;
      if (state === rowState.owned) {
        this.#owned++;
      } else {
        this.#ghosts++;
        this.#ghostRows.set(value, row);
      }
    }
    this.#highWater = used;
    const resting = reader.v();
    if (resting > this.capacity) return false;
    const rests = new Set<number>();
    for (let i = 0; i < resting && !reader.failed; i++) {
      const row = reader.u16();
      if (row >= used || this.state[row] !== rowState.free || rests.has(row)) return false;
      rests.add(row);
      this.#free[i] = row;
    }
    this.#freeCount = resting;
    for (let left = reader.v(); left > 0 && !reader.failed; left--) this.#restoreColumn(reader);
    return !reader.failed;
  }

  /** Whether a saved row can be what it says: a reference of this table's own, a neighbour's that is new, a tick. */
  #canHold(row: number, state: number, value: number): boolean {
    switch (state) {
      case rowState.free:
        return Number.isFinite(value);
      case rowState.owned:
        return value === packRef(this.zone, this.#generations[row]!, this.index, row);
      case rowState.ghost: {
        const isRef = Number.isSafeInteger(value) && value > 0 && kindOf(value) === this.index;
        return isRef && zoneOf(value) !== this.zone && !this.#ghostRows.has(value);
      }
      default:
        return false;
    }
  }

  #restoreColumn(reader: ByteReader): void {
    const name = reader.text(256);
    const typeName = reader.text(64);
    const length = reader.u32();
    const start = reader.at;
    const field = this.#fields.find(
      (candidate) => candidate.name === name && candidate.type.type === typeName,
    );
    if (field === undefined) {
      reader.skip(length);
      return;
    }
    for (let row = this.nextSeen(-1); row >= 0; row = this.nextSeen(row))
      readCell(reader, field.type, field.column, row);
    if (reader.at !== start + length) reader.failed = true;
  }

  #rest(row: number, tick: number): void {
    this.#freedTicks[row] = tick;
    this.#free[(this.#freeHead + this.#freeCount) % this.capacity] = row;
    this.#freeCount++;
  }

  #takeRow(tick: number): number {
    if (this.#freeCount > 0) {
      const row = this.#free[this.#freeHead]!;
      if (this.#freedTicks[row]! + idRestTicks <= tick) {
        this.#freeHead = (this.#freeHead + 1) % this.capacity;
        this.#freeCount--;
        return this.#renew(row);
      }
    }
    if (this.#highWater === this.capacity) return -1;
    return this.#renew(this.#highWater++);
  }

  /** Generation 0 means "any" on the wire, so living generations run from 1. */
  #renew(row: number): number {
    const generation = this.#generations[row]!;
    this.#generations[row] = generation === generationMax ? 1 : generation + 1;
    return row;
  }
}

/** The 24-bit wire id of a row of a table. */
export function idOfRow(table: Table, row: number): number {
  return idOf(table.refs[row]!);
}

function headOf(name: string, typeName: string): Uint8Array {
  const writer = new ByteWriter(64);
  writer.text(name);
  writer.text(typeName);
  return writer.copy();
}

/** Overwrites a u32 that was reserved earlier. */
export function patchU32(writer: ByteWriter, at: number, value: number): void {
  writer.buffer[at] = value;
  writer.buffer[at + 1] = value >>> 8;
  writer.buffer[at + 2] = value >>> 16;
  writer.buffer[at + 3] = value >>> 24;
}

function holdsReferences(type: EntityFields[string]["type"]): boolean {
  switch (type.type) {
    case "entityRef":
      return true;
    case "array":
    case "boundedList":
      return type.item.type === "entityRef";
    case "boundedMap":
      return type.key.type === "entityRef" || type.value.type === "entityRef";
    default:
      return false;
  }
}
