import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { decodeRecord, encodeRecord } from "@myriad/protocol";
import { VirtualTime } from "../platform/virtual-time.ts";
import type { Store } from "../store/port.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { Heard } from "./testing.ts";
import { type TestClient, TestGateway, type TestGatewayOptions } from "./testing-gateway.ts";

let stores: Store[] = [];
afterEach(async () => {
  for (const store of stores) await store.close();
  stores = [];
});

async function start(options: Partial<TestGatewayOptions> = {}): Promise<TestGateway> {
  const store = createMemoryStore();
  stores.push(store);
  return TestGateway.start({ time: new VirtualTime(), store, settle: () => setTimeout(1), ...options });
}

const twoZones = [
  { x: 0, y: 0, width: 600, height: 500 },
  { x: 600, y: 0, width: 600, height: 500 },
];

const heard = (text: string) => ({ type: 0, record: encodeRecord(Heard.fields, { text }) });
const textsOf = (client: TestClient) =>
  client.read().facts.map(({ record }) => {
    const fact = decodeRecord(Heard.fields, record);
    return fact.ok ? fact.value.text : "?";
  });

suite("joining", () => {
  test("a player with a ticket is welcomed, joins its zone and gets a frame in each tick", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    assert.deepEqual(ada.welcome.character.name, "Ada");
    assert.equal(ada.welcome.resumed, false);
    assert.equal(ada.welcome.schema, undefined);
    assert.equal(ada.welcome.session >>> 24, 0);
    game.ticks(4);
    const frames = ada.read().frames;
    assert.deepEqual(
      frames.map(({ frame, tick, homeZone }) => ({ frame, tick, homeZone })),
      [1, 2, 3, 4].map((n) => ({ frame: n, tick: n, homeZone: 0 })),
    );
    assert.ok(
      frames[0]!.own !== undefined && frames[0]!.position !== undefined && frames[0]!.self !== undefined,
    );
    assert.equal(frames[0]!.timeMs, (1_800_000_000_000 + 50) % 2 ** 32);
    // The second frame's batch asked for keyframes, the second tick brought them.
    assert.ok(frames[1]!.zones[0]!.sections.some(({ kind }) => kind === 1));
  });

  test("a client with another schema is sent the server's and decides by itself", async () => {
    const game = await start();
    const ada = await game.join("Ada", { schemaHash: "0123456789abcdef" });
    assert.equal(ada.welcome.schema?.name, "test");
    assert.notEqual(ada.welcome.schemaHash, "0123456789abcdef");
  });

  test("a character comes back to the zone it was saved in, and to the first when that is gone", async () => {
    const game = await start({ bounds: twoZones });
    const { accountId } = await game.store.account({ subject: "dev:ada", name: "Ada" });
    const initial = { zone: 1, schemaVersion: 1, state: new Uint8Array(0) };
    await game.store.openCharacter({ accountId, name: "Ada", initial });
    const other = await game.store.account({ subject: "dev:bob", name: "Bob" });
    await game.store.openCharacter({
      accountId: other.accountId,
      name: "Bob",
      initial: { ...initial, zone: 7 },
    });
    await game.join("Ada");
    await game.join("Bob");
    game.tick();
    assert.equal(game.zones[1]!.players.size, 1);
    assert.equal(game.zones[0]!.players.size, 1);
  });

  test("nobody joins a zone that is silent", async () => {
    const game = await start();
    game.time.advance(6000);
    const ada = await game.knock("Ada");
    await game.until(() => ada.closedWith !== undefined);
    assert.equal(ada.closedWith, "zone_unavailable");
  });

  test("a session that its running zone does not know is ended", async () => {
    const game = await start();
    game.zones[0]!.isReporting = false;
    const ada = await game.join("Ada");
    game.ticks(195);
    assert.equal(ada.closedWith, undefined);
    game.ticks(10);
    assert.equal(ada.closedWith, "zone_unavailable");
    assert.equal(game.gateway.counts().playing, 0);
  });
});

