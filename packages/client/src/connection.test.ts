import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  closeCodes,
  defineSchema,
  describe as describeSchema,
  encodeNotice,
  encodePong,
  encodeRecord,
  encodeWelcome,
  intent,
  schemaHash,
  section,
  text,
  uint,
  fact,
  wireRef,
} from "@myriad/protocol";
import fc from "fast-check";
import { connect, type Connection, type ConnectOptions } from "./connection.ts";
import {
  east,
  fakeEnvironment,
  fakeSchema,
  fakeWelcome,
  greet,
  Heard,
  heard,
  Hurt,
  settled,
  Shout,
  Stone,
  Walk,
  Walker,
  walkerLayout,
  west,
} from "./fake.ts";
import { encodeClientFrame, encodeKeyframe, type WrittenFrame } from "./frame-writer.ts";

interface Game extends ReturnType<typeof fakeEnvironment> {
  readonly connection: Connection;
  readonly states: string[];
  /** Sends a frame through the newest socket. */
  frame(parts?: Partial<WrittenFrame>): void;
}

function start(options: Partial<ConnectOptions> = {}): Game {
  const fake = fakeEnvironment();
  const states: string[] = [];
  const connection = connect({
    url: "http://localhost:8080",
    schema: fakeSchema,
    ticket: "t1",
    environment: fake.environment,
    listeners: {
      state: (state) => states.push(state.kind === "closed" ? `closed ${state.reason}` : state.kind),
    },
    ...options,
  });
  let number = 0;
  return {
    ...fake,
    connection,
    states,
    frame(parts = {}) {
      number++;
      fake.sockets.at(-1)!.receive(encodeClientFrame({ frame: number, homeZone: 0, tick: number, ...parts }));
    },
  };
}

async function playing(options: Partial<ConnectOptions> = {}): Promise<Game> {
  const game = start(options);
  await settled();
  greet(game.sockets[0]!);
  return game;
}

const keyframe = (id: number) => ({
  zone: 0,
  tick: 1,
  sections: [
    {
      kind: section.keyframes,
      bytes: encodeKeyframe(west, 0, [{ id, kind: walkerLayout, values: { name: "Ann" } }]),
    },
  ],
});

