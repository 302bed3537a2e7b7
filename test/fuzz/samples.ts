/**
 * Valid bytes of every kind, taken from realms at play: what zones, gateways and clients really say to each other.
 *
 * Invariant: the same on every run. Taken once, on demand.
 */
import {
  ByteWriter,
  encodeHello,
  encodeInput,
  encodeNotice,
  encodePing,
  encodePong,
  encodeWelcome,
  formatVersion,
  type Welcome,
} from "@myriad/protocol";
import { encodeCharacter } from "../../packages/server/src/bus/character.ts";
import type { SameThreadBus } from "../../packages/server/src/bus/same-thread.ts";
import { readTickFrame } from "../../packages/server/src/bus/tick-frame.ts";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { encodeInputs } from "../../packages/server/src/zone/inputs.ts";
import { readZoneBatch, zoneMessage } from "../../packages/server/src/zone/zone-batch.ts";
import type { ZoneOptions } from "../../packages/server/src/zone/zone-core.ts";
import { miniRealm, Shout, Steer } from "../sim/mini-realm.ts";
import { Answered, drift, Player, Poked, Probe, Ring } from "../sim/probe.ts";
import { RealmSim, SimClient } from "../sim/realm-sim.ts";
import { every } from "../../packages/server/src/zone/definitions.ts";

/** Samples of one kind are thinned to this many: enough variety, quickly mutated. */
const samplesMax = 60;

export interface ZoneSamples {
  readonly tickFrames: Uint8Array[];
  readonly intentBatches: Uint8Array[];
  readonly zoneBatches: Uint8Array[];
  readonly handovers: Uint8Array[];
  readonly inputs: Uint8Array[];
  readonly checkpoints: Uint8Array[];
  /** Options of the zone that wrote the checkpoints. */
  readonly options: ZoneOptions;
}

export interface ClientSamples {
  /** All frames of one client, from its first. */
  readonly clientFrames: Uint8Array[];
  readonly clientMessages: Uint8Array[];
  readonly serverTexts: Uint8Array[];
  readonly welcome: Welcome;
}

/** Three zones full of crossing, poking, trading players. */
async function takeZoneSamples(): Promise<ZoneSamples> {
  const random = new SeededRandom(42);
  const all = {
    tickFrames: [],
    intentBatches: [],
    zoneBatches: [],
    handovers: [],
    inputs: [],
    checkpoints: [],
  };
  const taken: Omit<ZoneSamples, "options"> = all;
  const probe = new Probe({
    zones: 3,
    crowds: { splitAbove: 1, mergeBelow: 1, regionSizeMinM: 2 },
    // Small, so that a zone is made in no time.
    rowsMax: { player: 128, drone: 128, ledgered: 128 },
    areas: () => [{ name: "town", shape: { kind: "circle", x: 100, y: 100, radiusM: 30 } }],
    systems: [every(0, drift, { moves: true })],
    populate: (zone) => zone.spawn(Player, { position: { x: zone.bounds.x + 195, y: 50 }, name: "statue" }),
    act: (zone, actor, { what, number, target }) => {
      const players = zone.table(Player);
      players.columns.look[players.row(actor)] = number;
      players.columns.memory[players.row(actor)] = `m${number}€`;
      if (what === "go") players.columns.vx[players.row(actor)] = number - 50;
      if (what === "go") zone.after(1 + number, Ring, { words: "ring", who: target }, actor);
      if (what === "poke") zone.send(target, Poked, { by: actor, words: `${number}` });
      if (what === "nothing")
        zone.mint(
          number,
          { kind: "ground", id: zone.zone, slot: number },
          Answered,
          { place: number, who: target },
          actor,
        );
      zone.setGroup(actor, number % 3);
    },
    journal: (_zone, _tick, inputs) => taken.inputs.push(encodeInputs(inputs)),
  });
  record(probe.bus, taken);
  const players = [];
  for (const x of [60, 195, 203, 207, 300, 398, 500]) players.push(await probe.join(`P${x}`, { x, y: 100 }));
  for (let step = 0; step < 80; step++) {
    probe.asks =
      step % 9 === 0 ? { keyframes: [0, 1, 5], selves: [players[0]!.session], wantsDigests: true } : {};
    for (const player of players) {
      if (!random.chance(0.3)) continue;
      const what = (["go", "poke", "nothing"] as const)[random.int(3)]!;
      probe.act(player, {
        what,
        number: random.int(100),
        target: probe.ref(players[random.int(players.length)]!),
      });
    }
    probe.input(1, { kind: "absent", session: 77, absent: true });
    if (step === 40) probe.leave(players[0]!);
    if (step % 10 === 5) taken.checkpoints.push(probe.hosts[1]!.core.save());
    await probe.run(1);
  }
  for (const batch of taken.zoneBatches) {
    const read = readZoneBatch(batch);
    for (const { kind, bytes } of read.ok ? read.value.messages : [])
      if (kind === zoneMessage.handover) taken.handovers.push(bytes.slice());
  }
  // Few frames tell of regions that split: all of those are kept.
  const reshaped = taken.tickFrames.filter(hasReshapes);
  for (const kind of Object.keys(taken) as (keyof typeof taken)[]) thin(taken[kind]);
  taken.tickFrames.push(...reshaped);
  return { ...taken, options: probe.hosts[1]!.core.options };
}

