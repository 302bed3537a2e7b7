import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type EntityRef, noEntity, packRef } from "@myriad/protocol";
import { defineEvent } from "../../packages/server/src/events/event-type.ts";
import { listen } from "../../packages/server/src/events/listen.ts";
import { AssertionFailed, assert as demand } from "../../packages/server/src/kernel/assert.ts";
import type { ZoneApi } from "../../packages/server/src/zone/api.ts";
import { every } from "../../packages/server/src/zone/definitions.ts";
import { noMetrics } from "../../packages/server/src/zone/metrics-port.ts";
import {
  counters,
  Drone,
  drift,
  Echoed,
  Ledgered,
  Player,
  Poked,
  Probe,
  Ring,
  Told,
  Undeclared,
} from "./probe.ts";

const count = (zone: ZoneApi) => {
  zone.state(counters).steps[0]!++;
};
const steps = (probe: Probe, zone = 0) => probe.api(zone).state(counters).steps[0]!;

describe("a zone with nobody in it", () => {
  test("runs no system, and does when a player is there", async () => {
    const probe = new Probe({ systems: [every(0, count)] });
    await probe.run(10);
    assert.deepEqual([steps(probe), probe.hosts[0]!.core.isAwake], [0, false]);
    const ada = await probe.join("Ada");
    await probe.run(4);
    assert.equal(steps(probe), 5);
    probe.leave(ada);
    await probe.run(1);
    // Its leaving was an input, and so is the answer to its save.
    assert.equal(steps(probe), 6);
    await probe.run(10);
    assert.equal(steps(probe), 7);
  });

  test("wakes for a player who comes near its border, and sleeps again", async () => {
    const probe = new Probe({ zones: 2, systems: [every(0, count)] });
    const ada = await probe.join("Ada", { x: 60, y: 100 });
    await probe.run(6);
    assert.equal(steps(probe, 1), 0);
    probe.put(probe.ref(ada), { x: 180, y: 100 });
    await probe.run(6);
    const awake = steps(probe, 1);
    assert.ok(awake >= 4, `${awake}`);
    probe.put(probe.ref(ada), { x: 60, y: 100 });
    await probe.run(12);
    const asleep = steps(probe, 1);
    await probe.run(10);
    assert.equal(steps(probe, 1), asleep);
  });

  test("still runs its timers, and their tick is a whole one", async () => {
    const rung: number[] = [];
    const probe = new Probe({ systems: [every(0, count)], rang: (zone) => rung.push(zone.tick) });
    await probe.run(1);
    probe.api().after(5, Ring, { words: "", who: noEntity });
    await probe.run(10);
    assert.deepEqual(rung, [6]);
    assert.equal(steps(probe), 1);
  });

  test("keeps no event for later", async () => {
    const Rung = defineEvent<{ at: number }>("probe.rung", {
      answer: "observed",
      delivery: "batched",
      overflow: "critical",
    });
    const heard: number[][] = [];
    const probe = new Probe({
      emits: [Rung as never],
      events: [listen("module", Rung, (zone, { at }) => heard.push([at, zone.tick]))],
      poked: (zone) => zone.emit(Rung, { at: zone.tick }),
    });
    await probe.run(1);
    const drone = probe.api().spawn(Drone, { position: { x: 1, y: 1 } });
    probe.hosts[0]!.core.takeIn({ zones: [], replies: [], gateways: [] });
    probe.api().send(drone, Poked, { by: noEntity, words: "" });
    probe.hosts[0]!.core.run();
    assert.deepEqual(heard, [[2, 2]]);
    assert.equal(probe.hosts[0]!.core.isAwake, false);
    probe.hosts[0]!.core.save();
  });
});

