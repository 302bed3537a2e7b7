import assert from "node:assert/strict";
import { test } from "node:test";
import { Quality } from "./quality.ts";

/** Draws for so many seconds; returns how often the sharpness changed. */
function draw(quality: Quality, seconds: number, ms: (quality: Quality) => number): number {
  let changes = 0;
  for (let at = 0; at < seconds * 1000; ) {
    const took = ms(quality);
    at += took;
    if (quality.picture(took)) changes++;
  }
  return changes;
}

test("a machine that keeps up draws sharply", () => {
  const quality = new Quality();
  assert.equal(
    draw(quality, 60, () => 16),
    0,
  );
  assert.equal(quality.share, 1);
});

test("a slow one becomes coarser until it keeps up, and stays there", () => {
  const quality = new Quality();
  const changes = draw(quality, 120, ({ share }) => 10 + 180 * share * share);
  assert.equal(quality.share, 0.5);
  assert.ok(changes <= 6, `${changes} changes`);
});

test("a hiccup and a hidden page change nothing", () => {
  const quality = new Quality();
  draw(quality, 5, () => 16);
  quality.picture(900);
  quality.picture(60_000);
  assert.equal(
    draw(quality, 5, () => 16),
    0,
  );
});

test("a machine that was busy for a while becomes sharp again", () => {
  const quality = new Quality();
  draw(quality, 9, () => 100);
  assert.ok(quality.share < 1);
  draw(quality, 60, () => 12);
  assert.equal(quality.share, 1);
});
