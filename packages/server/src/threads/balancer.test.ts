import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Balancer, type WorkerLoad } from "./balancer.ts";

const load = (worker: number, busyShare: number, costs: readonly number[]): WorkerLoad => ({
  worker,
  busyShare,
  zones: costs.map((costMs, index) => ({ zone: worker * 10 + index, costMs })),
});

/** Moves that are decided within so many equal seconds. */
function decide(loads: readonly WorkerLoad[], seconds: number) {
  const balancer = new Balancer();
  return Array.from({ length: seconds }, () => balancer.decide(loads)).filter((move) => move !== undefined);
}

suite("the balancer", () => {
  test("moves the zone that relieves a busy worker most, after five seconds and not again at once", () => {
    const loads = [load(1, 0.95, [600, 300, 50]), load(2, 0.2, [200])];
    assert.deepEqual(decide(loads, 4), []);
    assert.deepEqual(decide(loads, 20), [{ zone: 11, from: 1, to: 2 }]);
    assert.equal(decide(loads, 21 + 5).length, 2);
  });

  test("leaves a worker alone that is busy now and then", () => {
    const balancer = new Balancer();
    for (let second = 0; second < 50; second++) {
      const busy = second % 5 === 4 ? 0.3 : 0.95;
      assert.equal(balancer.decide([load(1, busy, [400, 400]), load(2, 0.1, [])]), undefined);
    }
  });

  test("moves nothing that would not help: a worker's only zone, equal workers, a zone that is too heavy", () => {
    assert.deepEqual(decide([load(1, 0.95, [900]), load(2, 0.1, [])], 20), []);
    assert.deepEqual(decide([load(1, 0.95, [400, 400]), load(2, 0.9, [400, 400])], 20), []);
    assert.deepEqual(decide([load(1, 0.9, [880, 10]), load(2, 0.3, [300])], 20), []);
    assert.deepEqual(decide([load(1, 0.95, [400, 400])], 20), []);
    assert.deepEqual(decide([], 20), []);
  });
});