describe("a handshake", () => {
  test("shows the ticket, says hello and plays after the welcome", async () => {
    const game = start({ client: "test 1", wantsDigests: true });
    assert.equal(game.connection.state.kind, "connecting");
    await settled();
    const socket = game.sockets[0]!;
    assert.equal(socket.url, "ws://localhost:8080/v1/play");
    assert.deepEqual(socket.protocols, ["myriad.1", "ticket.t1"]);
    assert.equal(game.connection.send(Shout, { text: "early" }), 0);
    greet(socket);
    const hello = socket.sentOf("hello")[0]?.hello;
    assert.deepEqual([hello?.client, hello?.wantsDigests], ["test 1", true]);
    assert.deepEqual(game.connection.state, { kind: "playing", resumed: false });
    assert.equal(game.connection.welcome?.character.name, "Ann");
    assert.equal(game.connection.world?.zones.length, 2);
  });

  test("asks for a ticket when it was given none, and ends when there is none", async () => {
    const game = start({ ticket: undefined as never, getTicket: async () => "t2" });
    await settled();
    assert.deepEqual(game.sockets[0]?.protocols, ["myriad.1", "ticket.t2"]);
    for (const reason of [new Error("no such name"), "silence"]) {
      const refused = start({ ticket: undefined as never, getTicket: () => Promise.reject(reason) });
      await settled();
      const { state } = refused.connection;
      assert.ok(state.kind === "closed" && state.reason === "ticket_refused");
      assert.equal(state.text, reason instanceof Error ? "no such name" : "no ticket was given");
    }
  });

  test("with the server's newer schema decodes with its layouts and says so", async () => {
    const Newer = defineSchema({
      ...fakeSchema,
      version: "1.3.0",
      intents: [Walk, Shout, intent("fly", {})],
      facts: [Heard, fact("hurt", { amount: uint(8), by: text(8) }), fact("rained", {})],
    });
    const game = start();
    const said: string[] = [];
    const hurts: object[] = [];
    game.connection.on("versions", (words) => said.push(words));
    game.connection.on(Hurt, (value) => hurts.push(value));
    await settled();
    const descriptor = describeSchema(Newer);
    greet(game.sockets[0]!, { schemaHash: schemaHash(descriptor), schema: descriptor, gameVersion: "1.3.0" });
    assert.deepEqual(said, ["this client is fake 1.2.3, the server fake 1.3.0"]);
    game.frame({
      facts: {
        first: 1,
        records: [
          { type: 1, record: encodeRecord(Newer.facts[1].fields, { amount: 3, by: "wolf" }) },
          { type: 2, record: new Uint8Array(0) },
        ],
      },
    });
    assert.deepEqual(hurts, [{ amount: 3, by: "wolf" }]);
    assert.equal(game.connection.stats.decodeProblems, 0);
  });

  test("with the server's older schema does not send what it cannot know", async () => {
    const older = describeSchema(
      defineSchema({
        ...fakeSchema,
        entities: [Walker],
        intents: [intent("walk", { direction: Walk.fields.direction })],
        facts: [Heard],
      }),
    );
    const game = start();
    await settled();
    greet(game.sockets[0]!, { schemaHash: schemaHash(older), schema: older });
    assert.equal(game.connection.send(Shout, { text: "?" }), 0);
    assert.equal(game.connection.send(Walk, { direction: 1, moving: true }), 1);
    await settled();
    const [input] = game.sockets[0]!.sentOf("input").slice(-1);
    assert.deepEqual(
      input?.intents.map(({ from, to }) => to - from),
      [1],
    );
    assert.deepEqual([...game.connection.world!.entities(Stone)], []);
  });

  test("with another game is refused with both versions", async () => {
    const other = describeSchema(defineSchema({ ...fakeSchema, version: "9.0.0", entities: [Stone] }));
    for (const parts of [{ schema: other }, {}]) {
      const game = start();
      await settled();
      greet(game.sockets[0]!, { schemaHash: schemaHash(other), gameVersion: "9.0.0", ...parts });
      const { state } = game.connection;
      assert.ok(state.kind === "closed" && state.reason === "schema_incompatible");
      assert.match(state.text, /fake 1\.2\.3.*fake 9\.0\.0/);
      assert.equal(game.sockets[0]!.isClosed, true);
    }
  });

  test("that cannot be understood ends with a reason", async () => {
    for (const bytes of [
      Uint8Array.of(1, 2, 3),
      encodeWelcome({ ...fakeWelcome(), tickRateHz: -1 }),
      encodeWelcome({ ...fakeWelcome(), regionSizeM: 0.0001 }),
    ]) {
      const game = start();
      await settled();
      game.sockets[0]!.open();
      game.sockets[0]!.receive(bytes);
      assert.deepEqual(game.states, ["closed welcome_unusable"]);
    }
  });
});