describe("the rate of ticks", () => {
  for (const tickRateHz of [10, 15, 20, 30, 60]) {
    test(`of ${tickRateHz} Hz moves as far, and runs what runs by time as often`, async () => {
      const probe = new Probe({
        tickRateHz,
        systems: [every(0, drift, { moves: true }), every(500, count)],
        rang: (zone, owner) =>
          zone.tell(owner, Told, { words: `after ${zone.tick / zone.tickRateHz} s`, by: noEntity }),
      });
      const ada = await probe.join("Ada", { x: 50, y: 100 });
      const ref = probe.ref(ada);
      const players = probe.api().table(Player);
      players.columns.vx[players.row(ref)] = 6;
      const before = steps(probe);
      const startTick = probe.tick;
      probe.api().after(probe.api().ticks(2000), Ring, { words: "", who: noEntity }, ref);
      await probe.run(4 * tickRateHz);
      const { x } = probe.api().positionOf(ref)!;
      assert.ok(Math.abs(x - (50 + 6 * 4)) < 1e-9, `${x}`);
      assert.ok(Math.abs(steps(probe) - before - 8) <= 1, `${steps(probe) - before} runs in four seconds`);
      assert.deepEqual(ada.told, [`after ${(startTick + 2 * tickRateHz) / tickRateHz} s`]);
      assert.equal(probe.api().secondsPerTick * tickRateHz, 1);
      assert.equal(probe.api().ticks(0), 1);
      assert.equal(probe.api().ticks(1000), tickRateHz);
    });
  }
});

describe("systems", () => {
  test("run in their declared order, each in its rhythm of ticks", async () => {
    const ran: string[] = [];
    const say = (name: string) => () => ran.push(name);
    const probe = new Probe({
      systems: [
        every(0, say("a")),
        every(100, say("b"), { name: "b" }),
        every(50, say("c")),
        every(10, say("d")),
      ],
    });
    await probe.join("Ada");
    await probe.run(3);
    // 20 Hz: 100 ms are two ticks, 50 ms one, 10 ms rounded to at least one.
    assert.equal(ran.join(""), ["acd", "abcd", "acd", "abcd"].join(""));
  });

  test("that move entities let queries of later ones see it, others do not", async () => {
    const found: number[][] = [];
    const out = new Float64Array(4);
    const shift = (by: number) => (zone: ZoneApi) => {
      const drones = zone.table(Drone);
      for (let row = drones.next(-1); row >= 0; row = drones.next(row)) drones.columns.position.x[row]! += by;
    };
    const look = (zone: ZoneApi) =>
      found.push([zone.radius(50, 10, 1, out), zone.radius(60, 10, 1, out), zone.radius(70, 10, 1, out)]);
    const probe = new Probe({
      populate: (zone) => zone.spawn(Drone, { position: { x: 50, y: 10 } }),
      systems: [
        every(0, look),
        every(0, shift(10)),
        every(0, look),
        every(0, shift(10), { moves: true }),
        every(0, look),
      ],
    });
    await probe.join("Ada");
    assert.deepEqual(found, [
      [1, 0, 0],
      [1, 0, 0],
      [0, 0, 1],
    ]);
  });
});

