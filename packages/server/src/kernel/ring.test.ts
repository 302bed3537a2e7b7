import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Ring } from "./ring.ts";

test("a ring gives back in the order in which it took", () => {
  const ring = new Ring<string>(3);
  for (const item of ["a", "b", "c"]) equal(ring.push(item), true);
  equal(ring.isFull, true);
  equal(ring.shift(), "a");
  equal(ring.peek(), "b");
  deepEqual([...ring], ["b", "c"]);
});

test("a full ring refuses and changes nothing", () => {
  const ring = new Ring<number>(2);
  ring.push(1);
  ring.push(2);
  equal(ring.push(3), false);
  deepEqual([...ring], [1, 2]);
});

test("an empty ring answers undefined", () => {
  const ring = new Ring<number>(1);
  equal(ring.shift(), undefined);
  equal(ring.peek(), undefined);
  equal(ring.at(0), undefined);
  equal(ring.isEmpty, true);
});

test("a ring needs at least one place", () => {
  for (const capacity of [0, -1, 1.5, Number.NaN])
    throws(() => new Ring(capacity), { name: "AssertionFailed" });
});

test("a ring behaves as an array with a limit, over any sequence of operations", () => {
  const operation = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("push" as const), item: fc.integer() }) },
    { weight: 4, arbitrary: fc.constant({ kind: "shift" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "clear" as const }) },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(operation, { maxLength: 100 }),
      (capacity, operations) => {
        const ring = new Ring<number>(capacity);
        const model: number[] = [];
        for (const step of operations) {
          if (step.kind === "push") {
            equal(ring.push(step.item), model.length < capacity);
            if (model.length < capacity) model.push(step.item);
          } else if (step.kind === "shift") {
            equal(ring.shift(), model.shift());
          } else {
            ring.clear();
            model.length = 0;
          }
          deepEqual([...ring], model);
          equal(ring.length, model.length);
          equal(ring.capacity, capacity);
          equal(ring.peek(), model[0]);
          for (const index of [-1, 0, 1, model.length - 1, model.length, Number.NaN]) {
            equal(ring.at(index), model[index]);
          }
        }
      },
    ),
  );
});
