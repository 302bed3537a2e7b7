/**
 * A ring of batches in shared memory: one thread writes, one thread reads, nobody waits.
 *
 *   control   head:i32  tail:i32  dropped:i32  jumpFrom:i32  jumpTo:i32  (padding to 64 bytes)
 *             positions count bytes and wrap at 2^32; where jumpFrom is not jumpTo, nothing lies between them
 *   data      records: length:i32  kind << 16 | target:i32  bytes, padded to 8;  length −1: go on at the front
 *
 * Invariant: batches come out whole and in their order. One that finds no room is dropped and counted, and memory is the
 * ring's own size whatever happens.
 * Invariant: a record is visible when it is whole: the head is stored after its bytes. So a writer or reader that was
 * terminated leaves a ring that its successor can use.
 * A writer that finds the ring empty begins again at the front, so that what is little used stays small in the caches. The
 * writer says where the reader jumps, the reader takes the jump back once it is done; there is one at a time.
 * Source: Lamport, "Specifying Concurrent Program Modules", 1983: the queue of one producer and one consumer.
 */
import { assert } from "../kernel/assert.ts";

const controlBytes = 64;
const recordHeadBytes = 8;
const headAt = 0;
const tailAt = 1;
const droppedAt = 2;
const jumpFromAt = 3;
const jumpToAt = 4;
const goOnAtFront = -1;

/**
 * Makes the memory of a ring.
 * @param bytes A power of two: what it holds, heads of records included. An empty ring
 * takes a batch that fills it.
 */
export function makeRing(bytes: number): SharedArrayBuffer {
  assert(bytes >= 64 && bytes <= 2 ** 30 && (bytes & (bytes - 1)) === 0, "a ring's size is a power of two");
  return new SharedArrayBuffer(controlBytes + bytes);
}

/** Batches that a ring had no room for, since it was made. */
export function droppedIn(ring: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(ring, 0, controlBytes / 4), droppedAt);
}

class RingEnd {
  protected readonly control: Int32Array;
  protected readonly words: Int32Array;
  protected readonly bytes: Uint8Array;
  protected readonly mask: number;

  constructor(ring: SharedArrayBuffer) {
    this.control = new Int32Array(ring, 0, controlBytes / 4);
    this.words = new Int32Array(ring, controlBytes);
    this.bytes = new Uint8Array(ring, controlBytes);
    this.mask = this.bytes.length - 1;
  }
}

export class RingWriter extends RingEnd {
  /**
   * Writes a batch; the bytes are copied.
   * @param kind 0 to 255. @param target 0 to 65,535.
   * @returns False when there is no room; the batch is dropped and counted then.
   */
  write(kind: number, target: number, batch: Uint8Array): boolean {
    const { control, words, mask } = this;
    const size = mask + 1;
    const need = (recordHeadBytes + batch.length + 7) & ~7;
    // In this order: a jump that is taken back meanwhile shows in the tail.
    const jumpFrom = Atomics.load(control, jumpFromAt);
    const jumpTo = Atomics.load(control, jumpToAt);
    const tail = Atomics.load(control, tailAt);
    const oldest = jumpFrom !== jumpTo && tail === jumpFrom ? jumpTo : tail;
    let head = Atomics.load(control, headAt);
    let at = head & mask;
    const front = (head + size - at) | 0;
    const isEmpty = head === tail;
    if (at !== 0 && (isEmpty || size - at < need)) {
      if (need > size || (!isEmpty && ((front + need - oldest) | 0) > size)) return this.#drop();
      if (isEmpty) {
        Atomics.store(control, jumpToAt, front);
        Atomics.store(control, jumpFromAt, head);
      } else words[at >> 2] = goOnAtFront;
      head = front;
      at = 0;
    } else if (((head + need - oldest) | 0) > size) return this.#drop();
    words[at >> 2] = batch.length;
    words[(at >> 2) + 1] = (kind << 16) | target;
    this.bytes.set(batch, at + recordHeadBytes);
    Atomics.store(control, headAt, (head + need) | 0);
    return true;
  }

  /** Remembers where the ring stands now. @returns Whether everything written until then was read since. */
  mark(): () => boolean {
    const head = Atomics.load(this.control, headAt);
    return () => ((Atomics.load(this.control, tailAt) - head) | 0) >= 0;
  }

  #drop(): false {
    Atomics.add(this.control, droppedAt, 1);
    return false;
  }
}

/** Told of one batch: a view into the ring that is valid during the call. */
export type RingVisitor = (kind: number, target: number, batch: Uint8Array) => void;

export class RingReader extends RingEnd {
  /** Shows the batches that are there, oldest first, and frees their room. @returns How many there were. */
  drain(visit: RingVisitor): number {
    const { control, words, mask } = this;
    // What is written meanwhile waits for the next call, so that no writer keeps a reader here.
    const head = Atomics.load(control, headAt);
    let tail = Atomics.load(control, tailAt);
    let count = 0;
    while (tail !== head) {
      const jumpTo = Atomics.load(control, jumpToAt);
      if (tail === Atomics.load(control, jumpFromAt) && tail !== jumpTo) {
        tail = jumpTo;
        Atomics.store(control, tailAt, tail);
        Atomics.store(control, jumpFromAt, jumpTo);
        continue;
      }
      const at = tail & mask;
      const length = words[at >> 2]!;
      if (length === goOnAtFront) {
        tail = (tail + mask + 1 - at) | 0;
        continue;
      }
      const tag = words[(at >> 2) + 1]!;
      const from = at + recordHeadBytes;
      visit(tag >>> 16, tag & 0xffff, this.bytes.subarray(from, from + length));
      count += 1;
      tail = (tail + ((recordHeadBytes + length + 7) & ~7)) | 0;
      Atomics.store(control, tailAt, tail);
    }
    Atomics.store(control, tailAt, tail);
    return count;
  }

  /** Forgets what is there: a successor begins with what comes from now on. */
  skip(): void {
    this.drain(() => {});
  }
}
