import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { closeCodes, type CloseReason, encodeHello } from "@myriad/protocol";
import fc from "fast-check";
import { VirtualTime } from "../platform/virtual-time.ts";
import type { Store } from "../store/port.ts";
import { createMemoryStore } from "../store/sqlite/memory-store.ts";
import { originPolicy } from "./origin.ts";
import { FakeConnection } from "./testing.ts";
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

async function closeOf(game: TestGateway, client: TestClient): Promise<string | undefined> {
  await game.until(() => client.closedWith !== undefined);
  const { code } = client.connection.closedWith!;
  assert.equal(code, closeCodes[client.closedWith as CloseReason].code);
  return client.closedWith;
}

suite("at the door", () => {
  test("a connection without our subprotocol, without a credential or from a foreign page is told why", async () => {
    const game = await start({ options: { isOriginAllowed: originPolicy(["https://play.example.org"]) } });
    const knock = (offered: string[], origin?: string) => {
      const connection = new FakeConnection(offered, origin);
      game.gateway.accept(connection);
      return connection.closedWith?.reason;
    };
    assert.equal(knock(["ticket.x"]), "format_unsupported");
    assert.equal(knock([]), "format_unsupported");
    assert.equal(knock(["myriad.1"]), "ticket_invalid");
    assert.equal(knock(["myriad.1", "ticket.x"], "https://evil.example.org"), "origin_refused");
    assert.equal(knock(["myriad.1", "ticket.x"], "https://play.example.org"), undefined);
    assert.equal(knock(["myriad.1", "ticket.x"]), undefined);
    assert.equal(game.gateway.stats.closes.origin_refused, 1);
  });

  test("a client that does not say hello in 5 s is closed, one that does in time is not", async () => {
    const game = await start();
    const silent = game.offer("ticket.x");
    const ada = await game.join("Ada");
    game.time.advance(4900);
    assert.equal(silent.closedWith, undefined);
    game.time.advance(400);
    assert.equal(silent.closedWith, "handshake_timeout");
    assert.equal(ada.closedWith, undefined);
  });

  test("the first message must be a hello, well-formed, small and of our format", async () => {
    const game = await start();
    const say = (bytes: Uint8Array) => {
      const client = game.offer("ticket.x");
      client.connection.say(bytes);
      return client.closedWith;
    };
    assert.equal(say(Uint8Array.of(4, 0, 0, 0, 0)), "message_malformed");
    assert.equal(say(Uint8Array.of(1, 2)), "message_malformed");
    assert.equal(say(new Uint8Array(0)), "message_malformed");
    assert.equal(say(new Uint8Array(16 * 1024 + 1)), "message_too_large");
    const hello = { schemaHash: "0".repeat(16), wantsDigests: false, lastFact: 0, client: "x" };
    assert.equal(say(encodeHello({ ...hello, formatVersion: 2 })), "format_unsupported");
  });

  test("what is no binary message closes the connection in every state", async () => {
    const game = await start();
    const door = game.offer("ticket.x");
    door.connection.sayNonsense("message_malformed");
    assert.equal(door.closedWith, "message_malformed");
    const ada = await game.join("Ada");
    ada.connection.sayNonsense("message_too_large");
    assert.equal(ada.closedWith, "message_too_large");
  });

  test("no bytes whatever make the gateway throw", async () => {
    const game = await start();
    const client = await game.join("Ada");
    let current = client;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const door = game.offer("ticket.x");
        door.connection.say(bytes);
        door.connection.drop();
        // A well-formed goodbye ends the session, and with it this test.
        if (bytes.length === 1 && bytes[0] === 5) return;
        current.connection.say(bytes);
        if (current.closedWith !== undefined) current = game.resume(current);
        game.time.advance(20);
      }),
      { numRuns: 2000 },
    );
    assert.deepEqual(game.failures, []);
  });
});

