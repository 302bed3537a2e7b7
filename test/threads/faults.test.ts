/**
 * What becomes of zones when workers are too busy, hang or die, over real threads and sockets.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, afterEach, before, suite, test } from "node:test";
import { Steer } from "../sim/mini-realm.ts";
import { rest, type ThreadPlayer, until } from "./player.ts";
import { Die, Fail, Hang, Write } from "./realm.ts";
import { TestRealm } from "./running.ts";

let running: TestRealm;

before(async () => {
  running = await TestRealm.start({});
});
after(() => running?.stop());
afterEach(() => running.dropAll());

/** Players that walk about, some at each gateway. */
async function crowd(count: number): Promise<ThreadPlayer[]> {
  const players: ThreadPlayer[] = [];
  for (let i = 0; i < count; i++) {
    const player = await running.newPlayer().join();
    assert.equal(player.closed, undefined);
    player.intend(Steer, { heading: (i * 1.3) % 6, moving: true, fast: false });
    players.push(player);
  }
  await until(() => players.every(({ frames }) => frames > 3), "everybody plays");
  return players;
}

function zonesOf(players: readonly ThreadPlayer[]): Set<number> {
  return new Set(players.map(({ homeZone }) => homeZone));
}

suite("a zone that moves to another worker", () => {
  test("loses no tick, and nobody is told", async () => {
    const players = await crowd(12);
    const started = players.map(({ ticks }) => ticks.length);
    const startMs = performance.now();
    for (const worker of [1, 0, 1, 0]) {
      assert.equal(await running.realm.threads!.moveZone(0, worker), true);
      assert.equal(running.realm.threads!.places()[0], worker);
      await rest(250);
    }
    const [elapsedMs, [first]] = [performance.now() - startMs, players as [ThreadPlayer]];
    const lived = first.ticks.at(-1)! - first.ticks[started[0]! - 1]!;
    assert.ok(lived >= Math.floor(elapsedMs / 50) * 0.8, `${lived} ticks in ${elapsedMs} ms`);
    await until(() => players.every(({ observer }) => observer!.isEqual), "digests agree");
    // A gateway that is late tells several ticks in one frame; none is lived twice, and none is waited for.
    for (const [index, player] of players.entries()) {
      const ticks = player.ticks.slice(started[index]);
      const steps = ticks.slice(1).map((tick, at) => tick - ticks[at]!);
      assert.ok(Math.min(...steps) >= 1 && Math.max(...steps) <= 4, ticks.join(" "));
      assert.equal(player.closed, undefined);
      assert.deepEqual(player.notices, []);
      assert.equal(player.mismatches, 0);
    }
    assert.equal(await running.metric("myriad_zone_moves_total"), 4);
    assert.equal(await running.metric("myriad_rejoins_total"), 0);
  });
});

suite("a zone whose worker", () => {
  /** Lets something end the worker of zone 0 and waits until everybody plays again. */
  async function survive(
    end: (culprit: ThreadPlayer) => void,
    silentMsMax: number,
    note: (words: string) => void,
  ): Promise<void> {
    const players = await crowd(8);
    assert.deepEqual([...zonesOf(players)], [0]);
    // A checkpoint is taken half a second after the beginning, and saves every half second.
    await rest(700);
    const [culprit, writer] = players as [ThreadPlayer, ThreadPlayer];
    const startMs = performance.now();
    end(culprit);
    await until(() => players.every(({ notices }) => notices.includes("zone_restored")), "they are told");
    const restoredMs = performance.now() - startMs;
    const frames = players.map((player) => player.frames);
    await until(
      () => players.every((player, index) => player.frames > frames[index]! + 5),
      "they play again",
    );
    const playingMs = performance.now() - startMs;
    note(`restored after ${Math.round(restoredMs)} ms, playing after ${Math.round(playingMs)} ms`);
    assert.ok(playingMs < silentMsMax, `${playingMs} ms`);
    for (const player of players) assert.equal(player.closed, undefined);
    // The world takes intents again, and is the same for everybody.
    writer.intend(Write, { to: culprit.name, text: "still here" });
    await until(() => culprit.facts.some(({ value }) => value["text"] === "still here"), "it is heard");
    await until(() => players.every(({ observer }) => observer!.isEqual), "digests agree");
    await until(() => running.realm.threads!.places().every((place) => place >= 0), "all zones run");
    assert.equal((await fetch(`${running.realm.url}/readyz`)).status, 200);
  }

  test("hangs is noticed within 2 s and comes back from its checkpoint, and no player is lost", async (t) => {
    await survive(
      (culprit) => culprit.intend(Hang, {}),
      5000,
      (words) => t.diagnostic(words),
    );
    assert.equal(await running.metric("myriad_threads_lost_total"), 1);
    assert.ok((await running.metric("myriad_zone_restores_total")) >= 1);
  });

  test("dies comes back at once, and no player is lost", async (t) => {
    await survive(
      (culprit) => culprit.intend(Die, {}),
      4000,
      (words) => t.diagnostic(words),
    );
    assert.equal(await running.metric("myriad_threads_lost_total"), 2);
  });

  test("goes on without it, because an assertion failed in the zone, comes back on the same worker", async (t) => {
    await survive(
      (culprit) => culprit.intend(Fail, {}),
      4000,
      (words) => t.diagnostic(words),
    );
    assert.equal(await running.metric("myriad_threads_lost_total"), 2);
  });
});

suite("a gateway that dies", () => {
  test("is replaced, and its players log in again; those at the other one notice nothing", async () => {
    const here = await running.joinAt(0);
    const there = await running.joinAt(1);
    const lost = await running.metric("myriad_threads_lost_total");
    writeFileSync(running.gatewayEnds, "");
    const culprit = running.newPlayer();
    const joined = culprit.join().catch(() => {});
    await until(() => here.closed !== undefined || there.closed !== undefined, "a gateway is gone");
    await joined;
    const [gone, stays] = here.closed === undefined ? [there, here] : [here, there];
    // Whoever comes back at once meets the other gateway, which has no such session.
    await gone.resume();
    assert.equal(gone.closed, "session_unknown");
    const { frames } = stays;
    await gone.join();
    assert.equal(gone.closed, undefined);
    await until(() => gone.frames > 5 && stays.frames > frames + 5, "both play");
    assert.equal(stays.closed, undefined);
    const index = gone.gateway === stays.gateway ? 1 - stays.gateway : gone.gateway;
    // The new one lets players in, and zones let go whom the old one had.
    const next = await until(async () => {
      const player = await running
        .newPlayer()
        .join()
        .catch(() => undefined);
      return player?.closed === undefined && player?.gateway === index;
    }, "the new gateway serves").then(() => running.players.at(-1)!);
    assert.equal(next.closed, undefined);
    await until(
      async () => (await running.metric("myriad_players")) === running.playing,
      "nobody is left over",
    );
    assert.equal(await running.metric("myriad_threads_lost_total"), lost + 1);
  });
});