suite("taking over", () => {
  test("a second login closes the first, waits until its character is saved, and joins after it left", async () => {
    const game = await start();
    const first = await game.join("Ada");
    game.ticks(3);
    const second = await game.knock("ada");
    await game.until(() => first.closedWith !== undefined);
    assert.equal(first.closedWith, "logged_in_elsewhere");
    await setTimeout(20);
    assert.equal(second.isWelcome, false, "the first one is not saved yet");
    game.ticks(4);
    await game.until(() => second.isWelcome);
    game.ticks(2);
    assert.deepEqual(
      game.zones[0]!.inputs.map(({ kind, session }) => `${kind} ${session}`),
      ["join 1", "leave 1", "join 2"],
    );
    assert.equal(game.zones[0]!.players.size, 1);
    assert.equal(second.welcome.character.name, "Ada");
    assert.equal(second.read().frames.length, 2);
    assert.equal(game.gateway.stats.takeovers, 1);
  });

  test("of many logins that come at once the newest plays, each of the others is told, and nobody plays twice", async () => {
    const game = await start();
    const clients = await Promise.all(["Ada", "ADA", "ada", "aDa"].map((name) => game.knock(name)));
    for (let i = 0; i < 60; i++) {
      await setTimeout(1);
      game.tick();
      assert.ok(game.zones[0]!.players.size <= 1);
    }
    const open = clients.filter(({ closedWith }) => closedWith === undefined);
    assert.equal(open.length, 1);
    assert.ok(open[0]!.isWelcome);
    for (const client of clients) {
      if (client !== open[0]) assert.equal(client.closedWith, "logged_in_elsewhere");
    }
    const { playing, loading, closing } = game.gateway.counts();
    assert.deepEqual({ playing, loading, closing }, { playing: 1, loading: 0, closing: 0 });
  });

  test("an absent session is taken over like one that plays", async () => {
    const game = await start();
    const first = await game.join("Ada");
    game.ticks(2);
    first.connection.drop();
    const second = await game.knock("Ada");
    await game.until(() => game.gateway.counts().closing === 1);
    game.ticks(4);
    await game.until(() => second.isWelcome);
    assert.notEqual(second.session, first.session);
  });

  test("while the zone does not let the older session go, the newer one is refused in time", async () => {
    const game = await start();
    game.zones[0]!.isSaving = false;
    await game.join("Ada");
    game.ticks(2);
    const second = await game.knock("Ada");
    await game.until(() => game.gateway.counts().closing === 1);
    game.ticks(101);
    await game.until(() => second.closedWith !== undefined);
    assert.equal(second.closedWith, "zone_unavailable");
    // The zone never answers: after a while the session is forgotten.
    game.ticks(600);
    assert.equal(game.gateway.counts().closing, 0);
    assert.equal(game.gateway.stats.sessionsForgotten, 1);
  });

  test("another account's ticket ends nobody's session", async () => {
    const game = await start();
    const { accountId } = await game.store.account({ subject: "somebody", name: "Ada" });
    const initial = { zone: 0, schemaVersion: 1, state: new Uint8Array(0) };
    await game.store.openCharacter({ accountId, name: "Ada", initial });
    const ada = await game.knock("Ada");
    await game.until(() => ada.closedWith !== undefined);
    assert.equal(ada.closedWith, "name_taken");
  });

  test("an account has a bounded number of characters", async () => {
    const game = await start();
    const { accountId } = await game.store.account({ subject: "dev:ada", name: "Ada" });
    const initial = { zone: 0, schemaVersion: 1, state: new Uint8Array(0) };
    for (let i = 0; i < 16; i++) await game.store.openCharacter({ accountId, name: `Alt ${i}`, initial });
    const ada = await game.knock("Ada");
    await game.until(() => ada.closedWith !== undefined);
    assert.equal(ada.closedWith, "too_many_characters");
  });
});

