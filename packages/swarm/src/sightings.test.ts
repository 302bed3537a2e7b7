import assert from "node:assert/strict";
import { it } from "node:test";
import { decodeClientFrame, decodeServerText, encodeHello, idOf, kindOf, zoneOf } from "@myriad/protocol";
import { FakeRealm } from "./fake-realm.ts";
import { learnGame } from "./game.ts";
import { sightingsMax } from "./limits.ts";
import { Meters } from "./meters.ts";
import { Observer } from "./observer.ts";
import { Sightings } from "./sightings.ts";

function observe(creatures: number) {
  const realm = new FakeRealm({ creatures });
  const received: Uint8Array[] = [];
  const peer = { send: (bytes: Uint8Array) => received.push(bytes.slice()), close: () => {} };
  const hello = { formatVersion: 1, schemaHash: "0".repeat(16), wantsDigests: true, lastFact: 0, client: "" };
  realm.join({ name: "x" }, peer, () => 0).message(encodeHello(hello));
  realm.advance(0);
  const text = decodeServerText(received[0]!);
  const frame = decodeClientFrame(received[1]!);
  assert.ok(text.ok && text.value.kind === "welcome" && frame.ok);
  const learnt = learnGame(text.value.welcome);
  assert.ok(learnt.ok);
  const observer = new Observer(learnt.game, new Meters());
  observer.apply(frame.value, 0);
  return { game: learnt.game, observer };
}

it("tells creatures that stand from things that lie, each once, whoever sees it", () => {
  const { game, observer } = observe(12);
  const sightings = new Sightings();
  sightings.look(game, 0, [observer, observer]);
  assert.deepEqual([sightings.creatures.length, sightings.things.length], [24, 6]);
  const [creature] = sightings.creatures;
  assert.deepEqual([kindOf(creature!.ref), zoneOf(creature!.ref), idOf(creature!.ref)], [1, 0, 0x10000]);
  assert.equal(sightings.find(creature!.ref), creature);
  assert.ok(creature!.x > 10 && creature!.x < 20);
  assert.ok(sightings.things.every(({ isThing }) => isThing));
  for (const entity of observer.replicas.get(0)!.entities.values())
    if (entity.kind.index === 1) entity.parts[3] = 0;
  sightings.look(game, 0, [observer]);
  assert.equal(sightings.creatures.length, 12);
  assert.equal(sightings.find(creature!.ref), undefined);
  sightings.look(game, 1, [observer]);
  assert.equal(sightings.creatures.length, 0);
});

it("remembers a bounded number", () => {
  const { game, observer } = observe(6000);
  const sightings = new Sightings();
  sightings.look(game, 0, [observer]);
  assert.equal(sightings.creatures.length + sightings.things.length, sightingsMax);
});
