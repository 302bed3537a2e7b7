/** Whole runs, small and short, with the peers that need nothing installed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./ladder.ts";
import type { Peer } from "./messages.ts";
import { run, type RunOutcome } from "./run.ts";

const anywhere = { server: undefined, load: undefined, problem: undefined };

async function runOf(peer: Peer, players: number): Promise<Extract<RunOutcome, { kind: "measured" }>> {
  const order = { peer, players, seconds: 2, frameBytes: 300 };
  const outcome = await run(order, { cores: anywhere, progress: () => {} });
  assert.equal(outcome.kind, "measured", outcome.kind === "failed" ? outcome.reason : "");
  return outcome as Extract<RunOutcome, { kind: "measured" }>;
}

test("Myriad's clients see who is near, refreshed at the full rate", { timeout: 90_000 }, async () => {
  const outcome = await runOf("myriad", 60);
  const { load, server } = outcome;
  assert.notEqual(judge(outcome), "failed");
  assert.deepEqual([load.lost, load.malformed], [0, 0]);
  // A busy machine may be late; what comes must be whole.
  assert.ok(load.updateHz > 10 && load.refreshHz > load.updateHz * 0.9, JSON.stringify(load));
  assert.ok(load.visibleMean > 20 && load.visibleMean <= 60, JSON.stringify(load));
  assert.ok(load.ageMsP99 >= load.ageMsMedian && load.ageMsMedian >= 0 && load.ageMsP99 < 5000);
  assert.ok(load.updateBytes > 60 && load.bytesPerSecond > load.updateBytes * 10);
  assert.ok(server.cpuPercent > 0 && server.rssMbMax > 10);
});

test("the floor sends messages of the size that was asked for", { timeout: 60_000 }, async () => {
  const { load } = await runOf("ws", 20);
  assert.equal(load.updateBytes, 300);
  assert.deepEqual([load.lost, load.malformed], [0, 0]);
  assert.ok(load.updateHz > 10 && load.updateHz < 21, String(load.updateHz));
});
