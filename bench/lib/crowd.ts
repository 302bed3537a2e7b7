/**
 * The sample game's zones with scripted players, in this thread and without sockets: what a tick costs and allocates.
 *
 * Players walk, fight, fetch and talk, four intents a second each. Nobody leaves its zone and nobody falls: a crowd is as
 * large and as busy after an hour as at first.
 * Invariant: zones, bus and game are the real ones; the gateway is a writer of intent batches and a counter of tick
 * frames, the store says yes to everything. `tick` alone runs zones, so whoever measures around it measures them.
 */
import { ByteWriter, defaultChannelRates, levelsOf, type Vector } from "@myriad/protocol";
import { Player } from "../../games/realm/shared/schema.ts";
import { createRealm } from "../../games/realm/src/realm.ts";
import { encodeCharacter } from "../../packages/server/src/bus/character.ts";
import { batchKind, realmTag } from "../../packages/server/src/bus/header.ts";
import { type SessionInput, writeIntentBatch } from "../../packages/server/src/bus/intent-batch.ts";
import { SameThreadBus } from "../../packages/server/src/bus/same-thread.ts";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import type { ItemId, Operation, Outcome } from "../../packages/server/src/ledger/port.ts";
import type { CharacterSave, SaveOutcome, Store } from "../../packages/server/src/store/port.ts";
import { Table } from "../../packages/server/src/world/table.ts";
import { noMetrics } from "../../packages/server/src/zone/metrics-port.ts";
import { compile, type Program } from "../../packages/server/src/zone/program.ts";
import { ZoneHost } from "../../packages/server/src/zone/zone-host.ts";
import { placeIn, wishOf } from "./crowd-script.ts";

export const crowdTickRateHz = 20;
/** Ticks between two intents of a player: 4 a second. */
const intentEveryTicks = 5;
/** Ticks between two turns of somebody who only walks. */
const turnEveryTicks = 20;
/** Hit points for hours of blows. */
const hitPoints = 60_000;
const gateway = 0;
const realmName = "crowd";
const seed = 1;

export interface CrowdOptions {
  readonly zones: number;
  readonly playersPerZone: number;
  /** @default 5000, as the server has it */
  readonly saveEveryMs?: number;
  /** Lets a measurement wrap systems. */
  readonly wrap?: (program: Program) => Program;
}

/** What waits for one zone. */
interface Lane {
  readonly inputs: SessionInput[];
  readonly writer: ByteWriter;
  sequence: number;
}

export class Crowd {
  readonly hosts: readonly ZoneHost[];
  /** Bytes of tick frames, intents and saves since the beginning. */
  frameBytes = 0;
  intents = 0;
  saves = 0;
  readonly #bus = new SameThreadBus();
  readonly #random = new SeededRandom(seed, 99);
  readonly #lanes: readonly Lane[];
  readonly #playersPerZone: number;
  #tick = 0;

