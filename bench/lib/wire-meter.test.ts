import assert from "node:assert/strict";
import { test } from "node:test";
import { wireParts, WireSums, wireTricks } from "./wire-parts.ts";
import { framingBytes } from "./wire-meter.ts";
import { WireScene } from "./wire-scene.ts";

test("a crowd's frames are taken apart to the last bit, and no trick of the format costs more than it brings", async () => {
  const scene = new WireScene({
    players: 90,
    playersPerViewer: 15,
    squareM: 60,
    clientBudgetKbitPerSecond: 50,
  });
  await scene.join();
  await scene.run(100);
  assert.ok(scene.viewers.every(({ sums }) => sums.bits === 0 && sums.frames === 0));
  scene.isCounting = true;
  await scene.run(64);
  const sums = new WireSums();
  for (const viewer of scene.viewers) sums.addAll(viewer.sums);
  scene.close();
  assert.equal(sums.frames, 6 * 64);
  assert.equal(
    wireParts.reduce((bits, part) => bits + sums.parts.get(part)!, 0),
    sums.bits,
  );
  const blocks = wireParts.filter((part) => part.startsWith("block"));
  assert.equal(
    blocks.reduce((bits, part) => bits + sums.parts.get(part)!, 0),
    sums.levelBits.reduce((bits, own) => bits + own, 0),
  );
  for (const trick of wireTricks) assert.ok(sums.without.get(trick)! >= sums.bits, trick);
  assert.ok(sums.without.get("shortPositions")! > 2 * sums.bits);
  assert.ok(sums.bits / sums.updates <= 60, `${sums.bits / sums.updates} bits per update`);
});

test("what stands in front of a message is counted as RFC 6455 has it", () => {
  assert.deepEqual([0, 125, 126, 65_535, 65_536].map(framingBytes), [2, 2, 4, 4, 10]);
});
