/**
 * Event dispatch in a zone: typed events with one handler, and what events cost that nobody hears.
 *
 * The reference is node's EventEmitter with the same payload and the same handler.
 */

import { EventEmitter } from "node:events";
import { defineEvent } from "../packages/server/src/events/event-type.ts";
import { EventHub } from "../packages/server/src/events/hub.ts";
import { listen } from "../packages/server/src/events/listen.ts";
import { type BenchOptions, type BenchResult, race } from "./harness.ts";

interface Zone {
  sum: number;
}

interface Struck {
  target: number;
  damage: number;
}

const observed = { answer: "observed", delivery: "immediate", overflow: "critical" } as const;
const cancellable = { answer: "cancellable", delivery: "immediate", overflow: "critical" } as const;
const batched = { answer: "observed", delivery: "batched", overflow: "critical" } as const;
const Observed = defineEvent<Struck>("bench.observed", observed);
const Cancellable = defineEvent<Struck>("bench.cancellable", cancellable);
const Batched = defineEvent<Struck>("bench.batched", batched);
const Three = defineEvent<Struck>("bench.three", observed);
const Unheard = defineEvent<Struck>("bench.unheard", observed);
/** Batched events of one tick. */
const batch = 1000;

export async function run(options: BenchOptions): Promise<BenchResult> {
  const zone: Zone = { sum: 0 };
  const add = (to: Zone, { damage }: Readonly<Struck>): void => {
    to.sum += damage;
  };
  const hub = new EventHub<Zone>({
    modules: [
      {
        module: "bench",
        emits: [Observed, Cancellable, Batched, Three, Unheard],
        listeners: [
          listen<Zone, Struck>("module", Observed, (to, struck) => add(to, struck)),
          listen<Zone, Struck>("module", Cancellable, (to, struck) => add(to, struck)),
          listen<Zone, Struck>("module", Batched, (to, struck) => add(to, struck)),
          listen<Zone, Struck>("module", Three, (to, struck) => add(to, struck)),
          listen<Zone, Struck>("module", Three, (to, { damage }) => void (to.sum -= damage)),
          listen<Zone, Struck>("module", Three, (to, { target }) => void (to.sum += target)),
        ],
      },
    ],
    intents: [],
    kinds: [],
    report: ({ error }) => {
      throw error;
    },
  });
  const emitter = new EventEmitter<{ struck: [Zone, Struck] }>().on("struck", (to, struck) =>
    add(to, struck),
  );
  const struck: Struck = { target: 7, damage: 3 };

  // Every contender has a loop of its own: one loop for all would measure how a call is guessed.
  const dispatches = race(
    [
      {
        name: "observed",
        run: (operations) => {
          for (let at = 0; at < operations; at += 1) hub.emit(Observed, zone, struck);
          return zone.sum;
        },
      },
      {
        name: "fresh",
        run: (operations) => {
          for (let at = 0; at < operations; at += 1) hub.emit(Observed, zone, { target: at, damage: 3 });
          return zone.sum;
        },
      },
      {
        name: "cancellable",
        run: (operations) => {
          let stood = 0;
          for (let at = 0; at < operations; at += 1) stood += Number(hub.emit(Cancellable, zone, struck));
          return stood;
        },
      },
      {
        name: "three",
        run: (operations) => {
          for (let at = 0; at < operations; at += 1) hub.emit(Three, zone, struck);
          return zone.sum;
        },
      },
      {
        name: "unheard",
        run: (operations) => {
          for (let at = 0; at < operations; at += 1) hub.emit(Unheard, zone, struck);
          return zone.sum;
        },
      },
      {
        name: "batched",
        run: (operations) => {
          for (let at = 0; at < operations; at += 1) {
            hub.emit(Batched, zone, struck);
            if (at % batch === batch - 1) hub.flush(zone);
          }
          hub.flush(zone);
          return zone.sum;
        },
      },
      {
        name: "emitter",
        run: (operations) => {
          for (let at = 0; at < operations; at += 1) emitter.emit("struck", zone, struck);
          return zone.sum;
        },
      },
    ],
    options,
  );
  return {
    results: {
      dispatchesPerSecond: dispatches.perSecond("observed"),
      dispatchesWithNewPayloadPerSecond: dispatches.perSecond("fresh"),
      cancellableDispatchesPerSecond: dispatches.perSecond("cancellable"),
      dispatchesToThreeHandlersPerSecond: dispatches.perSecond("three"),
      batchedDispatchesPerSecond: dispatches.perSecond("batched"),
      unheardEventNs: dispatches.timing("unheard").medianNs,
    },
    references: { eventEmitterDispatchesPerSecond: dispatches.perSecond("emitter") },
    ratios: { eventEmitter: dispatches.ratio("emitter", "observed") },
  };
}
