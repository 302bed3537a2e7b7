import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type ClientFrame, decodeClientFrame, frameFlag, readZonePart } from "./client-frame.ts";
import { decodeCodes } from "./codes.ts";
import { ByteReader, ByteWriter, section, serverMessage } from "./frame.ts";
import { clientFrameBytesMax, levelsMax, recordBytesMax } from "./limits.ts";
import { edgy } from "./values-contract.ts";

const u32 = edgy(0, 2 ** 32 - 1);
const i32 = edgy(-(2 ** 31), 2 ** 31 - 1);
const few = fc.uint8Array({ maxLength: 20 });

const plain = { noNullPrototype: true } as const;
const sections = fc.array(
  fc.record({ kind: edgy(0, section.reshapes), level: edgy(0, levelsMax - 1), bytes: few }, plain),
  { maxLength: 6 },
);
const zonePart = fc.record({ zone: edgy(0, 4094), tick: u32, sections }, plain);
type Part = typeof zonePart extends fc.Arbitrary<infer P> ? P : never;

const frame = fc.record(
  {
    frame: u32,
    timeMs: u32,
    homeZone: edgy(0, 4094),
    tick: u32,
    lastIntent: u32,
    ticksSince: edgy(0, 255),
    own: fc.option(edgy(0, 0xffffff), { nil: undefined }),
    position: fc.option(fc.record({ x: i32, y: i32 }, plain), { nil: undefined }),
    self: fc.option(few, { nil: undefined }),
    dilation: fc.option(edgy(0, 255), { nil: undefined }),
    facts: fc.array(fc.record({ type: edgy(0, 4000), record: few }, plain), { maxLength: 5 }),
    firstFact: edgy(0, 2 ** 31),
    zones: fc.array(zonePart, { maxLength: 4 }),
  },
  plain,
);
type Given = typeof frame extends fc.Arbitrary<infer F> ? F : never;

function writePart(writer: ByteWriter, part: Part): void {
  writer.v(part.zone);
  writer.u32(part.tick);
  const inner = new ByteWriter(16);
  for (const { kind, level, bytes } of part.sections) {
    inner.u8((kind << 4) | level);
    inner.v(bytes.length);
    inner.bytes(bytes);
  }
  writer.v(inner.at);
  writer.bytes(inner.view());
}

/** Writes a frame from nothing but the layout in the header of client-frame.ts. */
function written(given: Given): Uint8Array {
  const writer = new ByteWriter(64);
  writer.u8(serverMessage.frame);
  writer.u32(given.frame);
  writer.u8(
    (given.own === undefined ? 0 : frameFlag.own) |
      (given.position === undefined ? 0 : frameFlag.moved) |
      (given.self === undefined ? 0 : frameFlag.self) |
      (given.dilation === undefined ? 0 : frameFlag.dilation) |
      (given.facts.length === 0 ? 0 : frameFlag.facts),
  );
  writer.u32(given.timeMs);
  writer.v(given.homeZone);
  writer.u32(given.tick);
  writer.v(given.lastIntent);
  writer.u8(given.ticksSince);
  if (given.own !== undefined) {
    writer.u16(given.own & 0xffff);
    writer.u8(given.own >>> 16);
  }
  if (given.position !== undefined) {
    writer.u32(given.position.x);
    writer.u32(given.position.y);
  }
  if (given.self !== undefined) {
    writer.v(given.self.length);
    writer.bytes(given.self);
  }
  if (given.dilation !== undefined) writer.u8(given.dilation);
  if (given.facts.length > 0) {
    writer.u32(given.firstFact);
    writer.v(given.facts.length);
    for (const { type, record } of given.facts) {
      writer.v(type);
      writer.v(record.length);
      writer.bytes(record);
    }
  }
  for (const part of given.zones) writePart(writer, part);
  return writer.copy();
}

const cut = (bytes: Uint8Array, range: { from: number; to: number } | undefined) =>
  range === undefined ? undefined : bytes.slice(range.from, range.to);

function told(value: ClientFrame): Given {
  const { bytes } = value;
  return {
    frame: value.frame,
    timeMs: value.timeMs,
    homeZone: value.homeZone,
    tick: value.tick,
    lastIntent: value.lastIntent,
    ticksSince: value.ticksSince,
    own: value.own,
    position: value.position,
    self: cut(bytes, value.self),
    dilation: value.dilation,
    facts: value.facts.map(({ type, from, to }) => ({ type, record: bytes.slice(from, to) })),
    firstFact: value.facts[0]?.number ?? 0,
    zones: value.zones.map((part) => ({
      zone: part.zone,
      tick: part.tick,
      sections: part.sections.map(({ kind, level, from, to }) => ({
        kind,
        level,
        bytes: part.bytes.slice(from, to),
      })),
    })),
  };
}

