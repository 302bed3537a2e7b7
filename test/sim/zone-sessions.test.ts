import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteReader, ByteWriter, encodeRecord, noEntity } from "@myriad/protocol";
import type { Store } from "../../packages/server/src/store/port.ts";
import { encodeCharacter } from "../../packages/server/src/bus/character.ts";
import { listen } from "../../packages/server/src/events/listen.ts";
import { AssertionFailed } from "../../packages/server/src/kernel/assert.ts";
import { every } from "../../packages/server/src/zone/definitions.ts";
import { encodeInputs, decodeInputs } from "../../packages/server/src/zone/inputs.ts";
import { ZoneCore } from "../../packages/server/src/zone/zone-core.ts";
import { Act, Answered, drift, Player, Probe, type Rules, Told } from "./probe.ts";

const tellName: Rules = {
  act: (zone, actor, { number }) => zone.tell(actor, Told, { words: `did ${number}`, by: noEntity }),
};

describe("intents", () => {
  test("that come before their session wait for it, and not for ever", async () => {
    const probe = new Probe(tellName);
    const record = encodeRecord(Act.fields, { what: "nothing", number: 7, target: 0 });
    const early = (session: number, seq: number) =>
      probe.input(0, { kind: "intent", session, seq, type: 0, record });
    early(1, 1);
    await probe.run(39);
    const ada = await probe.enter("Ada");
    assert.equal(ada.session, 1);
    await probe.run(1);
    // Held inputs come before the tick's own: this one found its session a tick later.
    assert.deepEqual(ada.told, []);
    await probe.run(1);
    assert.deepEqual(ada.told, ["did 7"]);
    early(2, 1);
    await probe.run(45);
    const ben = await probe.join("Ben");
    await probe.run(2);
    assert.deepEqual(ben.told, [], "after two seconds nobody waits any more");
  });

  test("that wait are part of a checkpoint", async () => {
    const probe = new Probe(tellName);
    const record = encodeRecord(Act.fields, { what: "nothing", number: 7, target: 0 });
    probe.input(0, { kind: "intent", session: 1, seq: 1, type: 0, record });
    probe.input(0, { kind: "absent", session: 1, absent: true });
    await probe.run(1);
    const { core } = probe.hosts[0]!;
    const copy = new ZoneCore(core.options);
    const bytes = core.save();
    assert.equal(copy.restore(bytes), true);
    bytes.fill(0);
    assert.equal(copy.hash(), core.hash());
    const character = encodeCharacter({
      characterId: 1,
      name: "Ada",
      version: 1,
      sessionEpoch: 1,
      schemaVersion: 1,
      state: new Uint8Array(0),
      items: [],
    });
    const joining = { gateway: 0, inputs: [{ kind: "join", session: 1, character, lastIntent: 0 } as const] };
    copy.step({ zones: [], replies: [], gateways: [joining] });
    copy.step({ zones: [], replies: [], gateways: [] });
    assert.equal(copy.sessions.bySession.get(1)?.absent, true);
    assert.equal(copy.outbox.facts.get(1)?.length, 1);
  });

  test("that wait are limited, of all sessions together", async () => {
    const probe = new Probe(tellName);
    for (let i = 0; i < 4096; i++) probe.input(0, { kind: "absent", session: 1000 + i, absent: true });
    probe.input(0, { kind: "absent", session: 1, absent: true });
    await probe.run(1);
    const ada = await probe.join("Ada");
    await probe.run(2);
    assert.equal(probe.hosts[0]!.core.sessions.bySession.get(ada.session)!.absent, false);
  });

  test("apply once and in order of their numbers", async () => {
    const probe = new Probe(tellName);
    const ada = await probe.join("Ada");
    const send = (seq: number, number: number) =>
      probe.input(0, {
        kind: "intent",
        session: ada.session,
        seq,
        type: 0,
        record: encodeRecord(Act.fields, { what: "nothing", number, target: 0 }),
      });
    send(1, 1);
    send(2, 2);
    send(2, 3);
    send(1, 4);
    await probe.run(1);
    assert.deepEqual(ada.told, ["did 1", "did 2"]);
    const part = probe.frames[0]!.sessions[0]!;
    assert.deepEqual([part.lastIntent, part.ticksSince], [2, 1]);
    await probe.run(2);
    assert.equal(probe.frames[0]!.sessions[0]!.ticksSince, 3);
    await probe.run(300);
    assert.equal(probe.frames[0]!.sessions[0]!.ticksSince, 255);
  });

  test("that nobody declared or that are malformed are counted as applied and do nothing", async () => {
    const probe = new Probe(tellName);
    const ada = await probe.join("Ada");
    probe.record(ada, 99, new Uint8Array(0));
    probe.record(ada, 0, Uint8Array.of(0xff));
    probe.record(ada, 0, new Uint8Array(2048));
    await probe.run(1);
    assert.deepEqual(ada.told, []);
    assert.equal(probe.frames[0]!.sessions[0]!.lastIntent, 3);
    assert.deepEqual(probe.problems, []);
  });

  test("name entities as a client knows them; handlers get live references or none", async () => {
    const targets: number[] = [];
    const probe = new Probe({ act: (_zone, _actor, { target }) => targets.push(target) });
    const [ada, ben] = [await probe.join("Ada"), await probe.join("Ben")];
    const known = probe.ref(ben);
    probe.act(ada, { target: known });
    probe.act(ada, { target: known + 5 });
    await probe.run(1);
    assert.deepEqual(targets, [known, noEntity]);
  });

  test("may be cancelled or changed by a listener before their handler", async () => {
    const heard: number[] = [];
    const probe = new Probe({
      ...tellName,
      events: [
        listen("client", "probe", "act", (_zone, event: { intent: Record<string, unknown> }, control) => {
          const { intent } = event;
          heard.push(intent["number"] as number);
          if (intent["number"] === 13) control.cancel();
          if (intent["number"] === 1) intent["number"] = 100;
        }),
      ],
    });
    const ada = await probe.join("Ada");
    for (const number of [13, 1, 2]) probe.act(ada, { number });
    await probe.run(1);
    assert.deepEqual(heard, [13, 1, 2]);
    assert.deepEqual(ada.told, ["did 100", "did 2"]);
  });
});