suite("losing and finding the connection", () => {
  test("a dropped socket leaves the character waiting, and the key brings it back once", async () => {
    const game = await start();
    const first = await game.join("Ada");
    game.ticks(3);
    first.connection.drop();
    game.tick();
    assert.equal(game.gateway.counts().absent, 1);
    assert.equal([...game.zones[0]!.players.values()][0]!.absent, true);
    const second = game.resume(first);
    assert.equal(second.welcome.resumed, true);
    assert.equal(second.session, first.session);
    assert.notEqual(second.welcome.resumeKey, first.welcome.resumeKey);
    game.ticks(3);
    assert.equal([...game.zones[0]!.players.values()][0]!.absent, false);
    const frames = second.read().frames;
    assert.ok(frames[0]!.frame > first.read().frames.at(-1)!.frame, "frames go on counting");
    assert.ok(frames.some(({ self }) => self !== undefined));
    assert.equal(game.resume(first).closedWith, "session_unknown");
  });

  test("a resume while the old socket still looks alive closes that one", async () => {
    const game = await start();
    const first = await game.join("Ada");
    game.tick();
    const second = game.resume(first);
    assert.equal(first.closedWith, "logged_in_elsewhere");
    assert.equal(second.closedWith, undefined);
    assert.equal(game.gateway.counts().playing, 1);
  });

  test("changes of self before the whole of it are not sent to a client that came back", async () => {
    const game = await start();
    const first = await game.join("Ada");
    game.ticks(4);
    first.connection.drop();
    game.ticks(3);
    const second = game.resume(first);
    game.ticks(12);
    const selves = second.read().frames.filter(({ self }) => self !== undefined);
    assert.equal(selves[0]!.self!.to - selves[0]!.self!.from, 3, "the first is whole");
    assert.ok(selves.length > 1, "changes follow");
  });

  test("after 120 s the character leaves and the key is worth nothing", async () => {
    const game = await start();
    const first = await game.join("Ada");
    game.ticks(2);
    first.connection.drop();
    game.ticks(20 * 119);
    assert.equal(game.gateway.counts().absent, 1);
    game.ticks(20 * 2);
    assert.equal(game.gateway.counts().absent, 0);
    assert.deepEqual(game.zones[0]!.inputs.at(-1), { kind: "leave", session: first.session, reason: 2 });
    assert.equal(game.resume(first).closedWith, "session_unknown");
  });

  test("keys that are none, of nobody or with another secret are refused", async () => {
    const game = await start();
    const first = await game.join("Ada");
    game.tick();
    first.connection.drop();
    const key = first.welcome.resumeKey;
    const flipped = `${key.slice(0, 20)}${key[20] === "A" ? "B" : "A"}${key.slice(21)}`;
    const forNobody = `____${key.slice(4)}`;
    for (const wrong of [flipped, forNobody, "", "x", key.slice(1), `${key}A`, "é".repeat(38)]) {
      const client = game.offer(`resume.${wrong}`);
      client.hello();
      assert.equal(client.closedWith, "session_unknown", wrong);
    }
    assert.equal(game.resume(first).closedWith, undefined);
  });

  test("a goodbye ends the session at once, and the zone lets the character go", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.ticks(2);
    ada.connection.say(Uint8Array.of(5));
    assert.equal(ada.closedWith, "left");
    game.ticks(4);
    assert.deepEqual(game.gateway.counts().closing, 0);
    assert.equal(game.zones[0]!.players.size, 0);
  });
});

