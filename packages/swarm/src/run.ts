/**
 * A run as the command sees it: here, or in several processes. And the run here.
 *
 * Owns the one real timer under a swarm.
 */
import type { ZoneInfo } from "@myriad/protocol";
import type { Tally } from "./figures.ts";
import type { TicketOffice } from "./http-client.ts";
import { wheelStepMs } from "./limits.ts";
import type { Meters } from "./meters.ts";
import type { SwarmOptions } from "./options.ts";
import { placesOf, squareOf } from "./place.ts";
import type { Progressed } from "./report.ts";
import { SocketTransport } from "./socket-transport.ts";
import { type Stage, Swarm } from "./swarm.ts";

/** What a run ends with. */
export interface Outcome {
  readonly tally: Tally;
  readonly meters: Meters;
}

export interface Run {
  readonly stage: Stage;
  /** Milliseconds since the start. */
  readonly elapsedMs: number;
  /** How far it is; acknowledgements of the time since the last call. */
  progressed(): Progressed;
  /** Ends the run now: what was measured so far counts. */
  stop(): void;
  /** When everyone has left. Rejects when a process of it is lost. */
  readonly over: Promise<Outcome>;
}

/** What a run is of. */
export interface RunOptions {
  readonly options: SwarmOptions;
  /** The zones of the realm; none are needed where the game decides where players begin. */
  readonly zones: readonly ZoneInfo[];
  /** Told when a stage begins. */
  readonly onStage: (stage: Stage) => void;
}

/** A run, or a share of one, in this process. */
export class LocalRun implements Run {
  readonly over: Promise<Outcome>;
  readonly #swarm: Swarm;

  /** @param share which players are here, and whether they wait to be measured; without one all are here */
  constructor(
    { options, zones, onStage }: RunOptions,
    tickets: TicketOffice,
    share: { first?: number; count?: number; waits?: boolean } = {},
  ) {
    const machine = {
      nowMs: () => performance.now(),
      wallMs: Date.now,
      cpuMs,
      transport: new SocketTransport(options.url),
      tickets,
    };
    const { scene, seed } = options;
    const placeOf = placesOf(scene, zones, seed);
    const swarm = new Swarm(options, machine, { ...share, placeOf, square: squareOf(scene, zones) });
    this.#swarm = swarm;
    let { stage } = swarm;
    this.over = new Promise((resolve) => {
      const steps = setInterval(() => {
        swarm.advance(performance.now());
        if (swarm.stage === stage) return;
        stage = swarm.stage;
        onStage(stage);
        if (stage !== "done") return;
        clearInterval(steps);
        resolve({ tally: swarm.tally!, meters: swarm.meters });
      }, wheelStepMs);
    });
  }

  get stage(): Stage {
    return this.#swarm.stage;
  }

  get elapsedMs(): number {
    return this.#swarm.elapsedMs(performance.now());
  }

  progressed(): Progressed {
    const { meters, sessions, playerMs } = this.#swarm;
    const { p50, p99 } = meters.recentIntentToAck.percentiles();
    meters.recentIntentToAck.reset();
    const { frames, bytes, errors, mismatches } = meters;
    return { playing: sessions.playing, playerMs, frames, bytes, errors, mismatches, ackMs: { p50, p99 } };
  }

  /** Lets a share that waits measure. */
  measure(): void {
    this.#swarm.measure();
  }

  stop(): void {
    this.#swarm.stop(performance.now());
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