describe("while playing", () => {
  test("frames are applied and acknowledged at least every 250 ms", async () => {
    const game = await playing();
    for (let i = 0; i < 40; i++) {
      await game.time.pass(50);
      game.frame();
    }
    const acks = game.sockets[0]!.sentOf("input").map(({ ackFrame }) => ackFrame);
    assert.ok(acks.length >= 8 && acks.length <= 16, `${acks.length} acknowledgements in 2 s`);
    assert.ok(acks.at(-1)! >= 35);
    assert.equal(game.connection.stats.frames, 40);
    assert.equal(game.connection.lastFrame, 40);
    await game.time.pass(1000);
    assert.ok(game.sockets[0]!.sentOf("input").length >= acks.length + 3, "also when no frames come");
  });

  test("many bytes are acknowledged at once", async () => {
    const game = await playing();
    await game.time.pass(10);
    const before = game.sockets[0]!.sentOf("input").length;
    const records = Array.from({ length: 300 }, () => ({ type: 0, record: heard("x".repeat(60)).record }));
    game.frame({ facts: { first: 1, records } });
    assert.equal(game.sockets[0]!.sentOf("input").length, before + 1);
  });

  test("intents of one moment travel together, at once, and later ones wait half a tick", async () => {
    const game = await playing();
    await game.time.pass(100);
    const sent = () =>
      game.sockets[0]!.sentOf("input").flatMap(({ intents }) => intents.map(({ seq }) => seq));
    const count = () => game.sockets[0]!.sentOf("input").filter(({ intents }) => intents.length > 0).length;
    assert.equal(game.connection.send(Walk, { direction: 1, moving: true }), 1);
    assert.equal(game.connection.send(Shout, { text: "hello" }), 2);
    await settled();
    assert.deepEqual([sent(), count()], [[1, 2], 1]);
    game.connection.send(Shout, { text: "again" });
    await game.time.pass(10);
    assert.equal(count(), 1);
    await game.time.pass(20);
    assert.deepEqual([sent(), count()], [[1, 2, 3], 2]);
    game.connection.flush();
    assert.equal(count(), 2);
  });

  test("an intent of another game is the caller's mistake", async () => {
    const game = await playing();
    assert.throws(() => game.connection.send(intent("fly", {}), {}), RangeError);
  });

  test("too many unacknowledged intents are refused", async () => {
    const game = await playing();
    let last = 1;
    for (let i = 0; i < 300; i++) last = game.connection.send(Shout, { text: "spam" });
    assert.equal(last, 0);
    await settled();
    game.frame({ lastIntent: 64 });
    assert.equal(game.connection.send(Shout, { text: "better" }), 65);
  });

  test("facts reach their handlers once, by number", async () => {
    const game = await playing();
    const words: string[] = [];
    const off = game.connection.on(Heard, (value) => words.push(value.text));
    game.frame({ facts: { first: 1, records: [heard("a"), heard("b")] } });
    game.frame({ facts: { first: 2, records: [heard("b"), heard("c")] } });
    off();
    game.frame({ facts: { first: 4, records: [heard("d")] } });
    assert.deepEqual(words, ["a", "b", "c"]);
  });

  test("a fact that cannot be decoded is counted", async () => {
    const game = await playing();
    const problems: string[] = [];
    game.connection.on("problem", (code) => problems.push(code));
    game.frame({ facts: { first: 1, records: [{ type: 9, record: new Uint8Array(1) }] } });
    game.frame({ facts: { first: 2, records: [{ type: 0, record: new Uint8Array(50) }] } });
    assert.deepEqual(problems, ["unknown_type", "trailing_bytes"]);
    assert.equal(game.connection.stats.resyncs, 0);
  });

  test("the own position is known as the newest frame that told it", async () => {
    const game = await playing();
    game.frame();
    assert.equal(game.connection.truth, undefined);
    game.frame({ position: { x: -5, y: 7 }, lastIntent: 0, ticksSince: 3 });
    game.frame({ ticksSince: 4 });
    assert.deepEqual(game.connection.truth, { zone: 0, tick: 3, lastIntent: 0, ticksSince: 4, x: -5, y: 7 });
  });

  test("round trips are measured, dilation and notices are told", async () => {
    const game = await playing();
    const notices: string[] = [];
    game.connection.on("notice", (code, words) => notices.push(`${code}: ${words}`));
    await game.time.pass(2500);
    const ping = game.sockets[0]!.sentOf("ping").at(-1)!;
    await game.time.pass(40);
    game.sockets[0]!.receive(encodePong(ping.nonce));
    assert.ok(game.connection.stats.rttMs >= 40);
    game.sockets[0]!.receive(encodePong(12345));
    game.frame({ dilation: 50 });
    game.frame();
    assert.equal(game.connection.stats.dilation, 50, "told when it changes");
    game.sockets[0]!.receive(encodeNotice("server_closing", "soon"));
    assert.deepEqual(notices, ["server_closing: soon"]);
  });

  test("what cannot be decoded or applied asks for keyframes, not too often", async () => {
    const game = await playing();
    const resyncs = () => game.sockets[0]!.sentOf("resync").length;
    game.frame({ zones: [keyframe(1)] });
    const entity = game.connection.world!.get(wireRef(0, 1));
    const badBlock = {
      zone: 0,
      tick: 2,
      sections: [{ kind: section.blocks, bytes: Uint8Array.of(9, 0, 1) }],
    };
    game.frame({ zones: [badBlock] });
    game.frame({ zones: [badBlock] });
    game.sockets[0]!.receive(Uint8Array.of(0x82, 1));
    assert.equal(resyncs(), 1);
    assert.equal(game.connection.stats.decodeProblems, 3);
    game.frame({ zones: [keyframe(1)] });
    assert.equal(game.connection.world!.get(wireRef(0, 1)), entity);
    await game.time.pass(2100);
    game.frame({ zones: [badBlock] });
    assert.equal(resyncs(), 2);
    await game.time.pass(30_000);
  });

  test("a digest that differs is counted and asks for keyframes", async () => {
    const game = await playing();
    const digests = { kind: section.digests, bytes: Uint8Array.of(0, 0, 1, 2, 3, 4) };
    game.frame({ zones: [{ ...keyframe(1), sections: [...keyframe(1).sections, digests] }] });
    assert.equal(game.connection.stats.mismatches, 1);
    assert.equal(game.sockets[0]!.sentOf("resync").length, 1);
  });

  test("a client that only makes load does not decode the world", async () => {
    const game = await playing({ decodesWorld: false });
    game.frame({ zones: [keyframe(1)] });
    assert.equal(game.connection.world!.size, 0);
    assert.equal(game.connection.stats.frames, 1);
  });

  test("leaving says goodbye and is final", async () => {
    const game = await playing();
    game.connection.leave();
    assert.equal(game.sockets[0]!.sentOf("bye").length, 1);
    game.connection.leave();
    game.sockets[0]!.drop();
    await game.time.pass(60_000);
    assert.deepEqual(game.states, ["playing", "closed left"]);
    assert.equal(game.sockets.length, 1);
    assert.equal(game.connection.send(Shout, { text: "?" }), 0);
    game.connection.flush();
    game.connection.retryNow();
    game.connection.dangerouslyDropSocket();
  });
});

