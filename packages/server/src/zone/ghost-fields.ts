/**
 * Values of a neighbour's entity, as they were decoded, into a ghost's columns: what each field needs, found once per kind.
 *
 * Invariant: a ghost's column holds what `dequantise` says, as `setCell` would have put it there.
 * hot path
 */
import {
  dequantise,
  type EntityRef,
  type KindLayout,
  positionStepsPerM,
  type ReplicaEntity,
  type WireType,
} from "@myriad/protocol";
import type { AnyColumn, VectorColumn } from "../world/columns.ts";
import type { Table } from "../world/table.ts";
import { setCell, type World } from "../world/world.ts";

/** How a field's parts become its column's numbers. */
type Copy = (parts: Int32Array, texts: readonly string[], row: number) => void;

/** Channels that a neighbour's blocks carry. */
const channels = 4;

export class GhostFields {
  /** By channel. */
  readonly #copies: readonly (readonly Copy[])[];

  constructor(world: World, table: Table, layout: KindLayout) {
    const columns = table.columns as Record<string, AnyColumn>;
    this.#copies = layout.channels
      .slice(0, channels)
      .map((fields) =>
        fields.map((field) =>
          copyOf(world, field.type as WireType, columns[field.name]!, field.part, field.text),
        ),
      );
  }

  /** Copies one channel of a decoded entity into a row. */
  copy(entity: ReplicaEntity, channel: number, row: number): void {
    const copies = this.#copies[channel]!;
    for (let i = 0; i < copies.length; i++) copies[i]!(entity.parts, entity.texts, row);
  }
}

/** What moves in everybody has a way of its own, without a box for its value; the rest is rare. */
function copyOf(world: World, type: WireType, column: AnyColumn, part: number, text: number): Copy {
  switch (type.type) {
    case "position": {
      const { x, y } = column as VectorColumn;
      return (parts, _, row) => {
        x[row] = parts[part]! / positionStepsPerM;
        y[row] = parts[part + 1]! / positionStepsPerM;
      };
    }
    case "angle": {
      const numbers = column as Float64Array;
      const values = Float64Array.from(
        { length: type.bits <= angleTableBitsMax ? 2 ** type.bits : 0 },
        (_, step) => dequantise(type, Int32Array.of(step), 0) as number,
      );
      if (values.length === 0) break;
      return (parts, _, row) => {
        numbers[row] = values[parts[part]!]!;
      };
    }
    case "unit": {
      const numbers = column as Float64Array;
      const most = 2 ** type.bits - 1;
      return (parts, _, row) => {
        numbers[row] = parts[part]! / most;
      };
    }
    case "oneOf":
    case "bool": {
      const numbers = column as Float64Array;
      return (parts, _, row) => {
        numbers[row] = parts[part]!;
      };
    }
    case "text":
      return (_, texts, row) => setCell(type, column, row, texts[text]);
    case "entityRef":
      return (parts, _, row) =>
        setCell(type, column, row, world.localName(dequantise(type, parts, part) as EntityRef));
  }
  return (parts, _, row) => setCell(type, column, row, dequantise(type, parts, part));
}

/** Angles of so many bits are read from a table of their values: 8 KB at most. */
const angleTableBitsMax = 10;
