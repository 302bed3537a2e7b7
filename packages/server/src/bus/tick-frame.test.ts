import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteWriter, levelsMax } from "@myriad/protocol";
import { batchKind, writeHeader } from "./header.ts";
import { sessionFlag } from "./session-table.ts";
import { audience, ended, planeFlag, readTickFrame } from "./tick-frame.ts";

/** A tick frame by hand, from nothing but the drawing in the header of tick-frame.ts. Every part may be said otherwise. */
function frame(parts: Partial<Record<keyof typeof usual, (writer: ByteWriter) => void>> = {}): Uint8Array {
  const writer = new ByteWriter();
  const all = { ...usual, ...parts };
  for (const name of Object.keys(usual) as (keyof typeof usual)[]) all[name](writer);
  return writer.copy();
}

const words = (writer: ByteWriter, ...numbers: number[]) => {
  for (const number of numbers) writer.u32(number);
};
const fact = (writer: ByteWriter, type: number, ...record: number[]) => {
  writer.v(type);
  writer.v(record.length);
  writer.bytes(Uint8Array.from(record));
};
const plane = (writer: ByteWriter, offsets: number[], bytes: number[]) => {
  words(writer, ...offsets, bytes.length);
  writer.bytes(Uint8Array.from(bytes));
};

const usual = {
  header: (w: ByteWriter) =>
    writeHeader(w, { kind: batchKind.tickFrame, realm: 1, zone: 2, peer: 3, epoch: 4, sequence: 77 }),
  time: (w: ByteWriter) => {
    w.f64(1e12);
    w.u8(100);
    w.u16(2);
  },
  splits: (w: ByteWriter) => {
    w.u16(2);
    for (const word of [0, 6, 7, 10]) w.u16(word);
  },
  reshapes: (w: ByteWriter) => {
    w.u8(2);
    w.u16(7);
    w.u16(10);
    w.u8(0);
    w.v(2);
    w.bytes(Uint8Array.of(3, 4));
    w.u16(1);
    w.u16(14);
    w.u8(1);
    w.v(0);
  },
  planes: (w: ByteWriter) => {
    w.u8(2);
    w.u8(0);
    w.u8(planeFlag.digests);
    plane(w, [0, 1, 3], [7, 8, 9]);
    words(w, 0xffffffff, 5);
    w.u8(3);
    w.u8(planeFlag.intros);
    plane(w, [0, 0, 0], []);
    plane(w, [0, 2, 2], [1, 2]);
  },
  keyframes: (w: ByteWriter) => {
    w.u16(1);
    w.u16(1);
    w.u32(2);
    w.bytes(Uint8Array.of(4, 5));
  },
  weights: (w: ByteWriter) => {
    w.v(4);
    w.bytes(Uint8Array.of(1, 255, 16, 64));
  },
  news: (w: ByteWriter) => {
    w.v(3);
    w.u8(audience.region);
    w.u16(1);
    w.u8(2);
    fact(w, 4, 1);
    w.u8(audience.zone);
    fact(w, 5);
    w.u8(audience.group);
    w.f64(2 ** 50);
    fact(w, 6, 2, 3);
  },
  groups: (w: ByteWriter) => {
    w.v(1);
    w.f64(9);
    w.v(1);
    w.u8(8);
  },
  letters: (w: ByteWriter) => {
    w.v(1);
    w.u32(11);
    w.text("Bob");
    fact(w, 1, 1);
    fact(w, 2);
  },
  sessions: (w: ByteWriter) => {
    const { own, moved, self, full, group, facts } = sessionFlag;
    w.v(2);
    words(w, 0x01000001, 12, -1 >>> 0, 2 ** 31 - 1, 1);
    w.u8(own | moved | self | full | group | facts);
    w.u8(13);
    words(w, 2, 0, 0, 0, 0);
    w.u8(0);
    w.u8(255);
    const more = new ByteWriter();
    more.u8(99);
    more.u16(0xcdef);
    more.u8(0xab);
    more.v(2);
    more.bytes(Uint8Array.of(6, 7));
    more.f64(9);
    more.v(1);
    fact(more, 3, 3);
    w.u32(more.at);
    w.bytes(more.view());
  },
  ended: (w: ByteWriter) => {
    w.v(2);
    w.u32(1);
    w.u8(ended.handedOver);
    w.u16(3);
    w.u32(2);
    w.u8(ended.closed);
    w.text("left");
  },
};