describe("a lost socket", () => {
  test("is resumed: facts go on, intents are repeated, entities stay", async () => {
    const game = await playing();
    game.frame({
      zones: [keyframe(1)],
      own: 1,
      position: { x: 1, y: 2 },
      facts: { first: 1, records: [heard("a")] },
    });
    const entity = game.connection.world!.get(wireRef(0, 1));
    const world = game.connection.world;
    game.connection.send(Shout, { text: "one" });
    game.connection.send(Shout, { text: "two" });
    await settled();
    game.frame({ lastIntent: 1 });
    game.sockets[0]!.drop();
    assert.equal(game.connection.state.kind, "reconnecting");
    assert.equal(game.connection.send(Shout, { text: "lost" }), 0);
    await game.time.pass(1000);
    const socket = game.sockets[1]!;
    assert.deepEqual(socket.protocols, ["myriad.1", "resume.key-1"]);
    greet(socket, { resumed: true, resumeKey: "key-2" });
    assert.deepEqual(game.connection.state, { kind: "playing", resumed: true });
    assert.equal(socket.sentOf("hello")[0]?.hello.lastFact, 1);
    assert.deepEqual(
      socket.sentOf("input").flatMap(({ intents }) => intents.map(({ seq }) => seq)),
      [2],
    );
    game.frame({ zones: [keyframe(1)], lastIntent: 2 });
    assert.equal(game.connection.world, world);
    assert.equal(game.connection.world!.get(wireRef(0, 1)), entity);
    assert.equal(game.connection.stats.resumes, 1);
    game.sockets[0]!.receive(encodeNotice("late", "from the old socket"));
    game.sockets[0]!.drop(4000);
    assert.equal(game.connection.state.kind, "playing");
    assert.equal(game.connection.send(Shout, { text: "three" }), 3);
  });

  test("is noticed by silence alone", async () => {
    const game = await playing();
    await game.time.pass(7000);
    assert.equal(game.connection.state.kind, "playing");
    await game.time.pass(1500);
    assert.equal(game.connection.state.kind, "reconnecting");
    assert.equal(game.sockets[0]!.isClosed, true);
  });

  test("is opened again at once when the player asks", async () => {
    const game = await playing();
    game.connection.retryNow();
    game.connection.dangerouslyDropSocket();
    assert.equal(game.sockets.length, 1);
    game.connection.retryNow();
    await settled();
    assert.equal(game.sockets.length, 2);
    game.connection.retryNow();
    await settled();
    assert.equal(game.sockets.length, 2);
  });

  test("tries with growing pauses until the session's time is over", async () => {
    const game = await playing();
    game.sockets[0]!.drop();
    for (let i = 0; i < 60 && game.connection.state.kind === "reconnecting"; i++) {
      await game.time.pass(6000);
      const socket = game.sockets.at(-1)!;
      if (!socket.isClosed) socket.drop();
    }
    assert.equal(game.states.at(-1), "closed resume_expired");
    assert.ok(game.sockets.length > 8 && game.sockets.length < 40, `${game.sockets.length} attempts`);
  });

  test("gives way to a new session when it cannot be resumed and tickets can be had", async () => {
    let tickets = 1;
    const worlds: unknown[] = [];
    const game = await playing({ getTicket: async () => `t${++tickets}`, listeners: {} });
    game.connection.on("world", (world) => worlds.push(world));
    game.frame({ zones: [keyframe(1)], facts: { first: 1, records: [heard("a")] } });
    game.connection.send(Shout, { text: "one" });
    game.sockets[0]!.drop(closeCodes.server_closing.code);
    await game.time.pass(1000);
    game.sockets[1]!.open();
    game.sockets[1]!.drop(closeCodes.session_unknown.code);
    await game.time.pass(2000);
    const socket = game.sockets[2]!;
    assert.deepEqual(socket.protocols, ["myriad.1", "ticket.t2"]);
    greet(socket);
    assert.equal(worlds.length, 1);
    assert.equal(game.connection.world!.size, 0);
    assert.equal(game.connection.truth, undefined);
    assert.equal(game.connection.send(Shout, { text: "new" }), 1);
    const words: string[] = [];
    game.connection.on(Heard, (value) => words.push(value.text));
    game.frame({ facts: { first: 1, records: [heard("first of the new session")] } });
    assert.equal(words.length, 1);
  });

  test("keeps trying while no ticket can be had", async () => {
    let isDown = true;
    const getTicket = async () => {
      if (isDown) throw new Error("down");
      return "t9";
    };
    const game = await playing({ getTicket });
    game.sockets[0]!.drop();
    await game.time.pass(500);
    game.sockets[1]!.drop(closeCodes.session_unknown.code);
    await game.time.pass(10_000);
    assert.equal(game.connection.state.kind, "reconnecting");
    isDown = false;
    await game.time.pass(10_000);
    assert.deepEqual(game.sockets.at(-1)!.protocols, ["myriad.1", "ticket.t9"]);
  });

  test("that was closed for a reason that no retry helps is final", async () => {
    for (const reason of ["logged_in_elsewhere", "rate_exceeded", "left"] as const) {
      const game = await playing({ getTicket: async () => "t" });
      game.sockets[0]!.drop(closeCodes[reason].code);
      assert.equal(game.states.at(-1), `closed ${reason}`);
    }
    const used = start();
    await settled();
    used.sockets[0]!.drop(closeCodes.ticket_used.code);
    assert.deepEqual(used.states, ["closed ticket_used"]);
  });

  test("before the first welcome says why it tries again", async () => {
    const game = start({ getTicket: async () => "t2" });
    await settled();
    game.sockets[0]!.fail();
    game.sockets[0]!.drop(closeCodes.server_full.code);
    assert.deepEqual(game.connection.state, { kind: "connecting", attempt: 2, why: "server_full" });
    await game.time.pass(1000);
    assert.equal(game.sockets.length, 2);
    const once = start();
    await settled();
    once.sockets[0]!.drop();
    await once.time.pass(1000);
    assert.deepEqual(once.states.at(-1), "closed unreachable");
  });

  test("is given up after many attempts, and a welcome that never comes counts as one", async () => {
    const game = start({ getTicket: async () => "t" });
    await game.time.pass(20 * 60_000);
    assert.equal(game.states.at(-1), "closed unreachable");
    assert.equal(game.sockets.length, 40);
  });

  test("a socket that cannot even be made counts as lost", async () => {
    function broken() {
      throw new Error("no");
    }
    const game = start({ WebSocket: broken as never });
    await settled();
    assert.equal(game.connection.state.kind, "connecting");
  });

  test("after which the server has another schema brings a new world", async () => {
    const newer = describeSchema(defineSchema({ ...fakeSchema, facts: [Heard, Hurt, fact("rained", {})] }));
    const game = await playing();
    const before = game.connection.world;
    game.sockets[0]!.drop();
    await game.time.pass(1000);
    greet(game.sockets[1]!, { resumed: true, schemaHash: schemaHash(newer), schema: newer });
    assert.notEqual(game.connection.world, before);
  });
});