suite("tickets", () => {
  test("a ticket is good once", async () => {
    const game = await start();
    const { ticket } = await game.issuer.issue("Ada");
    const [first, second] = [game.offer(`ticket.${ticket}`), game.offer(`ticket.${ticket}`)];
    first.hello();
    second.hello();
    await game.until(() => first.isWelcome || second.isWelcome);
    await game.until(() => first.closedWith !== undefined || second.closedWith !== undefined);
    assert.deepEqual([first.closedWith, second.closedWith].toSorted(), ["ticket_used", undefined]);
  });

  test("a ticket is good for 30 s", async () => {
    const game = await start();
    const { ticket, expiresAtMs } = await game.issuer.issue("Ada");
    assert.ok(expiresAtMs - game.time.wallMs() >= 30_000);
    game.time.advance(31_000);
    const client = game.offer(`ticket.${ticket}`);
    client.hello();
    assert.equal(await closeOf(game, client), "ticket_expired");
  });

  test("a ticket with any character changed is refused", async () => {
    const game = await start({ options: { capacity: 10_000 } });
    const { ticket } = await game.issuer.issue("Ada");
    const clients: TestClient[] = [];
    for (let at = 0; at < ticket.length; at++) {
      // The last character of a part may hold unused bits: a change there must not be one in those only.
      const other = ticket[at] === "Q" ? "w" : "Q";
      const client = game.offer(`ticket.${ticket.slice(0, at)}${other}${ticket.slice(at + 1)}`);
      client.hello();
      clients.push(client);
    }
    await game.until(() => clients.every(({ closedWith }) => closedWith !== undefined));
    assert.deepEqual([...new Set(clients.map(({ closedWith }) => closedWith))], ["ticket_invalid"]);
  });

  test("a store that fails is told to the player and reported, and the player may try again", async () => {
    const store = createMemoryStore();
    stores.push(store);
    let isBroken = true;
    const flaky: Store = {
      ...store,
      ledger: store.ledger,
      account: (request) => (isBroken ? Promise.reject(new Error("disk")) : store.account(request)),
      consumeTicket: (use) => store.consumeTicket(use),
      findCharacter: (name) => store.findCharacter(name),
      openCharacter: (request) => store.openCharacter(request),
      saveCharacters: (saves) => store.saveCharacters(saves),
      health: () => store.health(),
      close: () => store.close(),
    };
    const game = await start({ store: flaky });
    assert.equal(await closeOf(game, await game.knock("Ada")), "store_unavailable");
    assert.equal(game.failures.length, 1);
    isBroken = false;
    await game.join("Ada");
  });

  test("a store that does not answer is not waited for for ever, and messages meanwhile count for nothing", async () => {
    const store = createMemoryStore();
    stores.push(store);
    const game = await start({
      store: { ...store, ledger: store.ledger, consumeTicket: () => new Promise(() => {}) },
    });
    const client = await game.knock("Ada");
    client.hello();
    client.acknowledge();
    await setTimeout(20);
    assert.equal(game.gateway.counts().loading, 1);
    assert.equal(game.gateway.stats.messages.early, 2);
    game.time.advance(15_500);
    assert.equal(client.closedWith, "store_unavailable");
  });

  test("who floods before it is let in is closed", async () => {
    const store = createMemoryStore();
    stores.push(store);
    const game = await start({
      store: { ...store, ledger: store.ledger, consumeTicket: () => new Promise(() => {}) },
    });
    const client = await game.knock("Ada");
    for (let i = 0; i < 1000; i++) client.hello();
    assert.equal(client.closedWith, "rate_exceeded");
  });

  test("a client that goes away while it is loaded leaves nothing behind", async () => {
    const game = await start();
    const client = await game.knock("Ada");
    client.connection.drop();
    await game.until(() => game.gateway.counts().loading === 0);
    assert.equal(game.gateway.counts().playing, 0);
    await game.join("Ada");
  });
});

suite("capacity", () => {
  test("the last place is given, the next player is refused, and a place that is free again is given again", async () => {
    const game = await start({ options: { capacity: 2 } });
    const ada = await game.join("Ada");
    await game.join("Bob");
    assert.equal(await closeOf(game, await game.knock("Cid")), "server_full");
    game.tick();
    ada.connection.say(Uint8Array.of(5));
    game.ticks(4);
    await game.join("Cid");
  });

  test("whoever has a place may resume or take over in a full realm", async () => {
    const game = await start({ options: { capacity: 1 } });
    const ada = await game.join("Ada");
    game.ticks(2);
    ada.connection.drop();
    const again = game.resume(ada);
    assert.equal(again.closedWith, undefined);
    const other = await game.knock("Ada");
    await game.until(() => again.closedWith !== undefined);
    game.ticks(4);
    await game.until(() => other.isWelcome);
  });

  test("of two that load at once for the last place one is refused", async () => {
    const game = await start({ options: { capacity: 1 } });
    const clients = await Promise.all([game.knock("Ada"), game.knock("Bob")]);
    await game.until(() => clients.some(({ closedWith }) => closedWith === "server_full"));
    await game.until(() => clients.some(({ isWelcome }) => isWelcome));
  });

  test("those who wait at the door are bounded, too", async () => {
    const game = await start({ options: { capacity: 1 } });
    const waiting = Array.from({ length: 65 }, () => game.offer("ticket.x"));
    assert.ok(waiting.every(({ closedWith }) => closedWith === undefined));
    assert.equal(game.offer("ticket.x").closedWith, "server_full");
    waiting[0]!.connection.drop();
    assert.equal(game.offer("ticket.x").closedWith, undefined);
  });
});

suite("signs of life", () => {
  test("clients are asked every 25 s; who answers stays, who is silent for 60 is closed", async () => {
    const game = await start();
    const [silent, answering] = [await game.join("Ada"), await game.join("Bob")];
    // No ticks: nothing is sent that could be left unacknowledged.
    for (let second = 0; second < 61; second++) {
      game.time.advance(1000);
      answering.connection.pong();
    }
    assert.equal(silent.closedWith, "idle_timeout");
    assert.equal(answering.connection.pings, 2);
    assert.equal(answering.closedWith, undefined);
  });
});
