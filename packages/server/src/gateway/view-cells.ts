/**
 * The list of regions in a view: seven small numbers each, side by side in one array.
 *
 * Ten thousand views are in use at once, so that what one takes counts, and so does that its numbers stand together.
 * Invariant: a region stands in a list at most once. // hot path
 */

/** Numbers kept of each listed region, side by side. */
export const width = 7;
/** Places among them: the region, its ring (from 1), levels (from 1, 0 none), whether the client has it. */
export const regionField = 0;
export const ringField = 1;
export const wantedField = 2;
export const steadyField = 3;
export const hasField = 4;
/** Distance to its nearest point, 1/32 m. */
export const distanceField = 5;
/** Low 16 bits of the tick of the keyframe with which the client's knowledge of it began. */
export const sinceField = 6;
export const stepsPerM = 32;
export const distanceMax = 0xffff;
/** Regions for which a new list has room. */
const roomMin = 24;

/** The listed regions: one array, because ten thousand views are in use at once. */
export class ViewCells {
  data = new Uint16Array(0);
  /** Numbers in use: regions × width. */
  length = 0;

  /** Where a region stands; −1 when it is not listed. */
  find(number: number): number {
    const { data, length } = this;
    for (let at = 0; at < length; at += width) if (data[at] === number) return at;
    return -1;
  }

  push(): number {
    this.#reserve(this.length + width);
    this.length += width;
    return this.length - width;
  }

  /** Makes `times` copies of an entry behind it. */
  repeat(at: number, times: number): void {
    const added = times * width;
    this.#reserve(this.length + added);
    this.data.copyWithin(at + width + added, at + width, this.length);
    for (let i = 1; i <= times; i++) this.data.copyWithin(at + i * width, at, at + width);
    this.length += added;
  }

  remove(at: number): void {
    this.data.copyWithin(at, at + width, this.length);
    this.length -= width;
  }

  clear(field: number): void {
    for (let at = 0; at < this.length; at += width) this.data[at + field] = 0;
  }

  /** Becomes the same as another list; answers whether a region or a steady level is another than before. */
  copyFrom(other: ViewCells): boolean {
    let isChanged = this.length !== other.length;
    this.#reserve(other.length);
    const { data } = this;
    for (let at = 0; at < other.length; at += width) {
      if (data[at + regionField] !== other.data[at + regionField]) isChanged = true;
      if (data[at + steadyField] !== other.data[at + steadyField]) isChanged = true;
      for (let field = 0; field < width; field++) data[at + field] = other.data[at + field]!;
    }
    this.length = other.length;
    return isChanged;
  }

  /** Lets `lent` answer where a region stands, until `giveBack`. */
  lend(capacity: number): void {
    if (places.length < capacity) places = new Int32Array(capacity).fill(-1);
    for (let at = 0; at < this.length; at += width) places[this.data[at]!] = at;
  }

  lent(number: number): number {
    return places[number]!;
  }

  take(number: number): void {
    places[number] = -1;
  }

  isTaken(at: number): boolean {
    return places[this.data[at]!] === -1;
  }

  giveBack(): void {
    for (let at = 0; at < this.length; at += width) places[this.data[at]!] = -1;
  }

  #reserve(numbers: number): void {
    if (numbers <= this.data.length) return;
    const wider = new Uint16Array(Math.max(roomMin * width, Math.ceil((numbers * 1.25) / width) * width));
    wider.set(this.data.subarray(0, this.length));
    this.data = wider;
  }
}

/** Where every list is made before it is copied to its view: a view's own memory is what it holds. */
export const spareCells = new ViewCells();
/** Place of each region in the list that is lent, −1 for none. */
let places = new Int32Array(1024).fill(-1);
