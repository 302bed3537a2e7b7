import assert from "node:assert/strict";
import { it } from "node:test";
import { nextRandom, randomStates } from "./random.ts";

it("gives each player its own numbers, spread over 0 to 1, the same for the same seed", () => {
  const draw = (seed: number) => {
    const states = randomStates(1000, seed);
    return Array.from({ length: 1000 }, (_, i) => nextRandom(states, i));
  };
  const drawn = draw(7);
  assert.deepEqual(draw(7), drawn);
  assert.notDeepEqual(draw(8), drawn);
  assert.ok(drawn.every((value) => value >= 0 && value < 1));
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  assert.ok(Math.abs(mean - 0.5) < 0.05, `mean ${mean}`);
  assert.ok(new Set(drawn).size > 990);
});