describe("game code that throws", () => {
  const trouble = (what: string) => () => {
    throw new Error(what);
  };

  test("is reported with where it was, and everything else goes on", async () => {
    const probe = new Probe({
      populate: trouble("populate"),
      systems: [every(0, trouble("system"), { name: "faulty" }), every(0, count)],
      act: trouble("intent"),
      poked: trouble("message"),
      answered: trouble("reply"),
      rang: trouble("timer"),
      events: [
        listen("core", "player.connected", trouble("event")),
        listen("core", "player.connected", (zone, { player }) =>
          zone.tell(player, Told, { words: "hello", by: player }),
        ),
      ],
    });
    const ada = await probe.join("Ada");
    probe.act(ada);
    probe.api().after(1, Ring, { words: "", who: noEntity });
    probe.api().send(probe.ref(ada), Poked, { by: noEntity, words: "" });
    await probe.run(1);
    assert.deepEqual(
      probe.problems.map(({ module, what, error }) => `${module}: ${what}: ${(error as Error).message}`),
      [
        "probe: populate: populate",
        "probe: core:player.connected: event",
        "probe: system faulty: system",
        "messages: message probe.poked: message",
        "probe: intent act: intent",
        "timers: timer probe.ring: timer",
        "probe: system faulty: system",
      ],
    );
    assert.deepEqual(ada.told, ["hello"]);
    assert.equal(steps(probe), 2);
  });

  test("ends the zone when what it broke is an assertion", async () => {
    const broken = () => demand(false, "this is a bug");
    const cases: [string, ConstructorParameters<typeof Probe>[0]][] = [
      ["populate", { populate: broken }],
      ["system", { systems: [every(0, broken)] }],
      ["intent", { act: broken }],
      ["message", { act: (zone, actor) => zone.send(actor, Poked, { by: 0, words: "" }), poked: broken }],
      ["timer", { act: (zone) => zone.after(1, Ring, { words: "", who: 0 }), rang: broken }],
      ["event", { events: [listen("core", "player.connected", broken)] }],
    ];
    for (const [what, options] of cases) {
      const probe = new Probe(options);
      const play = async () => {
        const ada = await probe.join("Ada");
        probe.act(ada);
        await probe.run(3);
      };
      await assert.rejects(
        play,
        (error) => error instanceof AssertionFailed && error.message === "this is a bug",
        what,
      );
      assert.deepEqual(probe.problems, []);
    }
  });
});

describe("what game code may not do", () => {
  test("is an assertion that names the rule", async () => {
    const probe = new Probe();
    const ada = await probe.join("Ada");
    const [api, player] = [probe.api(), probe.ref(ada)];
    const drone = api.spawn(Drone, { position: { x: 1, y: 1 } });
    const gone = packRef(0, 9, 1, 77);
    const rules: [() => unknown, RegExp][] = [
      [() => api.despawn(player), /ends when the player leaves/],
      [() => api.after(0, Ring, { words: "", who: 0 }), /1 or more whole ticks/],
      [() => api.after(1.5, Ring, { words: "", who: 0 }), /1 or more whole ticks/],
      [() => api.after(1, Ring, { words: "", who: 0 }, gone), /owned by this zone/],
      [() => api.after(1, { name: "other", fields: {} }, {}), /declared by a module/],
      [() => api.send(drone, Undeclared, {}), /declared by a module/],
      [() => api.setGroup(player, -1), /safe integer of 0 or more/],
      [() => api.setGroup(player, 0.5), /safe integer of 0 or more/],
      [
        () => api.tell(player, { ...Told, name: "rumour" }, { words: "", by: 0 }),
        /part of the realm's schema/,
      ],
    ];
    for (const [breakIt, message] of rules) {
      assert.throws(breakIt, (error) => error instanceof AssertionFailed && message.test(error.message));
    }
    assert.equal(api.despawn(gone), false);
    assert.equal(api.despawn(drone), true);
  });
});

