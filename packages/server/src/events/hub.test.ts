/** Tests of a zone's event hub: order, cancelling, isolation, batches, bounds, and the errors at start. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AssertionFailed, assert as zoneAssert } from "../kernel/assert.ts";
import { isMyriadError } from "../kernel/errors.ts";
import { coreEvents } from "./core-events.ts";
import type { HandlerProblem } from "./dispatcher.ts";
import { defineEvent, type EventControl, type EventType } from "./event-type.ts";
import { EventHub, type HubOptions } from "./hub.ts";
import { type Listener, listen } from "./listen.ts";

/** What handlers act on here: a log. */
type Log = unknown[];

const cancellable = { answer: "cancellable", delivery: "immediate", overflow: "critical" } as const;
const droppable = { answer: "observed", delivery: "batched", overflow: "droppable" } as const;
const Swing = defineEvent<{ force: number }>("combat.swing", cancellable);
const Parry = defineEvent<{ force: number }>("combat.parry", cancellable);
const Fell = defineEvent<{ victim: number }>("combat.fell", { ...droppable, overflow: "critical" });
const Noise = defineEvent<{ volume: number }>("combat.noise", droppable);
const emits: readonly EventType<unknown>[] = [Swing, Parry, Fell, Noise];

const tick = coreEvents["zone.tick"];

interface Given {
  readonly listeners?: readonly Listener<Log>[];
  readonly others?: HubOptions<Log>["modules"];
  readonly queueMax?: number;
}

/** A hub of one game: module combat with what is given, then others. */
function hubOf({ listeners = [], others = [], queueMax }: Given): {
  hub: EventHub<Log>;
  log: Log;
  problems: HandlerProblem[];
} {
  const problems: HandlerProblem[] = [];
  const hub = new EventHub<Log>({
    modules: [{ module: "combat", listeners, emits }, ...others],
    intents: [{ module: "combat", intents: ["attack", "block"] }],
    kinds: ["player", "wolf"],
    report: (problem) => void problems.push(problem),
    ...(queueMax === undefined ? {} : { queueMax }),
  });
  return { hub, log: [], problems };
}

describe("handlers", () => {
  test("run by priority, the higher first, then in order of registration across modules", () => {
    const priorities = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 12 });
    fc.assert(
      fc.property(priorities, priorities, (first, second) => {
        const handlers = (from: string, list: readonly number[]): Listener<Log>[] =>
          list.map((priority, at) =>
            listen("core", "zone.tick", (log) => void log.push([priority, from + at]), { priority }),
          );
        const { hub, log } = hubOf({
          listeners: handlers("a", first),
          others: [{ module: "other", listeners: handlers("b", second) }],
        });
        hub.emit(tick, log, { tick: 1 });
        const registered = [...first.map((p, at) => [p, `a${at}`]), ...second.map((p, at) => [p, `b${at}`])];
        assert.deepEqual(
          log,
          registered.sort(([a], [b]) => Number(b) - Number(a)),
        );
      }),
    );
  });

  test("are given the context and the very payload that was emitted", () => {
    const payload = { tick: 7 };
    const { hub, log } = hubOf({
      listeners: [listen("core", "zone.tick", (zone, event) => void zone.push(event))],
    });
    assert.equal(hub.emit(tick, log, payload), true);
    assert.equal(log[0], payload);
  });

  test("that throw are reported with their module, and the others still run", () => {
    const error = new Error("a mistake");
    const { hub, log, problems } = hubOf({
      listeners: [
        listen("core", "zone.tick", () => {
          throw error;
        }),
        listen("module", Swing, () => {
          throw error;
        }),
      ],
      others: [
        {
          module: "other",
          listeners: [
            listen("core", "zone.tick", (zone) => void zone.push("told")),
            listen("module", Swing, (_zone, swing) => void (swing.force = 1)),
          ],
        },
      ],
    });
    const swing = { force: 5 };
    assert.equal(hub.emit(tick, log, { tick: 1 }), true);
    assert.equal(hub.emit(Swing, log, swing), true);
    assert.deepEqual(log, ["told"]);
    assert.equal(swing.force, 1);
    assert.deepEqual(problems, [
      { module: "combat", event: "core:zone.tick", error },
      { module: "combat", event: "module:combat.swing", error },
    ]);
  });

  test("whose assertion fails end the zone: nothing is reported, nobody else runs", () => {
    const { hub, log, problems } = hubOf({
      listeners: [
        listen("core", "zone.tick", (zone) => void hub.emit(Swing, zone, { force: 1 })),
        listen("core", "zone.tick", (zone) => void zone.push("too late")),
        listen("module", Swing, () => zoneAssert(false, "a bug")),
      ],
    });
    assert.throws(() => hub.emit(tick, log, { tick: 1 }), AssertionFailed);
    assert.deepEqual([log, problems], [[], []]);
  });

  test("that raise each other's events in a circle fail an assertion before the stack is full", () => {
    let calls = 0;
    const { hub, log, problems } = hubOf({
      listeners: [
        listen("core", "zone.tick", (zone, event) => {
          calls += 1;
          hub.emit(tick, zone, event);
        }),
      ],
    });
    assert.throws(() => hub.emit(tick, log, { tick: 1 }), AssertionFailed);
    assert.equal(calls, 16);
    assert.deepEqual(problems, []);
  });
});

