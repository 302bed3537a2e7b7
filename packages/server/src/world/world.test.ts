import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  bool,
  boundedList,
  boundedMap,
  ByteReader,
  ByteWriter,
  critical,
  defineSchema,
  entity,
  entityRef,
  type EntityRef,
  fixedArray,
  idRestTicks,
  metadata,
  noEntity,
  number,
  oneOf,
  packRef,
  position,
  server,
  text,
  wireRef,
} from "@myriad/protocol";
import fc from "fast-check";
import { AssertionFailed } from "../kernel/assert.ts";
import { hash64 } from "../kernel/hash.ts";
import { state, timer } from "../zone/definitions.ts";
import { World } from "./world.ts";

const Walker = entity("walker", {
  position: critical(position()),
  isHot: critical(bool()),
  mood: critical(oneOf("calm", "angry")),
  name: metadata(text(16)),
  target: server(entityRef()),
  friends: server(boundedList(entityRef(), 4)),
});
const Memo = entity("memo", { about: server(entityRef()), words: server(text(10)) });
const weather = state("weather", {
  wind: number(),
  place: position(),
  name: text(12),
  hot: fixedArray(number(), 2),
  queue: boundedList(entityRef(), 3),
  scores: boundedMap(entityRef(), number(), 3),
});
const Later = timer("later", { who: entityRef() });
const schema = defineSchema({ name: "w", version: "1", entities: [Walker, Memo], intents: [], facts: [] });
const bounds = { x: 0, y: 0, width: 200, height: 200 };
const zone = 3;

function make(rows = 8): World {
  return new World({
    zone,
    bounds,
    tickRateHz: 20,
    schema,
    seed: 11,
    timers: [Later as never],
    states: [weather],
    rowsMax: { walker: rows, memo: 4 },
  });
}

function saved(world: World): Uint8Array {
  const writer = new ByteWriter();
  world.save(writer);
  return writer.copy();
}

function restored(bytes: Uint8Array, world = make()): World | undefined {
  const reader = new ByteReader(bytes);
  return world.restore(reader) && reader.remaining === 0 ? world : undefined;
}

function near(world: World, x: number, y: number, radius: number): number[] {
  const out = new Float64Array(32);
  return [...out.subarray(0, world.spatial.radius(x, y, radius, out, out.length))];
}

type Step =
  | { do: "spawn"; x: number; y: number }
  | { do: "despawn"; which: number }
  | { do: "move"; which: number; x: number; y: number }
  | { do: "ghost"; id: number; x: number; y: number }
  | { do: "timer"; which: number; ticks: number }
  | { do: "tick"; ticks: number }
  | { do: "restore" };
