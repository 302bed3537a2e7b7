import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { trackSamples } from "./limits.ts";
import { newPose, Track } from "./track.ts";

const at = (x: number, y = 0) => ({ x, y });

describe("a track", () => {
  test("has no pose before it was told one", () => {
    assert.equal(new Track().pose(10, 1, newPose()), false);
  });

  test("lies between two records in proportion, and on the nearest one outside", () => {
    const track = new Track();
    const pose = newPose();
    track.push(10, at(0), 0, 2);
    track.push(12, at(4, 2), 1, 2);
    track.at(11, pose);
    assert.deepEqual(pose, { x: 2, y: 1, heading: 0.5, speed: Math.hypot(4, 2) / 2 });
    track.at(5, pose);
    assert.deepEqual(pose, { x: 0, y: 0, heading: 0, speed: 0 });
    track.at(50, pose);
    assert.deepEqual(pose, { x: 4, y: 2, heading: 1, speed: 0 });
  });

  test("stands still through a silence and walks only in the window that ends it", () => {
    const track = new Track();
    const pose = newPose();
    track.push(10, at(0), 0, 1);
    track.push(100, at(4), 0, 4);
    track.at(96, pose);
    assert.equal(pose.x, 0);
    track.at(98, pose);
    assert.equal(pose.x, 2);
  });

  test("turns the short way", () => {
    const track = new Track();
    const pose = newPose();
    track.push(0, at(0), 6.2, 1);
    track.push(1, at(0), 0.1, 1);
    track.at(0.5, pose);
    assert.ok(Math.abs(pose.heading - (6.2 + (0.1 + 2 * Math.PI - 6.2) / 2)) < 1e-9);
  });

  test("jumps when the entity was put elsewhere", () => {
    const track = new Track();
    const pose = newPose();
    track.push(0, at(0), 0, 1);
    track.push(1, at(500), 0, 1);
    track.at(0.9, pose);
    assert.equal(pose.x, 0);
    track.at(1, pose);
    assert.equal(pose.x, 500);
  });

  test("takes the newest word of a tick and forgets words about the past", () => {
    const track = new Track();
    const pose = newPose();
    track.push(5, at(1), 0, 1);
    track.push(5, at(2), 0, 1);
    track.push(3, at(9), 0, 1);
    track.at(5, pose);
    assert.equal(pose.x, 2);
    assert.equal(track.length, 1);
  });

  test("never draws an earlier moment than it drew, and changes its delay slowly", () => {
    const pose = newPose();
    const numbers = fc.array(
      fc.tuple(fc.double({ min: 0, max: 2, noNaN: true }), fc.integer({ min: 0, max: 32 })),
      {
        maxLength: 100,
      },
    );
    fc.assert(
      fc.property(numbers, (steps) => {
        const track = new Track();
        for (let tick = 0; tick < trackSamples; tick++) track.push(tick, at(tick), 0, 1);
        let serverTick = 0;
        let x = 0;
        for (const [passed, delay] of steps) {
          serverTick += passed;
          track.pose(serverTick, delay, pose);
          assert.ok(pose.x >= x);
          x = pose.x;
        }
      }),
    );
  });

  test("follows a clock that began anew", () => {
    const track = new Track();
    const pose = newPose();
    for (let tick = 0; tick < 8; tick++) track.push(tick, at(tick), 0, 1);
    track.pose(30, 1, pose);
    track.pose(5, 1, pose);
    assert.equal(pose.x, 4);
  });

  test("goes on in another zone's count of ticks", () => {
    const track = new Track();
    const pose = newPose();
    track.push(10, at(0), 0, 1);
    track.push(11, at(1), 0, 1);
    track.pose(12, 1.5, pose);
    assert.equal(pose.x, 0.5);
    track.shift(1000);
    track.push(1012, at(2), 0, 1);
    track.pose(1013, 1.5, pose);
    assert.equal(pose.x, 1.5);
  });

  test("forgets its oldest records", () => {
    const track = new Track();
    const pose = newPose();
    for (let tick = 0; tick < 100; tick++) track.push(tick, at(tick), 0, 1);
    assert.equal(track.length, trackSamples);
    track.at(0, pose);
    assert.equal(pose.x, 100 - trackSamples);
  });
});