describe("a cancellable event", () => {
  test("may be changed, and the change holds for later handlers and for the emitter", () => {
    const { hub, log } = hubOf({
      listeners: [
        listen("module", Swing, (zone, swing) => void zone.push(swing.force), { priority: -1 }),
        listen("module", Swing, (_zone, swing) => void (swing.force *= 2)),
      ],
    });
    const swing = { force: 4 };
    assert.equal(hub.emit(Swing, log, swing), true);
    assert.deepEqual([swing.force, log], [8, [8]]);
  });

  test("ends at the handler that cancels it, and the next one begins anew", () => {
    const { hub, log } = hubOf({
      listeners: [
        listen("module", Swing, (zone, { force }, control) => {
          zone.push(force);
          if (force > 10) control.cancel();
        }),
        listen("module", Swing, (zone) => void zone.push("behind")),
      ],
    });
    assert.equal(hub.emit(Swing, log, { force: 11 }), false);
    assert.equal(hub.emit(Swing, log, { force: 9 }), true);
    assert.deepEqual(log, [11, 9, "behind"]);
  });

  test("stays cancelled when its handler throws after cancelling", () => {
    const { hub, log, problems } = hubOf({
      listeners: [
        listen("module", Swing, (_zone, _swing, control) => {
          control.cancel();
          throw new Error("a mistake");
        }),
      ],
    });
    assert.equal(hub.emit(Swing, log, { force: 1 }), false);
    assert.equal(problems.length, 1);
  });

  test("keeps its own answer when a handler raises another one", () => {
    for (const [outer, inner] of [
      [true, false],
      [false, true],
      [true, true],
      [false, false],
    ] as const) {
      const { hub, log } = hubOf({
        listeners: [
          listen("module", Swing, (zone, swing, control) => {
            if (outer) control.cancel();
            zone.push(hub.emit(Parry, zone, swing));
          }),
          listen("module", Parry, (_zone, _parry, control) => {
            if (inner) control.cancel();
          }),
        ],
      });
      assert.equal(hub.emit(Swing, log, { force: 1 }), !outer);
      assert.deepEqual(log, [!inner]);
    }
  });

  test("cannot be cancelled afterwards", () => {
    let kept: EventControl | undefined;
    const { hub, log } = hubOf({
      listeners: [listen("module", Swing, (_zone, _swing, control) => void (kept = control))],
    });
    assert.equal(hub.emit(Swing, log, { force: 1 }), true);
    assert.throws(() => kept?.cancel(), AssertionFailed);
  });
});