describe("a session", () => {
  test("joins once, however often the gateway says so", async () => {
    const connected: number[] = [];
    const probe = new Probe({
      events: [listen("core", "player.connected", (_zone, { player }) => connected.push(player))],
    });
    const ada = await probe.enter("Ada");
    const character = encodeCharacter({
      characterId: 99,
      name: "Eve",
      version: 1,
      sessionEpoch: 1,
      schemaVersion: 1,
      state: new Uint8Array(0),
      items: [],
    });
    probe.input(0, { kind: "join", session: ada.session, character, lastIntent: 9 });
    await probe.run(2);
    assert.equal(connected.length, 1);
    assert.equal(probe.hosts[0]!.players, 1);
    assert.equal(probe.api().nameOf(probe.ref(ada)), "Ada");
    assert.notEqual(probe.api().characterOf(probe.ref(ada)), 0);
    assert.deepEqual([probe.api().nameOf(0), probe.api().characterOf(0)], ["", 0]);
  });

  test("is refused with a code when its character cannot be read or the zone is full", async () => {
    const probe = new Probe({ rowsMax: { player: 1 } });
    probe.input(0, { kind: "join", session: 5, character: Uint8Array.of(1), lastIntent: 0 });
    await probe.run(1);
    assert.deepEqual(probe.frames[0]!.ended, [{ session: 5, how: "closed", reason: "store_unavailable" }]);
    await probe.join("Ada");
    const ben = await probe.join("Ben");
    assert.equal(ben.ended, "server_full");
  });

  test("that leaves is saved and ends with its reason; what it sends meanwhile is nothing", async () => {
    const left: string[] = [];
    const probe = new Probe({
      ...tellName,
      events: [listen("core", "player.left", (_zone, { reason }) => left.push(reason))],
    });
    const [ada, ben] = [await probe.join("Ada"), await probe.join("Ben")];
    probe.leave(ada, 0);
    probe.act(ada, { number: 1 });
    probe.leave(ada, 0);
    probe.leave(ben, 1);
    await probe.run(1);
    assert.equal(probe.hosts[0]!.players, 0);
    assert.equal(probe.hosts[0]!.isQuiet, false);
    await probe.run(1);
    assert.deepEqual([ada.ended, ben.ended], ["left", "logged_in_elsewhere"]);
    assert.deepEqual(left, ["left", "logged_in_elsewhere"]);
    assert.deepEqual(ada.told, []);
    assert.equal(probe.hosts[0]!.isQuiet, true);
    assert.equal((await probe.store.findCharacter("Ada"))!.version, 2);
  });

  test("is saved every so often, each in its own rhythm, and less often while a save is on its way", async () => {
    const saves: { tick: number; names: number }[] = [];
    let slow: (() => void) | undefined;
    const probe: Probe = new Probe({
      saveEveryMs: 1000,
      wrapStore: (store): Store => ({
        ...store,
        saveCharacters: async (given) => {
          saves.push({ tick: probe.tick, names: given.length });
          if (slow !== undefined) await new Promise<void>((resolve) => (slow = resolve));
          return store.saveCharacters(given);
        },
      }),
    });
    const walk = async (ticks: number) => {
      const { hits } = probe.hosts[0]!.core.world.table(Player).columns;
      for (let i = 0; i < ticks; i++) {
        for (let row = 0; row < 2; row++) hits[row] = hits[row]! + 1;
        await probe.run(1);
      }
    };
    await probe.join("Ada");
    await walk(5);
    await probe.join("Ben");
    await walk(60);
    assert.deepEqual(
      saves.map(({ tick }) => tick),
      [21, 27, 41, 47, 61, 67],
    );
    assert.ok(saves.every(({ names }) => names === 1));
    saves.length = 0;
    await probe.run(60);
    assert.equal(saves.length, 1, "for what changed since the last, then there is nothing to save");
    saves.length = 0;
    slow = () => {};
    await walk(60);
    assert.equal(saves.length, 2, "one for each, both unanswered");
  });

  test("that a store call failed by a bug ends its zone with a message, at the next tick", async () => {
    const probe = new Probe({
      wrapStore: (store): Store => ({
        ...store,
        saveCharacters: () => Promise.reject(new AssertionFailed("a version is whole")),
      }),
    });
    const ada = await probe.join("Ada");
    probe.leave(ada);
    await probe.run(1);
    await assert.rejects(probe.run(1), {
      name: "AssertionFailed",
      message: "zone 0: a call of the store failed: a version is whole",
    });
  });

  test("ends when its save is refused: somebody newer plays the character", async () => {
    const probe = new Probe({ saveEveryMs: 500 });
    const ada = await probe.join("Ada");
    const before = (await probe.store.findCharacter("Ada"))!;
    const opened = await probe.store.openCharacter({
      accountId: before.accountId,
      name: "Ada",
      initial: { zone: 0, schemaVersion: 1, state: new Uint8Array(0) },
    });
    assert.ok(opened.ok && opened.value.sessionEpoch === before.sessionEpoch + 1);
    await probe.run(12);
    assert.equal(ada.ended, "logged_in_elsewhere");
    assert.equal(probe.hosts[0]!.players, 0);
    assert.equal((await probe.store.findCharacter("Ada"))!.version, before.version, "nothing was written");
    // Refused while leaving: gone all the same.
    const ben = await probe.join("Ben");
    await probe.store.openCharacter({
      accountId: (await probe.store.findCharacter("Ben"))!.accountId,
      name: "Ben",
      initial: { zone: 0, schemaVersion: 1, state: new Uint8Array(0) },
    });
    probe.leave(ben);
    await probe.run(2);
    assert.equal(ben.ended, "left");
    assert.equal(probe.hosts[0]!.core.sessions.bySession.size, 0);
  });

  test("outlives a store that fails: the call is made again until it is answered", async () => {
    let failures = 3;
    const probe = new Probe({
      wrapStore: (store): Store => ({
        ...store,
        saveCharacters: async (given) => {
          if (failures-- > 0) throw new Error("disk full");
          return store.saveCharacters(given);
        },
      }),
    });
    const ada = await probe.join("Ada");
    probe.leave(ada);
    await probe.run(8);
    assert.equal(ada.ended, "left");
    assert.equal(probe.hosts[0]!.storeFailures, 3);
    assert.deepEqual(probe.waits, [1000, 1000, 1000]);
  });

  test("comes back where it was, also within the two metres over the border, and with what it keeps", async () => {
    const probe = new Probe({ systems: [every(0, drift, { moves: true })] });
    for (const [name, x] of [
      ["Ada", 12.25],
      ["Ben", 201.5],
      ["Cyd", -1],
    ] as const) {
      const player = await probe.join(name, { x, y: 50 });
      const players = probe.api().table(Player);
      const row = players.row(probe.ref(player));
      players.columns.hits[row] = 7;
      players.columns.memory[row] = "the well";
      players.columns.vx[row] = 0;
      probe.leave(player);
      await probe.run(2);
      const again = await probe.join(name);
      const back = players.row(probe.ref(again));
      assert.deepEqual(probe.api().positionOf(probe.ref(again)), { x, y: 50 });
      assert.deepEqual([players.columns.hits[back], players.columns.memory[back]], [7, "the well"]);
      probe.leave(again);
      await probe.run(2);
    }
  });

  test("of a character that stood elsewhere, or whose state is broken, begins at the spawn point", async () => {
    const probe = new Probe({ spawnAt: { zone: 0, x: 33, y: 44 } });
    const state = (x: number) => {
      const writer = new ByteWriter();
      const table = probe.hosts[0]!.core.world.table(Player);
      const row = table.take(0);
      table.columns.position.x[row] = x;
      table.columns.position.y[row] = 50;
      table.writeRow(writer, row, (name) => name === "position");
      table.free(row, 0);
      return writer.copy();
    };
    const join = async (session: number, bytes: Uint8Array) => {
      const character = encodeCharacter({
        characterId: session,
        name: `C${session}`,
        version: 1,
        sessionEpoch: 1,
        schemaVersion: 1,
        state: bytes,
        items: [],
      });
      probe.input(0, { kind: "join", session, character, lastIntent: 0 });
      await probe.run(1);
      return probe.api().positionOf(probe.hosts[0]!.core.sessions.bySession.get(session)!.player);
    };
    assert.deepEqual(await join(1, state(60)), { x: 60, y: 50 });
    assert.deepEqual(await join(2, state(900)), { x: 33, y: 44 });
    assert.deepEqual(await join(3, state(Number.NaN)), { x: 33, y: 44 });
    assert.deepEqual(await join(4, state(60).subarray(0, 9)), { x: 33, y: 44 });
  });

  test("whose socket is gone stays in the world and is known to be absent", async () => {
    const probe = new Probe();
    const ada = await probe.join("Ada");
    probe.input(0, { kind: "absent", session: ada.session, absent: true });
    await probe.run(1);
    const session = probe.hosts[0]!.core.sessions.bySession.get(ada.session)!;
    assert.deepEqual([session.absent, probe.hosts[0]!.players], [true, 1]);
    probe.input(0, { kind: "absent", session: ada.session, absent: false });
    await probe.run(1);
    assert.equal(session.absent, false);
  });

  test("ends with everyone when the zone drains, and the game hears it before", async () => {
    const heard: string[] = [];
    const probe = new Probe({
      events: [
        listen("core", "zone.stopping", (zone) => heard.push(`stopping ${zone.zone}`)),
        listen("core", "player.left", (_zone, { reason }) => heard.push(reason)),
      ],
    });
    const [ada, ben] = [await probe.join("Ada"), await probe.join("Ben")];
    probe.leave(ben);
    await probe.run(1);
    probe.hosts[0]!.drain("server_closing");
    await probe.run(3);
    assert.deepEqual([ada.ended, ben.ended], ["server_closing", "left"]);
    assert.deepEqual(heard, ["left", "stopping 0", "server_closing"]);
    assert.equal(probe.hosts[0]!.isQuiet, true);
    probe.hosts[0]!.close();
    const { tick } = probe;
    probe.input(0, { kind: "absent", session: 1, absent: true });
    await probe.run(1);
    assert.equal(probe.tick, tick + 1);
    assert.equal(probe.hosts[0]!.core.sessions.bySession.size, 0);
  });

  test("is told only by its own gateway, which gets its part of every frame", async () => {
    const probe = new Probe({ ...tellName, gateways: [3, 200] });
    const ada = await probe.join("Ada", undefined, 3);
    const ben = await probe.join("Ben", undefined, 200);
    probe.act(ada, { number: 1 });
    probe.act(ben, { number: 2 });
    probe.allFrames.length = 0;
    await probe.run(1);
    const sessions = probe.allFrames.map(({ header, sessions: parts }) => [
      header.peer,
      parts.map((p) => p.session),
    ]);
    assert.deepEqual(sessions, [
      [3, [ada.session]],
      [200, [ben.session]],
    ]);
    assert.deepEqual([ada.told, ben.told], [["did 1"], ["did 2"]]);
    probe.leave(ben);
    await probe.run(2);
    assert.deepEqual([ada.ended, ben.ended], [undefined, "left"]);
  });
});

