import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type BusPlan, droppedBatches, planBus, routeZone, WorkerBus } from "./worker-bus.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

/** A bus that notes what it hands on. */
function listener(plan: BusPlan, thread: number) {
  const bus = new WorkerBus(plan, thread);
  const got: string[] = [];
  const note = (what: string) => (batch: Uint8Array) => got.push(`${what} ${[...batch].join(",")}`);
  return { bus, got, note };
}

suite("the bus between threads", () => {
  test("brings tick frames to gateways and batches to the worker that has the zone", () => {
    const plan = planBus({ gateways: 2, workers: 2, zones: 3 });
    const [g1, w0, w1] = [listener(plan, 1), listener(plan, 2), listener(plan, 3)];
    routeZone(plan, 0, 2);
    routeZone(plan, 2, 3);
    g1.bus.onTickFrames(1, g1.note("frame"));
    w0.bus.onIntents(0, w0.note("intents"));
    w1.bus.onIntents(2, w1.note("intents"));
    w1.bus.onZoneBatches(2, w1.note("zone"));
    g1.bus.sendIntents(0, bytes(1));
    g1.bus.sendIntents(2, bytes(2));
    w0.bus.sendZoneBatch(2, bytes(3));
    w0.bus.sendTickFrame(1, bytes(4));
    w1.bus.sendTickFrame(1, bytes(5));
    assert.equal(g1.bus.drain() + w0.bus.drain() + w1.bus.drain(), 5);
    assert.deepEqual(g1.got, ["frame 4", "frame 5"]);
    assert.deepEqual(w0.got, ["intents 1"]);
    assert.deepEqual(w1.got.toSorted(), ["intents 2", "zone 3"]);
  });

  test("hands on within a thread what is for a zone of the same worker", () => {
    const plan = planBus({ gateways: 1, workers: 1, zones: 2 });
    const worker = listener(plan, 1);
    routeZone(plan, 0, 1);
    routeZone(plan, 1, 1);
    const detach = worker.bus.onZoneBatches(1, worker.note("zone"));
    worker.bus.sendZoneBatch(1, bytes(7));
    assert.deepEqual(worker.got, ["zone 7"]);
    detach();
    worker.bus.sendZoneBatch(1, bytes(8));
    assert.equal(worker.bus.dropped, 1);
  });

  test("counts what is for a zone that is nowhere", () => {
    const plan = planBus({ gateways: 1, workers: 1, zones: 1 });
    const gateway = listener(plan, 0);
    gateway.bus.sendIntents(0, bytes(1));
    assert.equal(gateway.bus.dropped, 1);
    assert.equal(droppedBatches(plan), 0);
  });

  test("counts what finds no room, and goes on when there is some", () => {
    const plan = planBus({ gateways: 1, workers: 1, zones: 1 });
    const [gateway, worker] = [listener(plan, 0), listener(plan, 1)];
    let frames = 0;
    gateway.bus.onTickFrames(0, () => (frames += 1));
    for (let i = 0; i < 10; i++) worker.bus.sendTickFrame(0, new Uint8Array(1_000_000));
    assert.equal(gateway.bus.drain(), 8);
    assert.equal(droppedBatches(plan), 2);
    worker.bus.sendTickFrame(0, new Uint8Array(1_000_000));
    gateway.bus.drain();
    assert.equal(frames, 9);
  });

  test("keeps what comes for a zone on its way, and passes on what came where it was", () => {
    const plan = planBus({ gateways: 1, workers: 2, zones: 1 });
    const [gateway, from, to] = [listener(plan, 0), listener(plan, 1), listener(plan, 2)];
    routeZone(plan, 0, 1);
    gateway.bus.sendIntents(0, bytes(1));
    to.bus.await(0);
    routeZone(plan, 0, 2);
    gateway.bus.sendIntents(0, bytes(2));
    // The zone is not here any more: what was on its way follows it.
    from.bus.drain();
    to.bus.drain();
    assert.deepEqual(to.got, []);
    to.bus.onIntents(0, to.note("intents"));
    to.bus.deliverAwaited(0);
    assert.deepEqual(to.got.toSorted(), ["intents 1", "intents 2"]);
  });

  test("tells whether gateways have read what was sent", () => {
    const plan = planBus({ gateways: 1, workers: 1, zones: 1 });
    const [gateway, worker] = [listener(plan, 0), listener(plan, 1)];
    worker.bus.sendTickFrame(0, bytes(1));
    const isRead = worker.bus.mark();
    worker.bus.sendTickFrame(0, bytes(2));
    assert.equal(isRead(), false);
    gateway.bus.drain();
    assert.equal(isRead(), true);
    assert.equal(worker.bus.mark()(), true);
  });

  test("wakes a gateway when something came, until it is closed", async () => {
    const plan = planBus({ gateways: 1, workers: 1, zones: 1 });
    const [gateway, worker] = [listener(plan, 0), listener(plan, 1)];
    gateway.bus.onTickFrames(0, gateway.note("frame"));
    gateway.bus.onBell(() => gateway.bus.drain());
    for (let i = 0; i < 3; i++) {
      worker.bus.sendTickFrame(0, bytes(i));
      const untilMs = performance.now() + 2000;
      while (gateway.got.length <= i && performance.now() < untilMs)
        await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.deepEqual(gateway.got, ["frame 0", "frame 1", "frame 2"]);
    gateway.bus.close();
    await new Promise((resolve) => setTimeout(resolve, 5));
    worker.bus.sendTickFrame(0, bytes(9));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(gateway.got.length, 3);
  });

  test("forgets what was sent to a predecessor", () => {
    const plan = planBus({ gateways: 1, workers: 1, zones: 1 });
    const gateway = listener(plan, 0);
    routeZone(plan, 0, 1);
    gateway.bus.sendIntents(0, bytes(1));
    const worker = listener(plan, 1);
    worker.bus.onIntents(0, worker.note("intents"));
    gateway.bus.sendIntents(0, bytes(2));
    worker.bus.drain();
    assert.deepEqual(worker.got, ["intents 2"]);
  });
});
