/**
 * The numbers of all sessions that every tick touches, one row each: a table that is found by a session's number.
 *
 * A gateway meets ten thousand sessions twenty times a second, each of them cold: what counts is how many lines of the
 * processor's cache a meeting takes. A row is two of them, beside each other; an object with its parts was twelve.
 * Invariant: rows stand where their numbers hash to, or behind; a session is told when its row moves.
 * Invariant: a session that is taken out goes on with a row of its own. // hot path
 */
import { assert } from "../kernel/assert.ts";
import { framesKept } from "./limits.ts";

/** Numbers of a row: 128 bytes. */
export const rowWidth = 32;
const recordsAt = 8;
/** Numbers of a record: its zone and the slot of the frame it is in, its tick, where it stands in the frame. */
export const recordWidth = 3;
/** A record's first number is zone × this + slot. */
export const slotsMax = 16;
/** No zone begins with it: a session's numbers of intents count up from 1. */
export const unknownIntent = -1;

/** Where a row's numbers stand. */
export const cell = {
  id: 0,
  /** Number of the zone that owns the character. */
  home: 1,
  /** When the zone reported the session last, a float: this place and the next. */
  reportedMs: 2,
  /** 1/1024 m. */
  x: 4,
  y: 5,
  /** The intent last acknowledged to the session's queue. */
  lastIntent: 6,
  /** Sum of `rowFlag`, and above these which record is written next. */
  flags: 7,
  /** The newest records, as many as frames are kept: a ring. A first number of −1 is none. */
  records: recordsAt,
} as const;

const recordsEnd = recordsAt + framesKept * recordWidth;
assert(
  recordsEnd <= rowWidth && framesKept < slotsMax,
  "a row has room for a record of each frame that is kept",
);
/** Which record is written next stands above the flags. */
const nextShift = 8;

export const rowFlag = {
  hasPosition: 1,
  /** It is at another gateway. */
  apart: 2,
  /** Its zone was told that it is here and has not reported it. */
  called: 4,
  grouped: 8,
} as const;

/** What has a row. */
export interface InRow {
  readonly id: number;
  /** Its row is there from now on; what it had in the other one was copied. */
  settle(ints: Int32Array, floats: Float64Array, row: number): void;
}

/** Place of the oldest record of a zone's in a row that is newer than a tick; −1 when there is none. */
export function recordAfter(ints: Int32Array, row: number, zone: number, tick: number): number {
  let next = ints[row + cell.flags]! >>> nextShift;
  for (let i = 0; i < framesKept; i++) {
    const place = row + recordsAt + next * recordWidth;
    const isOfZone = Math.floor(ints[place]! / slotsMax) === zone;
    if (isOfZone && ints[place + 1]! >>> 0 > tick) return place;
    next = next + 1 === framesKept ? 0 : next + 1;
  }
  return -1;
}

/** A row that belongs to nobody else: a new session's, or that of one that is taken out. */
export function newRow(): { ints: Int32Array; floats: Float64Array } {
  const ints = new Int32Array(rowWidth);
  ints.fill(-1, recordsAt, recordsEnd);
  ints[cell.lastIntent] = unknownIntent;
  return { ints, floats: new Float64Array(ints.buffer) };
}

export class SessionRows<Holder extends InRow> {
  /** All rows; a row is named by the place of its first number. Both views change when the table grows. */
  ints: Int32Array;
  floats: Float64Array;
  #holders: (Holder | undefined)[];
  #mask: number;
  #count = 0;

  /** @param capacity Sessions for which there is room at once; the table grows beyond. */
  constructor(capacity: number) {
    const places = 2 ** Math.ceil(Math.log2(Math.max(8, 2 * capacity)));
    this.#mask = places - 1;
    this.#holders = new Array<Holder | undefined>(places).fill(undefined);
    this.ints = new Int32Array(places * rowWidth);
    this.floats = new Float64Array(this.ints.buffer);
  }

  get size(): number {
    return this.#count;
  }

