import assert from "node:assert/strict";
import { test } from "node:test";
import { place, sideOf, sightM, step, visibleMean, type Walker } from "./world.ts";

function walkersOf(count: number): { walkers: Walker[]; sideM: number } {
  const sideM = sideOf(count);
  const walkers = Array.from({ length: count }, (_, number) => {
    const walker = { x: 0, y: 0, direction: 0, chance: 0 };
    place(walker, number, sideM);
    return walker;
  });
  return { walkers, sideM };
}

/** Others within sight, averaged over walkers who are not near an edge, beyond which there is nobody to see. */
function visibleOnAverage(walkers: readonly Walker[], sideM: number): number {
  const inner = walkers.filter(({ x, y }) => Math.min(x, y, sideM - x, sideM - y) > sightM);
  const seen = inner.map(
    (viewer) =>
      walkers.filter((other) => Math.hypot(other.x - viewer.x, other.y - viewer.y) < sightM).length - 1,
  );
  return seen.reduce((sum, count) => sum + count, 0) / inner.length;
}

test("a player away from the edges sees thirty others on average, however many there are and after they walked", () => {
  for (const count of [500, 2000]) {
    const { walkers, sideM } = walkersOf(count);
    for (let tick = 0; tick <= 400; tick++) {
      if (tick % 400 === 0) {
        const seen = visibleOnAverage(walkers, sideM);
        assert.ok(
          Math.abs(seen - visibleMean) < visibleMean * 0.1,
          `${count} walkers, tick ${tick}: ${seen}`,
        );
      }
      for (const walker of walkers) step(walker, sideM);
    }
  }
});

test("the same number walks the same way, another one another way", () => {
  const [first, second] = [walkersOf(10).walkers, walkersOf(10).walkers];
  const sideM = sideOf(10);
  for (let tick = 0; tick < 200; tick++) for (const walker of [...first, ...second]) step(walker, sideM);
  assert.deepEqual(first, second);
  assert.notDeepEqual(first[0], first[1]);
});

test("nobody leaves the square and nobody stands still for long", () => {
  const { walkers, sideM } = walkersOf(50);
  for (let tick = 0; tick < 2000; tick++) {
    for (const walker of walkers) {
      const { x, y } = walker;
      step(walker, sideM);
      assert.ok(walker.x >= 0 && walker.y >= 0 && walker.x < sideM && walker.y < sideM);
      if (walker.x === x && walker.y === y) {
        step(walker, sideM);
        assert.ok(walker.x !== x || walker.y !== y, "a second tick in a corner");
      }
    }
  }
});

test("a square for one is still a square", () => {
  const { walkers, sideM } = walkersOf(1);
  for (let tick = 0; tick < 100; tick++) step(walkers[0] as Walker, sideM);
  assert.ok(sideM > 0);
});