describe("a batched event", () => {
  const note = (zone: Log, { victim }: { readonly victim: number }): void => void zone.push(victim);

  test("waits for the flush and comes in the order of emission, whatever its type", () => {
    const { hub, log } = hubOf({
      listeners: [
        listen("module", Fell, note),
        listen("core", "area.entered", (zone, { area }) => void zone.push(area)),
      ],
    });
    hub.emit(Fell, log, { victim: 1 });
    hub.emit(coreEvents["area.entered"], log, { area: "town", entity: 9 });
    assert.equal(hub.emit(Fell, log, { victim: 2 }), true);
    assert.deepEqual([hub.waiting, log], [3, []]);
    hub.flush(log);
    hub.flush(log);
    assert.deepEqual([hub.waiting, log], [0, [1, "town", 2]]);
  });

  test("that a handler raises during the flush is delivered by it, so that nothing waits between ticks", () => {
    const { hub, log } = hubOf({
      listeners: [
        listen("module", Fell, (zone, { victim }) => {
          note(zone, { victim });
          if (victim < 3) hub.emit(Fell, zone, { victim: victim + 1 });
          hub.flush(zone);
        }),
      ],
    });
    hub.emit(Fell, log, { victim: 1 });
    hub.emit(Fell, log, { victim: 10 });
    hub.flush(log);
    assert.deepEqual([hub.waiting, log], [0, [1, 10, 2, 3]]);
  });

  test("that is droppable is dropped and counted when the queue is full, and a flush makes room", () => {
    const { hub, log } = hubOf({
      queueMax: 8,
      listeners: [listen("module", Noise, (zone, { volume }) => void zone.push(volume))],
    });
    for (let volume = 0; volume < 10; volume += 1) hub.emit(Noise, log, { volume });
    hub.flush(log);
    assert.deepEqual([hub.dropped, log], [4, [0, 1, 2, 3, 4, 5]]);
    hub.emit(Noise, log, { volume: 99 });
    hub.flush(log);
    assert.deepEqual([hub.dropped, log.at(-1)], [4, 99]);
  });

  test("that is critical finds room behind a flood of droppable ones, up to the queue's end", () => {
    const { hub, log } = hubOf({
      queueMax: 8,
      listeners: [listen("module", Noise, () => {}), listen("module", Fell, note)],
    });
    for (let volume = 0; volume < 100; volume += 1) hub.emit(Noise, log, { volume });
    hub.emit(Fell, log, { victim: 1 });
    hub.emit(Fell, log, { victim: 2 });
    assert.throws(() => hub.emit(Fell, log, { victim: 3 }), AssertionFailed);
    hub.flush(log);
    assert.deepEqual(log, [1, 2]);
  });

  test("raised in a circle ends: droppable ones by dropping, critical ones by a failed assertion", () => {
    const circle = (type: typeof Fell | typeof Noise): Listener<Log> =>
      listen(
        "module",
        type as EventType<object, "observed">,
        (zone, event) => void hub.emit(type as EventType<object>, zone, event),
      );
    let { hub, log } = hubOf({ queueMax: 100, listeners: [circle(Noise)] });
    hub.emit(Noise, log, { volume: 1 });
    hub.flush(log);
    assert.deepEqual([hub.dropped, hub.waiting], [1, 0]);
    ({ hub, log } = hubOf({ queueMax: 100, listeners: [circle(Fell)] }));
    hub.emit(Fell, log, { victim: 1 });
    assert.throws(() => hub.flush(log), AssertionFailed);
  });
});

describe("an event nobody listens to", () => {
  test("stands, is not queued and does not exist for the emitter", () => {
    const { hub, log } = hubOf({});
    assert.equal(hub.emit(Swing, log, { force: 1 }), true);
    assert.equal(hub.emit(Fell, log, { victim: 1 }), true);
    hub.emitObject(0, 0, log, 1);
    assert.deepEqual(
      [hub.waiting, hub.has(Swing), hub.has(tick), hub.listensToObjects],
      [0, false, false, false],
    );
    assert.deepEqual([hub.client("combat", "attack"), hub.object(0, 0)], [undefined, undefined]);
  });
});

