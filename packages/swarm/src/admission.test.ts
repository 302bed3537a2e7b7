import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { Admission } from "./admission.ts";
import { joinWindow } from "./limits.ts";

it("lets in as many as its window, the others in their order", () => {
  const admission = new Admission(100);
  const atOnce = Array.from({ length: 50 }, (_, player) => admission.ask(player));
  assert.equal(atOnce.filter(Boolean).length, joinWindow.start);
  assert.equal(admission.next(), -1);
  admission.done(false);
  assert.equal(admission.window, joinWindow.start / 2);
  assert.equal(admission.next(), -1, "the window is smaller than what is under way");
  while (admission.underWay >= admission.window) admission.done(true);
  assert.equal(admission.next(), joinWindow.start);
  assert.equal(admission.ask(99), false, "nobody overtakes who waits");
});

it("widens with welcomes and narrows with failures, within bounds", () => {
  const admission = new Admission(1);
  for (let i = 0; i < 5000; i++) admission.done(true);
  assert.equal(admission.window, joinWindow.max);
  for (let i = 0; i < 50; i++) admission.done(false);
  assert.equal(admission.window, joinWindow.min);
});

it("lets everybody in once, whatever happens in between", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("ask", "welcome", "fail"), { maxLength: 300 }), (steps) => {
      const admission = new Admission(300);
      const letIn: number[] = [];
      let asked = 0;
      const drain = () => {
        for (let next = admission.next(); next >= 0; next = admission.next()) letIn.push(next);
      };
      for (const step of steps) {
        if (step === "ask") {
          if (admission.ask(asked)) letIn.push(asked);
          asked++;
        } else if (admission.underWay > 0) {
          admission.done(step === "welcome");
          drain();
        }
        // A window that shrank waits for those that are under way already.
        assert.ok(
          admission.waiting === 0 || admission.underWay >= Math.min(admission.window, joinWindow.min),
        );
      }
      while (admission.waiting > 0) {
        admission.done(true);
        drain();
      }
      assert.deepEqual(
        letIn,
        Array.from({ length: asked }, (_, player) => player),
      );
    }),
  );
});
