/**
 * Who may see a region: the viewers of one zone by the region that is nearest to them.
 *
 * News of a region go to those who stand within a view's reach of it, so the search looks at a few cells around it and
 * never at all sessions. Each viewer stands in one cell; a step within the cell costs nothing.
 * Source: the uniform grid of every spatial hash; a viewer beyond the border is kept at the border, which never brings
 * it farther from a region than it is.
 */
import type { RegionGrid } from "@myriad/protocol";

export interface Indexed {
  /** Region under which it stands; −1 for none. Owned by the index. */
  indexRegion: number;
  /** Place in that region's list. Owned by the index. */
  indexPlace: number;
}

export class ViewerIndex<Viewer extends Indexed> {
  readonly #grid: RegionGrid;
  readonly #reachCells: number;
  readonly #cells: (Viewer[] | undefined)[];

  constructor(grid: RegionGrid, reachM: number) {
    this.#grid = grid;
    // A viewer anywhere in its cell, up to the reach away from the region's nearest edge.
    this.#reachCells = Math.floor(reachM / grid.sizeM) + 1;
    this.#cells = new Array<Viewer[] | undefined>(grid.count);
  }

  /** Notes where a viewer is now. */
  place(viewer: Viewer, x: number, y: number): void {
    const region = this.#grid.at(x, y);
    if (region === viewer.indexRegion) return;
    this.remove(viewer);
    const cell = (this.#cells[region] ??= []);
    viewer.indexRegion = region;
    viewer.indexPlace = cell.length;
    cell.push(viewer);
  }

  remove(viewer: Viewer): void {
    if (viewer.indexRegion < 0) return;
    const cell = this.#cells[viewer.indexRegion] as Viewer[];
    const last = cell.pop() as Viewer;
    if (last !== viewer) {
      cell[viewer.indexPlace] = last;
      last.indexPlace = viewer.indexPlace;
    }
    viewer.indexRegion = -1;
  }

  /** Shows everyone who may have the region in view. */
  around(region: number, each: (viewer: Viewer) => void): void {
    const { columns, rows } = this.#grid;
    const column = region % columns;
    const row = Math.floor(region / columns);
    const lastRow = Math.min(rows - 1, row + this.#reachCells);
    const lastColumn = Math.min(columns - 1, column + this.#reachCells);
    for (let r = Math.max(0, row - this.#reachCells); r <= lastRow; r++) {
      for (let c = Math.max(0, column - this.#reachCells); c <= lastColumn; c++) {
        const cell = this.#cells[r * columns + c];
        if (cell === undefined) continue;
        for (let i = 0; i < cell.length; i++) each(cell[i] as Viewer);
      }
    }
  }
}