describe("what game code may do", () => {
  test("spawns and despawns, and is told of both", async () => {
    const heard: string[] = [];
    const probe = new Probe({
      rowsMax: { drone: 2 },
      events: [
        listen("core", "entity.spawned", (zone, { entity, kind }) =>
          heard.push(`+${kind} ${zone.positionOf(entity)?.x}`),
        ),
        listen("core", "entity.despawned", (zone, { entity, kind }) =>
          heard.push(`-${kind} ${zone.positionOf(entity)?.x}`),
        ),
      ],
    });
    await probe.run(1);
    const api = probe.api();
    const first = api.spawn(Drone, { position: { x: 1, y: 0 } });
    api.spawn(Drone, { position: { x: 2, y: 0 } });
    assert.equal(api.spawn(Drone, { position: { x: 3, y: 0 } }), noEntity);
    const memo = api.spawn(Ledgered, { words: "memo" });
    assert.deepEqual([api.positionOf(memo), api.owns(memo)], [undefined, true]);
    api.despawn(first);
    assert.equal(api.despawn(first), false);
    assert.deepEqual(heard, ["+drone 1", "+drone 2", "+ledgered undefined", "-drone 1"]);
  });

  test("sets timers and takes them back; an owner's end ends its own", async () => {
    const rung: string[] = [];
    const probe = new Probe({
      rang: (zone, owner, { words }) => rung.push(`${zone.tick} ${words} ${zone.owns(owner)}`),
    });
    await probe.run(1);
    const api = probe.api();
    const [a, b] = [api.spawn(Drone, {}), api.spawn(Drone, {})];
    api.after(3, Ring, { words: "a", who: 0 }, a);
    api.after(3, Ring, { words: "b", who: 0 }, b);
    api.after(3, Ring, { words: "zone", who: 0 });
    api.after(2, Ring, { words: "early", who: 0 });
    api.after(4, Ring, { words: "taken back", who: 0 }, b);
    api.despawn(a);
    await probe.run(2);
    assert.deepEqual(rung, ["3 early false"]);
    await probe.run(1);
    api.cancel(Ring as never, b);
    await probe.run(5);
    assert.deepEqual(rung.slice(1), ["4 b true", "4 zone false"]);
  });

  test("asks who is near, by kind and up to a limit", async () => {
    const probe = new Probe();
    const ada = await probe.join("Ada", { x: 50, y: 50 });
    const api = probe.api();
    const drones = [1, 2, 3].map((i) => api.spawn(Drone, { position: { x: 50 + i, y: 50 } }));
    await probe.run(1);
    const player = probe.ref(ada);
    const out = new Float64Array(8);
    const found = (n: number) => [...out.subarray(0, n)];
    const all = [player, ...drones].sort((a, b) => a - b);
    assert.deepEqual(found(api.radius(50, 50, 9, out)), all);
    assert.deepEqual(found(api.radius(50, 50, 9, out, { kinds: [Drone] })), drones);
    assert.deepEqual(
      found(api.radius(50, 50, 9, out, { kinds: [Player, Drone], limit: 2 })),
      all.slice(0, 2),
    );
    assert.deepEqual(found(api.box(50.5, 49, 52.5, 51, out)), drones.slice(0, 2));
    assert.deepEqual(found(api.box(0, 0, 200, 200, out, { kinds: [Player] })), [player]);
    assert.deepEqual(found(api.cone(50.5, 50, { x: 1, y: 0 }, 0.9, 2, out)), drones.slice(0, 2));
    assert.deepEqual(found(api.cone(50.5, 50, { x: -1, y: 0 }, 0.9, 2, out, { limit: 5 })), [player]);
    assert.deepEqual(found(api.nearest(54, 50, 99, out, { limit: 2 })), [drones[2], drones[1]]);
    assert.deepEqual(found(api.nearest(54, 50, 99, out, { kinds: [Player] })), [player]);
  });

  test("tells one, a region, the zone, a group, and somebody by name", async () => {
    const probe = new Probe({ zones: 2 });
    const [ada, ben] = [await probe.join("Ada", { x: 70, y: 10 }), await probe.join("Ben")];
    const api = probe.api();
    const say = (words: string) => ({ words, by: noEntity });
    probe.hosts[0]!.core.takeIn({ zones: [], replies: [], gateways: [] });
    const player = probe.ref(ada);
    api.tell(player, Told, say("one"));
    api.tell(noEntity, Told, say("nobody"));
    api.announce({ x: 70, y: 10 }, Told, say("here"), 2);
    api.announce({ x: 70, y: 10 }, Told, say("near"));
    api.announceZone(Told, say("zone"));
    api.announceGroup(5, Told, say("group"));
    api.announceGroup(0, Told, say("no group"));
    api.tellByName(player, "Cyd", { fact: Told, value: say("psst") }, { fact: Told, value: say("not here") });
    api.tellByName(noEntity, "Cyd", { fact: Told, value: say("") }, { fact: Told, value: say("") });
    const { outbox } = probe.hosts[0]!.core;
    assert.deepEqual([...outbox.facts.keys()], [ada.session]);
    assert.deepEqual(
      outbox.news.map((news) =>
        news.to === "region" ? `${news.region}@${news.level}` : news.to === "group" ? news.group : "zone",
      ),
      ["1@2", "1@0", "zone", 5],
    );
    assert.deepEqual(
      [outbox.letters.length, outbox.letters[0]!.fromSession, outbox.letters[0]!.toName],
      [1, ada.session, "Cyd"],
    );
    assert.ok(ben.session > ada.session);
  });

  test("makes groups, whose members' state is told together and at once when they change", async () => {
    const probe = new Probe();
    const [ada, ben] = [await probe.join("Ada"), await probe.join("Ben")];
    const api = probe.api();
    assert.equal(api.groupOf(probe.ref(ada)), 0);
    api.setGroup(probe.ref(ada), 7);
    api.setGroup(noEntity, 7);
    const groups: number[][] = [];
    await probe.run(9, () => groups.push(probe.frames[0]!.groups.map(({ bytes }) => bytes.length)));
    const size = groups[0]![0]!;
    assert.ok(size > 0);
    // Told at once, then at every fourth tick.
    assert.deepEqual(
      groups.map((sizes) => sizes.length).reduce((sum, told) => sum + told, 0),
      3,
    );
    api.setGroup(probe.ref(ben), 7);
    await probe.run(1);
    assert.equal(probe.frames[0]!.groups[0]!.bytes.length, 2 * size);
    assert.equal(probe.frames[0]!.sessions[1]!.group, 7);
    probe.leave(ben);
    await probe.run(1);
    assert.equal(probe.frames[0]!.groups[0]!.bytes.length, size);
    api.setGroup(probe.ref(ada), 0);
    await probe.run(1);
    assert.deepEqual([probe.frames[0]!.groups, probe.frames[0]!.sessions[0]!.group], [[], undefined]);
  });

  test("gives numbers that no other zone gives", async () => {
    const probe = new Probe({ zones: 3 });
    const numbers = [0, 1, 2, 0, 1, 2].map((zone) => probe.api(zone).newId());
    assert.equal(new Set(numbers).size, numbers.length);
    assert.ok(numbers.every(Number.isSafeInteger));
    assert.deepEqual(
      probe.hosts.map((host) => host.core.api.name),
      ["z0", "z1", "z2"],
    );
  });

  test("counts, and cannot read what was counted", async () => {
    const counted: string[] = [];
    const metrics = {
      counter: (name: string, by = 1) => void counted.push(`${name} +${by}`),
      gauge: (name: string, value: number) => void counted.push(`${name} =${value}`),
      duration: (name: string, ms: number) => void counted.push(`${name} ${ms} ms`),
    };
    const probe = new Probe({
      metrics,
      act: ({ metrics: m }) => {
        assert.equal(m.counter("pokes"), undefined);
        m.counter("pokes", 2);
        m.gauge("crowd", 3);
        m.duration("fight", 4);
      },
    });
    probe.act(await probe.join("Ada"));
    await probe.run(1);
    assert.deepEqual(counted, ["pokes +1", "pokes +2", "crowd =3", "fight 4 ms"]);
    assert.deepEqual(
      [noMetrics.counter("x"), noMetrics.gauge("x", 1), noMetrics.duration("x", 1)],
      [undefined, undefined, undefined],
    );
  });

  test("answers messages, and listens to its own events and to changes of entities", async () => {
    const Bumped = defineEvent<{ hard: boolean }>("probe.bumped", {
      answer: "cancellable",
      delivery: "immediate",
      overflow: "critical",
    });
    const heard: string[] = [];
    const probe = new Probe({
      emits: [Bumped as never],
      events: [
        listen("module", Bumped, (_zone, { hard }, control) => {
          if (hard) control.cancel();
        }),
        listen("object", "drone", "critical", (zone, { entity, channel }) =>
          heard.push(`${channel} ${zone.positionOf(entity)!.x}`),
        ),
      ],
      poked: (zone, target, { by }) => zone.send(by, Echoed, { by: target, words: "ok" }),
      echoed: (_zone, _target, { words }) => heard.push(words),
    });
    const ada = await probe.join("Ada");
    assert.deepEqual(
      [probe.api().emit(Bumped, { hard: true }), probe.api().emit(Bumped, { hard: false })],
      [false, true],
    );
    const drone: EntityRef = probe.api().spawn(Drone, { position: { x: 5, y: 5 } });
    probe.api().send(drone, Poked, { by: probe.ref(ada), words: "" });
    await probe.run(2);
    probe.put(drone, { x: 6, y: 5 });
    await probe.run(2);
    assert.deepEqual(heard, ["ok", "critical 5", "critical 6"]);
  });
});