function code(bytes: Uint8Array): string {
  const read = readTickFrame(bytes);
  return read.ok ? "accepted" : read.code;
}

describe("a tick frame", () => {
  test("written by hand is read as it was meant", () => {
    const read = readTickFrame(frame());
    assert.ok(read.ok, read.ok ? "" : read.code);
    const { header, ...said } = read.value;
    assert.deepEqual([header.realm, header.zone, header.peer, header.epoch], [1, 2, 3, 4]);
    const none = new Uint8Array(0);
    assert.deepEqual(said, {
      tick: 77,
      timeMs: 1e12,
      dilation: 100,
      regions: 2,
      splits: [
        { region: 0, first: 6 },
        { region: 7, first: 10 },
      ],
      reshapes: [
        { region: 7, first: 10, isMerge: false, bytes: Uint8Array.of(3, 4) },
        { region: 1, first: 14, isMerge: true, bytes: none },
      ],
      planes: [
        {
          level: 0,
          blocks: { offsets: Uint32Array.of(0, 1, 3), bytes: Uint8Array.of(7, 8, 9) },
          intros: { offsets: Uint32Array.of(0, 0, 0), bytes: none },
          digests: Uint32Array.of(0xffffffff, 5),
        },
        {
          level: 3,
          blocks: { offsets: Uint32Array.of(0, 0, 0), bytes: none },
          intros: { offsets: Uint32Array.of(0, 2, 2), bytes: Uint8Array.of(1, 2) },
          digests: undefined,
        },
      ],
      keyframes: [{ region: 1, bytes: Uint8Array.of(4, 5) }],
      weights: Uint8Array.of(1, 255, 16, 64),
      news: [
        { to: "region", region: 1, level: 2, type: 4, record: Uint8Array.of(1) },
        { to: "zone", type: 5, record: none },
        { to: "group", group: 2 ** 50, type: 6, record: Uint8Array.of(2, 3) },
      ],
      groups: [{ group: 9, bytes: Uint8Array.of(8) }],
      letters: [
        {
          fromSession: 11,
          toName: "Bob",
          fact: { type: 1, record: Uint8Array.of(1) },
          otherwise: { type: 2, record: none },
        },
      ],
      sessions: [
        {
          session: 0x01000001,
          own: 0xabcdef,
          position: { x: -1, y: 2 ** 31 - 1 },
          self: Uint8Array.of(6, 7),
          selfFull: true,
          group: 9,
          lastIntent: 12,
          ticksSince: 13,
          facts: [{ type: 3, record: Uint8Array.of(3) }],
        },
        {
          session: 2,
          own: undefined,
          position: undefined,
          self: undefined,
          selfFull: false,
          group: undefined,
          lastIntent: 0,
          ticksSince: 255,
          facts: [],
        },
      ],
      ended: [
        { session: 1, how: "handedOver", zone: 3 },
        { session: 2, how: "closed", reason: "left" },
      ],
    });
  });

  test("cut anywhere is truncated, and longer than it says has trailing bytes", () => {
    const bytes = frame();
    for (let length = 0; length < bytes.length; length++)
      assert.equal(code(bytes.subarray(0, length)), "truncated", `${length}`);
    assert.equal(code(Uint8Array.of(...bytes, 0)), "trailing_bytes");
  });

  test("of another kind, with offsets out of order or over a limit is refused", () => {
    const other = {
      header: (w: ByteWriter) =>
        writeHeader(w, { kind: batchKind.zone, realm: 1, zone: 2, peer: 3, epoch: 4, sequence: 77 }),
    };
    assert.equal(code(frame(other)), "unknown_type");
    assert.equal(code(frame().with(1, 0)), "unknown_type");
    const withOffsets = (...offsets: number[]) =>
      code(
        frame({
          planes: (w) => {
            w.u8(1);
            w.u8(0);
            w.u8(0);
            plane(w, offsets, [7, 8, 9]);
          },
        }),
      );
    assert.equal(withOffsets(0, 1, 3), "accepted");
    assert.equal(withOffsets(0, 2, 1), "truncated");
    assert.equal(withOffsets(0, 1, 4), "truncated");
    assert.equal(withOffsets(0, 0xffffffff, 3), "truncated");
    assert.equal(code(frame({ planes: (w) => w.u8(levelsMax + 1) })), "too_large");
    assert.equal(code(frame({ planes: (w) => w.u8(0) })), "accepted");
  });
});
