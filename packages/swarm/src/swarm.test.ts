import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeNotice } from "@myriad/protocol";
import { FakeRealm } from "./fake-realm.ts";
import { attemptsMax, beatMs, joinWindow } from "./limits.ts";
import type { SwarmOptions } from "./options.ts";
import { playerName, type Share, Swarm } from "./swarm.ts";
import { swarmOptions } from "./testing.ts";
import type { Link, LinkListener, Transport } from "./transport.ts";

const tickMs = 50;
const tickets = "ticket.";

/** Milliseconds that a message is on its way, in either direction. */
const wayMs = 8;

/** A swarm and a fake realm under a clock that the test moves. */
class Rehearsal implements Transport {
  readonly realm = new FakeRealm();
  readonly swarm: Swarm;
  nowMs = 5000;
  cpuMs = 0;
  /** What the next sockets are told instead of being let in. */
  readonly refusals: { code: number; reason: string }[] = [];
  ticketProblem: string | undefined;
  asked = 0;
  readonly places = new Map<string, { x: number; y: number }>();
  /** Players whose sockets are not read, and what waits for them. */
  readonly paused = new Map<number, Uint8Array[]>();
  opened: string[] = [];
  readonly links: { closed: (code: number, reason: string) => void; push: (bytes: Uint8Array) => void }[] =
    [];
  /** Never opens a socket, and says nothing. */
  isBlackHole = false;
  /** Says nothing to a goodbye. */
  isRude = false;
  #mail: { atMs: number; deliver: () => void }[] = [];
  #nextTickMs = 5000;

  constructor(options: Partial<SwarmOptions> = {}, share: Share = {}) {
    this.swarm = new Swarm(
      swarmOptions(options),
      {
        nowMs: () => this.nowMs,
        wallMs: () => 1_700_000_000_000 + this.nowMs,
        cpuMs: () => this.cpuMs,
        transport: this,
        tickets: {
          ticket: async (name, place) => {
            this.asked++;
            if (this.ticketProblem !== undefined) throw new Error(this.ticketProblem);
            if (place !== undefined) this.places.set(name, place);
            return name;
          },
        },
      },
      share,
    );
  }

  open(player: number, protocols: readonly string[], listener: LinkListener): Link {
    let connection: ReturnType<FakeRealm["join"]> | undefined;
    let isClosed = false;
    const post = (deliver: () => void) => this.#mail.push({ atMs: this.nowMs + wayMs, deliver });
    const close = (code: number, reason: string) =>
      post(() => {
        if (isClosed) return;
        isClosed = true;
        connection?.closed();
        listener.closed(link, code, reason);
      });
    const hear = (bytes: Uint8Array) => {
      // A message stands somewhere in what was read.
      const read = Uint8Array.of(9, 9, 9, ...bytes, 9);
      listener.message(link, read, 3, 3 + bytes.length);
    };
    const push = (bytes: Uint8Array) => {
      const copy = bytes.slice();
      post(() => {
        const waiting = this.paused.get(player);
        if (waiting !== undefined) waiting.push(copy);
        else if (!isClosed) hear(copy);
      });
    };
    const link: Link = {
      player,
      waitingBytes: 0,
      together: (work) => work(),
      pause: () => this.paused.set(player, []),
      resume: () => {
        const waiting = this.paused.get(player) ?? [];
        this.paused.delete(player);
        for (const bytes of waiting) hear(bytes);
      },
      send: (bytes, from = 0, to = bytes.length) => {
        const copy = bytes.slice(from, to);
        post(() => {
          if (!(this.isRude && copy[0] === 5)) connection?.message(copy);
        });
      },
      close: () => close(1000, ""),
      terminate: () => close(1006, ""),
    };
    const [name, credential = ""] = protocols;
    assert.equal(name, "myriad.1");
    this.opened.push(credential);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) close(refusal.code, refusal.reason);
    else if (!this.isBlackHole) {
      post(() => {
        const who = credential.startsWith(tickets)
          ? { name: credential.slice(tickets.length) }
          : { key: credential.slice("resume.".length) };
        connection = this.realm.join(who, { send: push, close }, () => this.nowMs);
        if (!isClosed) listener.opened(link);
      });
    }
    this.links[player] = { closed: close, push };
    return link;
  }

  /** Lets time pass in steps of 4 ms. */
  async pass(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += 4;
      await this.#settle();
      this.swarm.advance(this.nowMs);
    }
  }

  /** Time passes without the swarm being called: it is busy. */
  async stall(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 4) this.#tick();
    await this.pass(4);
  }

  async untilDone(): Promise<NonNullable<Swarm["figures"]>> {
    for (let i = 0; i < 1000 && this.swarm.stage !== "done"; i++) await this.pass(100);
    assert.equal(this.swarm.stage, "done");
    return this.swarm.figures!;
  }

  async #settle(): Promise<void> {
    this.#tick();
    const due = this.#mail.filter(({ atMs }) => atMs <= this.nowMs);
    this.#mail = this.#mail.filter(({ atMs }) => atMs > this.nowMs);
    for (const { deliver } of due) deliver();
    // Tickets are promises.
    await Promise.resolve();
    await Promise.resolve();
  }

  #tick(): void {
    if (this.nowMs < this.#nextTickMs) return;
    this.#nextTickMs += tickMs;
    this.realm.advance(1_700_000_000_000 + this.nowMs);
  }
}

