import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { KeyOrder } from "./order.ts";

/** Work that ends when it is told to, and notes when it began. */
class Work {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, (error?: Error) => void>();

  named(name: string): () => Promise<string> {
    return () => {
      this.begun.push(name);
      return new Promise((resolve, reject) => {
        this.#ends.set(name, (error) => (error === undefined ? resolve(name) : reject(error)));
      });
    };
  }

  async end(name: string, error?: Error): Promise<void> {
    this.#ends.get(name)?.(error);
    await settled();
  }
}

const settled = () => new Promise((resolve) => void setImmediate(resolve));

test("calls that share a key go one after the other, the others at once", async () => {
  const order = new KeyOrder(async () => {});
  const work = new Work();
  const all = [
    order.single(["a"], work.named("first a")),
    order.single(["a", "b"], work.named("a and b")),
    order.single(["c"], work.named("c")),
    order.single(["b"], work.named("b")),
  ];
  await settled();
  deepEqual(work.begun, ["first a", "c"]);
  await work.end("first a");
  deepEqual(work.begun, ["first a", "c", "a and b"]);
  await work.end("a and b");
  deepEqual(work.begun, ["first a", "c", "a and b", "b"]);
  await work.end("c");
  await work.end("b");
  deepEqual(await Promise.all(all), ["first a", "a and b", "c", "b"]);
  equal(order.size, 0);
});

test("a call that fails holds up nobody", async () => {
  const order = new KeyOrder(async () => {});
  const work = new Work();
  const failing = order.single(["a"], work.named("failing")).catch((error: Error) => error.message);
  const next = order.single(["a"], work.named("next"));
  await work.end("failing", new Error("no"));
  equal(await failing, "no");
  await work.end("next");
  equal(await next, "next");
  equal(order.size, 0);
});

test("a single call waits for grouped ones that are under way for its key, and only for those", async () => {
  const idle = Promise.withResolvers<void>();
  const order = new KeyOrder(() => idle.promise);
  const work = new Work();
  equal(order.beginGrouped(["a"]), undefined);
  equal(order.beginGrouped(["a"]), undefined);
  const waits = order.single(["a"], work.named("a"));
  const free = order.single(["b"], work.named("b"));
  await settled();
  deepEqual(work.begun, ["b"]);
  order.endGrouped(["a"]);
  order.endGrouped(["a"]);
  idle.resolve();
  await settled();
  deepEqual(work.begun, ["b", "a"]);
  await work.end("a");
  await work.end("b");
  await Promise.all([waits, free]);
  equal(order.size, 0);
});

test("a grouped call waits for single ones of its key", async () => {
  const order = new KeyOrder(async () => {});
  const work = new Work();
  const single = order.single(["a"], work.named("a"));
  equal(order.beginGrouped(["b"]), undefined);
  const after = order.beginGrouped(["a", "b"]);
  let isFree = false;
  const freed = (async () => {
    await after;
    isFree = true;
  })();
  await settled();
  equal(isFree, false);
  await work.end("a");
  equal(isFree, true);
  await Promise.all([single, freed]);
});
