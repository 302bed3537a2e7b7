import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseCores, coresIn } from "./child.ts";

test("the server gets the first core that is allowed, the load program the second", () => {
  assert.deepEqual(chooseCores({ hasTaskset: true, allowed: [2, 3, 7] }), {
    server: 2,
    load: 3,
    problem: undefined,
  });
});

test("where processes cannot be tied to cores of their own, it says why", () => {
  assert.match(chooseCores({ hasTaskset: false, allowed: [0, 1] }).problem ?? "", /taskset/);
  assert.match(chooseCores({ hasTaskset: true, allowed: [0] }).problem ?? "", /one core/);
  assert.equal(chooseCores({ hasTaskset: true, allowed: [0] }).server, undefined);
});

test("lists of cores are read as the system writes them", () => {
  assert.deepEqual(coresIn("0-1"), [0, 1]);
  assert.deepEqual(coresIn("0,2-4,9\n"), [0, 2, 3, 4, 9]);
  assert.deepEqual(coresIn(""), []);
  assert.deepEqual(coresIn("x"), []);
});