function errorsOf(rehearsal: Rehearsal): Record<string, number> {
  return Object.fromEntries(rehearsal.swarm.meters.errorKinds);
}

describe("Swarm", () => {
  it("joins over the ramp, plays, measures and leaves", async () => {
    const rehearsal = new Rehearsal({ players: 150, rampSeconds: 3, seconds: 5 });
    await rehearsal.pass(1600);
    assert.equal(rehearsal.swarm.stage, "ramping");
    assert.ok(Math.abs(rehearsal.swarm.sessions.playing - 80) < 5);
    const figures = await rehearsal.untilDone();
    assert.deepEqual(errorsOf(rehearsal), {});
    const { players, connected, sessionsDropped, errors, stateMismatches } = figures;
    assert.deepEqual(
      { players, connected, sessionsDropped, errors, stateMismatches },
      { players: 150, connected: 150, sessionsDropped: 0, errors: 0, stateMismatches: 0 },
    );
    assert.ok(Math.abs(figures.seconds - 5) < 0.01);
    assert.ok(Math.abs(figures.framesPerSecondPerPlayer - 20) < 0.3, `${figures.framesPerSecondPerPlayer}`);
    assert.ok(figures.bytesPerSecondPerPlayer > 500);
    // 24 creatures move in each of 20 frames a second, for each of 150 players.
    assert.ok(Math.abs(figures.visiblePairUpdatesPerSecond / (24 * 20 * 150) - 1) < 0.03);
    assert.ok(rehearsal.swarm.meters.digests > 2 * 8 * 20 * 5);
    assert.ok(rehearsal.realm.sessions.every(({ peer }) => peer === undefined));
    assert.equal(rehearsal.realm.sessions[42]?.name, playerName(1, 42));
  });

  it("lets in no more at once than the server answers", async () => {
    const rehearsal = new Rehearsal({ players: 1000, rampSeconds: 0, seconds: 1 });
    rehearsal.isBlackHole = true;
    await rehearsal.pass(1000);
    assert.equal(rehearsal.asked, joinWindow.start, "nobody answers, nobody else asks");
    rehearsal.isBlackHole = false;
    await rehearsal.pass(15_000);
    // Those that waited in vain come again; the others come as quickly as they are welcomed.
    const figures = await rehearsal.untilDone();
    assert.equal(figures.connected, 1000);
    assert.deepEqual(errorsOf(rehearsal), { "join: nothing for 15000 ms": joinWindow.start });
  });

  it("asks for a place for each player that has one, also when it comes back", async () => {
    const placeOf = (number: number) => ({ x: number * 2, y: -number });
    const rehearsal = new Rehearsal({ players: 3, seconds: 4 }, { placeOf });
    await rehearsal.pass(1000);
    rehearsal.places.clear();
    rehearsal.realm.sessions.length = 0;
    rehearsal.links[2]!.closed(4015, "not_draining");
    await rehearsal.pass(3000);
    assert.deepEqual([...rehearsal.places], [[playerName(1, 2), { x: 4, y: -2 }]]);
  });

  it("plays a share: players by their numbers in the whole swarm, measured when it is told", async () => {
    const share = { first: 99, count: 3, waits: true };
    const rehearsal = new Rehearsal({ players: 500, seconds: 1, rampSeconds: 0 }, share);
    await rehearsal.pass(6000);
    assert.equal(rehearsal.swarm.stage, "ready");
    assert.deepEqual(
      rehearsal.realm.sessions.map(({ name, wantsDigests }) => [name, wantsDigests]),
      [99, 100, 101].map((number) => [playerName(1, number), number === 100]),
    );
    rehearsal.swarm.measure();
    const { connected, seconds } = await rehearsal.untilDone();
    assert.deepEqual([connected, seconds > 0.9], [3, true]);
  });

  it("lets the last players stop reading in the middle; they are in no latency and equal again at the end", async () => {
    const stall = { clients: 3, seconds: 4 };
    const rehearsal = new Rehearsal({ players: 10, seconds: 20, stall });
    await rehearsal.pass(1100 + 7900);
    assert.equal(rehearsal.paused.size, 0);
    await rehearsal.pass(1000);
    assert.deepEqual([...rehearsal.paused.keys()], [7, 8, 9]);
    assert.equal(rehearsal.realm.sessions.filter(({ wantsDigests }) => wantsDigests).length, 4);
    await rehearsal.pass(4000);
    assert.equal(rehearsal.paused.size, 0);
    const {
      stall: stalled,
      errors,
      frameGapMs,
      intentToAckMs,
      framesPerSecondPerPlayer,
    } = await rehearsal.untilDone();
    assert.deepEqual([stalled, errors], [{ ...stall, equalAgain: 3 }, 0]);
    assert.ok(frameGapMs.max < 100 && intentToAckMs.max < 200, "the others' only");
    assert.ok(Math.abs(framesPerSecondPerPlayer - 20) < 0.5);
  });

  it("counts who stalled and is not equal to the zone at the end", async () => {
    const rehearsal = new Rehearsal({ players: 4, seconds: 14, stall: { clients: 2, seconds: 2 } });
    await rehearsal.pass(9500);
    rehearsal.realm.faults.losesUpdate = true;
    const { stall, stateMismatches } = await rehearsal.untilDone();
    assert.equal(stall?.equalAgain, 0);
    assert.ok(stateMismatches > 0);
    assert.equal(errorsOf(rehearsal)["stall: not equal to the zone again"], 2);
  });

  it("floods until it is closed for it, which is no error and in no latency", async () => {
    const rehearsal = new Rehearsal({ players: 5, seconds: 6, flooders: 1 });
    await rehearsal.pass(3000);
    assert.ok(rehearsal.realm.sessions[4]!.pendingIntent > 10_000);
    assert.ok(rehearsal.realm.sessions[3]!.pendingIntent < 20);
    rehearsal.links[4]!.push(encodeNotice("rate_exceeded", "too fast"));
    rehearsal.links[4]!.closed(4013, "rate_exceeded");
    const { flood, errors, connected, intentToAckMs, sessionsDropped } = await rehearsal.untilDone();
    assert.deepEqual([errors, connected, sessionsDropped], [0, 4, 0]);
    assert.deepEqual([flood?.clients, flood?.told, flood?.closed], [1, 1, 1]);
    assert.ok(flood!.intents > 10_000 && flood!.closedAfterMs > 1000, JSON.stringify(flood));
    assert.ok(intentToAckMs.max < 200);
  });

  it("counts a flood that nobody stops", async () => {
    const rehearsal = new Rehearsal({ players: 2, seconds: 2, flooders: 1 });
    const { flood, errors } = await rehearsal.untilDone();
    assert.deepEqual([flood?.closed, errors], [0, 1]);
    assert.deepEqual(errorsOf(rehearsal), { "flood: not closed for it": 1 });
  });

  it("measures what the way and the tick cost, from the intended time", async () => {
    const { intentToAckMs, frameGapMs, updateAgeMs } = await new Rehearsal({ players: 20 }).untilDone();
    // Half a tick on average, a whole one at most, and both ways.
    assert.ok(
      intentToAckMs.p50 > wayMs * 2 && intentToAckMs.p50 < wayMs * 2 + tickMs,
      `${intentToAckMs.p50}`,
    );
    assert.ok(intentToAckMs.max <= wayMs * 2 + tickMs + 8, `${intentToAckMs.max}`);
    assert.ok(Math.abs(frameGapMs.p50 - tickMs) < 4);
    assert.ok(updateAgeMs.p50 >= wayMs && updateAgeMs.max <= wayMs + 8);
  });

  it("speaks every 240 ms with an intent, and tells the last frame each time", async () => {
    const rehearsal = new Rehearsal({ players: 30, seconds: 10 });
    await rehearsal.pass(9000);
    for (const session of rehearsal.realm.sessions) {
      assert.ok(session.silenceMs <= 250, `${session.silenceMs} ms`);
      assert.ok(session.frame - session.ackedFrame <= 6);
      assert.ok(session.pendingIntent >= Math.floor(8500 / beatMs) - 1);
    }
    const { intents } = rehearsal.realm;
    assert.ok(intents.get("move")! > 500);
    assert.ok(intents.get("attack")! > 10 && intents.get("say")! > 0);
    assert.equal(intents.get("malformed"), undefined);
    await rehearsal.untilDone();
  });

  it("asks for the schema until it knows it", async () => {
    const rehearsal = new Rehearsal({ players: 3, rampSeconds: 1 });
    await rehearsal.pass(1200);
    assert.equal(rehearsal.swarm.play.game?.kinds.length, 3);
    assert.equal(rehearsal.swarm.sessions.playing, 3);
    assert.equal(rehearsal.realm.sessions.filter(({ wantsDigests }) => wantsDigests).length, 1);
  });

  it("measures a stall of its own from the intended times, and tells that it was late", async () => {
    const rehearsal = new Rehearsal({ players: 10, seconds: 4 });
    await rehearsal.pass(2500);
    assert.equal(rehearsal.swarm.stage, "measuring");
    await rehearsal.stall(1000);
    const { intentToAckMs } = await rehearsal.untilDone();
    assert.ok(intentToAckMs.max > 900, `${intentToAckMs.max}`);
    assert.ok(rehearsal.swarm.meters.timerLag.at(99) > 900);
    // Four intents in a second were late by 500 ms on average; the plan did not wait for the swarm.
    assert.ok(intentToAckMs.p90 > 200, `${intentToAckMs.p90}`);
  });

  it("counts intents that are never answered with the age that they reach", async () => {
    const rehearsal = new Rehearsal({ players: 5, seconds: 20 });
    await rehearsal.pass(2000);
    rehearsal.realm.faults.isDeaf = true;
    const { intentToAckMs, errors } = await rehearsal.untilDone();
    assert.ok(intentToAckMs.max >= 15_000, `${intentToAckMs.max}`);
    assert.ok(intentToAckMs.p50 > 5000);
    assert.equal(errors, 0);
  });

  it("counts a gap that no frame closes", async () => {
    const rehearsal = new Rehearsal({ players: 5, seconds: 6 });
    await rehearsal.pass(2500);
    rehearsal.realm.faults.isSilent = true;
    const { frameGapMs } = await rehearsal.untilDone();
    assert.ok(frameGapMs.max > 4000, `${frameGapMs.max}`);
  });

  it("resumes a session whose socket was lost, and counts it", async () => {
    const rehearsal = new Rehearsal({ players: 2, seconds: 5 });
    await rehearsal.pass(3000);
    const before = rehearsal.realm.sessions[0]!;
    const [frame, intent] = [before.frame, before.pendingIntent];
    rehearsal.links[0]!.closed(1006, "");
    await rehearsal.pass(1500);
    assert.deepEqual(rehearsal.opened.slice(2), ["resume.key-0"]);
    assert.equal(rehearsal.realm.sessions.length, 2);
    assert.ok(before.lastFactTold > 0, "the hello named the last fact");
    const figures = await rehearsal.untilDone();
    assert.ok(before.frame > frame && before.pendingIntent > intent, "numbers go on");
    assert.deepEqual(
      [figures.sessionsDropped, figures.errors, figures.stateMismatches, figures.connected],
      [1, 1, 0, 2],
    );
    assert.equal(rehearsal.swarm.meters.resumed, 1);
    assert.deepEqual(errorsOf(rehearsal), { "close: 1006 connection lost": 1 });
  });

  it("begins anew with a ticket when the session is over", async () => {
    const rehearsal = new Rehearsal({ players: 1, seconds: 5 });
    await rehearsal.pass(2500);
    rehearsal.realm.sessions.length = 0;
    rehearsal.links[0]!.closed(4015, "not_draining");
    await rehearsal.pass(2500);
    assert.deepEqual(rehearsal.opened, ["ticket.Bot1x0", "resume.key-0", "ticket.Bot1x0"]);
    assert.deepEqual(errorsOf(rehearsal), { "close: 4015 not_draining": 1, "join: 4008 session_unknown": 1 });
    assert.equal(rehearsal.swarm.sessions.playing, 1);
  });

  it("counts what a lost session never answered", async () => {
    const rehearsal = new Rehearsal({ players: 1, seconds: 20 });
    await rehearsal.pass(2500);
    rehearsal.realm.faults.isDeaf = true;
    await rehearsal.pass(3000);
    rehearsal.realm.faults.isDeaf = false;
    rehearsal.realm.sessions.length = 0;
    rehearsal.links[0]!.closed(1006, "");
    const { intentToAckMs } = await rehearsal.untilDone();
    assert.ok(intentToAckMs.max > 3000, `${intentToAckMs.max}`);
  });

  it("does not come back when the server says that it should not", async () => {
    const rehearsal = new Rehearsal({ players: 2, seconds: 3 });
    await rehearsal.pass(2500);
    rehearsal.links[1]!.closed(4013, "rate_exceeded");
    const { connected, sessionsDropped, errors } = await rehearsal.untilDone();
    assert.deepEqual([connected, sessionsDropped, errors], [1, 1, 1]);
  });

  it("waits and tries again when the server is full or gives no ticket", async () => {
    const rehearsal = new Rehearsal({ players: 1, seconds: 1 });
    rehearsal.refusals.push({ code: 4004, reason: "" }, { code: 4002, reason: "" });
    await rehearsal.pass(2500);
    rehearsal.ticketProblem = "no ticket: status 503";
    const { connected, errors } = await rehearsal.untilDone();
    assert.deepEqual([connected, errors], [1, 2]);
    assert.deepEqual(errorsOf(rehearsal), { "join: 4004 server_full": 1, "join: 4002 ticket_expired": 1 });
  });

  it("gives up after many attempts, and ends early when nobody plays", async () => {
    const rehearsal = new Rehearsal({ players: 2, seconds: 100 });
    rehearsal.ticketProblem = "no ticket: status 503";
    const figures = await rehearsal.untilDone();
    assert.equal(figures.connected, 0);
    assert.equal(figures.seconds, 0);
    assert.equal(figures.framesPerSecondPerPlayer, 0);
    assert.ok(figures.errors >= 8 && figures.errors <= 2 * attemptsMax);
    assert.ok(rehearsal.nowMs < 60_000);
  });

  it("does not wait for a socket that never opens", async () => {
    const rehearsal = new Rehearsal({ players: 1, seconds: 1 });
    rehearsal.isBlackHole = true;
    await rehearsal.pass(15_100);
    rehearsal.isBlackHole = false;
    assert.deepEqual(errorsOf(rehearsal), { "join: nothing for 15000 ms": 1 });
    await rehearsal.untilDone();
  });

  it("plays with those who came when others do not", async () => {
    const rehearsal = new Rehearsal({ players: 2, seconds: 1 });
    await rehearsal.pass(100);
    const refused = new Rehearsal({ players: 2, seconds: 1 });
    refused.refusals.push({ code: 4020, reason: "name_taken" });
    const { connected, errors, framesPerSecondPerPlayer } = await refused.untilDone();
    assert.deepEqual([connected, errors], [1, 1]);
    assert.ok(Math.abs(framesPerSecondPerPlayer - 20) < 1);
  });

  it("counts a mismatch with its details, asks for keyframes and goes on", async () => {
    const rehearsal = new Rehearsal({ players: 1, seconds: 5 });
    await rehearsal.pass(3000);
    rehearsal.realm.faults.losesUpdate = true;
    await rehearsal.pass(tickMs);
    rehearsal.realm.faults.losesUpdate = false;
    const { stateMismatches, errors } = await rehearsal.untilDone();
    assert.ok(stateMismatches >= 1 && stateMismatches <= 8, `${stateMismatches}`);
    assert.equal(errors, 0);
    assert.equal(rehearsal.realm.sessions[0]!.resyncs, 1);
    const { player, what } = rehearsal.swarm.meters.mismatchDetails[0]!;
    assert.deepEqual([player, what], [0, "digest"]);
  });

  it("counts messages that are none", async () => {
    const rehearsal = new Rehearsal({ players: 1, seconds: 4 });
    await rehearsal.pass(1000);
    const { push } = rehearsal.links[0]!;
    push(Uint8Array.of(0x82, 1, 2));
    push(Uint8Array.of(0x77));
    push(new Uint8Array(40).fill(0x82, 0, 1));
    const broken = new Uint8Array(30).fill(1);
    broken[0] = 0x82;
    broken.fill(0xff, 1, 5);
    broken[5] = 0;
    push(broken);
    push(encodeNotice("server_closing", "soon"));
    await rehearsal.pass(100);
    // The last one has the highest number there is, so the true frames that follow it are out of order.
    const kinds = Object.keys(errorsOf(rehearsal));
    assert.deepEqual(kinds, [
      "malformed: frame truncated",
      "malformed: unknown_type",
      "malformed: frames out of order",
    ]);
  });

  it("knows a fallen player by its hit points", async () => {
    const rehearsal = new Rehearsal({ players: 2, seconds: 20, mix: { walk: 1, fight: 0, chat: 0 } });
    await rehearsal.pass(1000);
    const [fallen] = rehearsal.realm.sessions;
    fallen!.hitPoints = 0;
    fallen!.needsSelf = true;
    await rehearsal.pass(5000);
    assert.ok(rehearsal.realm.intents.get("comeBack")! >= 2);
    fallen!.hitPoints = 100;
    fallen!.needsSelf = true;
    await rehearsal.pass(1000);
    const asked = rehearsal.realm.intents.get("comeBack");
    await rehearsal.pass(5000);
    assert.equal(rehearsal.realm.intents.get("comeBack"), asked);
  });

  it("refuses a second welcome, and a frame before the first", async () => {
    const rehearsal = new Rehearsal({ players: 1, seconds: 4 });
    await rehearsal.pass(8);
    rehearsal.links[0]!.push(new Uint8Array(40).fill(0x82, 0, 1));
    await rehearsal.pass(1000);
    rehearsal.links[0]!.push(rehearsal.realm.welcomeFor(rehearsal.realm.sessions[0]!));
    await rehearsal.pass(100);
    assert.deepEqual(errorsOf(rehearsal), {
      "malformed: a frame before the welcome": 1,
      "malformed: a second welcome": 1,
    });
  });

  it("leaves a game that it cannot understand", async () => {
    const rehearsal = new Rehearsal({ players: 2, seconds: 4 });
    rehearsal.realm.faults.hidesSchema = true;
    const { errors, connected } = await rehearsal.untilDone();
    assert.deepEqual([errors, connected], [2, 0]);
    assert.deepEqual(errorsOf(rehearsal), { "join: the welcome brought no schema": 2 });
  });

  it("counts an exception of its own, and plays on", async () => {
    const rehearsal = new Rehearsal({ players: 1, seconds: 2 });
    await rehearsal.pass(1000);
    const { meters, play } = rehearsal.swarm;
    const { frame } = play;
    play.frame = () => {
      play.frame = frame;
      throw new Error("no such bot");
    };
    const { errors, connected } = await rehearsal.untilDone();
    assert.deepEqual([errors, connected], [1, 1]);
    assert.ok(meters.errorKinds.has("exception: no such bot"));
  });

  it("stops when it is told, with what it has measured", async () => {
    const rehearsal = new Rehearsal({ players: 3, seconds: 1000 });
    await rehearsal.pass(4000);
    rehearsal.cpuMs = 300;
    rehearsal.swarm.stop(rehearsal.nowMs);
    const figures = await rehearsal.untilDone();
    rehearsal.swarm.stop(rehearsal.nowMs);
    assert.ok(figures.seconds > 2 && figures.seconds < 4);
    assert.equal(figures.connected, 3);
    assert.equal(figures.swarmCpuPercent, Number(((300 / figures.seconds) * 0.1).toFixed(1)));
    const early = new Rehearsal({ players: 3, rampSeconds: 10 });
    await early.pass(100);
    early.swarm.stop(early.nowMs);
    assert.equal((await early.untilDone()).seconds, 0);
  });

  it("leaves without an answer after five seconds", async () => {
    const rehearsal = new Rehearsal({ players: 2, seconds: 1 });
    rehearsal.isRude = true;
    await rehearsal.pass(2200);
    assert.equal(rehearsal.swarm.stage, "leaving");
    await rehearsal.untilDone();
    assert.ok(rehearsal.nowMs > 5000 + 2000 + 5000);
  });
});