const coordinate = fc.integer({ min: -20, max: 220 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(coordinate, coordinate).map(([x, y]): Step => ({ do: "spawn", x, y })),
  fc.nat(9).map((which): Step => ({ do: "despawn", which })),
  fc.tuple(fc.nat(9), coordinate, coordinate).map(([which, x, y]): Step => ({ do: "move", which, x, y })),
  fc.tuple(fc.nat(3), coordinate, coordinate).map(([id, x, y]): Step => ({ do: "ghost", id, x, y })),
  fc.tuple(fc.nat(9), fc.nat(9)).map(([which, ticks]): Step => ({ do: "timer", which, ticks })),
  fc.constantFrom(1, idRestTicks).map((ticks): Step => ({ do: "tick", ticks })),
  fc.constant<Step>({ do: "restore" }),
);

describe("a world", () => {
  test("does what a list of entities would do, found by queries where it was last refreshed", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let world = make();
        /** Everything that lives, with where it stands and where queries find it. */
        const model = new Map<
          EntityRef,
          { x: number; y: number; foundX: number; foundY: number; timers: number }
        >();
        const pick = (which: number) => [...model.keys()].sort((a, b) => a - b)[which];
        for (const given of steps) {
          switch (given.do) {
            case "spawn": {
              const { x, y } = given;
              const ref = world.spawn(Walker, {
                position: { x, y },
                name: `at ${x}`,
                isHot: true,
                mood: "angry",
              });
              if (ref === noEntity) break;
              assert.ok(!model.has(ref));
              model.set(ref, { x, y, foundX: x, foundY: y, timers: 0 });
              const { columns } = world.table(Walker);
              const row = world.table(Walker).row(ref);
              assert.deepEqual([columns.name[row], columns.isHot[row], columns.mood[row]], [`at ${x}`, 1, 1]);
              break;
            }
            case "ghost": {
              const ref = wireRef(zone + 1, given.id);
              if (model.has(ref)) break;
              const table = world.tables[0]!;
              const row = table.takeGhost(ref, world.tick);
              if (row < 0) break;
              const { columns } = world.table(Walker);
              columns.position.x[row] = given.x;
              columns.position.y[row] = given.y;
              world.index(table, row);
              model.set(ref, { x: given.x, y: given.y, foundX: given.x, foundY: given.y, timers: 0 });
              break;
            }
            case "despawn": {
              const ref = pick(given.which);
              if (ref === undefined) break;
              const owned = world.owns(ref);
              assert.equal(world.despawn(ref), owned);
              assert.equal(world.despawn(owned ? ref : noEntity), false);
              if (owned) model.delete(ref);
              break;
            }
            case "move": {
              const ref = pick(given.which);
              if (ref === undefined) break;
              const row = world.table(Walker).row(ref);
              world.table(Walker).columns.position.x[row] = given.x;
              world.table(Walker).columns.position.y[row] = given.y;
              Object.assign(model.get(ref)!, { x: given.x, y: given.y });
              break;
            }
            case "timer": {
              const ref = pick(given.which);
              if (ref === undefined || !world.owns(ref)) break;
              world.timers.set(world.tick + given.ticks, Later as never, { who: ref }, ref);
              model.get(ref)!.timers++;
              break;
            }
            case "tick": {
              world.tick += given.ticks;
              world.refreshIndex();
              for (const at of model.values()) Object.assign(at, { foundX: at.x, foundY: at.y });
              break;
            }
            case "restore": {
              const bytes = saved(world);
              const copy = restored(bytes);
              assert.ok(copy !== undefined);
              assert.deepEqual(saved(copy), bytes);
              assert.equal(copy.random.next(), world.random.next());
              world = copy;
              // A new index knows where everybody stands now.
              for (const at of model.values()) Object.assign(at, { foundX: at.x, foundY: at.y });
            }
          }
          const refs = [...model.keys()].sort((a, b) => a - b);
          assert.equal(
            world.timers.count,
            [...model.values()].reduce((sum, { timers }) => sum + timers, 0),
          );
          for (const [x, y] of [
            [50, 50],
            [190, 190],
          ] as const) {
            const expected = refs.filter((ref) => {
              const at = model.get(ref)!;
              return (at.foundX - x) ** 2 + (at.foundY - y) ** 2 <= 60 ** 2;
            });
            assert.deepEqual(near(world, x, y, 60), expected);
          }
        }
      }),
      { numRuns: 120 },
    );
  });

  test("knows its own references, with and without generation, and its ghosts", () => {
    const world = make();
    const ref = world.spawn(Walker, {});
    const ghost = wireRef(zone + 1, 7);
    world.tables[0]!.takeGhost(ghost, 0);
    assert.deepEqual([world.owns(ref), world.owns(ghost), world.owns(noEntity)], [true, false, false]);
    assert.equal(world.resolve(wireRef(zone, ref & 0xffffff)), ref);
    assert.equal(world.resolve(ghost), ghost);
    assert.equal(world.resolve(noEntity), noEntity);
    assert.equal(world.resolve(wireRef(zone, 0xff0000)), noEntity);
    assert.equal(world.resolve(wireRef(zone + 2, 7)), noEntity);
    // What another zone says: own ones get their generation, others lose theirs.
    assert.equal(world.localName(wireRef(zone, ref & 0xffffff)), ref);
    assert.equal(world.localName(packRef(zone + 1, 9, 0, 7)), ghost);
    assert.equal(world.localName(noEntity), noEntity);
    world.despawn(ref);
    assert.equal(world.localName(wireRef(zone, ref & 0xffffff)), noEntity);
  });

  test("renames a reference wherever state holds it", () => {
    const world = make();
    const [from, to] = [wireRef(9, 1), wireRef(8, 2)];
    const walkers = world.table(Walker);
    const walker = walkers.row(world.spawn(Walker, { target: from }));
    walkers.columns.friends.push(walker, from);
    const ghost = world.tables[0]!.takeGhost(wireRef(zone + 1, 7), 0);
    walkers.columns.target[ghost] = from;
    const memo = world.table(Memo).row(world.spawn(Memo, { about: from, words: "hm" }));
    const sky = world.state(weather);
    sky.queue.push(0, from);
    sky.scores.set(0, from, from);
    world.timers.set(5, Later as never, { who: from });
    world.rename(from, to);
    assert.deepEqual(
      [
        walkers.columns.target[walker],
        walkers.columns.friends.at(walker, 0),
        walkers.columns.target[ghost],
        world.table(Memo).columns.about[memo],
        sky.queue.at(0, 0),
        sky.scores.keyAt(0, 0),
        sky.scores.valueAt(0, 0),
        world.timers.take(5)!.args["who"],
      ],
      [to, to, to, to, to, to, from, to],
    );
  });

  test("is full when its table is, and says so with no entity", () => {
    const world = make(2);
    assert.notEqual(world.spawn(Walker, {}), noEntity);
    assert.notEqual(world.spawn(Walker, {}), noEntity);
    assert.equal(world.spawn(Walker, {}), noEntity);
  });

  test("refuses bugs of game code: unknown kinds, states and fields, containers in a spawn", () => {
    const world = make();
    assert.throws(() => world.table(entity("ghost", {})), AssertionFailed);
    assert.throws(() => world.state(state("tides", {})), AssertionFailed);
    assert.throws(() => world.spawn(Walker, { size: 1 } as never), AssertionFailed);
    assert.throws(() => world.spawn(Walker, { friends: [] } as never), AssertionFailed);
    assert.throws(() => world.spawn(Walker, { position: { x: Number.NaN, y: 0 } }), AssertionFailed);
    assert.equal(world.despawn(packRef(zone, 1, 200, 0)), false);
  });
});