  /** The row of a session's number; −1 when there is none. */
  find(id: number): number {
    const { ints } = this;
    const mask = this.#mask;
    const wanted = id | 0;
    for (let place = wanted & mask; ; place = (place + 1) & mask) {
      const row = place * rowWidth;
      const there = ints[row]!;
      if (there === wanted) return row;
      if (there === 0) return -1;
    }
  }

  /** Whose row it is. */
  holder(row: number): Holder {
    return this.#holders[row / rowWidth]!;
  }

  /** Notes where a session's record of a tick is. */
  noteRecord(row: number, zone: number, tick: number, slot: number, at: number): void {
    const { ints } = this;
    const flags = ints[row + cell.flags]!;
    const next = flags >>> nextShift;
    const place = row + recordsAt + next * recordWidth;
    ints[place] = zone * slotsMax + slot;
    ints[place + 1] = tick;
    ints[place + 2] = at;
    const after = next + 1 === framesKept ? 0 : next + 1;
    ints[row + cell.flags] = (flags & ((1 << nextShift) - 1)) | (after << nextShift);
  }

  /** Gives a session a row, with what it had in its own. A row of the same number is taken over. */
  add(holder: Holder, own: Int32Array, from: number): void {
    if (2 * (this.#count + 1) > this.#mask) this.#grow();
    const found = this.find(holder.id);
    if (found >= 0) this.#detach(found);
    const row = found >= 0 ? found : this.#freeRow(holder.id);
    this.ints.set(own.subarray(from, from + rowWidth), row);
    this.ints[row] = holder.id;
    this.#holders[row / rowWidth] = holder;
    this.#count += found >= 0 ? 0 : 1;
    holder.settle(this.ints, this.floats, row);
  }

  /** Takes a session's row away; nothing happens when the row is another session's. */
  remove(holder: Holder): void {
    const row = this.find(holder.id);
    if (row < 0 || this.holder(row) !== holder) return;
    this.#detach(row);
    this.#count -= 1;
    this.#close(row / rowWidth);
  }

  #freeRow(id: number): number {
    let place = id & this.#mask;
    while (this.ints[place * rowWidth] !== 0) place = (place + 1) & this.#mask;
    return place * rowWidth;
  }

  /** The holder goes on with a copy of its row. */
  #detach(row: number): void {
    const { ints, floats } = newRow();
    ints.set(this.ints.subarray(row, row + rowWidth));
    this.holder(row).settle(ints, floats, 0);
  }

  /** Makes a place free; rows behind it that would not be found any more move up. */
  #close(closed: number): void {
    const mask = this.#mask;
    let free = closed;
    for (let place = (free + 1) & mask; this.ints[place * rowWidth] !== 0; place = (place + 1) & mask) {
      const home = this.ints[place * rowWidth]! & mask;
      // It stands between its home and here; it may only move to a place that lies there, too.
      if (((place - home) & mask) < ((place - free) & mask)) continue;
      this.ints.copyWithin(free * rowWidth, place * rowWidth, (place + 1) * rowWidth);
      const holder = this.#holders[place]!;
      this.#holders[free] = holder;
      holder.settle(this.ints, this.floats, free * rowWidth);
      free = place;
    }
    this.ints.fill(0, free * rowWidth, (free + 1) * rowWidth);
    this.#holders[free] = undefined;
  }

  #grow(): void {
    const [ints, holders] = [this.ints, this.#holders];
    const places = holders.length * 2;
    this.#mask = places - 1;
    this.#holders = new Array<Holder | undefined>(places).fill(undefined);
    this.ints = new Int32Array(places * rowWidth);
    this.floats = new Float64Array(this.ints.buffer);
    for (const [place, holder] of holders.entries()) {
      if (holder === undefined) continue;
      const row = this.#freeRow(holder.id);
      this.ints.set(ints.subarray(place * rowWidth, (place + 1) * rowWidth), row);
      this.#holders[row / rowWidth] = holder;
      holder.settle(this.ints, this.floats, row);
    }
  }
}
