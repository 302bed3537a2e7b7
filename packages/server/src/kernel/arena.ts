/**
 * Room for arrays that are as long as they may ever have to be, of which most is never used.
 *
 * Columns have a place for every row that a zone may hold. Arrays of some 64 KiB come out of memory that the process has
 * in its hands already and cleared, used or not: 400 MB for an empty realm of 20 zones. Cut out of blocks of 16 MiB, which
 * the machine hands out page by page as they are written, the same realm has 250 MB, with twice the rows.
 * Invariant: what was cut out is zero, stays where it is and is never given back.
 */

/** Bytes of a block: beyond what any allocator keeps in its own hands. */
const blockBytes = 16 * 1024 * 1024;
/** Arrays begin at a line of the processor's cache. */
const alignBytes = 64;

export class Arena {
  #block = new ArrayBuffer(0);
  #at = 0;

  f64(length: number): Float64Array {
    const start = this.#cut(length * 8);
    return new Float64Array(this.#block, start, length);
  }

  f32(length: number): Float32Array {
    const start = this.#cut(length * 4);
    return new Float32Array(this.#block, start, length);
  }

  i32(length: number): Int32Array {
    const start = this.#cut(length * 4);
    return new Int32Array(this.#block, start, length);
  }

  u16(length: number): Uint16Array {
    const start = this.#cut(length * 2);
    return new Uint16Array(this.#block, start, length);
  }

  u8(length: number): Uint8Array {
    const start = this.#cut(length);
    return new Uint8Array(this.#block, start, length);
  }

  #cut(bytes: number): number {
    const start = Math.ceil(this.#at / alignBytes) * alignBytes;
    if (start + bytes > this.#block.byteLength) {
      this.#block = new ArrayBuffer(Math.max(blockBytes, bytes));
      this.#at = bytes;
      return 0;
    }
    this.#at = start + bytes;
    return start;
  }
}
