import assert from "node:assert/strict";
import { test } from "node:test";
import { busyMs, othersPercent } from "./others.ts";

test("what was busy beyond the run's own processes is others', and never less than nothing", () => {
  assert.equal(othersPercent({ busyMs: 1500, wallMs: 1000, ownPercents: [70, 50] }), 30);
  assert.equal(othersPercent({ busyMs: 100, wallMs: 1000, ownPercents: [20] }), 0);
});

test("a core's busy time grows while somebody works on it", () => {
  const everywhere = { server: undefined, load: undefined, problem: "" };
  const before = busyMs(everywhere);
  for (const endMs = performance.now() + 150; performance.now() < endMs; );
  assert.ok(busyMs(everywhere) - before >= 50);
  assert.ok(busyMs({ server: 0, load: undefined, problem: "" }) <= busyMs(everywhere));
});
