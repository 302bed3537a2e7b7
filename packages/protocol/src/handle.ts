/**
 * An entity's name as one number: zone, generation, kind and row packed into 52 bits of a safe integer.
 *
 *   51        40 39         24 23      16 15            0
 *   ├─ zone ──┤├─ generation ─┤├─ kind ──┤├──── row ────┤
 *
 * Invariant: 0 is no entity. Ascending refs of one zone and generation are ascending (kind, row): "id order".
 * Invariant: on the wire the generation is absent; ids rest longer than any window, so (zone, id) is enough there.
 */

declare const entityRefBrand: unique symbol;
/** A reference to an entity, or 0 for none. Compare with ===. */
export type EntityRef = number & { readonly [entityRefBrand]?: true };

/** No entity. */
export const noEntity: EntityRef = 0;

const generationUnit = 2 ** 24;
const zoneUnit = 2 ** 40;

/** Packs the parts: zone 0–4094, generation 0–65535, kind 0–254, row 0–65535. The zone is stored plus one, so that no valid ref is 0. */
export function packRef(zone: number, generation: number, kind: number, row: number): EntityRef {
  return (zone + 1) * zoneUnit + generation * generationUnit + kind * 65_536 + row;
}

/** A ref as the wire knows it: zone and 24-bit id, generation 0. */
export function wireRef(zone: number, id: number): EntityRef {
  return (zone + 1) * zoneUnit + id;
}

/** The zone's number, −1 for no entity. */
export function zoneOf(ref: EntityRef): number {
  return Math.floor(ref / zoneUnit) - 1;
}

export function generationOf(ref: EntityRef): number {
  return Math.floor(ref / generationUnit) & 0xffff;
}

/** The 24-bit id: kind and row. */
export function idOf(ref: EntityRef): number {
  return ref & 0xffffff;
}

export function kindOf(ref: EntityRef): number {
  return (ref >>> 16) & 0xff;
}

export function rowOf(ref: EntityRef): number {
  return ref & 0xffff;
}