function record(bus: SameThreadBus, taken: Omit<ZoneSamples, "options">): void {
  const { sendTickFrame, sendIntents, sendZoneBatch } = bus;
  bus.sendTickFrame = (gateway, batch) => {
    taken.tickFrames.push(batch.slice());
    sendTickFrame.call(bus, gateway, batch);
  };
  bus.sendIntents = (zone, batch) => {
    taken.intentBatches.push(batch.slice());
    sendIntents.call(bus, zone, batch);
  };
  bus.sendZoneBatch = (zone, batch) => {
    taken.zoneBatches.push(batch.slice());
    sendZoneBatch.call(bus, zone, batch);
  };
}

/** Two clients who walk through a small realm and shout. */
async function takeClientSamples(): Promise<ClientSamples> {
  const crowds = { splitAbove: 2, mergeBelow: 2, regionSizeMinM: 4 };
  const sim = new RealmSim({ realm: miniRealm, zones: 3, seed: 7, crowds });
  const frames = new Map<SimClient, Uint8Array[]>();
  const clients = ["Ada", "Ben"].map((name) => new SimClient(name, miniRealm));
  for (const client of clients) {
    const connect = client.connection.bind(client);
    const taken: Uint8Array[] = [];
    frames.set(client, taken);
    client.connection = (credential) => {
      const connection = connect(credential);
      const { sendFrame } = connection;
      connection.sendFrame = (bytes, start, end) => {
        taken.push(new Uint8Array(bytes.subarray(start, end)));
        return sendFrame.call(connection, bytes, start, end);
      };
      return connection;
    };
    sim.clients.push(client);
    sim.connect(client);
  }
  await sim.run(30);
  for (let step = 0; step < 90; step++) {
    for (const client of clients) client.intent(Steer, { heading: step / 20, moving: true, fast: true });
    if (step % 20 === 0) clients[0]!.intent(Shout, { text: `hey ${step}` });
    await sim.run(1);
  }
  const { welcome } = clients[0]!;
  if (welcome === undefined || sim.failures.length > 0) throw new Error("the samples' realm did not play");
  const hello = {
    formatVersion,
    schemaHash: welcome.schemaHash,
    wantsDigests: true,
    lastFact: 7,
    client: "fuzz",
  };
  const intents = [1, 2, 3].map((seq) => ({ seq, type: seq % 2, record: Uint8Array.of(seq, 9, 1) }));
  return {
    clientFrames: frames.get(clients[0]!)!,
    clientMessages: [
      encodeHello(hello),
      encodeInput(9, intents),
      encodeInput(9, []),
      encodePing(7),
      Uint8Array.of(3),
      Uint8Array.of(5),
    ],
    serverTexts: [encodeWelcome(welcome), encodePong(7), encodeNotice("facts_lost", "more happened")],
    welcome,
  };
}

/** Characters of several sizes. */
export function characterSamples(): Uint8Array[] {
  return [0, 1, 24].map((count) =>
    encodeCharacter({
      characterId: 2 ** 40,
      name: "Adelheid",
      version: 300,
      sessionEpoch: 2,
      schemaVersion: 1,
      state: Uint8Array.from({ length: count * 9 }, (_, i) => i),
      items: Array.from({ length: count }, (_, slot) => ({ itemId: slot + 1, itemType: 500, slot })),
    }),
  );
}

let zoneSamplesOnce: Promise<ZoneSamples> | undefined;
let clientSamplesOnce: Promise<ClientSamples> | undefined;

export function zoneSamples(): Promise<ZoneSamples> {
  zoneSamplesOnce ??= takeZoneSamples();
  return zoneSamplesOnce;
}

export function clientSamples(): Promise<ClientSamples> {
  clientSamplesOnce ??= takeClientSamples();
  return clientSamplesOnce;
}

function hasReshapes(batch: Uint8Array): boolean {
  const read = readTickFrame(batch);
  return read.ok && read.value.reshapes.length > 0;
}

/** Bytes of what is written. */
export function bytesOf(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.copy();
}

/** Leaves an even choice of what was taken, in place. */
function thin(samples: Uint8Array[]): Uint8Array[] {
  const step = samples.length / Math.min(samples.length, samplesMax);
  const kept = Array.from(
    { length: Math.min(samples.length, samplesMax) },
    (_, i) => samples[Math.floor(i * step)]!,
  );
  samples.splice(0, samples.length, ...kept);
  return samples;
}
