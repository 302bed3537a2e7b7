/**
 * The load program as a process: `node load.ts ORDER`, where ORDER is a LoadOrder as JSON. Speaks over its parent's
 * channel: when all are in, then what they saw between two words.
 *
 * Two threads: this one has the crowd that is counted, the other the watchers, so that what they see is told from the
 * moment at which it came, whatever the crowd is busy with.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Crowd } from "./load/crowd.ts";
import { figuresOf, Meter, type Tally } from "./load/meter.ts";
import type { Wire } from "./load/wire.ts";
import { colyseusWire } from "./load/wire-colyseus.ts";
import { myriadWire } from "./load/wire-myriad.ts";
import { socketIoWire } from "./load/wire-socket-io.ts";
import { wsWire } from "./load/wire-ws.ts";
import type { LoadOrder, LoadWord, ProcessFigures, Word } from "./messages.ts";
import { ProcessMeter } from "./process-meter.ts";

/** One client in so many decodes, but at least `watchersMin` do. */
const clientsPerWatcher = 100;
const watchersMin = 5;
/** Clients between two signs of progress. */
const tellEvery = 250;

/** From the watchers' thread. */
type WatcherWord =
  | { readonly kind: "joined" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "tally"; readonly tally: Tally };

if (isMainThread) await command();
else watch(workerData as LoadOrder);

async function command(): Promise<void> {
  const order = JSON.parse(process.argv[2] ?? "{}") as LoadOrder;
  const { crowd: clients } = rolesOf(order.players);
  const meter = new Meter(clients.length);
  const own = new ProcessMeter();
  const crowd = new Crowd({ wire: wireOf(order), meter, port: order.port, clients, isWatching: false });
  const counted = Promise.withResolvers<{ tally: Tally; figures: ProcessFigures }>();
  const watched = Promise.withResolvers<Tally>();
  const watchers = new Worker(new URL(import.meta.url), { workerData: order });
  const watching = new Promise<void>((resolve, reject) => {
    watchers.on("message", (word: WatcherWord) => {
      if (word.kind === "joined") resolve();
      else if (word.kind === "failed") reject(new Error(word.reason));
      else watched.resolve(word.tally);
    });
    watchers.on("error", reject);
  });
  process.on("message", (word: Word) => {
    switch (word) {
      case "peek":
        crowd.atEdge(() => tell({ kind: "rate", updateHz: meter.peek(performance.now()) }));
        return;
      case "begin":
        watchers.postMessage(word);
        crowd.atEdge(() => {
          own.begin();
          meter.begin(performance.now());
        });
        return;
      case "end":
        watchers.postMessage(word);
        crowd.atEdge(() => {
          counted.resolve({ tally: meter.end(performance.now()), figures: own.end() });
        });
        return;
      case "stop":
        process.exit(0);
    }
  });
  process.on("disconnect", () => process.exit(0));
  try {
    const joining = crowd.join((count) => {
      if (count % tellEvery === 0) tell({ kind: "joined", players: count });
    });
    await Promise.all([joining, watching]);
    crowd.readInLots();
    tell({ kind: "ready" });
    const { tally, figures } = await counted.promise;
    tell({ kind: "measured", figures: figuresOf([tally, await watched.promise], figures) });
  } catch (error) {
    tell({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  }
}

function watch(order: LoadOrder): void {
  const { watching } = rolesOf(order.players);
  const meter = new Meter(watching.length);
  const crowd = new Crowd({
    wire: wireOf(order),
    meter,
    port: order.port,
    clients: watching,
    isWatching: true,
  });
  const say = (word: WatcherWord): void => parentPort?.postMessage(word);
  parentPort?.on("message", (word: Word) => {
    if (word === "begin") meter.begin(performance.now());
    else if (word === "end") say({ kind: "tally", tally: meter.end(performance.now()) });
  });
  crowd
    .join(() => {})
    .then(
      () => say({ kind: "joined" }),
      (error: unknown) =>
        say({ kind: "failed", reason: error instanceof Error ? error.message : String(error) }),
    );
}

/** Who watches and who is counted, by number. */
function rolesOf(players: number): { watching: number[]; crowd: number[] } {
  const step = Math.max(1, Math.min(clientsPerWatcher, Math.floor(players / watchersMin)));
  const all = Array.from({ length: players }, (_, client) => client);
  return {
    watching: all.filter((client) => client % step === 0),
    crowd: all.filter((client) => client % step !== 0),
  };
}

function wireOf({ peer, port, players }: LoadOrder): Wire {
  switch (peer) {
    case "myriad":
      return myriadWire({ port, players });
    case "ws":
      return wsWire();
    case "socket.io":
      return socketIoWire(players);
    case "colyseus":
      return colyseusWire(port);
  }
}

function tell(word: LoadWord): void {
  process.send?.(word);
}
