import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  decodeRecord,
  decodeServerText,
  describe as describeSchema,
  encodeHello,
  wireRef,
} from "@myriad/protocol";
import { Behaviour } from "./behaviour.ts";
import { FakeRealm, fakeSchema } from "./fake-realm.ts";
import { type Game, learnGame } from "./game.ts";
import type { Square } from "./place.ts";
import { Roster } from "./roster.ts";
import { Sightings } from "./sightings.ts";
import { type Mix, type Persona, personas } from "./options.ts";
import { beatMs } from "./limits.ts";

function learnFake(intents = fakeSchema.intents.map(({ name }) => name) as readonly string[]): Game {
  const realm = new FakeRealm();
  let game: Game | undefined;
  const send = (bytes: Uint8Array) => {
    const text = decodeServerText(bytes);
    assert.ok(text.ok && text.value.kind === "welcome");
    const { welcome } = text.value;
    const descriptor = describeSchema(fakeSchema);
    const known = descriptor.intents.filter(({ name }) => intents.includes(name));
    const learnt = learnGame({ ...welcome, schema: { ...descriptor, intents: known } });
    assert.ok(learnt.ok);
    game = learnt.game;
  };
  const connection = realm.join({ name: "x" }, { send, close: () => {} }, () => 0);
  const hello = {
    formatVersion: 1,
    schemaHash: "0".repeat(16),
    wantsDigests: false,
    lastFact: 0,
    client: "",
  };
  connection.message(encodeHello(hello));
  assert.ok(game);
  return game;
}

function only(persona: Persona): Mix {
  return { walk: 0, fight: 0, chat: 0, [persona]: 1 };
}

/** Players of one persona in a world where everyone walks 5 m/s in the direction that was asked for. */
function play(persona: Persona, options: { players?: number; game?: Game; square?: Square } = {}) {
  const { players = 1, game = learnFake() } = options;
  const roster = new Roster({ players, mix: only(persona), seed: 3 });
  const sightings = new Sightings();
  const behaviour = new Behaviour(roster, sightings, options.square);
  for (let player = 0; player < players; player++) {
    roster.x[player] = 100;
    roster.y[player] = 100;
  }
  let nowMs = 0;
  const wishes: { name: string; value: Record<string, unknown>; player: number; nowMs: number }[] = [];
  const beat = (isWalking = true) => {
    nowMs += beatMs;
    for (let player = 0; player < players; player++) {
      const wish = behaviour.wish(player, nowMs, game);
      if (wish === undefined) continue;
      const intents = Object.entries(game.intents);
      const [name, intent] = intents.find(([, known]) => known?.type === wish.type)!;
      const decoded = decodeRecord(intent!.fields, wish.record);
      assert.ok(decoded.ok, name);
      const value: Record<string, unknown> = decoded.value;
      wishes.push({ name, value, player, nowMs });
      if (name !== "move" || value["moving"] !== true || !isWalking) continue;
      roster.x[player]! += 5 * (beatMs / 1000) * Math.cos(value["direction"] as number);
      roster.y[player]! += 5 * (beatMs / 1000) * Math.sin(value["direction"] as number);
    }
  };
  const see = (...seen: { ref: number; x: number; y: number; isThing: boolean }[]) => {
    sightings.creatures.length = 0;
    sightings.things.length = 0;
    for (const sighting of seen) {
      (sighting.isThing ? sightings.things : sightings.creatures).push(sighting);
    }
    sightings.find = (ref) => seen.find((sighting) => sighting.ref === ref);
  };
  const named = (name: string) => wishes.filter((wish) => wish.name === name);
  return { roster, wishes, named, beat, see, minute: () => Array.from({ length: 250 }, () => beat()) };
}