describe("the client and the object family", () => {
  test("an intent's event is found by module and intent, and its fields may be changed or refused", () => {
    const { hub, log } = hubOf({
      listeners: [
        listen(
          "client",
          "combat",
          "attack",
          (_zone: Log, event: { actor: number; intent: { target: number } }, control) => {
            if (event.actor === 5) control.cancel();
            event.intent.target = 77;
          },
        ),
      ],
    });
    const type = hub.client("combat", "attack");
    assert.ok(type !== undefined && hub.has(type));
    assert.deepEqual([hub.client("combat", "block"), hub.client("chat", "attack")], [undefined, undefined]);
    const event = { actor: 4, intent: { target: 1 } };
    assert.equal(hub.emit(type, log, event), true);
    assert.deepEqual(event, { actor: 4, intent: { target: 77 } });
    assert.equal(hub.emit(type, log, { actor: 5, intent: {} }), false);
  });

  test("a change of a channel is told with kind, channel and entity, in one object for all", () => {
    const seen = new Set<unknown>();
    const { hub, log } = hubOf({
      listeners: [
        listen("object", "wolf", "detailed", (zone, event) => {
          seen.add(event);
          zone.push({ ...event });
        }),
      ],
    });
    assert.equal(hub.listensToObjects, true);
    assert.equal(hub.object(1, 1)?.name, "wolf.detailed");
    assert.equal(hub.object(0, 1), undefined);
    hub.emitObject(1, 1, log, 41);
    hub.emitObject(1, 1, log, 42);
    hub.emitObject(1, 0, log, 43);
    assert.equal(seen.size, 1);
    assert.deepEqual(log, [
      { kind: "wolf", channel: "detailed", entity: 41 },
      { kind: "wolf", channel: "detailed", entity: 42 },
    ]);
  });
});

describe("at start", () => {
  const ignore = (): void => {};
  const refused = (given: Given, code: "event_unknown" | "module_invalid", message: RegExp): void =>
    assert.throws(
      () => hubOf(given),
      (error) => isMyriadError(error, code) && message.test(error.message),
    );

  test("a misspelt name is event_unknown with the nearest right one, in every family", () => {
    const misspelt: [Listener<Log>, RegExp][] = [
      [
        listen("core", "player.conected" as "player.left", ignore),
        /combat listens to the core event player.conected.*did you mean player.connected\?/,
      ],
      [listen("client", "combat", "atack", ignore), /did you mean combat.attack\?/],
      [listen("object", "wolfe", "critical", ignore), /did you mean wolf.critical\?/],
      [listen("module", "combat.fel", ignore), /did you mean combat.fell\?/],
    ];
    for (const [listener, message] of misspelt) refused({ listeners: [listener] }, "event_unknown", message);
  });

  test("a name of another family is pointed out, and a name like no other gets no hint", () => {
    refused(
      { listeners: [listen("module", "zone.tick", ignore)] },
      "event_unknown",
      /there is a core event of that name$/,
    );
    refused(
      { listeners: [listen("module", "weather.storm", ignore)] },
      "event_unknown",
      /which nothing raises$/,
    );
  });

  test("an event that no module raises is event_unknown, also when it is named by its type", () => {
    const Storm = defineEvent<{ force: number }>("weather.storm", droppable);
    refused({ listeners: [listen("module", Storm, ignore)] }, "event_unknown", /weather.storm/);
    const { hub } = hubOf({
      others: [{ module: "weather", listeners: [listen("module", Storm, ignore)], emits: [Storm] }],
    });
    assert.ok(hub.has(Storm));
  });

  test("events that are declared twice, elsewhere or beside are module_invalid", () => {
    const Second = defineEvent<{ victim: number }>("combat.fell", droppable);
    refused(
      { others: [{ module: "other", listeners: [], emits: [Fell] }] },
      "module_invalid",
      /does not begin with other\./,
    );
    refused(
      { others: [{ module: "combat", listeners: [], emits: [Second] }] },
      "module_invalid",
      /combat.fell is declared twice/,
    );
    refused({ listeners: [listen("module", Second, ignore)] }, "module_invalid", /a second definition/);
  });

  test("a priority that is no integer and an asynchronous handler are module_invalid", () => {
    for (const priority of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      refused({ listeners: [listen("module", Fell, ignore, { priority })] }, "module_invalid", /no integer/);
    }
    const slow = async (): Promise<void> => {};
    function* lazy(): Generator<number> {
      yield 1;
    }
    refused({ listeners: [listen("module", Fell, slow)] }, "module_invalid", /asynchronous/);
    refused({ listeners: [listen("core", "zone.tick", lazy)] }, "module_invalid", /asynchronous/);
  });
});
