import assert from "node:assert/strict";
import { test } from "node:test";
import {
  angle,
  bool,
  critical,
  defineSchema,
  entity,
  entityRef,
  type EntityRef,
  fact,
  intent,
  noEntity,
  number,
  position,
  saved,
  self,
  server,
  text,
  uint,
  zoneOf,
} from "@myriad/protocol";
import fc from "fast-check";
import {
  defineModule,
  defineRealm,
  every,
  message,
  on,
  onMessage,
  onReply,
  onTimer,
  reply,
  state,
  timer,
} from "../../packages/server/src/zone/definitions.ts";
import { ZoneCore } from "../../packages/server/src/zone/zone-core.ts";
import { encodeInputs, decodeInputs, type TickInputs } from "../../packages/server/src/zone/inputs.ts";
import { createLab, type Lab } from "./lab.ts";

const Player = entity(
  "player",
  {
    position: critical(position()),
    heading: critical(angle(8)),
    hits: saved(self(uint(16))),
    velocityX: server(number()),
    velocityY: server(number()),
    target: server(entityRef()),
  },
  { wakes: true },
);
const Rock = entity("rock", { position: critical(position()), pushedBy: server(entityRef()) });
const Push = intent("push", { x: angle(8), y: bool(), target: entityRef() });
const Hit = intent("hit", { target: entityRef() });
const Note = fact("note", { text: text(40) });
const schema = defineSchema({
  name: "mini",
  version: "1",
  entities: [Player, Rock],
  intents: [Push, Hit],
  facts: [Note],
});
const fade = timer("mini.fade", { reason: text(20) });
const Struck = message("mini.struck", { by: entityRef(), power: uint(8) });
const Thanks = message("mini.thanks", { from: entityRef() });
const minted = reply("mini.minted", { place: uint(8) });
const weather = state("mini.weather", { wind: number(), last: entityRef() });

const mini = defineModule({
  name: "mini",
  entities: [Player, Rock],
  states: [weather],
  intents: [
    on(Push, (zone, actor, { x, y, target }) => {
      const players = zone.table(Player);
      const row = players.row(actor);
      players.columns.velocityX[row] = x * 4 - 12;
      players.columns.velocityY[row] = y ? 10 : -10;
      players.columns.target[row] = target;
      zone.state(weather).last[0] = actor;
      if (x < 1) zone.after(5, fade, { reason: "tired" }, actor);
    }),
    on(Hit, (zone, actor, { target }) => zone.send(target, Struck, { by: actor, power: 3 })),
  ],
  messages: [
    onMessage(Struck, (zone, target, { by, power }) => {
      const players = zone.table(Player);
      const row = players.row(target);
      if (row >= 0) players.columns.hits[row]! += power;
      zone.send(by, Thanks, { from: target });
      zone.tell(target, Note, { text: "ouch" });
    }),
    onMessage(Thanks, (zone, target) => zone.tell(target, Note, { text: "thanks" })),
  ],
  replies: [
    onReply(minted, (zone, owner, { place }, outcome) =>
      zone.tell(owner, Note, { text: `${outcome.status} ${place}` }),
    ),
  ],
  timers: [
    onTimer(fade, (zone, owner, { reason }) => {
      const row = zone.table(Player).row(owner);
      zone.table(Player).columns.velocityX[row] = 0;
      zone.tell(owner, Note, { text: reason });
    }),
  ],
  systems: [
    every(
      0,
      function drift(zone) {
        const { columns: c } = zone.table(Player);
        const players = zone.table(Player);
        for (let row = players.next(-1); row >= 0; row = players.next(row)) {
          c.position.x[row] = Math.min(
            395,
            Math.max(5, c.position.x[row]! + c.velocityX[row]! * zone.secondsPerTick),
          );
          c.position.y[row] = Math.min(
            195,
            Math.max(5, c.position.y[row]! + c.velocityY[row]! * zone.secondsPerTick),
          );
        }
      },
      { moves: true },
    ),
    every(250, function weatherTurns(zone) {
      zone.state(weather).wind[0] = zone.random.float();
      const found = new Float64Array(8);
      const { x, y } = zone.bounds;
      if (zone.radius(x + 100, y + 100, 80, found) > 3)
        zone.spawn(Rock, { position: { x: x + 50, y: y + 50 }, pushedBy: found[0]! });
    }),
  ],
  populate: (zone) => {
    for (let i = 0; i < 5; i++) zone.spawn(Rock, { position: { x: zone.bounds.x + i * 20, y: 100 } });
  },
});

const realm = defineRealm({
  name: "mini",
  schema,
  modules: [mini],
  player: Player,
  zones: (count) =>
    Array.from({ length: count }, (_, i) => ({
      name: `z${i}`,
      bounds: { x: i * 200, y: 0, width: 200, height: 200 },
    })),
  spawnPoint: (_, chance) => ({ zone: 0, x: 50 + chance * 100, y: 100 }),
  characterSchemaVersion: 1,
});