describe("hostile bytes", () => {
  test("never throw, before or after the welcome", async () => {
    const game = await playing();
    const fresh = start();
    await settled();
    fresh.sockets[0]!.open();
    const firstBytes = fc.constantFrom(0x81, 0x82, 0x83, 0x84, 0x00);
    fc.assert(
      fc.property(firstBytes, fc.uint8Array({ maxLength: 200 }), (first, rest) => {
        const bytes = Uint8Array.of(first, ...rest);
        game.sockets[0]!.receive(bytes);
        fresh.sockets[0]!.receive(bytes);
      }),
      { numRuns: 3000 },
    );
    for (const data of ["text", undefined, 7, new Uint8Array([0x83, 0, 0, 0, 0])]) {
      game.sockets[0]!.receiveAnything(data);
    }
    assert.equal(game.connection.state.kind, "playing");
    assert.ok(game.connection.stats.decodeProblems > 1000);
  });

  test("in a frame that is mostly right never throw either", async () => {
    const game = await playing();
    const whole = encodeClientFrame({
      frame: 1,
      homeZone: 0,
      tick: 1,
      own: 1,
      position: { x: 1, y: 1 },
      facts: { first: 1, records: [heard("a")] },
      zones: [
        keyframe(1),
        { zone: 1, tick: 4, sections: [{ kind: section.keyframes, bytes: encodeKeyframe(east, 0, []) }] },
      ],
    });
    const damage = fc.array(
      fc.tuple(fc.integer({ min: 1, max: whole.length - 1 }), fc.integer({ min: 0, max: 255 })),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(damage, fc.integer({ min: 1, max: whole.length }), (changes, length) => {
        const bytes = whole.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        game.sockets[0]!.receive(bytes);
      }),
      { numRuns: 3000 },
    );
    assert.equal(game.connection.state.kind, "playing");
  });
});
