import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RegionGrid, type ReplicaEntity, type ZoneReplica } from "@myriad/protocol";
import { Latency } from "./latency.ts";
import { RefreshGaps } from "./refresh-gaps.ts";

const grid = new RegionGrid(3, { x: 0, y: 0, width: 200, height: 200 }, 100);

/** Who stands where: metres and the region. */
function replicaOf(entities: readonly { x: number; y: number; region: number }[]): ZoneReplica {
  const members = new Map<number, number[]>();
  const known = new Map<number, ReplicaEntity>();
  entities.forEach(({ x, y, region }, id) => {
    members.set(region, [...(members.get(region) ?? []), id]);
    known.set(id, { kind: { index: 0 }, parts: Int32Array.of(x * 64, y * 64), region } as ReplicaEntity);
  });
  return { grid, members, entities: known } as unknown as ZoneReplica;
}

function measure() {
  const meters = { nearestGap: new Latency(), everyGap: new Latency() };
  const gaps = new RefreshGaps({ meters, guides: [{ position: 0, health: -1 }] });
  const told = (tick: number, nowMs: number, strideTicks: number, region = 0) =>
    gaps.refreshed({ zone: 3, region, members: 2, tick, strideTicks, nowMs });
  /** The gaps of all, in milliseconds, each as often as it counts. */
  const found = () => {
    const { everyGap } = meters;
    return Array.from({ length: everyGap.count }, (_, i) =>
      Math.round(everyGap.at((100 * (i + 1)) / everyGap.count)),
    );
  };
  return { meters, gaps, told, found };
}

describe("RefreshGaps", () => {
  it("counts the time between two blocks, for each entity of the region", () => {
    const { told, found } = measure();
    told(10, 0, 1);
    told(11, 60, 1);
    told(13, 200, 2);
    assert.deepEqual(found(), [60, 60, 140, 140]);
  });

  it("leaves out the time in which nothing changed: a block tells of its own ticks only", () => {
    const { told, found } = measure();
    told(10, 0, 1);
    told(50, 2000, 1);
    told(82, 3600, 4);
    assert.deepEqual(found(), [50, 50, 200, 200]);
  });

  it("counts all of the time before a keyframe, which tells nothing of it", () => {
    const { told, found } = measure();
    told(10, 0, 1);
    told(50, 2000, 0);
    assert.deepEqual(found(), [2000, 2000]);
  });

  it("takes what comes in one frame, or twice for one tick, as one piece of news", () => {
    const { told, found } = measure();
    told(10, 0, 1);
    told(11, 200, 1);
    told(12, 200, 1);
    told(12, 230, 1);
    told(13, 250, 1);
    assert.deepEqual(found(), [50, 50, 200, 200]);
  });

  it("counts the thirty nearest apart, by the regions in which they are", () => {
    const { meters, gaps, told } = measure();
    const crowd = Array.from({ length: 40 }, (_, i) => ({ x: i, y: 0, region: i < 10 ? 0 : i < 25 ? 1 : 2 }));
    gaps.look([replicaOf(crowd)], { x: 0, y: 0 }, 0);
    const base = 0;
    for (const region of [0, 1, 2]) told(1, base, 1, region);
    for (const region of [0, 1, 2]) told(2, 100 * (region + 1), 1, region);
    const { nearestGap } = meters;
    assert.equal(nearestGap.count, 30);
    const shares = [33, 83, 100].map((percent) => Math.round(nearestGap.at(percent)));
    assert.deepEqual(shares, [100, 200, 300], "10, 15 and 5 of them");
  });

  it("forgets regions that are no longer held", () => {
    const { gaps, told, found } = measure();
    told(1, 0, 1, 0);
    told(1, 0, 1, 1);
    gaps.prune(replicaOf([{ x: 0, y: 0, region: 1 }]));
    told(90, 5000, 0, 0);
    told(2, 50, 1, 1);
    assert.deepEqual(found(), [50, 50]);
  });

  it("counts what is silent at the end with its age, if it is held and the age is worth it", () => {
    const { gaps, told, found } = measure();
    told(1, 0, 1, 0);
    told(1, 2500, 1, 1);
    told(1, 0, 1, 2);
    const held = replicaOf([
      { x: 0, y: 0, region: 0 },
      { x: 0, y: 0, region: 1 },
    ]);
    gaps.close(new Map([[3, held]]), 3000);
    assert.deepEqual(found(), [3000]);
  });
});
