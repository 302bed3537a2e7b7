import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { framesKept, keyframeRetryTicks } from "./limits.ts";
import { readIntentBatch } from "../bus/intent-batch.ts";
import type { TickFrame } from "../bus/tick-frame.ts";
import { ByteWriter } from "@myriad/protocol";
import { tickFrameBytes } from "./testing.ts";
import { type Indexed } from "./viewer-index.ts";
import { ZoneLink } from "./zone-link.ts";

const bounds = { x: 0, y: 0, width: 192, height: 128 };
const cells = 6;

function link(): ZoneLink<Indexed, object> {
  return new ZoneLink({ zone: 2, name: "a", bounds }, { regionSizeM: 64, reachM: 100, nowMs: 0 });
}

interface Given {
  readonly tick: number;
  readonly epoch?: number;
  /** A region and its first quarter each. */
  readonly splits?: readonly (readonly [number, number])[];
  readonly weights?: readonly number[];
  readonly keyframes?: TickFrame["keyframes"];
}

function batch({ tick, epoch = 1, splits = [], weights = [], keyframes = [] }: Given): Uint8Array {
  const regions = Math.max(cells, ...splits.map(([, first]) => first + 4));
  return tickFrameBytes({
    header: { realm: 1, zone: 2, epoch, peer: 0 },
    tick,
    timeMs: 0,
    dilation: 100,
    regions,
    splits: splits.map(([region, first]) => ({ region, first })),
    reshapes: [],
    planes: [],
    keyframes,
    weights: Uint8Array.from(weights),
    news: [],
    groups: [],
    letters: [],
    sessions: [],
    ended: [],
  });
}

describe("a link to a zone", () => {
  test("mirrors the zone's splits as of its newest frame, also when frames were lost", () => {
    const zone = link();
    assert.equal(zone.accept(batch({ tick: 5, splits: [[0, 6]] }), 0), "frame");
    assert.deepEqual([zone.tree.firstOf(0), zone.tree.bornTick[6]], [6, 5]);
    assert.equal(
      zone.accept(
        batch({
          tick: 9,
          splits: [
            [0, 6],
            [7, 10],
          ],
        }),
        0,
      ),
      "frame",
    );
    assert.deepEqual([zone.tree.firstOf(7), zone.tree.bornTick[6], zone.tree.bornTick[10]], [10, 5, 9]);
    assert.equal(zone.accept(batch({ tick: 10, splits: [[1, 6]] }), 0), "frame");
    assert.deepEqual([zone.tree.isLeaf(0), zone.tree.firstOf(1), zone.tree.bornTick[6]], [true, 6, 10]);
    const { version } = zone.tree;
    zone.accept(batch({ tick: 11, splits: [[1, 6]] }), 0);
    assert.equal(zone.tree.version, version, "nothing changed");
  });

  test("knows what the regions weigh, and keeps that when a frame does not say it", () => {
    const zone = link();
    const loads = [1, 2, 3, 4, 5, 6];
    zone.accept(batch({ tick: 1, weights: [...loads, 16, 16, 16, 16, 16, 64] }), 0);
    zone.accept(batch({ tick: 2 }), 0);
    assert.deepEqual([...zone.weights.loads.subarray(0, cells)], loads);
    assert.equal(zone.weights.importance[5], 64);
  });

  test("refuses frames of ticks that were seen and of older epochs, and begins anew with a newer one", () => {
    const zone = link();
    assert.equal(zone.accept(batch({ tick: 7, epoch: 3 }), 0), "frame");
    assert.equal(zone.accept(batch({ tick: 7, epoch: 3 }), 0), "refused");
    assert.equal(zone.accept(batch({ tick: 8, epoch: 2 }), 0), "refused");
    assert.equal(zone.accept(batch({ tick: 2, epoch: 4 }), 0), "new_epoch");
    assert.equal(zone.newest.tick, 2);
    assert.equal(zone.frameAfter(-1)!.tick, 2, "older frames are forgotten");
  });

  test("takes no region of a new owner for young because the old one reshaped it in a later tick", () => {
    const zone = link();
    zone.accept(batch({ tick: 5000, splits: [[0, 6]] }), 0);
    zone.accept(batch({ tick: 5001 }), 0);
    assert.equal(zone.tree.bornTick[0], 5001);
    zone.accept(batch({ tick: 4800, epoch: 2, splits: [[3, 6]] }), 0);
    assert.deepEqual([zone.tree.bornTick[0], zone.tree.isLeaf(0)], [0, true]);
    assert.deepEqual([zone.tree.bornTick[6], zone.tree.firstOf(3)], [4800, 6]);
  });

  test("takes no region of a new owner for old that has an old one's number and place", () => {
    const zone = link();
    zone.accept(batch({ tick: 100, splits: [[0, 6]] }), 0);
    zone.accept(batch({ tick: 300, epoch: 2, splits: [[0, 6]] }), 0);
    assert.equal(zone.tree.bornTick[6], 300);
  });

  test("keeps as many frames as a slow client may be behind, oldest first", () => {
    const zone = link();
    for (let tick = 1; tick <= 10; tick++) zone.accept(batch({ tick }), 0);
    assert.equal(zone.frameAfter(0)!.tick, 10 - framesKept + 1);
    assert.equal(zone.frameAfter(8)!.tick, 9);
    assert.equal(zone.frameAfter(10), undefined);
  });

  test("asks for a keyframe once however many wait, and again when it did not come", () => {
    const zone = link();
    zone.accept(batch({ tick: 1 }), 0);
    const asked = () => {
      const writer = new ByteWriter();
      zone.writeBatch(writer, { realm: 1, gateway: 0 });
      const read = readIntentBatch(writer.copy());
      assert.ok(read.ok);
      return read.value.keyframes;
    };
    for (let session = 0; session < 3; session++) zone.askKeyframe(4);
    assert.deepEqual(asked(), [4]);
    zone.askKeyframe(4);
    assert.deepEqual(asked(), []);
    zone.accept(batch({ tick: 1 + keyframeRetryTicks }), 0);
    zone.askKeyframe(4);
    assert.deepEqual(asked(), [4]);
    zone.accept(
      batch({ tick: 2 + keyframeRetryTicks, keyframes: [{ region: 4, bytes: Uint8Array.of(1) }] }),
      0,
    );
    zone.askKeyframe(4);
    assert.deepEqual(asked(), [4], "it came; whoever asks now needs another");
  });

  test("refuses what is no frame of this zone, and stays as it was", () => {
    const zone = link();
    zone.accept(batch({ tick: 1, splits: [[0, 6]] }), 0);
    assert.equal(zone.accept(batch({ tick: 2 }).subarray(0, -1), 0), "refused");
    assert.deepEqual([zone.newest.tick, zone.tree.firstOf(0)], [1, 6]);
  });
});