describe("the ledger", () => {
  const rules: Rules = {
    act: (zone, actor, { number, target }) => {
      const place = { kind: "character", id: zone.characterOf(actor), slot: number } as const;
      const who = { place: number, who: target };
      if (target === noEntity) zone.mint(500 + number, place, Answered, who, actor);
      else zone.mint(500 + number, place, Answered, who);
    },
    answered: (zone, owner, { place, who }, outcome) => {
      const words = `${outcome.status} ${place} ${owner === noEntity ? "nobody" : zone.nameOf(owner)}`;
      zone.tell(owner === noEntity ? who : owner, Told, { words, by: noEntity });
    },
  };

  test("answers a request some ticks later, as an input, on behalf of who asked", async () => {
    const probe = new Probe(rules);
    const ada = await probe.join("Ada");
    probe.act(ada, { number: 3 });
    await probe.run(1);
    assert.deepEqual(ada.told, []);
    assert.equal(probe.hosts[0]!.core.sessions.bySession.get(ada.session)!.pendingRequests, 1);
    assert.equal([...probe.hosts[0]!.core.requests.pending()].length, 1);
    await probe.run(1);
    assert.deepEqual(ada.told, ["done 3 Ada"]);
    assert.equal(probe.hosts[0]!.core.sessions.bySession.get(ada.session)!.pendingRequests, 0);
    probe.act(ada, { number: 3 });
    probe.act(ada, { number: 4, target: probe.ref(ada) });
    await probe.run(2);
    assert.deepEqual(ada.told.slice(1), ["refused 3 Ada", "done 4 nobody"]);
    probe.leave(ada);
    await probe.run(2);
    const items: number[] = [];
    const again = new Probe({
      wrapStore: () => probe.store,
      events: [
        listen("core", "player.connected", (zone, { player }) => {
          items.push(...zone.itemsOf(player).map(({ itemType }) => itemType));
        }),
      ],
    });
    const back = await again.join("Ada");
    assert.deepEqual(items, [503, 504]);
    assert.deepEqual(again.api().itemsOf(again.ref(back)), [], "known while connecting only");
    assert.deepEqual(again.api().itemsOf(0), []);
  });

  test("moves and destroys items, and answers an owner who is gone with nobody", async () => {
    const outcomes: string[] = [];
    let item = 0;
    const probe = new Probe({
      act: (zone, actor, { number }) => {
        const at = (slot: number) => ({ kind: "character", id: zone.characterOf(actor), slot }) as const;
        const args = { place: number, who: noEntity };
        if (number === 0) zone.mint(9, at(0), Answered, args, actor);
        if (number === 1) zone.moveItem(item, at(0), at(1), Answered, args, actor);
        if (number === 2) zone.destroyItem(item, at(1), Answered, args, actor);
      },
      answered: (_zone, owner, { place }, outcome) => {
        if (outcome.status === "done") item = outcome.itemId;
        outcomes.push(`${place} ${outcome.status} ${owner === noEntity ? "nobody" : "owner"}`);
      },
    });
    const ada = await probe.join("Ada");
    for (const number of [0, 1]) {
      probe.act(ada, { number });
      await probe.run(2);
    }
    probe.act(ada, { number: 2 });
    probe.leave(ada);
    await probe.run(2);
    assert.deepEqual(outcomes, ["0 done owner", "1 done owner", "2 done nobody"]);
    assert.deepEqual(await probe.store.ledger.items({ kind: "character", id: 1 }), []);
  });

  test("keeps its requests through a checkpoint, under the same operation ids", async () => {
    const probe = new Probe({
      ...rules,
      wrapStore: (store): Store => ({
        ...store,
        ledger: { ...store.ledger, apply: () => new Promise(() => {}) },
      }),
    });
    const ada = await probe.join("Ada");
    probe.act(ada, { number: 3 });
    probe.act(ada, { number: 4 });
    await probe.run(2);
    const { core } = probe.hosts[0]!;
    const copy = new ZoneCore(core.options);
    assert.equal(copy.restore(core.save()), true);
    const [first, second] = [...copy.requests.pending()];
    assert.deepEqual([first, second], [...core.requests.pending()]);
    assert.notEqual(first!.operation.operationId, second!.operation.operationId);
    const itemId = 1 as never;
    const outcome = { status: "done", itemId, itemType: 503 } as const;
    const inputs = {
      zones: [],
      gateways: [],
      replies: [{ kind: "ledger", request: first!.number, outcome } as const],
    };
    for (const zone of [core, copy]) {
      const decoded = decodeInputs(encodeInputs(inputs));
      assert.ok(decoded.ok);
      zone.step(decoded.value);
      // An answer to what was answered is nothing.
      zone.step(decoded.value);
      assert.equal(zone.sessions.bySession.get(ada.session)!.pendingRequests, 1);
    }
    assert.equal(copy.hash(), core.hash());
  });

  test("takes no request more than it can wait for: the next is refused with the next tick, also when it is asked for again", async () => {
    const outcomes: string[] = [];
    const probe = new Probe({
      act: (zone, _actor, { number }) => {
        for (let i = 0; i < number; i++)
          zone.mint(1, { kind: "ground", id: 0, slot: i }, Answered, { place: 1, who: 0 });
      },
      answered: (zone, _owner, _args, outcome) => {
        outcomes.push(outcome.status === "refused" ? outcome.code : outcome.status);
        // Impatient: what was refused is asked for again in the same breath.
        if (outcome.status === "refused")
          zone.mint(1, { kind: "ground", id: 0, slot: 5000 }, Answered, { place: 1, who: 0 });
      },
    });
    const ada = await probe.join("Ada");
    probe.act(ada, { number: 4097 });
    await probe.run(1);
    assert.deepEqual(outcomes, []);
    const bytes = probe.hosts[0]!.core.save();
    const copy = new ZoneCore(probe.hosts[0]!.core.options);
    assert.equal(copy.restore(bytes), true);
    assert.equal(
      copy.hash(),
      probe.hosts[0]!.core.hash(),
      "who is still to be told is part of the checkpoint",
    );
    await probe.run(1);
    assert.equal(outcomes[0], "ledger_busy");
    for (let i = 0; i < 100 && outcomes.filter((outcome) => outcome === "done").length < 4097; i++)
      await probe.run(1);
    assert.equal(outcomes.filter((outcome) => outcome === "done").length, 4097);
  });
});

test("a checkpoint of a zone with players, leavers and requests is refused at every cut", async () => {
  const probe = new Probe({
    zones: 2,
    wrapStore: (store): Store => ({ ...store, saveCharacters: () => new Promise(() => {}) }),
  });
  const [ada, ben] = [await probe.join("Ada"), await probe.join("Ben")];
  probe.leave(ben);
  await probe.run(1);
  assert.ok(ada.session > 0);
  const { core } = probe.hosts[0]!;
  const bytes = core.save();
  const lengths = Array.from({ length: 200 }, (_, i) => Math.floor((i * bytes.length) / 200));
  for (const length of lengths) {
    assert.equal(new ZoneCore(core.options).restore(bytes.subarray(0, length)), false, `${length}`);
  }
  const copy = new ZoneCore(core.options);
  assert.equal(copy.restore(bytes), true);
  assert.equal(copy.sessions.playing, 1);
  assert.equal(new ZoneCore(core.options).restore(Uint8Array.of(...bytes, 0)), false);
  const reader = new ByteReader(bytes);
  assert.equal(reader.text(64), "myriad zone 1");
});
