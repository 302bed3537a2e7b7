import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ByteWriter, decodeClientFrame, frameFlag, serverMessage } from "@myriad/protocol";
import fc from "fast-check";
import { FrameHead } from "./frame-head.ts";

const head = fc.record({
  frame: fc.nat(0xffff_ffff),
  flags: fc.nat(31),
  timeMs: fc.nat(0xffff_ffff),
  zone: fc.nat(4095),
  tick: fc.nat(0xffff_ffff),
  lastIntent: fc.nat(0xffff_ffff),
  own: fc.nat(0xff_ffff),
  x: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  y: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  self: fc.uint8Array({ maxLength: 200 }),
  facts: fc.nat(3),
  firstFact: fc.nat(0xffff),
});

function write(given: typeof head extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(serverMessage.frame);
  writer.u32(given.frame);
  writer.u8(given.flags);
  writer.u32(given.timeMs);
  writer.v(given.zone);
  writer.u32(given.tick);
  writer.v(given.lastIntent);
  writer.u8(3);
  if (given.flags & frameFlag.own) {
    writer.u16(given.own & 0xffff);
    writer.u8(given.own >>> 16);
  }
  if (given.flags & frameFlag.moved) {
    writer.u32(given.x);
    writer.u32(given.y);
  }
  if (given.flags & frameFlag.self) {
    writer.v(given.self.length);
    writer.bytes(given.self);
  }
  if (given.flags & frameFlag.dilation) writer.u8(80);
  if (given.flags & frameFlag.facts) {
    writer.u32(given.firstFact);
    writer.v(given.facts);
    for (let i = 0; i < given.facts; i++) {
      writer.v(1);
      writer.v(0);
    }
  }
  return writer.copy();
}

describe("FrameHead", () => {
  it("reads what the protocol's decoder reads", () => {
    const read = new FrameHead();
    fc.assert(
      fc.property(head, (given) => {
        const bytes = write(given);
        const decoded = decodeClientFrame(bytes);
        assert.ok(decoded.ok && read.read(bytes));
        const { value } = decoded;
        assert.deepEqual(
          [read.frame, read.timeMs, read.homeZone, read.tick, read.lastIntent],
          [value.frame, value.timeMs, value.homeZone, value.tick, value.lastIntent],
        );
        assert.equal(read.own, value.own ?? -1);
        if (value.position !== undefined) {
          assert.deepEqual([read.x, read.y], [value.position.x / 1024, value.position.y / 1024]);
        }
        assert.deepEqual([read.selfFrom, read.selfTo], [value.self?.from ?? 0, value.self?.to ?? 0]);
        assert.equal(read.lastFact, value.facts.at(-1)?.number ?? 0);
      }),
    );
  });

  it("reads a frame that stands in the middle of other bytes, and none of these", () => {
    const read = new FrameHead();
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 20 }), fc.nat(), (given, other, cut) => {
        const bytes = write({ ...given, facts: 0 });
        const whole = Uint8Array.of(...other, ...bytes, ...other, 0xff);
        assert.ok(read.read(whole, other.length, other.length + bytes.length));
        assert.deepEqual([read.frame, read.tick], [given.frame, given.tick]);
        const end = other.length + (cut % bytes.length);
        assert.equal(read.read(whole, other.length, end), false);
      }),
    );
  });

  it("refuses every frame that ends before its head does", () => {
    const read = new FrameHead();
    fc.assert(
      fc.property(head, fc.nat(), (given, cut) => {
        const bytes = write({ ...given, facts: 0 });
        assert.equal(read.read(bytes.subarray(0, cut % bytes.length)), false);
      }),
    );
  });

  it("never throws on any bytes", () => {
    const read = new FrameHead();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, isFrame) => {
        if (isFrame && bytes.length > 0) bytes[0] = serverMessage.frame;
        read.read(bytes);
      }),
      { numRuns: 5000 },
    );
  });
});
