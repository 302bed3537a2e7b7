import { deepEqual, equal, rejects } from "node:assert/strict";
import type { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { Fence } from "../../ledger/fence.ts";
import type { Call } from "../calls.ts";
import { storeOver } from "../store-over.ts";
import type { Store } from "../port.ts";
import { recoverZone } from "../recovery.ts";
import { append, batch } from "../zones-contract.ts";
import { SqliteCore } from "./core.ts";
import { openDatabase } from "./open.ts";

/** A store in memory whose tables a test may damage, with a journal of ten batches and two checkpoints. */
async function damagedStore(damage: string): Promise<{ store: Store; database: DatabaseSync; fence: Fence }> {
  const database = openDatabase({ dataDir: undefined, realmId: "vale" });
  const core = new SqliteCore(database);
  const store = storeOver({
    async carry(call: Call) {
      const [reply] = core.execute([call]);
      if (!reply!.ok) throw reply!.error;
      return reply!.value;
    },
    async close() {
      core.close();
    },
    nowMs: () => 0,
  });
  const fence = await store.zones.takeOver({ zone: 3, owner: "server" });
  for (let tick = 1; tick <= 20; tick += 2) await append(store, fence, batch(tick, tick + 1));
  for (const tick of [4, 8])
    await store.zones.writeCheckpoint({ fence, tick, build: "b", bytes: new Uint8Array([tick]) });
  database.exec(damage);
  return { store, database, fence };
}

test("a damaged checkpoint is passed over for the one before", async () => {
  const { store } = await damagedStore("UPDATE checkpoints SET bytes = x'ff' WHERE tick = 8");
  const found = await store.zones.readCheckpoints(3);
  deepEqual(
    found.checkpoints.map(({ tick }) => tick),
    [4],
  );
  deepEqual(found.damagedTicks, [8]);
  const recovered = await recoverZone(store.zones, { zone: 3, owner: "next" });
  equal(recovered.checkpoint?.tick, 4);
  deepEqual([recovered.damagedCheckpoints, recovered.batchesCut, recovered.nextTick], [1, 0, 21]);
  equal(recovered.batches[0]?.fromTick, 5);
  equal(recovered.batches.length, 8);
});

test("a zone whose checkpoints are all damaged does not begin anew", async () => {
  const { store } = await damagedStore("UPDATE checkpoints SET build = 'c'");
  await rejects(recoverZone(store.zones, { zone: 3, owner: "next" }), {
    code: "checkpoint_invalid",
    message: /zone 3.*8 and 4/,
  });
  equal((await store.zones.readJournal({ zone: 3, fromTick: 1 })).batches.length, 10);
});

const damages = {
  "flipped bytes": "UPDATE journal SET bytes = x'0000' WHERE from_tick = 13",
  "another epoch": "UPDATE journal SET epoch = 9 WHERE from_tick = 13",
  "another end": "UPDATE journal SET to_tick = 13 WHERE from_tick = 13",
  "a missing batch": "DELETE FROM journal WHERE from_tick = 13",
};

for (const [what, damage] of Object.entries(damages)) {
  test(`a journal is cut at ${what}, the loss is counted, and the zone goes on`, async () => {
    const { store } = await damagedStore(damage);
    const recovered = await recoverZone(store.zones, { zone: 3, owner: "next" });
    equal(recovered.nextTick, 13);
    equal(recovered.batches.at(-1)?.toTick, 12);
    equal(recovered.batchesCut, what === "a missing batch" ? 3 : 4);
    await append(store, recovered.fence, batch(13, 14));
    const again = await recoverZone(store.zones, { zone: 3, owner: "again" });
    deepEqual([again.batchesCut, again.nextTick], [0, 15]);
  });
}
