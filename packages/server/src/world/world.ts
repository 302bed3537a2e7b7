/**
 * The world of one zone: tables of entities, zone-wide state, timers, chance, who is near whom. The state of the simulation
 * and nothing else.
 *
 * Owns: everything that `save` writes. Invariant: `restore(save())` runs on hash-equal with the same inputs, from any tick.
 * Invariant: no clock, no unseeded chance, no I/O; time is `tick`.
 * Absent on purpose: sessions (zone/), regions and bytes for clients (replication/); those are inputs or derived.
 */
import {
  type ByteReader,
  type ByteWriter,
  type EntityFields,
  type EntityKind,
  type EntityRef,
  idOf,
  kindOf,
  noEntity,
  type Schema,
  type FieldSpec,
  type NumberType,
  type ServerType,
  type ValueOf,
  type Vector,
  type WireType,
  wireRef,
  type ZoneBounds,
  zoneOf,
} from "@myriad/protocol";
import { Arena } from "../kernel/arena.ts";
import { assert } from "../kernel/assert.ts";
import { SeededRandom } from "../kernel/random.ts";
import type { AnyColumn, Columns, VectorColumn } from "./columns.ts";
import { SpatialIndex } from "./spatial-index.ts";
import { Table } from "./table.ts";
import { Timers, type TimerType } from "./timers.ts";

/** Zone-wide state of a module: one row of declared fields. */
export interface StateType<F extends EntityFields = EntityFields> {
  readonly name: string;
  readonly fields: F;
}

/** Values for a new entity; fields left out hold their defaults. */
export type SpawnValues<F extends EntityFields> = {
  readonly [K in keyof F]?: F[K] extends FieldSpec<infer T>
    ? T extends WireType
      ? ValueOf<T>
      : T extends NumberType
        ? number
        : never
    : never;
};

/** Rows a kind gets when nothing else is said: room for a crowd, at a few hundred bytes of address space each. */
export const rowsDefault = 16_384;

export class World {
  readonly zone: number;
  readonly bounds: ZoneBounds;
  readonly tickRateHz: number;
  readonly schema: Schema;
  readonly tables: readonly Table[];
  readonly timers: Timers;
  readonly random: SeededRandom;
  readonly spatial: SpatialIndex;
  tick = 0;
  readonly #byKind = new Map<EntityKind, Table>();
  readonly #states = new Map<string, Table>();
  /** First spatial key of each kind. */
  readonly #spatialBase: readonly number[];
  readonly #positions: readonly (VectorColumn | undefined)[];
  /** Reference each spatial key was last inserted with, 0 for none. */
  readonly #indexed: Float64Array;

