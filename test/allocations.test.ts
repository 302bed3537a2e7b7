/**
 * What a zone's tick allocates: no object for each entity and none for each client, and what it does allocate is freed again.
 *
 * Counted by the engine's own count of allocated bytes, which no pause and no other process can change. It is read at the
 * ends of long runs only: each reading gives up the rest of a page.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Crowd, settled } from "../bench/lib/crowd.ts";

/** Ticks until the hot code is compiled for good and buffers have found their sizes. */
const warmUpTicks = 600;
const ticks = 1000;
/** A record of a few fields or a view of some bytes takes about 100 bytes: one for each player and tick would show. */
const recordBytes = 100;
/** Bytes for each busy player and tick, its script's included: a tick in five it asks for something, which is a few objects. */
const busyPlayerBytes = 600;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of a tick in which everybody walks and nobody asks for anything. */
async function walkingBytes(players: number): Promise<number> {
  const crowd = new Crowd({ zones: 1, playersPerZone: players, saveEveryMs: 600_000 });
  await crowd.join();
  await crowd.run(warmUpTicks);
  for (let i = 0; i < 2 * warmUpTicks; i++) {
    crowd.prepareNothing();
    crowd.tick();
    await settled();
  }
  const before = allocatedBytes();
  for (let i = 0; i < ticks; i++) {
    crowd.prepareNothing();
    crowd.tick();
  }
  const bytes = allocatedBytes() - before;
  crowd.close();
  return bytes / ticks;
}

test("a tick allocates no record for each player that walks, nor for each client", async () => {
  const few = await walkingBytes(100);
  const many = await walkingBytes(400);
  const each = (many - few) / 300;
  assert.ok(each < recordBytes, `${each} bytes for each player and tick (${few}, ${many})`);
});

test("what two hundred busy players make a tick allocate stays within bounds and is freed again", async () => {
  const players = 200;
  const crowd = new Crowd({ zones: 1, playersPerZone: players });
  await crowd.join();
  await crowd.run(warmUpTicks);
  collectGarbage();
  const heapBefore = getHeapStatistics().used_heap_size;
  const before = allocatedBytes();
  await crowd.run(ticks);
  const bytes = (allocatedBytes() - before) / ticks;
  collectGarbage();
  const grown = getHeapStatistics().used_heap_size - heapBefore;
  crowd.close();
  assert.ok(bytes < players * busyPlayerBytes, `${bytes} bytes a tick`);
  assert.ok(grown < 1024 * 1024, `${grown} bytes more after ${ticks} ticks`);
});

function allocatedBytes(): number {
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
}
