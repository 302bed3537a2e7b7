/** A region's shape in a checkpoint: left:f64 top:f64 depth:u8. */
import type { ByteReader, ByteWriter } from "./frame.ts";
import type { RegionGrid, RegionShape } from "./regions.ts";

export function writeShape(writer: ByteWriter, shape: RegionShape): void {
  writer.f64(shape.left);
  writer.f64(shape.top);
  writer.u8(shape.depth);
}

/** A shape that is not in the grid comes out as some quarter of it: a broken checkpoint is refused by its checksum. */
export function readShape(reader: ByteReader, grid: RegionGrid): RegionShape {
  const left = reader.f64();
  const top = reader.f64();
  const depth = reader.u8();
  // By its middle: which of two cells an edge belongs to is a matter of rounding where bounds are no whole numbers.
  const half = grid.sizeM / 2 ** (depth + 1);
  const x = left + half;
  const y = top + half;
  let shape = grid.shapeOf(grid.at(x, y));
  for (let step = 0; step < depth; step++) {
    const middle = shape.sizeM / 2;
    shape = grid.quarterOf(shape, (x >= shape.left + middle ? 1 : 0) | (y >= shape.top + middle ? 2 : 0));
  }
  return shape;
}