  constructor(options: {
    zone: number;
    bounds: ZoneBounds;
    tickRateHz: number;
    schema: Schema;
    seed: number;
    timers: readonly TimerType[];
    states: readonly StateType[];
    /** Rows by kind name. @default rowsDefault */
    rowsMax?: Readonly<Record<string, number>>;
  }) {
    this.zone = options.zone;
    this.bounds = options.bounds;
    this.tickRateHz = options.tickRateHz;
    this.schema = options.schema;
    this.random = new SeededRandom(options.seed, options.zone);
    this.timers = new Timers(options.timers);
    const arena = new Arena();
    this.tables = options.schema.entities.map((kind, index) => {
      const capacity = options.rowsMax?.[kind.name] ?? rowsDefault;
      const table = new Table(kind, { index, zone: options.zone, capacity, arena });
      this.#byKind.set(kind, table);
      return table;
    });
    for (const state of options.states) {
      const kind: EntityKind = {
        what: "entity",
        name: state.name,
        fields: state.fields,
        group: [],
        wakes: false,
      };
      const table = new Table(kind, { index: 255, zone: options.zone, capacity: 1 });
      table.take(0);
      this.#states.set(state.name, table);
    }
    let base = 0;
    this.#spatialBase = this.tables.map((table) => {
      const first = base;
      base += table.capacity;
      return first;
    });
    this.#positions = this.tables.map(
      (table) => (table.columns as Record<string, unknown>)["position"] as VectorColumn | undefined,
    );
    this.#indexed = new Float64Array(base);
    this.spatial = new SpatialIndex({ bounds: options.bounds, cellSizeM: spatialCellM, capacity: base });
  }

  /** The table of a kind; an assertion when the kind is not in the schema. */
  table<F extends EntityFields>(kind: EntityKind<string, F>): Table<F> {
    const table = this.#byKind.get(kind as unknown as EntityKind);
    assert(table !== undefined, `entity kind ${kind.name} is part of the realm's schema`);
    return table as unknown as Table<F>;
  }

  /** The columns of a zone-wide state; its values stand in row 0. */
  state<F extends EntityFields>(type: StateType<F>): Columns<F> {
    const table = this.#states.get(type.name);
    assert(table !== undefined, `state ${type.name} is declared by a module`);
    return table.columns as unknown as Columns<F>;
  }

  /** Makes an entity; noEntity when the table is full. It is found by queries at once. O(1). */
  spawn<F extends EntityFields>(kind: EntityKind<string, F>, values: SpawnValues<F>): EntityRef {
    const table = this.table(kind);
    const row = table.take(this.tick);
    if (row < 0) return noEntity;
    setRow(table as unknown as Table, row, values as Record<string, unknown>);
    this.index(table as unknown as Table, row);
    return table.ref(row);
  }

  /** Ends an owned entity; false when it is not (or no longer) here. Its timers end with it. O(1) plus its timers. */
  despawn(ref: EntityRef): boolean {
    const table = this.tables[kindOf(ref)];
    const row = table?.row(ref) ?? -1;
    if (table === undefined || !table.isOwned(row)) return false;
    this.timers.removeOwned(table.ref(row));
    this.remove(table, row);
    return true;
  }

  /** True when this zone owns the entity and it lives. */
  owns(ref: EntityRef): boolean {
    const table = this.tables[kindOf(ref)];
    return ref !== 0 && table !== undefined && table.isOwned(table.row(ref));
  }

  /** The live reference behind one that came off the wire: with generation for own entities, as it is for known ghosts, else noEntity. */
  resolve(ref: EntityRef): EntityRef {
    const table = this.tables[kindOf(ref)];
    const row = ref === 0 || table === undefined ? -1 : table.row(ref);
    return row < 0 ? noEntity : table!.ref(row);
  }

  /** Frees a row (owned or ghost) and takes it out of the index. */
  remove(table: Table, row: number): void {
    const key = this.#spatialBase[table.index]! + row;
    if (this.#indexed[key] !== 0) {
      this.spatial.remove(key);
      this.#indexed[key] = 0;
    }
    table.free(row, this.tick);
  }

  /** Puts a live row into the index at its position; nothing for kinds without one. */
  index(table: Table, row: number): void {
    const position = this.#positions[table.index];
    if (position === undefined) return;
    const key = this.#spatialBase[table.index]! + row;
    this.spatial.insert(key, table.ref(row), position.x[row]!, position.y[row]!);
    this.#indexed[key] = table.ref(row);
  }

  /**
   * Takes current positions over into the index. Queries see positions as of the last refresh: after the intake of a
   * tick, and after each system that says it moves entities.
   */
  refreshIndex(): void {
    for (const table of this.tables) {
      const position = this.#positions[table.index];
      if (position === undefined) continue;
      this.spatial.moveRows(this.#spatialBase[table.index]!, position.x, position.y, table.rowsUsed);
    }
  }

  /** Replaces a reference wherever state holds it: an entity changed its name at a border. */
  rename(from: EntityRef, to: EntityRef): void {
    const change = (ref: EntityRef) => (ref === from ? to : ref);
    for (const table of this.tables) table.mapRefs(change);
    for (const table of this.#states.values()) table.mapRefs(change);
    this.timers.mapRefs(change);
  }

  /**
   * The name this zone uses for an entity that another zone named: own entities with their generation (noEntity when
   * they are gone), others without.
   */
  localName(ref: EntityRef): EntityRef {
    if (ref === 0) return noEntity;
    return zoneOf(ref) === this.zone ? this.resolve(ref) : wireRef(zoneOf(ref), idOf(ref));
  }

  save(writer: ByteWriter): void {
    writer.f64(this.tick);
    for (const word of this.random.save()) writer.u32(word);
    this.timers.save(writer);
    writer.v(this.tables.length);
    for (const table of this.tables) table.save(writer);
    writer.v(this.#states.size);
    for (const table of this.#states.values()) table.save(writer);
  }

  /** Reads what `save` wrote into a new world. False when the bytes are broken; the world must then be thrown away. */
  restore(reader: ByteReader): boolean {
    this.tick = reader.f64();
    if (!Number.isSafeInteger(this.tick) || this.tick < 0) return false;
    this.random.restore(Uint32Array.from({ length: 4 }, () => reader.u32()));
    if (!this.timers.restore(reader)) return false;
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      const name = reader.text(256);
      const table = this.tables.find((candidate) => candidate.kind.name === name);
      // A name that stands twice finds a table that is no longer empty.
      if (table === undefined || table.rowsUsed > 0 || !table.restore(reader)) return false;
      if (!this.#indexAll(table)) return false;
    }
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      const table = this.#states.get(reader.text(256));
      if (table === undefined || !restoreState(table, reader)) return false;
    }
    return !reader.failed;
  }

  /** Puts all rows of a restored table into the index; false when one stands nowhere. */
  #indexAll(table: Table): boolean {
    const position = this.#positions[table.index];
    if (position === undefined) return true;
    for (let row = table.nextSeen(-1); row >= 0; row = table.nextSeen(row)) {
      if (!Number.isFinite(position.x[row]) || !Number.isFinite(position.y[row])) return false;
      this.index(table, row);
    }
    return true;
  }
}

/** Cell of the query index, metres: about the reach of a fight, so that most queries touch a few cells. */
const spatialCellM = 16;

/** Sets named fields of a row from values in object form. */
export function setRow(table: Table, row: number, values: Record<string, unknown>): void {
  for (const name of Object.keys(values)) {
    const spec = table.kind.fields[name];
    assert(spec !== undefined, `entity ${table.kind.name} has a field ${name}`);
    setCell(spec.type, (table.columns as Record<string, AnyColumn>)[name]!, row, values[name]);
  }
}

/** Sets one cell from a value in object form; arrays, lists and maps are filled through their columns. */
export function setCell(type: ServerType, column: AnyColumn, row: number, value: unknown): void {
  switch (type.type) {
    case "position":
    case "finePosition":
    case "vector": {
      const pair = value as Vector;
      (column as VectorColumn).x[row] = pair.x;
      (column as VectorColumn).y[row] = pair.y;
      return;
    }
    case "text":
      (column as string[])[row] = value as string;
      return;
    case "bool":
      (column as Float64Array)[row] = value === true ? 1 : 0;
      return;
    case "oneOf":
      (column as Float64Array)[row] = type.codes[value as string] ?? 0;
      return;
    case "array":
    case "boundedList":
    case "boundedMap":
      assert(false, `${type.type} fields are filled after the spawn`);
    default:
      (column as Float64Array)[row] = value as number;
  }
}

/** A state's table holds its one row already; the saved one replaces it. */
function restoreState(table: Table, reader: ByteReader): boolean {
  const saved = new Table(table.kind, { index: table.index, zone: table.zone, capacity: 1 });
  if (!saved.restore(reader)) return false;
  for (const [name, spec] of Object.entries(table.kind.fields)) copyCell(spec.type, saved, table, name);
  return true;
}

function copyCell(type: ServerType, from: Table, to: Table, name: string): void {
  const source = (from.columns as Record<string, AnyColumn>)[name]!;
  const target = (to.columns as Record<string, AnyColumn>)[name]!;
  if (type.type === "text") {
    (target as string[])[0] = (source as string[])[0] ?? "";
    return;
  }
  for (const key of Object.keys(source) as "x"[]) {
    const values = (source as unknown as Record<string, unknown>)[key];
    if (ArrayBuffer.isView(values))
      (target as unknown as Record<string, Float64Array>)[key]!.set(values as Float64Array);
  }
  if (source instanceof Float64Array) (target as Float64Array).set(source);
}
