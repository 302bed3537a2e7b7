import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { storeContract } from "../contract.ts";
import { createMemoryStore } from "./memory-store.ts";

storeContract("memory", async () => createMemoryStore(), 300);

test("memory: a call has taken effect when it returns and is settled as a microtask", async () => {
  const store = createMemoryStore();
  const order: string[] = [];
  const answered = store.account({ subject: "a", name: "A" }).then(() => order.push("answer"));
  setImmediate(() => order.push("immediate"));
  await answered;
  deepEqual(order, ["answer"]);
  await store.close();
});

test("memory: health measures with the clock it was given", async () => {
  const times = [100, 107];
  const store = createMemoryStore({ nowMs: () => times.shift() ?? 0 });
  deepEqual(await store.health(), { ok: true, latencyMs: 7 });
  await store.close();
});

test("memory: a failure of the database is an error with a code, and the store goes on", async () => {
  const store = createMemoryStore();
  // Passes the check as a text, and is then a number that no statement can bind.
  const values: unknown[] = ["s"];
  const request = {
    name: "Ada",
    get subject(): string {
      return (values.shift() ?? 2n ** 70n) as string;
    },
  };
  await rejects(store.account(request), { code: "store_failed" });
  equal((await store.health()).ok, true);
  await store.close();
});
