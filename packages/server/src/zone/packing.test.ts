import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { packedKeyframeBytesMax } from "@myriad/protocol";
import { KeyframePacker, packAboveBytes } from "./packing.ts";

/** A deflate that answers a share of what it gets, in sixteenths, and counts. */
function deflateTo(sixteenths: number) {
  const counted = { calls: 0, sixteenths };
  const deflate = (bytes: Uint8Array) => {
    counted.calls++;
    return bytes.slice(0, Math.floor((bytes.length * counted.sixteenths) / 16));
  };
  return { counted, deflate };
}

const large = new Uint8Array(1600);

describe("a keyframe packer", () => {
  test("packs what is larger than a packet and shrinks by a quarter", () => {
    const { deflate } = deflateTo(12);
    const packer = new KeyframePacker(deflate);
    assert.equal(packer.pack(new Uint8Array(packAboveBytes)), undefined);
    assert.equal(packer.pack(large)?.length, 1200);
    assert.equal(new KeyframePacker(deflateTo(13).deflate).pack(large), undefined, "less is not worth it");
  });

  test("packs nothing without the means, and nothing that a client would refuse", () => {
    assert.equal(new KeyframePacker(undefined).pack(large), undefined);
    const { counted, deflate } = deflateTo(1);
    const packer = new KeyframePacker(deflate);
    assert.equal(packer.pack(new Uint8Array(packedKeyframeBytesMax + 1)), undefined);
    assert.equal(counted.calls, 0);
    assert.notEqual(packer.pack(new Uint8Array(packedKeyframeBytesMax)), undefined);
  });

  test("tries seldom while it is in vain, and always again when it is not", () => {
    const { counted, deflate } = deflateTo(15);
    const packer = new KeyframePacker(deflate);
    for (let i = 0; i < 10_000; i++) assert.equal(packer.pack(large), undefined);
    assert.ok(counted.calls < 60, `${counted.calls} tries in 10,000`);
    counted.sixteenths = 8;
    let until = 0;
    while (packer.pack(large) === undefined) until++;
    assert.ok(until <= 256, `${until} keyframes until it was noticed`);
    for (let i = 0; i < 10; i++) assert.notEqual(packer.pack(large), undefined);
    counted.sixteenths = 15;
    assert.equal(packer.pack(large), undefined);
    counted.sixteenths = 8;
    assert.equal(packer.pack(large), undefined, "one is left alone after one in vain");
    assert.notEqual(packer.pack(large), undefined);
  });
});
