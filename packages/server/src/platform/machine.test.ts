import assert from "node:assert/strict";
import { test } from "node:test";
import { fileExists, ownAddresses, randomBytes, readEnvironment, workingDirectory } from "./machine.ts";
import { systemClock, systemTimers } from "./system-time.ts";

test("the clocks run forward and agree with the machine", async () => {
  const start = systemClock.nowMs();
  assert.ok(Math.abs(systemClock.wallMs() - Date.now()) < 1000);
  assert.ok(Number.isInteger(systemClock.wallMs()));
  await new Promise<void>((resolve) => systemTimers.after(5, resolve));
  assert.ok(systemClock.nowMs() - start >= 4);
});

test("timers run once, again and again, or soon, and can be taken back", async () => {
  let [never, every] = [0, 0];
  systemTimers.after(5, () => (never += 1))();
  systemTimers.soon(() => (never += 1))();
  const cancel = systemTimers.every(2, () => (every += 1));
  await new Promise<void>((resolve) => systemTimers.soon(resolve));
  await new Promise<void>((resolve) => systemTimers.after(40, resolve));
  cancel();
  const ran = every;
  assert.ok(ran >= 2);
  await new Promise<void>((resolve) => systemTimers.after(10, resolve));
  assert.equal(every, ran);
  assert.equal(never, 0);
});

test("the machine gives chance, its environment and its addresses", () => {
  assert.equal(randomBytes(24).length, 24);
  assert.notDeepEqual(randomBytes(24), randomBytes(24));
  assert.equal(readEnvironment()["PATH"], process.env["PATH"]);
  assert.ok(fileExists(workingDirectory()));
  assert.equal(fileExists("/no/such/file"), false);
  assert.ok(ownAddresses().includes("127.0.0.1"));
  assert.ok(ownAddresses().every((address) => !address.includes(":") || address.startsWith("[")));
});