suite("facts", () => {
  test("facts are numbered, repeated to who comes back, and gone once acknowledged", async () => {
    const game = await start();
    const first = await game.join("Ada");
    game.ticks(2);
    const [zone] = game.zones;
    zone!.facts.set(first.session, [heard("one"), heard("two")]);
    game.tick();
    first.acknowledge();
    zone!.facts.set(first.session, [heard("three")]);
    game.tick();
    assert.deepEqual(textsOf(first), ["one", "two", "three"]);
    assert.deepEqual(
      first.facts.map(({ number }) => number),
      [1, 2, 3],
    );
    first.connection.drop();
    zone!.facts.set(first.session, [heard("four")]);
    game.tick();
    // It says that it has two: the third was sent, but may not have arrived.
    const second = game.resume(first, 2);
    game.ticks(2);
    assert.deepEqual(textsOf(second), ["three", "four"]);
    assert.deepEqual(
      second.facts.map(({ number }) => number),
      [3, 4],
    );
  });

  test("a client that never acknowledges is closed when too many wait, and told when some were lost", async () => {
    const game = await start();
    const first = await game.join("Ada");
    game.ticks(2);
    const [zone] = game.zones;
    zone!.facts.set(first.session, new Array(512).fill(heard("x")));
    game.tick();
    assert.equal(first.closedWith, undefined, "512 may wait");
    zone!.facts.set(first.session, [heard("one too many")]);
    game.tick();
    assert.equal(first.closedWith, "facts_overflow");
    const second = game.resume(first, 0);
    assert.deepEqual(second.notices, ["facts_lost"]);
    game.tick();
    assert.equal(second.read().facts[0]!.number, 2, "the gap can be seen");
    assert.equal(second.facts.length, 512);
  });

  test("facts that fit not even an empty queue are dropped and counted", async () => {
    const game = await start();
    const ada = await game.join("Ada");
    game.ticks(2);
    game.zones[0]!.facts.set(ada.session, [{ type: 0, record: new Uint8Array(70_000) }]);
    game.tick();
    assert.equal(ada.closedWith, "facts_overflow");
  });

  test("news go to who sees the region near enough, to the zone, or to the group", async () => {
    const game = await start({ bounds: twoZones });
    const [west, east] = game.zones;
    const ada = await game.join("Ada");
    const bob = await game.join("Bob");
    const cid = await game.join("Cid");
    game.tick();
    west!.movePlayer(ada.session, 500, 250);
    west!.movePlayer(bob.session, 30, 30);
    west!.movePlayer(cid.session, 590, 250);
    west!.handOver(cid.session, east!);
    game.ticks(3);
    const region = west!.grid.at(510, 250);
    west!.news = [
      { to: "region", region, level: 0, ...heard("near") },
      { to: "region", region, level: 3, ...heard("far") },
      { to: "zone", ...heard("zone") },
      { to: "group", group: 9, ...heard("group") },
    ];
    east!.players.get(cid.session)!.group = 9;
    west!.players.get(bob.session)!.group = 9;
    game.tick();
    assert.deepEqual(textsOf(ada), ["near", "far", "zone"]);
    assert.deepEqual(textsOf(bob), ["zone"], "its group was told in the same tick as the news");
    assert.deepEqual(textsOf(cid), ["far"], "another zone's region is 80 m away: beyond the first ring");
    west!.news = [{ to: "group", group: 9, ...heard("group") }];
    game.tick();
    assert.deepEqual(textsOf(bob), ["zone", "group"]);
    assert.deepEqual(textsOf(cid), ["far", "group"]);
    west!.players.get(bob.session)!.group = 0;
    game.tick();
    west!.news = [{ to: "group", group: 9, ...heard("later") }];
    game.tick();
    assert.deepEqual(textsOf(bob).length, 2);
  });

  test("a letter finds its reader in any zone and by any spelling, else its sender is told", async () => {
    const game = await start({ bounds: twoZones });
    const [west, east] = game.zones;
    const ada = await game.join("Ada");
    const bob = await game.join("Bob");
    game.tick();
    west!.handOver(bob.session, east!);
    game.tick();
    const letter = { fromSession: ada.session, fact: heard("psst"), otherwise: heard("nobody") };
    west!.letters = [
      { ...letter, toName: "BOB" },
      { ...letter, toName: "Zoe" },
      { ...letter, toName: "Zoe", fromSession: 77 },
    ];
    game.ticks(2);
    assert.deepEqual(textsOf(bob), ["psst"]);
    assert.deepEqual(textsOf(ada), ["nobody"]);
  });

  test("the state of a group comes in the part of the zone it is from, watched or not", async () => {
    const game = await start({ bounds: twoZones });
    const [west, east] = game.zones;
    const ada = await game.join("Ada");
    game.tick();
    west!.movePlayer(ada.session, 20, 20);
    west!.players.get(ada.session)!.group = 4;
    game.ticks(3);
    west!.groups = [{ group: 4, bytes: Uint8Array.of(1, 2) }];
    east!.groups = [
      { group: 3, bytes: Uint8Array.of(9) },
      { group: 4, bytes: Uint8Array.of(3) },
    ];
    game.tick();
    const { zones, bytes } = ada.read().lastFrame!;
    const states = zones.map(({ zone, sections }) => ({
      zone,
      bytes: sections.filter(({ kind }) => kind === 5).map(({ from, to }) => [...bytes.slice(from, to)]),
    }));
    assert.deepEqual(states.find(({ zone }) => zone === 0)?.bytes, [[1, 2]]);
    assert.deepEqual(states.find(({ zone }) => zone === 1)?.bytes, [[3]]);
    game.tick();
    assert.ok(
      ada.read().lastFrame!.zones.every(({ zone }) => zone === 0),
      "said once",
    );
  });
});
