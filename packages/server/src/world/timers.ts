/**
 * Timers as data: what shall happen at a later tick, as a name and arguments, so that it survives a checkpoint.
 *
 * Invariant: timers of one tick fire in the order in which they were set. A timer with an owner ends with its owner and
 * goes along when the owner is handed to another zone.
 */
import {
  type ByteReader,
  type ByteWriter,
  type EntityRef,
  noEntity,
  type RecordFields,
  type RecordValue,
} from "@myriad/protocol";
import { assert } from "../kernel/assert.ts";
import { readLossless, writeLossless } from "./lossless.ts";

/** A kind of timer: its name in checkpoints and the fields of its arguments. */
export interface TimerType<F extends RecordFields = RecordFields> {
  readonly name: string;
  readonly fields: F;
}

export interface Timer {
  readonly dueTick: number;
  readonly order: number;
  readonly type: TimerType;
  readonly owner: EntityRef;
  readonly args: RecordValue<RecordFields>;
}

/** Timers one zone may hold: far above any game's need, below what could hurt. */
export const timersMax = 65_536;

export class Timers {
  /** A binary heap by (dueTick, order). */
  readonly #heap: Timer[] = [];
  readonly #types: ReadonlyMap<string, TimerType>;
  #nextOrder = 1;

  constructor(types: readonly TimerType[]) {
    this.#types = new Map(types.map((type) => [type.name, type]));
  }

  get count(): number {
    return this.#heap.length;
  }

  /** Tick of the earliest timer, Infinity when there is none. */
  get nextTick(): number {
    return this.#heap[0]?.dueTick ?? Number.POSITIVE_INFINITY;
  }

  set<F extends RecordFields>(
    dueTick: number,
    type: TimerType<F>,
    args: RecordValue<F>,
    owner: EntityRef = noEntity,
  ): void {
    assert(
      this.#types.get(type.name) === (type as TimerType),
      `the timer ${type.name} is declared by a module`,
    );
    assert(this.#heap.length < timersMax, `a zone holds at most ${timersMax} timers`);
    this.#push({ dueTick, order: this.#nextOrder++, type, owner, args: args as RecordValue<RecordFields> });
  }

  /** Takes the earliest timer that is due at `tick`; undefined when none is. */
  take(tick: number): Timer | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueTick > tick) return undefined;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  /** Removes an owner's timers and returns them in order: all of them, or those of one type. */
  removeOwned(owner: EntityRef, type?: TimerType): Timer[] {
    const isOwned = (timer: Timer) => timer.owner === owner && (type === undefined || timer.type === type);
    const owned = this.#heap.filter(isOwned);
    if (owned.length === 0) return owned;
    const rest = this.#heap.filter((timer) => !isOwned(timer));
    this.#heap.length = 0;
    for (const timer of rest) this.#push(timer);
    return owned.sort(byDue);
  }

  /** Passes every reference in arguments through `change`; an owner's name changes with its row, when its timers are set anew. */
  mapRefs(change: (ref: EntityRef) => EntityRef): void {
    for (const { type, args } of this.#heap) {
      for (const name in type.fields)
        if (type.fields[name]!.type === "entityRef") args[name] = change(args[name] as EntityRef);
    }
  }

  save(writer: ByteWriter): void {
    writer.f64(this.#nextOrder);
    writer.v(this.#heap.length);
    for (const timer of [...this.#heap].sort(byDue)) {
      writer.f64(timer.order);
      this.writeTimer(writer, timer);
    }
  }

  /** False when the bytes are broken. Timers of names that no module declares any more are dropped. */
  restore(reader: ByteReader): boolean {
    this.#nextOrder = reader.f64();
    for (let left = reader.v(); left > 0 && !reader.failed; left--) {
      const order = reader.f64();
      const timer = this.readTimer(reader, order);
      if (timer !== undefined) this.#push(timer);
    }
    return !reader.failed;
  }

  /** Writes one timer: name, tick, owner, arguments behind their length. */
  writeTimer(writer: ByteWriter, timer: Timer): void {
    writer.text(timer.type.name);
    writer.f64(timer.dueTick);
    writer.f64(timer.owner);
    const at = writer.at;
    writer.u16(0);
    writeLossless(writer, timer.type.fields, timer.args);
    const length = writer.at - at - 2;
    assert(length < 65_536, "a timer's arguments fit 64 KiB");
    writer.buffer[at] = length;
    writer.buffer[at + 1] = length >>> 8;
  }

  /** Reads one timer; undefined when no module declares its name. */
  readTimer(reader: ByteReader, order: number): Timer | undefined {
    const name = reader.text(128);
    const dueTick = reader.f64();
    const owner = reader.f64();
    const length = reader.u16();
    const from = reader.at;
    const type = this.#types.get(name);
    if (type === undefined) {
      reader.skip(length);
      return undefined;
    }
    const args = readLossless(reader, type.fields);
    if (reader.at !== from + length) reader.failed = true;
    return { dueTick, order, type, owner, args };
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (byDue(heap[parent]!, timer) <= 0) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #sink(timer: Timer): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && byDue(heap[child + 1]!, heap[child]!) < 0) child++;
      if (byDue(timer, heap[child]!) <= 0) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = timer;
  }
}

function byDue(a: Timer, b: Timer): number {
  return a.dueTick - b.dueTick || a.order - b.order;
}
