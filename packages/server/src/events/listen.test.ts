/** Tests of event types and listeners as data: names, contracts, and what the compiler infers. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMyriadError } from "../kernel/errors.ts";
import { coreEvents } from "./core-events.ts";
import { defineEvent, type EventControl } from "./event-type.ts";
import { type Listener, listen, type ObjectEvent } from "./listen.ts";

interface Zone {
  readonly tick: number;
}

const observed = { answer: "observed", delivery: "batched", overflow: "droppable" } as const;
const cancellable = { answer: "cancellable", delivery: "immediate", overflow: "critical" } as const;
const Died = defineEvent<{ victim: number }>("combat.died", observed);
const Swing = defineEvent<{ target: number; force: number }>("combat.swing", cancellable);

describe("an event type", () => {
  test("is frozen data with the contract it was declared with", () => {
    assert.deepEqual({ ...Died }, { family: "module", name: "combat.died", contract: observed });
    assert.ok(Object.isFrozen(Died) && Object.isFrozen(Died.contract));
  });

  test("is refused with module_invalid when its name is not of the form module.event", () => {
    for (const name of [
      "died",
      "combat.",
      ".died",
      "combat died.x",
      "1combat.died",
      `combat.${"d".repeat(60)}`,
    ]) {
      assert.throws(
        () => defineEvent(name, observed),
        (error) => isMyriadError(error, "module_invalid"),
        name,
      );
    }
  });

  test("is refused with module_invalid when it is cancellable and yet queued or dropped", () => {
    const wrong = [
      { ...cancellable, delivery: "batched" },
      { ...cancellable, overflow: "droppable" },
    ];
    for (const contract of wrong) {
      assert.throws(
        () => defineEvent("combat.swing", contract as never),
        (error) => isMyriadError(error, "module_invalid"),
      );
    }
  });

  test("of the engine is named as in its table and only observed", () => {
    for (const [name, type] of Object.entries(coreEvents)) {
      assert.equal(type.name, name);
      assert.equal(type.family, "core");
      assert.equal(type.contract.answer, "observed");
    }
  });
});

describe("a listener", () => {
  const ignore = (): void => {};
  const facts = ({ family, name, type, priority }: Listener<Zone>): unknown[] => [
    family,
    name,
    type,
    priority,
  ];

  test("names its event in the four families, by name or by type", () => {
    assert.deepEqual(facts(listen("core", "zone.tick", ignore)), ["core", "zone.tick", undefined, 0]);
    assert.deepEqual(facts(listen("client", "combat", "attack", ignore, { priority: -3 })), [
      "client",
      "combat.attack",
      undefined,
      -3,
    ]);
    assert.deepEqual(facts(listen("object", "player", "critical", ignore, { priority: 9 })), [
      "object",
      "player.critical",
      undefined,
      9,
    ]);
    assert.deepEqual(facts(listen("module", Died, ignore)), ["module", "combat.died", Died, 0]);
    assert.deepEqual(facts(listen("module", "combat.died", ignore, {})), [
      "module",
      "combat.died",
      undefined,
      0,
    ]);
  });

  test("is typed by its event: what compiles here and what must not", () => {
    const listeners: readonly Listener<Zone>[] = [
      listen("core", "player.left", (zone, { player, reason }) => void (zone.tick + player + reason.length)),
      listen(
        "client",
        "combat",
        "attack",
        (zone: Zone, event: { actor: number; intent: { target: number } }, control) => {
          event.intent.target = zone.tick;
          control.cancel();
        },
      ),
      listen("object", "player", "metadata", (zone, event: ObjectEvent) => void (zone.tick + event.entity)),
      listen("module", Died, (zone, { victim }) => void (zone.tick + victim)),
      listen("module", Swing, (_zone, swing, control: EventControl) => {
        swing.force = 0;
        control.cancel();
      }),
      listen("module", "combat.died", (_zone, died: { victim: number }, control) => {
        control?.cancel();
        died.victim = 0;
      }),
      // @ts-expect-error the engine raises no such event
      listen("core", "player.conected", () => {}),
      // @ts-expect-error the payload has no such field
      listen("core", "player.connected", (_zone, { reason }) => void reason),
      // @ts-expect-error an observed payload is read-only
      listen("core", "player.connected", (_zone, event) => void (event.player = 0)),
      // @ts-expect-error an observed event has no control
      listen("module", Died, (_zone, _died, control) => control.cancel()),
      // @ts-expect-error there is no such channel
      listen("object", "player", "important", () => {}),
    ];
    assert.equal(listeners.length, 11);
  });
});
