/**
 * What the threads of a realm may ask of each other, and what each is started with. All of it is plain data.
 *
 * The main thread is the hub: gateways and zone workers speak to it alone, over the port of their worker. Batches of ticks
 * do not pass here; they go over the bus.
 */
import type { MessagePort } from "node:worker_threads";
import type { CloseReason } from "@myriad/protocol";
import type { BusPlan } from "../bus/worker-bus.ts";
import type { LateWord, MovedSession } from "../gateway/peers.ts";
import type { ResumeKey } from "../gateway/resume-key.ts";
import type { DevelopmentKeys } from "../gateway/tickets.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { StatusReport } from "../observe/status.ts";
import type { SharedMemory } from "./shared-state.ts";
import type { RealmSettings } from "./settings.ts";
import type { Checkpoint, ZoneState, ZoneToHost } from "./zone-thread.ts";

/** What every thread is started with. */
export interface ThreadStart {
  readonly settings: RealmSettings;
  /** Module that exports the realm, as a URL. */
  readonly realmUrl: string;
  /** Number of this thread: gateways first, then zone workers. */
  readonly thread: number;
  readonly bus: BusPlan;
  readonly shared: SharedMemory;
  readonly store: MessagePort;
}

export interface GatewayStart extends ThreadStart {
  readonly version: string;
  /** Directory of the page; undefined for none. */
  readonly pageDir: string | undefined;
  /** Keys of development's tickets; undefined in production. */
  readonly ticketKeys: DevelopmentKeys | undefined;
  readonly firstSession: number;
}

/** What a thread measured. */
export interface Measured {
  readonly metrics: Awaited<ReturnType<Metrics["registry"]["getMetricsAsJSON"]>>;
  readonly status: StatusReport;
}

/** The main thread, to every other. */
export type HubOffer = {
  /** Something failed that should not: for the log. */
  readonly failed: (what: string) => void;
};

/** The main thread, to gateways. */
export type DirectoryOffer = HubOffer & {
  readonly claim: (nameKey: string) => Promise<CloseReason | undefined>;
  readonly release: (nameKey: string) => void;
  readonly fetch: (key: ResumeKey) => Promise<MovedSession | undefined>;
  readonly pass: (to: { gateway: number; session: number; word: LateWord }) => void;
  readonly deliver: (letter: { nameKey: string; type: number; record: Uint8Array }) => Promise<boolean>;
  readonly enter: (address: string) => boolean;
  readonly leave: (address: string) => void;
  /** Metrics of all threads, as text. */
  readonly metrics: (nothing: null) => Promise<string>;
  readonly status: (nothing: null) => Promise<StatusReport>;
};

/** The main thread, to zone workers. */
export type SupervisorOffer = HubOffer & {
  readonly checkpoint: (checkpoint: Checkpoint) => void;
  readonly load: (load: {
    busyShare: number;
    zones: readonly { readonly zone: number; readonly costMs: number }[];
  }) => void;
  /** A zone ended by a failed assertion; the worker goes on without it. */
  readonly zoneEnded: (ended: { zone: number; epoch: number; what: string }) => void;
};

export type GatewayOffer = {
  /** Listens; answers the port. */
  readonly listen: (at: { host: string; port: number }) => Promise<number>;
  readonly drain: (timeoutMs: number) => Promise<number>;
  readonly close: (nothing: null) => Promise<void>;
  readonly evict: (nameKey: string) => void;
  readonly handOut: (given: { key: ResumeKey; toGateway: number }) => MovedSession | undefined;
  readonly takeLate: (late: { session: number; word: LateWord }) => void;
  readonly takeLetter: (letter: { nameKey: string; type: number; record: Uint8Array }) => boolean;
  readonly zoneDown: (zone: number) => void;
  readonly zoneRestored: (restored: { zone: number; lostMs: number }) => void;
  readonly measure: (nothing: null) => Promise<Measured>;
};

export type ZoneOffer = {
  /** A zone is about to come: what is sent to it meanwhile is kept. */
  readonly await: (zone: number) => void;
  /** The zone does not come after all. */
  readonly notComing: (zone: number) => void;
  readonly host: (zone: ZoneToHost) => void;
  readonly release: (zone: number) => Promise<ZoneState | undefined>;
  readonly close: (nothing: null) => void;
  readonly measure: (nothing: null) => Promise<Measured>;
};
