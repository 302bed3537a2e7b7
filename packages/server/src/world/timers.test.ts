import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteReader, ByteWriter, entityRef, text, uint } from "@myriad/protocol";
import fc from "fast-check";
import { AssertionFailed } from "../kernel/assert.ts";
import { type Timer, Timers, timersMax, type TimerType } from "./timers.ts";

const Ring: TimerType = { name: "test.ring", fields: { words: text(20), who: entityRef() } };
const Tick: TimerType = { name: "test.tick", fields: { count: uint(8) } };
const types = [Ring, Tick];
const argsOf = (type: TimerType, n: number) => (type === Ring ? { words: `w${n}`, who: n } : { count: n });

type Step =
  | { do: "set"; due: number; type: TimerType; owner: number }
  | { do: "take"; tick: number }
  | { do: "remove"; owner: number; type: TimerType | undefined }
  | { do: "restore" };
const due = fc.nat(12);
const owner = fc.constantFrom(0, 0, 7, 8, 9);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(due, fc.constantFrom(...types), owner)
      .map(([at, type, of]): Step => ({ do: "set", due: at, type, owner: of })),
  },
  { weight: 3, arbitrary: due.map((tick): Step => ({ do: "take", tick })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(owner, fc.constantFrom(undefined, ...types))
      .map(([of, type]): Step => ({ do: "remove", owner: of, type })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "restore" }) },
);

const said = ({ dueTick, type, owner: of, args }: Omit<Timer, "order">) => ({
  dueTick,
  type: type.name,
  owner: of,
  args,
});

function bytesOf(timers: Timers): Uint8Array {
  const writer = new ByteWriter();
  timers.save(writer);
  return writer.copy();
}

describe("timers", () => {
  test("do what a sorted list would do, before and after a restore", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        let timers = new Timers(types);
        let model: Timer[] = [];
        let order = 1;
        for (const given of steps) {
          switch (given.do) {
            case "set": {
              const args = argsOf(given.type, order);
              timers.set(given.due, given.type, args, given.owner);
              model.push({ dueTick: given.due, order, type: given.type, owner: given.owner, args });
              model.sort((a, b) => a.dueTick - b.dueTick || a.order - b.order);
              order++;
              break;
            }
            case "take": {
              for (;;) {
                const taken = timers.take(given.tick);
                const first: Timer | undefined = model[0];
                const expected: Timer | undefined =
                  first !== undefined && first.dueTick <= given.tick ? model.shift() : undefined;
                assert.deepEqual(taken && said(taken), expected && said(expected));
                if (taken === undefined) break;
              }
              break;
            }
            case "remove": {
              const isMeant = (timer: Timer) =>
                timer.owner === given.owner && (given.type === undefined || timer.type === given.type);
              const removed = timers.removeOwned(given.owner, given.type);
              assert.deepEqual(removed.map(said), model.filter(isMeant).map(said));
              model = model.filter((timer) => !isMeant(timer));
              break;
            }
            case "restore": {
              const bytes = bytesOf(timers);
              timers = new Timers(types);
              const reader = new ByteReader(bytes);
              assert.equal(timers.restore(reader), true);
              assert.equal(reader.remaining, 0);
              assert.deepEqual(bytesOf(timers), bytes);
            }
          }
          assert.equal(timers.count, model.length);
          assert.equal(timers.nextTick, model[0]?.dueTick ?? Number.POSITIVE_INFINITY);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("that no module declares are a bug to set, and dropped from a checkpoint", () => {
    const timers = new Timers(types);
    assert.throws(() => timers.set(1, { name: "test.other", fields: {} }, {}), AssertionFailed);
    assert.throws(() => timers.set(1, { ...Ring }, { words: "", who: 0 }), AssertionFailed);
    timers.set(3, Ring, { words: "x", who: 0 });
    timers.set(1, Tick, { count: 1 });
    const fewer = new Timers([Ring]);
    assert.equal(fewer.restore(new ByteReader(bytesOf(timers))), true);
    assert.deepEqual([fewer.count, fewer.nextTick], [1, 3]);
  });

  test("whose fields changed since the checkpoint, or whose bytes are cut, are refused", () => {
    const timers = new Timers(types);
    timers.set(3, Ring, { words: "x", who: 1 });
    timers.set(3, Tick, { count: 1 });
    const bytes = bytesOf(timers);
    const changed = new Timers([{ name: Ring.name, fields: { who: entityRef() } }, Tick]);
    assert.equal(changed.restore(new ByteReader(bytes)), false);
    for (let length = 0; length < bytes.length; length++)
      assert.equal(new Timers(types).restore(new ByteReader(bytes, 0, length)), false);
  });

  test("have the references in their arguments renamed, and nothing else", () => {
    const timers = new Timers(types);
    timers.set(1, Ring, { words: "x", who: 7 }, 7);
    timers.set(1, Tick, { count: 7 });
    timers.mapRefs((ref) => (ref === 7 ? 70 : ref));
    assert.deepEqual(said(timers.take(1)!), {
      dueTick: 1,
      type: Ring.name,
      owner: 7,
      args: { words: "x", who: 70 },
    });
    assert.deepEqual(timers.take(1)!.args, { count: 7 });
  });

  test("have a limit, and so have their arguments", () => {
    const timers = new Timers(types);
    for (let i = 0; i < timersMax; i++) timers.set(i, Tick, { count: 1 });
    assert.throws(() => timers.set(1, Tick, { count: 1 }), AssertionFailed);
    const wordy = new Timers(types);
    wordy.set(1, Ring, { words: "x".repeat(70_000), who: 0 });
    assert.throws(() => bytesOf(wordy), AssertionFailed);
  });
});