const quiet: Given = {
  frame: 1,
  timeMs: 2,
  homeZone: 0,
  tick: 3,
  lastIntent: 0,
  ticksSince: 1,
  own: undefined,
  position: undefined,
  self: undefined,
  dilation: undefined,
  facts: [],
  firstFact: 0,
  zones: [],
};

function refusal(bytes: Uint8Array): string {
  const read = decodeClientFrame(bytes);
  return read.ok ? "accepted" : read.code;
}

describe("a client frame", () => {
  test("written by hand is read as it was meant", () => {
    fc.assert(
      fc.property(frame, (given) => {
        const read = decodeClientFrame(written(given));
        assert.ok(read.ok, read.ok ? "" : read.code);
        assert.deepEqual(told(read.value), {
          ...given,
          firstFact: given.facts.length > 0 ? given.firstFact : 0,
        });
        read.value.facts.forEach((fact, i) => assert.equal(fact.number, given.firstFact + i));
      }),
      { numRuns: 300 },
    );
  });

  test("cut anywhere is truncated, or a shorter frame without its last zones", () => {
    const bytes = written({
      ...quiet,
      own: 5,
      position: { x: -1, y: 1 },
      self: Uint8Array.of(1, 2),
      dilation: 90,
      facts: [{ type: 300, record: Uint8Array.of(9) }],
      firstFact: 7,
      zones: [
        { zone: 1, tick: 3, sections: [{ kind: section.blocks, level: 2, bytes: Uint8Array.of(1, 2, 3) }] },
        { zone: 2, tick: 3, sections: [] },
      ],
    });
    const accepted: number[] = [];
    for (let length = 0; length < bytes.length; length++) {
      const code = refusal(bytes.subarray(0, length));
      if (code === "accepted") accepted.push(length);
      else assert.equal(code, length === 0 ? "unknown_type" : "truncated");
    }
    const withoutZones = 41;
    assert.deepEqual(accepted, [withoutZones, withoutZones + 11]);
  });

  test("over a limit is refused as too large", () => {
    assert.equal(refusal(new Uint8Array(clientFrameBytesMax + 1).fill(serverMessage.frame)), "too_large");
    const facts = (length: number) => Array.from({ length }, () => ({ type: 0, record: new Uint8Array(0) }));
    assert.equal(refusal(written({ ...quiet, facts: facts(4096) })), "accepted");
    assert.equal(refusal(written({ ...quiet, facts: facts(4097) })), "too_large");
    const long = { type: 0, record: new Uint8Array(recordBytesMax + 1) };
    assert.equal(refusal(written({ ...quiet, facts: [long] })), "too_large");
    const zones = (length: number) => Array.from({ length }, () => ({ zone: 1, tick: 1, sections: [] }));
    assert.equal(refusal(written({ ...quiet, zones: zones(64) })), "accepted");
    assert.equal(refusal(written({ ...quiet, zones: zones(65) })), "too_large");
  });

  test("with a section that there is not is refused, whatever its level of sixteen", () => {
    const withSection = (kind: number, level: number) =>
      refusal(
        written({
          ...quiet,
          zones: [{ zone: 0, tick: 0, sections: [{ kind, level, bytes: new Uint8Array(0) }] }],
        }),
      );
    assert.equal(withSection(section.group, 0), "accepted");
    assert.equal(withSection(section.reshapes, 0), "accepted");
    assert.equal(withSection(section.blocks, levelsMax - 1), "accepted");
    assert.equal(withSection(Math.max(...Object.values(section)) + 1, 0), "unknown_type");
    assert.equal(refusal(Uint8Array.of(serverMessage.pong)), "unknown_type");
  });

  test("of any bytes is a frame or a code", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (rest) => {
        const read = decodeClientFrame(Uint8Array.of(serverMessage.frame, ...rest));
        assert.ok(read.ok || read.code in decodeCodes);
      }),
      { numRuns: 500 },
    );
  });
});

test("a zone's part stands among other bytes, and the reader goes on behind it", () => {
  const writer = new ByteWriter();
  writer.u8(0xaa);
  writePart(writer, { zone: 9, tick: 8, sections: [{ kind: 1, level: 0, bytes: Uint8Array.of(4, 5) }] });
  writer.u8(0xbb);
  const reader = new ByteReader(writer.copy(), 1);
  const part = readZonePart(reader);
  assert.ok(typeof part === "object");
  assert.deepEqual([part.zone, part.tick, part.sections.length], [9, 8, 1]);
  assert.deepEqual(part.bytes.slice(part.sections[0]!.from, part.sections[0]!.to), Uint8Array.of(4, 5));
  assert.equal(reader.u8(), 0xbb);
  // A section may not reach over the end of its part, even where bytes follow.
  assert.equal(
    readZonePart(new ByteReader(Uint8Array.of(1, 0, 0, 0, 0, 2, 0x30, 5, 1, 2, 3, 4, 5, 6))),
    "truncated",
  );
  assert.equal(readZonePart(new ByteReader(Uint8Array.of(1, 0, 0, 0, 0, 9, 1))), "truncated");
});
