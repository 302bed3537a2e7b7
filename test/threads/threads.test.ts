/**
 * A realm on real threads, over real sockets: two gateways share the port, two workers share the zones.
 */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { startRealm } from "@myriad/server";
import { Steer } from "../sim/mini-realm.ts";
import { rest, ticketFor, until } from "./player.ts";
import { TestRealm } from "./running.ts";
import { realm, Write } from "./realm.ts";

const capacity = 12;
let running: TestRealm;

before(async () => {
  running = await TestRealm.start({ capacity, limits: { resumeSeconds: 2 } });
});
after(() => running?.stop());
afterEach(() => running.dropAll());

suite("a realm on threads", () => {
  test("shows two players at different gateways the same world", async () => {
    const [ada, bo] = [await running.joinAt(0), await running.joinAt(1)];
    ada.intend(Steer, { heading: 1, moving: true, fast: false });
    bo.intend(Steer, { heading: 2, moving: true, fast: false });
    await rest(500);
    await until(() => ada.observer!.isEqual && bo.observer!.isEqual, "digests agree");
    assert.equal(ada.mismatches + bo.mismatches, 0);
    assert.ok(ada.seen > 2 && bo.seen > 2, `${ada.seen} and ${bo.seen} seen`);
  });

  test("hands a session to the gateway at which its client comes back, with everything it was told", async () => {
    const [ada, bo] = [await running.joinAt(0), await running.joinAt(1)];
    const { session } = ada.welcome!;
    for (let words = 0, moves = 0; moves < 3; words++) {
      ada.drop();
      // While it is away it is written to, at whichever gateway it is.
      bo.intend(Write, { to: ada.name, text: `${words}` });
      await rest(120);
      const left = ada.gateway;
      await ada.resume();
      assert.equal(ada.closed, undefined);
      assert.equal(ada.welcome!.session, session);
      assert.ok(ada.welcome!.resumed);
      if (ada.gateway !== left) moves += 1;
      await until(() => ada.facts.length === words + 1, `letter ${words} came`);
      assert.ok(words < 40);
    }
    assert.deepEqual(ada.notices, []);
    assert.ok(ada.facts.every(({ value }, index) => value["text"] === String(index)));
    // Its intents still reach the zone, and it sees what everybody sees.
    ada.intend(Write, { to: bo.name, text: "here" });
    await until(() => bo.facts.some(({ value }) => value["text"] === "here"), "the answer came");
    await until(() => ada.observer!.isEqual, "digests agree");
    assert.ok((await running.metric("myriad_sessions_moved_total")) >= 3);
  });

  test("tells the writer of a letter when nobody of that name plays anywhere", async () => {
    const ada = await running.newPlayer().join();
    ada.intend(Write, { to: "nobody", text: "hello" });
    await until(() => ada.facts.length === 1, "it comes back");
    assert.deepEqual(ada.facts[0], { name: "returned", value: { to: "nobody" } });
  });

  test("lets a second login take a character over, wherever the first one is", async () => {
    const first = await running.joinAt(0, "twice");
    const second = await running.joinAt(1, "twice");
    assert.equal(await first.end(), "logged_in_elsewhere");
    const { frames } = second;
    await until(() => second.frames > frames + 5, "the second plays");
    assert.equal(second.closed, undefined);
    assert.notEqual(first.welcome!.session, second.welcome!.session);
    assert.equal(first.welcome!.character.id, second.welcome!.character.id);
  });

  test("takes a ticket once, at whichever gateway", async () => {
    const ticket = await ticketFor(running.realm.url, "once");
    await running.newPlayer("once").join(ticket);
    for (let tries = 0; tries < 6; tries++) {
      const again = await running.newPlayer("once").join(ticket);
      assert.equal(await again.end(), "ticket_used");
    }
  });
});

suite("a full realm on threads", () => {
  test("holds as many players as it may, at all gateways together", async () => {
    // Those of other tests that wait to be resumed take places, too.
    let full = 0;
    for (let tries = 0; tries < 2 * capacity && full < 4; tries++) {
      const player = await running.newPlayer().join();
      if (player.closed === "server_full") full += 1;
      else assert.equal(player.closed, undefined);
    }
    assert.equal(full, 4);
    const { gateways } = running.realm.threads!;
    assert.equal(gateways, 2);
    assert.equal(running.players.filter(({ closed }) => closed === undefined).length <= capacity, true);
  });
});

suite("a realm that is given as an object", () => {
  test("runs in one thread, and says what to do when threads were asked for", async () => {
    const environment = { PORT: "0", MYRIAD_DATA_DIR: join(tmpdir(), "myriad-none"), MYRIAD_THREADS: "1+1" };
    await assert.rejects(startRealm(realm, { directory: tmpdir(), environment }), {
      code: "threads_need_module",
      help: /new URL/,
    });
  });
});

suite("two realms on one port", () => {
  test("do not share it, although threads of one do", async () => {
    const { port } = running.realm;
    await assert.rejects(TestRealm.start({ port, host: "127.0.0.1" }, { PORT: String(port) }), {
      code: "port_in_use",
    });
  });
});