describe("Behaviour", () => {
  it("walks as a person: with turns and pauses, mostly near, now and then across a border, always in the world", () => {
    const { roster, named, beat } = play("walk", { players: 40 });
    let farthest = 0;
    let across = 0;
    for (let i = 0; i < 1000; i++) {
      beat();
      farthest = Math.max(farthest, ...roster.x.map((x) => Math.abs(x - 100)));
      across += roster.x.filter((x) => x > 200).length;
      assert.ok(roster.x.every((x) => x > -5 && x < 405));
      assert.ok(roster.y.every((y) => y > -5 && y < 205));
    }
    const moves = named("move");
    assert.equal(moves.length, 40_000);
    const pauses = moves.filter(({ value }) => value["moving"] === false).length;
    assert.ok(pauses > 2000 && pauses < 30_000, `${pauses} pauses`);
    assert.ok(farthest > 150);
    assert.ok(across > 1000, `${across} beats beyond the border`);
  });

  it("stays in its square and moves all over it, whoever it is and whatever tempts it", () => {
    for (const persona of personas) {
      const square = { x: 100, y: 100, sideM: 40 };
      const { roster, beat, see, named } = play(persona, { players: 30, square });
      see(
        { ref: wireRef(0, 0x10005), x: 130, y: 100, isThing: false },
        { ref: wireRef(0, 0x10006), x: 110, y: 110, isThing: false },
      );
      const seen = { west: false, north: false };
      for (let i = 0; i < 500; i++) {
        beat();
        assert.ok(
          roster.x.every((x) => Math.abs(x - 100) < 22) && roster.y.every((y) => Math.abs(y - 100) < 22),
        );
        seen.west ||= roster.x.some((x) => x < 85);
        seen.north ||= roster.y.some((y) => y < 85);
      }
      if (persona !== "fight") assert.deepEqual(seen, { west: true, north: true });
      const targets = new Set(named("attack").map(({ value }) => value["target"]));
      assert.deepEqual([...targets], persona === "fight" ? [wireRef(0, 0x10006)] : []);
    }
  });

  it("takes any direction before its place is known", () => {
    const { roster, named, beat } = play("walk", { players: 3 });
    roster.x.fill(Number.NaN);
    roster.y.fill(Number.NaN);
    beat();
    assert.ok(named("move").every(({ value }) => value["moving"] === true));
    assert.equal(new Set(named("move").map(({ value }) => value["direction"])).size, 3);
  });

  it("finds its way through the gates of a wall that it knows nothing of", () => {
    const { roster, beat } = play("walk", { players: 60 });
    // A ring of 30 m around the start with four gates of 8 m; whoever runs against it slides along.
    const stop = (player: number) => {
      const dx = roster.x[player]! - 100;
      const dy = roster.y[player]! - 100;
      const far = Math.hypot(dx, dy);
      const gate = Math.min(Math.abs(dx), Math.abs(dy)) < 4;
      if (gate || Math.abs(far - 30) > 1) return;
      const keep = far < 30 ? 29 : 31;
      roster.x[player] = 100 + (dx / far) * keep;
      roster.y[player] = 100 + (dy / far) * keep;
    };
    let outside = 0;
    for (let i = 0; i < 400; i++) {
      beat();
      outside = 0;
      for (let player = 0; player < 60; player++) {
        stop(player);
        if (Math.hypot(roster.x[player]! - 100, roster.y[player]! - 100) > 31) outside++;
      }
    }
    assert.ok(outside > 25, `${outside} of 60 are outside`);
  });

  it("turns aside, further and further and at last to the other side, where there is no way", () => {
    const { roster, beat } = play("walk");
    const turns = new Set<number>();
    for (let i = 0; i < 200; i++) {
      beat(false);
      turns.add(Math.round(roster.detour[0]!));
    }
    assert.ok(turns.size >= 5 && [...turns].every((turn) => Math.abs(turn) <= 3), [...turns].join());
  });

  it("visits camps that others see", () => {
    const { roster, beat, see } = play("walk", { players: 30 });
    see({ ref: wireRef(1, 1), x: 350, y: 30, isThing: false });
    let visits = 0;
    for (let i = 0; i < 600; i++) {
      beat();
      visits += roster.x.filter((x, player) => Math.hypot(x - 350, roster.y[player]! - 30) < 3).length;
    }
    assert.ok(visits > 20, `${visits} visits`);
  });

  it("fights what is near, until nobody sees it any more", () => {
    const { roster, named, see, minute } = play("fight");
    const ref = wireRef(0, 0x10005);
    see({ ref, x: 130, y: 110, isThing: false }, { ref: wireRef(0, 0x10006), x: 390, y: 10, isThing: false });
    minute();
    const attacks = named("attack");
    assert.ok(attacks.length > 20 && attacks.length < 40, `${attacks.length} attacks`);
    assert.deepEqual(attacks[0]?.value, { target: ref, on: true });
    assert.ok(Math.hypot(roster.x[0]! - 130, roster.y[0]! - 110) < 2, "it stands beside its target");
    see();
    minute();
    assert.equal(named("attack").length, attacks.length);
  });

  it("fetches what lies near, with one try", () => {
    const { named, see, minute } = play("fight");
    see({ ref: wireRef(0, 0x20001), x: 108, y: 100, isThing: true });
    minute();
    const tries = named("pickUp");
    assert.deepEqual(tries[0]?.value, { loot: wireRef(0, 0x20001) });
    assert.ok(tries.length <= 30, `${tries.length} tries`);
  });

  it("talks, shows emotes and stays near", () => {
    const { roster, named, minute } = play("chat", { players: 20 });
    minute();
    const [said, toZone, shown] = [named("say"), named("zoneChat"), named("emote")].map(
      ({ length }) => length,
    );
    assert.ok(said! > 80 && said! < 200, `${said} lines`);
    assert.ok(toZone! > 0 && toZone! < 40, `${toZone} to the zone`);
    assert.ok(shown! > 20 && shown! < 100, `${shown} emotes`);
    assert.ok(named("emote").every(({ value }) => ["wave", "bow"].includes(value["emote"] as string)));
    assert.ok(roster.x.every((x) => Math.abs(x - 100) < 40));
  });

  it("asks to come back when it has fallen, and does nothing else", () => {
    for (const persona of personas) {
      const { roster, wishes, beat } = play(persona);
      roster.isFallen[0] = 1;
      for (let i = 0; i < 50; i++) beat();
      assert.ok(wishes.length >= 5 && wishes.length <= 7, `${wishes.length} wishes`);
      assert.ok(wishes.every(({ name }) => name === "comeBack"));
    }
  });

  it("skips what the game does not have", () => {
    const mute = play("chat", { game: learnFake(["move"]) });
    mute.minute();
    assert.ok(mute.wishes.every(({ name }) => name === "move"));
    const loud = play("chat", { game: learnFake(["zoneChat"]) });
    loud.minute();
    assert.ok(loud.wishes.length > 0 && loud.wishes.every(({ name }) => name === "zoneChat"));
    const still = play("fight", { game: learnFake([]) });
    still.see({ ref: wireRef(0, 0x10005), x: 101, y: 100, isThing: false });
    still.roster.isFallen[0] = 1;
    still.beat();
    still.roster.isFallen[0] = 0;
    still.minute();
    assert.equal(still.wishes.length, 0);
  });
});