async function lively(
  lab: Lab,
  steps: readonly { who: number; x: number; y: boolean; ticks: number }[],
  each?: () => void,
) {
  const players = [await lab.join("Ada"), await lab.join("Ben"), await lab.join("Cyd")];
  for (const step of steps) {
    const player = players[step.who]!;
    const other = players[(step.who + 1) % 3]!;
    lab.intent(player, Push, { x: step.x, y: step.y, target: lab.refOf(other) });
    lab.intent(player, Hit, { target: lab.refOf(other) });
    await lab.run(step.ticks);
    each?.();
  }
  return players;
}

const steps = fc.array(
  fc.record({
    who: fc.integer({ min: 0, max: 2 }),
    x: fc.double({ min: 0, max: 6, noNaN: true }),
    y: fc.boolean(),
    ticks: fc.integer({ min: 1, max: 12 }),
  }),
  { minLength: 1, maxLength: 12 },
);

test("the same inputs twice give the same world hashes", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const first = await createLab({ realm, zones: 2 });
      const second = await createLab({ realm, zones: 2 });
      await lively(first, script);
      await lively(second, script);
      assert.deepEqual(first.hashes(), second.hashes());
    }),
    { numRuns: 15 },
  );
});

test("a zone restored from any tick runs on hash-equal", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 0, max: 60 }), async (script, cut) => {
      const recorded: { tick: number; inputs: Uint8Array }[] = [];
      const lab = await createLab({ realm, zones: 2 });
      const host = lab.hosts[0]!;
      const { options } = host.core;
      const original = host.core.takeIn.bind(host.core);
      let checkpoint: Uint8Array | undefined;
      const hashes = new Map<number, string>();
      host.core.takeIn = (inputs: TickInputs) => {
        hashes.set(host.core.tick, host.core.hash());
        if (checkpoint === undefined && host.core.tick >= cut) checkpoint = host.core.save();
        if (checkpoint !== undefined) recorded.push({ tick: host.core.tick, inputs: encodeInputs(inputs) });
        original(inputs);
      };
      await lively(lab, script);
      if (checkpoint === undefined) return;
      const copy = new ZoneCore(options);
      assert.equal(copy.restore(checkpoint), true);
      for (const { tick, inputs } of recorded) {
        assert.equal(copy.tick, tick);
        assert.equal(copy.hash(), hashes.get(tick), `hash at tick ${tick}, restored at ${cut}`);
        const decoded = decodeInputs(inputs);
        assert.ok(decoded.ok);
        copy.step(decoded.value);
      }
      assert.equal(copy.hash(), host.core.hash());
    }),
    { numRuns: 15 },
  );
});

test("a player walks over a border: one owner, same session, references follow, intents go on", async () => {
  const lab = await createLab({ realm, zones: 2 });
  const ada = await lab.join("Ada");
  const ben = await lab.join("Ben");
  lab.intent(ben, Push, { x: 3, y: false, target: lab.refOf(ada) });
  lab.intent(ada, Push, { x: 6, y: true, target: noEntity as EntityRef });
  await lab.run(1);
  lab.intent(ada, Push, { x: 6, y: true, target: noEntity as EntityRef });
  for (let i = 0; i < 60 && ada.zone === 0; i++) {
    lab.intent(ada, Push, { x: 6, y: true, target: noEntity as EntityRef });
    await lab.run(4);
  }
  assert.equal(ada.zone, 1);
  await lab.run(3);
  assert.equal(lab.hosts[0]!.players, 1);
  assert.equal(lab.hosts[1]!.players, 1);
  const players = lab.hosts[0]!.core.world.table(Player);
  const target = players.columns.target[players.row(lab.refOf(ben))]!;
  assert.equal(zoneOf(target), 1, "ben's target has its new name");
  assert.ok(players.row(target) >= 0, "and is seen as a ghost");
  ada.facts.length = 0;
  lab.intent(ben, Hit, { target });
  await lab.run(4);
  assert.deepEqual(
    lab
      .told(ada, Note)
      .map((note) => note.text)
      .filter((t) => t === "ouch"),
    ["ouch"],
  );
  assert.ok(lab.told(ben, Note).some((note) => note.text === "thanks"));
});

test("a leaving player is saved and comes back with what was saved", async () => {
  const lab = await createLab({ realm });
  const ada = await lab.join("Ada");
  const ben = await lab.join("Ben");
  lab.intent(ben, Hit, { target: lab.refOf(ada) });
  await lab.run(2);
  lab.leave(ada);
  await lab.runUntil(() => ada.ended !== undefined);
  assert.equal(ada.ended, "left");
  const again = await lab.join("Ada");
  const players = lab.hosts[0]!.core.world.table(Player);
  assert.equal(players.columns.hits[players.row(lab.refOf(again))], 3);
});
