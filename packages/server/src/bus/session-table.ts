/**
 * What a tick frame says of each session, as a table of equal rows and, behind it, what only some rows have.
 *
 *   sessions  count:v { session:u32 lastIntent:u32 x:i32 y:i32 moreAt:u32 flags:u8 ticksSince:u8 }  more: length:u32 bytes
 *   more, from a row's moreAt on, as its flags say
 *             [own 1] id:u24  [self 4, full 8] length:v bytes  [group 16] group:f64  [facts 32] count:v { type:v length:v record }
 *   x, y      1/1024 m, when the flag moved (2) is set
 *
 * Equal rows, because a gateway walks over one for every player twenty times a second: it steps from one to the next and
 * looks at numbers at known places. Most rows have no more.
 * Invariant: reading never throws. Views point into the given bytes. // hot path
 */
import { ByteReader, ByteWriter } from "@myriad/protocol";
import type { FactRecord, SessionPart } from "./tick-frame.ts";

export const sessionFlag = { own: 1, moved: 2, self: 4, full: 8, group: 16, facts: 32 } as const;
/** Rows with one of these have more behind the table. */
export const hasMore = sessionFlag.own | sessionFlag.self | sessionFlag.group | sessionFlag.facts;

/** Bytes of a row, and where its numbers stand in it. */
export const sessionRowBytes = 22;
export const rowAt = {
  session: 0,
  lastIntent: 4,
  x: 8,
  y: 12,
  more: 16,
  flags: 20,
  ticksSince: 21,
} as const;

/** Writes a table: `begin`, as many `add` as it was told, `end`. Reused. */
export class SessionTableWriter {
  readonly #more = new ByteWriter(4096);

  begin(writer: ByteWriter, count: number): void {
    this.#more.reset();
    writer.v(count);
  }

  /** Writes one row; nothing of it is kept. */
  add(writer: ByteWriter, part: SessionPart): void {
    const { own, position, self, group, facts } = part;
    const more = this.#more;
    writer.u32(part.session);
    writer.u32(part.lastIntent);
    writer.u32(position === undefined ? 0 : position.x);
    writer.u32(position === undefined ? 0 : position.y);
    writer.u32(more.at);
    let flags = (position === undefined ? 0 : sessionFlag.moved) | (part.selfFull ? sessionFlag.full : 0);
    if (own !== undefined) {
      flags |= sessionFlag.own;
      more.u16(own);
      more.u8(own >>> 16);
    }
    if (self !== undefined) {
      flags |= sessionFlag.self;
      more.v(self.length);
      more.bytes(self);
    }
    if (group !== undefined && group !== 0) {
      flags |= sessionFlag.group;
      more.f64(group);
    }
    if (facts.length > 0) {
      flags |= sessionFlag.facts;
      more.v(facts.length);
      for (let i = 0; i < facts.length; i++) {
        const { type, record } = facts[i]!;
        more.v(type);
        more.v(record.length);
        more.bytes(record);
      }
    }
    writer.u8(flags);
    writer.u8(part.ticksSince);
  }

  end(writer: ByteWriter): void {
    writer.u32(this.#more.at);
    writer.bytes(this.#more.buffer, 0, this.#more.at);
  }
}

/** Reads a table; sets `reader.failed` on bytes that are none. */
export function readSessionTable(reader: ByteReader): SessionPart[] {
  const parts: SessionPart[] = [];
  const count = reader.v();
  const first = reader.skip(count * sessionRowBytes);
  const length = reader.u32();
  const moreFrom = reader.skip(length);
  if (reader.failed) return parts;
  const row = new ByteReader(reader.buffer, first);
  for (let i = 0; i < count; i++) {
    const session = row.u32();
    const lastIntent = row.u32();
    const x = row.u32() | 0;
    const y = row.u32() | 0;
    const more = new ByteReader(reader.buffer, moreFrom + row.u32(), moreFrom + length);
    const flags = row.u8();
    const ticksSince = row.u8();
    const own = flags & sessionFlag.own ? more.u16() | (more.u8() << 16) : undefined;
    const self = flags & sessionFlag.self ? more.view(more.v()) : undefined;
    const group = flags & sessionFlag.group ? more.f64() : undefined;
    const facts: FactRecord[] = [];
    for (let left = flags & sessionFlag.facts ? more.v() : 0; left > 0 && !more.failed; left--) {
      const type = more.v();
      facts.push({ type, record: more.view(more.v()) });
    }
    if (more.failed) reader.failed = true;
    const position = flags & sessionFlag.moved ? { x, y } : undefined;
    const selfFull = (flags & sessionFlag.full) !== 0;
    parts.push({ session, own, position, self, selfFull, group, lastIntent, ticksSince, facts });
  }
  return parts;
}