describe("a restored world", () => {
  function lively(): World {
    const world = make();
    world.tick = 77;
    for (let i = 0; i < 5; i++) world.spawn(Walker, { position: { x: i, y: 1 / 3 }, name: `w${i}` });
    world.despawn(packRef(zone, 1, 0, 2));
    world.spawn(Memo, { words: "memo" });
    world.timers.set(99, Later as never, { who: 5 });
    const sky = world.state(weather);
    sky.wind[0] = 0.1;
    sky.place.x[0] = -4;
    sky.name[0] = "storm";
    sky.hot.values.set([1, 2]);
    sky.queue.push(0, 3);
    sky.scores.set(0, 4, 5);
    return world;
  }

  test("has its zone-wide state again, of every type", () => {
    const world = lively();
    const copy = restored(saved(world))!;
    assert.deepEqual(hash64(saved(copy)), hash64(saved(world)));
    const sky = copy.state(weather);
    assert.deepEqual(
      [
        sky.wind[0],
        sky.place.x[0],
        sky.name[0],
        [...sky.hot.values],
        sky.queue.at(0, 0),
        sky.scores.get(0, 4),
      ],
      [0.1, -4, "storm", [1, 2], 3, 5],
    );
  });

  test("may know fewer or more fields than the one that was saved, and must know its kinds", () => {
    const bytes = saved(lively());
    const options = { zone, bounds, tickRateHz: 20, seed: 11, timers: [Later as never], states: [weather] };
    const other = (entities: Parameters<typeof defineSchema>[0]["entities"], states = [weather]) =>
      restored(
        bytes,
        new World({
          ...options,
          states: states as never,
          schema: defineSchema({ name: "w", version: "2", entities, intents: [], facts: [] }),
          rowsMax: { walker: 8, memo: 4 },
        }),
      );
    const Taller = entity("walker", { position: critical(position()), height: server(number()) });
    const world = other([Taller, Memo])!;
    assert.deepEqual(
      [world.table(Taller).columns.position.x[4], world.table(Taller).columns.height[4]],
      [4, 0],
    );
    assert.equal(other([Walker]), undefined);
    assert.equal(other([Walker, Memo], []), undefined);
  });

  test("is refused when its bytes are cut, and never throws for those that are broken", () => {
    const bytes = saved(lively());
    for (let length = 0; length < bytes.length; length++)
      assert.equal(restored(bytes.subarray(0, length)), undefined, `${length}`);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const broken = bytes.slice();
          for (const [at, byte] of changes) broken[at] = byte;
          const world = restored(broken);
          if (world === undefined) return;
          world.refreshIndex();
          near(world, 0, 0, 10);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("is refused when a kind stands twice or somebody stands nowhere", () => {
    const twice = new ByteWriter();
    const world = make();
    world.spawn(Walker, { position: { x: 1, y: 1 } });
    twice.f64(0);
    for (const word of world.random.save()) twice.u32(word);
    world.timers.save(twice);
    twice.v(2);
    world.tables[0]!.save(twice);
    world.tables[0]!.save(twice);
    twice.v(0);
    assert.equal(restored(twice.copy()), undefined);
    world.table(Walker).columns.position.y[0] = Number.NaN;
    assert.equal(restored(saved(world)), undefined);
  });
});
