/** Tests of named areas over a zone's life: who is told of entering and leaving, also when somebody leaves the zone in one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { listen } from "../../packages/server/src/events/listen.ts";
import { Probe } from "./probe.ts";

describe("areas", () => {
  const areas = () => [
    { name: "town", shape: { kind: "circle", x: 100, y: 100, radiusM: 10 } } as const,
    { name: "market", shape: { kind: "rectangle", x: 95, y: 95, width: 10, height: 10 } } as const,
  ];

  test("tell who enters and leaves them, once", async () => {
    const heard: string[] = [];
    const probe = new Probe({
      areas,
      spawnAt: { zone: 0, x: 50, y: 100 },
      events: [
        listen("core", "area.entered", (zone, { area, entity }) =>
          heard.push(`+${area} ${zone.nameOf(entity)}`),
        ),
        listen("core", "area.left", (zone, { area, entity }) =>
          heard.push(`-${area} ${zone.nameOf(entity)}`),
        ),
      ],
    });
    const ada = await probe.join("Ada");
    await probe.run(2);
    for (const x of [91, 97, 98, 91, 300]) {
      probe.put(probe.ref(ada), { x, y: 100 });
      await probe.run(1);
    }
    assert.deepEqual(heard, ["+town Ada", "+market Ada", "-market Ada", "-town Ada"]);
    assert.equal(probe.api().isInArea("town", 100, 109.9), true);
    assert.equal(probe.api().isInArea("town", 100, 110.1), false);
    assert.equal(probe.api().isInArea("harbour", 100, 100), false);
  });

  test("are left by who leaves the world or the zone in them", async () => {
    const heard: string[] = [];
    const wild = (x: number) =>
      ({ name: "wild", shape: { kind: "rectangle", x, y: 0, width: 400, height: 200 } }) as const;
    const probe = new Probe({
      zones: 2,
      areas: () => [wild(0)],
      events: [
        listen("core", "area.entered", (zone, { area }) => heard.push(`${zone.zone} +${area}`)),
        listen("core", "area.left", (zone, { area }) => heard.push(`${zone.zone} -${area}`)),
      ],
    });
    const ada = await probe.join("Ada");
    await probe.run(1);
    probe.put(probe.ref(ada), { x: 205, y: 100 });
    await probe.run(3);
    assert.deepEqual(heard, ["0 +wild", "0 -wild", "1 +wild"]);
    probe.leave(ada);
    await probe.run(3);
    assert.deepEqual(heard, ["0 +wild", "0 -wild", "1 +wild", "1 -wild"]);
    for (const { core } of probe.hosts) assert.equal(core.hub.waiting, 0);
  });

  test("of another zone are entered after a handover", async () => {
    const heard: string[] = [];
    const probe = new Probe({
      zones: 2,
      areas: (zone) =>
        zone === 1
          ? [{ name: "wild", shape: { kind: "rectangle", x: 200, y: 0, width: 200, height: 200 } }]
          : areas(),
      events: [listen("core", "area.entered", (zone, { area }) => heard.push(`${zone.zone} ${area}`))],
    });
    const ada = await probe.join("Ada");
    await probe.run(1);
    probe.put(probe.ref(ada), { x: 205, y: 100 });
    await probe.run(3);
    assert.deepEqual(heard, ["0 town", "0 market", "1 wild"]);
  });
});
