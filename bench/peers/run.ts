/**
 * One run: a peer's server on one core, so many clients on another, and what both measured while nothing changed.
 *
 * Invariant: both children measure the same span; nobody joins or leaves in it.
 * Invariant: a run that could not be made has a reason instead of figures, and costs a bounded time.
 */
import { Child, type Cores } from "./child.ts";
import { busyMs, othersPercent } from "./others.ts";
import {
  type LoadFigures,
  type LoadWord,
  type Peer,
  peerTitles,
  type ProcessFigures,
  type ServerWord,
} from "./messages.ts";
import { tickRateHz } from "./world.ts";

/** Milliseconds for a server to listen. */
const listenMsMax = 30_000;
/** Milliseconds for everybody to come in: a greeting, and a share for each. */
const joinMsMax = 60_000;
const joinMsPerClientMax = 20;
/**
 * Milliseconds between the last arrival and the measuring, in steps: first states go out, code is compiled, and who shed
 * load while all of them came in goes back to what it does in peace. After the first steps the waiting ends as soon as
 * the rate no longer rises.
 */
const settleStepMs = 2000;
const settleStepsMin = 2;
const settleStepsMax = 20;
/** A step in which the rate grew by less than this factor was the last. */
const risingFactor = 1.01;
/** Milliseconds for a child to say what it measured: it may be busy. */
const measuredMsMax = 20_000;
/** Percent of its core over which the load program measures itself instead of the server. */
export const loadCpuPercentMax = 80;

export interface RunOrder {
  readonly peer: Peer;
  readonly players: number;
  readonly seconds: number;
  /** Bytes of a message of the floor. */
  readonly frameBytes: number;
}

/** What one run found. */
export type RunOutcome =
  | {
      readonly kind: "measured";
      readonly server: ProcessFigures;
      readonly load: LoadFigures;
      /** Percent of one core that other programs took on the cores of the run. */
      readonly othersCpuPercent: number;
    }
  | { readonly kind: "failed"; readonly reason: string };

/** Makes a run. Never rejects. */
export async function run(
  order: RunOrder,
  given: { cores: Cores; progress: (line: string) => void },
): Promise<RunOutcome> {
  const { peer, players } = order;
  const say = (line: string): void => given.progress(`${peerTitles[peer]}, ${players} clients: ${line}`);
  const server = new Child<ServerWord>({
    file: "server.ts",
    order: { peer, players, frameBytes: order.frameBytes },
    core: given.cores.server,
  });
  let load: Child<LoadWord> | undefined;
  try {
    const { port } = await server.expect(["listening"], listenMsMax);
    load = new Child<LoadWord>({
      file: "load.ts",
      order: { peer, players, port },
      core: given.cores.load,
      hear: (said) => said.kind === "joined" && say(`${said.players} joined`),
    });
    const joined = await load.expect(["ready", "failed"], joinMsMax + players * joinMsPerClientMax);
    if (joined.kind === "failed") return { kind: "failed", reason: `could not join: ${joined.reason}` };
    await settle(load);
    say(`measuring for ${order.seconds} s`);
    const [startMs, startBusyMs] = [performance.now(), busyMs(given.cores)];
    for (const child of [server, load]) child.say("begin");
    await pause(order.seconds * 1000);
    for (const child of [server, load]) child.say("end");
    const [wallMs, spentMs] = [performance.now() - startMs, busyMs(given.cores) - startBusyMs];
    const served = (await server.expect(["measured"], measuredMsMax)).figures;
    const loaded = (await load.expect(["measured"], measuredMsMax)).figures;
    const ownPercents = [served.cpuPercent, loaded.cpuPercent];
    const othersCpuPercent = othersPercent({ busyMs: spentMs, wallMs, ownPercents });
    return { kind: "measured", server: served, load: loaded, othersCpuPercent };
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await load?.stop();
    await server.stop();
  }
}

/** Waits until the clients get what they will get. */
async function settle(load: Child<LoadWord>): Promise<void> {
  let lastHz = 0;
  for (let step = 0; step <= settleStepsMax; step++) {
    load.say("peek");
    const { updateHz } = await load.expect(["rate"], measuredMsMax);
    if (step >= settleStepsMin && updateHz < Math.max(lastHz * risingFactor, Number.EPSILON)) return;
    if (step > settleStepsMin && updateHz >= tickRateHz) return;
    lastHz = updateHz;
    await pause(settleStepMs);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
