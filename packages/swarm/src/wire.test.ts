import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { endOfHead } from "./upgrade.ts";
import { FrameView, FrameWriter, headBytesMax, opcode } from "./wire.ts";

/** The payload of a masked frame, as a server reads it. */
function unmasked(frame: Uint8Array): Uint8Array {
  const short = frame[1]! & 127;
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  assert.ok(frame[1]! >= 128, "masked");
  const mask = frame.subarray(head, head + 4);
  return frame.subarray(head + 4).map((byte, i) => byte ^ mask[i & 3]!);
}

describe("FrameWriter", () => {
  it("writes what a server reads again, one frame behind the other, and none over another", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 70_000 }), { maxLength: 6 }), (payloads) => {
        const writer = new FrameWriter();
        const frames = payloads.map((bytes) => writer.write(opcode.binary, bytes));
        for (const [i, bytes] of payloads.entries()) {
          const frame = frames[i]!;
          assert.equal(frame[0], 0x82);
          assert.ok(frame.length <= bytes.length + headBytesMax);
          assert.ok(Buffer.from(bytes).equals(unmasked(frame)));
        }
      }),
      { numRuns: 30 },
    );
  });

  it("masks each frame otherwise", () => {
    const writer = new FrameWriter();
    const masks = Array.from({ length: 50 }, () =>
      writer.write(opcode.ping, new Uint8Array(0)).toString("hex", 2),
    );
    assert.equal(new Set(masks).size, 50);
  });
});

describe("FrameView", () => {
  it("asks for more bytes until the head is whole, and then says how long the message is", () => {
    const view = new FrameView();
    for (const [head, length] of [
      [[0x82, 125], 125],
      [[0x82, 126, 1, 2], 258],
      [[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536],
    ] as const) {
      const bytes = Uint8Array.of(9, ...head, 9, 9);
      for (let to = 1; to < 1 + head.length; to++) assert.equal(view.read(bytes, 1, to, 1e6), 0);
      assert.equal(view.read(bytes, 1, 1 + head.length, 1e6), 1);
      assert.deepEqual([view.opcode, view.head, view.length], [opcode.binary, head.length, length]);
      assert.equal(view.read(bytes, 1, 1 + head.length, length - 1), -1, "too long");
    }
  });

  it("never throws, whatever the bytes", () => {
    const view = new FrameView();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(20), (bytes, from) => {
        const found = view.read(bytes, Math.min(from, bytes.length), bytes.length, 1000);
        assert.ok(found !== 1 || (view.length >= 0 && view.length <= 1000));
        endOfHead(bytes, bytes.length);
      }),
      { numRuns: 5000 },
    );
  });
});
