/**
 * Myriad's server of the comparison: `startRealm` with a small game, as a game's own main does.
 *
 * Chosen: one zone, as large as the world; development tickets, so that the load program logs in like any client; data in
 * a folder of its own that goes with the run.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRealm } from "@myriad/server";
import { realmOn } from "./myriad-realm.ts";
import type { PeerServer } from "./server.ts";
import { sideOf } from "./world.ts";

export const serve: PeerServer["serve"] = async ({ players }) => {
  const dataDir = await mkdtemp(join(tmpdir(), "myriad-peers-"));
  const running = await startRealm(realmOn(sideOf(players)), {
    directory: import.meta.dirname,
    environment: { PORT: "0", MYRIAD_ZONES: "1", MYRIAD_DATA_DIR: dataDir },
  });
  return {
    port: running.port,
    stop: async () => {
      await running.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