describe("a zone's start", () => {
  test("populates it once, and tells its modules", async () => {
    const started: string[] = [];
    const probe = new Probe({
      populate: (zone) => zone.spawn(Drone, { position: { x: 1, y: 1 } }),
      events: [
        listen("core", "zone.started", (zone, { zone: number, restored }) =>
          started.push(`${number} ${restored} ${zone.table(Drone).count}`),
        ),
      ],
    });
    assert.equal(probe.api().table(Drone).count, 0);
    await probe.run(3);
    assert.deepEqual(started, ["0 false 1"]);
    assert.equal(probe.api().table(Drone).count, 1);
  });
});

describe("a tick frame", () => {
  test("says a session's place and own fields when they change, or when they are asked for", async () => {
    const probe = new Probe();
    const ada = await probe.join("Ada");
    const part = () => probe.frames[0]!.sessions[0]!;
    assert.deepEqual(
      [part().own !== undefined, part().position, part().selfFull],
      [true, { x: 102_400, y: 102_400 }, true],
    );
    await probe.run(1);
    assert.deepEqual([part().own, part().position, part().self], [undefined, undefined, undefined]);
    probe.put(probe.ref(ada), { x: 100.5, y: 100 });
    const players = probe.api().table(Player);
    players.columns.hits[players.row(probe.ref(ada))] = 9;
    await probe.run(1);
    assert.deepEqual(
      [part().own, part().position, part().selfFull],
      [undefined, { x: 102_912, y: 102_400 }, false],
    );
    assert.ok(part().self !== undefined);
    probe.asks = { selves: [ada.session] };
    await probe.run(1);
    assert.deepEqual([part().own, part().selfFull], [probe.ref(ada) & 0xffffff, true]);
  });

  test("holds the keyframes that were asked for, and digests while somebody wants them", async () => {
    const probe = new Probe();
    await probe.join("Ada");
    assert.equal(probe.frames[0]!.planes[0]!.digests, undefined);
    probe.asks = { keyframes: [0, 5, 5, 60_000], wantsDigests: true };
    await probe.run(1);
    assert.deepEqual(
      probe.frames[0]!.keyframes.map(({ region }) => region),
      [0, 5],
    );
    assert.equal(probe.frames[0]!.planes[0]!.digests!.length, 16);
    await probe.run(1);
    assert.deepEqual(probe.frames[0]!.keyframes, []);
    // An empty batch of the same gateway: nobody wants them any more.
    probe.asks = { selves: [1] };
    await probe.run(1);
    assert.equal(probe.frames[0]!.planes[0]!.digests, undefined);
  });

  test("is made of inputs that fit: batches of nonsense, of others and over the limit are dropped", async () => {
    const probe = new Probe();
    const host = probe.hosts[0]!;
    probe.bus.sendIntents(0, Uint8Array.of(1, 2, 3));
    assert.equal(host.dropped, 1);
    for (let i = 0; i < 65_537; i++) probe.input(0, { kind: "absent", session: 9, absent: true });
    await probe.run(1);
    assert.equal(host.dropped, 1 + 65_537);
  });
});