  constructor({ zones: zoneCount, playersPerZone, saveEveryMs = 5000, wrap }: CrowdOptions) {
    const realm = createRealm();
    const compiled = compile(realm);
    const program = wrap?.(compiled) ?? compiled;
    const zones = realm.zones(zoneCount);
    const store = this.#agreeableStore();
    this.#playersPerZone = playersPerZone;
    this.hosts = zones.map(
      (_, zone) =>
        new ZoneHost({
          zone,
          zones,
          program,
          realmTag: realmTag(realmName),
          epoch: 1,
          tickRateHz: crowdTickRateHz,
          levels: levelsOf(defaultChannelRates, crowdTickRateHz),
          regionSizeM: 64,
          regionHysteresisM: 2,
          borderDepthM: 64,
          saveEveryMs,
          seed,
          metrics: noMetrics,
          report: ({ error }) => {
            throw error;
          },
          bus: this.#bus,
          store,
          gateways: [gateway],
          nowMs: () => performance.now(),
          wallMs: () => 0,
          delay: async () => {},
        }),
    );
    this.#bus.onTickFrames(gateway, (batch) => {
      this.frameBytes += batch.length;
    });
    this.#lanes = zones.map(() => ({ inputs: [], writer: new ByteWriter(64 * 1024), sequence: 0 }));
  }

  /** Lets everybody in. */
  async join(): Promise<void> {
    this.hosts.forEach((host, zone) => {
      for (let i = 0; i < this.#playersPerZone; i++) {
        const session = this.#firstOf(zone) + i;
        const character = encodeCharacter({
          characterId: session,
          name: `p${session}`,
          version: 1,
          sessionEpoch: 1,
          schemaVersion: 1,
          state: stateAt(placeIn(zone, host, i, this.#random)),
          items: [],
        });
        this.#lanes[zone]!.inputs.push({ kind: "join", session, character, lastIntent: 0 });
      }
      this.#write(zone);
    });
    this.tick();
    for (const host of this.hosts) {
      const { columns } = host.core.world.table(Player);
      columns.hitPoints.fill(hitPoints);
      columns.hitPointsMax.fill(hitPoints);
    }
    await settled();
  }

  /** Writes what players ask for in the next tick. */
  prepare(): void {
    this.#tick++;
    this.hosts.forEach((host, zone) => {
      const { inputs } = this.#lanes[zone]!;
      for (const { session, player, leaving } of host.core.sessions.bySession.values()) {
        if ((session + this.#tick) % intentEveryTicks !== 0 || leaving !== undefined) continue;
        const { type, record } = wishOf(host, session, player, this.#random);
        inputs.push({ kind: "intent", session, seq: this.#tick, type, record });
        this.intents++;
      }
      this.#write(zone);
    });
  }

  /** Nobody asks for anything in the next tick; all players walk, and turn as if they had asked before. */
  prepareNothing(): void {
    this.#tick++;
    for (const host of this.hosts) {
      const players = host.core.world.table(Player);
      const { direction, moving } = players.columns;
      for (let row = players.next(-1); row >= 0; row = players.next(row)) {
        moving[row] = 1;
        if (this.#random.int(turnEveryTicks) === 0) direction[row] = this.#random.int(256);
      }
    }
    for (let zone = 0; zone < this.hosts.length; zone++) this.#write(zone);
  }

  /** One tick of every zone: intents in, tick, frames out. */
  tick(): void {
    for (let zone = 0; zone < this.hosts.length; zone++) {
      this.#bus.sendIntents(zone, this.#lanes[zone]!.writer.view());
      this.hosts[zone]!.tick(100);
    }
  }

  /** So many ticks of players who play; the store's answers come in between. */
  async run(ticks: number): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      this.prepare();
      this.tick();
      await settled();
    }
  }

  close(): void {
    for (const host of this.hosts) host.close();
  }

  #firstOf(zone: number): number {
    return zone * this.#playersPerZone + 1;
  }

  #write(zone: number): void {
    const lane = this.#lanes[zone]!;
    const { inputs, writer } = lane;
    writer.reset();
    writeIntentBatch(writer, {
      header: {
        kind: batchKind.intents,
        realm: realmTag(realmName),
        zone,
        peer: gateway,
        epoch: 1,
        sequence: lane.sequence++,
      },
      wantsDigests: false,
      keyframes: [],
      selves: [],
      inputs,
    });
    inputs.length = 0;
  }

  /** A store of yes: what a real one costs is its own benchmark. */
  #agreeableStore(): Store {
    let itemId = 0;
    return {
      saveCharacters: async (saves: readonly CharacterSave[]): Promise<SaveOutcome[]> => {
        this.saves += saves.length;
        return saves.map(({ expectedVersion }) => ({ ok: true, version: expectedVersion + 1 }));
      },
      ledger: {
        apply: async (operations: readonly Operation[]): Promise<Outcome[]> =>
          operations.map(() => ({ status: "done", itemId: ++itemId as ItemId, itemType: 1 })),
      },
    } as unknown as Store;
  }
}

/** Lets promises of this tick be settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A character's saved state: alive, at a place. */
function stateAt(position: Vector): Uint8Array {
  const table = new Table(Player, { index: 0, zone: 0, capacity: 1 });
  const row = table.take(0);
  table.columns.position.x[row] = position.x;
  table.columns.position.y[row] = position.y;
  table.columns.hitPoints[row] = 100;
  const writer = new ByteWriter(256);
  table.writeRow(writer, row, (name) => name === "position" || name === "hitPoints");
  return writer.copy();
}
