/**
 * Named areas of a zone: which of them a point lies in, as a mask.
 *
 * Invariant: at most 32 areas, so that a player's areas are one number. Borders belong to the area.
 */
import type { Area } from "./definitions.ts";

export class Areas {
  readonly names: readonly string[];
  readonly #areas: readonly Area[];

  constructor(areas: readonly Area[]) {
    this.#areas = areas;
    this.names = areas.map((area) => area.name);
  }

  /** Areas that hold a point, one bit each in their declared order. */
  maskAt(x: number, y: number): number {
    let mask = 0;
    for (let i = 0; i < this.#areas.length; i++) if (contains(this.#areas[i]!, x, y)) mask |= 1 << i;
    return mask >>> 0;
  }

  /** True when a point lies in the area of this name. */
  isIn(name: string, x: number, y: number): boolean {
    return this.#areas.some((area) => area.name === name && contains(area, x, y));
  }
}

function contains({ shape }: Area, x: number, y: number): boolean {
  if (shape.kind === "circle") {
    const dx = x - shape.x;
    const dy = y - shape.y;
    return dx * dx + dy * dy <= shape.radiusM * shape.radiusM;
  }
  return x >= shape.x && y >= shape.y && x <= shape.x + shape.width && y <= shape.y + shape.height;
}
