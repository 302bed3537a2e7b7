/**
 * The gateway thread against a bare `ws` server: microseconds of CPU per client frame.
 *
 * Both serve as many clients over loopback at 20 Hz, in turns: the gateway composes frames of a crowd that walks through
 * 1,500 restless creatures; the bare server sends with `ws.send` as many random bytes as the gateway did in the same tick
 * of its turn, and receives the same messages. Each server has a thread of its own, whose CPU time is measured; the
 * clients have others. `ratios.ws` is the gateway's cost over the bare server's; the goal is 1.5 at most.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import {
  ByteReader,
  defaultChannelRates,
  encodeHello,
  encodeInput,
  encodeRecord,
  levelsOf,
  serverMessage,
} from "@myriad/protocol";
import { WebSocket, WebSocketServer } from "ws";
import { SameThreadBus } from "../packages/server/src/bus/same-thread.ts";
import { Gateway } from "../packages/server/src/gateway/gateway.ts";
import { FakeZone, Move, testSchema } from "../packages/server/src/gateway/testing.ts";
import { developmentTickets } from "../packages/server/src/gateway/tickets.ts";
import { WsTransport } from "../packages/server/src/gateway/ws-transport.ts";
import { randomBytes } from "../packages/server/src/platform/machine.ts";
import { systemClock, systemTimers } from "../packages/server/src/platform/system-time.ts";
import { createMemoryStore } from "../packages/server/src/store/sqlite/memory-store.ts";
import { type BenchOptions, type BenchResult, median } from "./harness.ts";

const players = 400;
const tickMs = 50;
/** Ticks before measuring: keyframes go out, code is compiled. */
const warmUpTicks = 100;
/** Ticks of one turn: two seconds, five times the longest stride's rhythm. */
const turnTicks = 40;
/** Rounds at most: each takes two turns. */
const roundsMax = 7;
/** Random bytes that the bare server sends parts of. */
const poolBytes = 1 << 20;
const levels = levelsOf(defaultChannelRates, 20);
const info = { zone: 0, name: "plain", bounds: { x: 0, y: 0, width: 1024, height: 1024 } };

type Role =
  | { readonly kind: "gateway" }
  | { readonly kind: "bare" }
  | { readonly kind: "clients"; readonly port: number; readonly tickets: readonly string[] };

/** What a server is asked for: some ticks. The bare one is told the bytes of one frame in each of them. */
interface Turn {
  readonly ticks: number;
  readonly frameBytes: readonly number[];
}

interface Measured {
  readonly cpuUs: number;
  readonly frames: number;
  /** Mean bytes of one frame in each tick. */
  readonly frameBytes: readonly number[];
}

/** What one tick sent, and CPU time in it that was not the server's. */
interface Sent {
  readonly frames: number;
  readonly bytes: number;
  readonly foreignUs: number;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const gateway = new Contestant({ kind: "gateway" });
  const bare = new Contestant({ kind: "bare" });
  try {
    options.progress(`connecting ${players} clients to each server`);
    await Promise.all([gateway.ready, bare.ready]);
    options.progress("warming up");
    const warm = await gateway.turn({ ticks: warmUpTicks, frameBytes: [] });
    await bare.turn({ ticks: warmUpTicks, frameBytes: warm.frameBytes });
    const [costs, bareCosts, ratios, bytes]: number[][] = [[], [], [], []];
    const rounds = Math.min(options.rounds, roundsMax);
    for (let round = 0; round < rounds; round++) {
      options.progress(`round ${round + 1} of ${rounds}`);
      const ours = await gateway.turn({ ticks: turnTicks, frameBytes: [] });
      const theirs = await bare.turn({ ticks: turnTicks, frameBytes: ours.frameBytes });
      costs!.push(ours.cpuUs / ours.frames);
      bareCosts!.push(theirs.cpuUs / theirs.frames);
      ratios!.push(ours.cpuUs / ours.frames / (theirs.cpuUs / theirs.frames));
      bytes!.push(ours.frameBytes.reduce((sum, value) => sum + value, 0) / ours.frameBytes.length);
    }
    return {
      results: {
        cpuUsPerFrame: median(costs!),
        bytesPerFrame: median(bytes!),
        players,
        framesPerSecond: (1000 / tickMs) * players,
      },
      references: { wsCpuUsPerFrame: median(bareCosts!) },
      ratios: { ws: median(ratios!) },
    };
  } finally {
    await Promise.all([gateway.end(), bare.end()]);
  }
}

/** A server on its thread, with its clients on another. */
class Contestant {
  readonly ready: Promise<void>;
  readonly #server: Worker;
  #clients: Worker | undefined;
  #answer: (measured: Measured) => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(role: Role) {
    this.#server = new Worker(new URL(import.meta.url), { workerData: role });
    this.ready = new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#server.on("error", (error) => this.#fail(error));
      this.#server.on("message", (message: { port: number; tickets: string[] } | "full" | Measured) => {
        if (message === "full") resolve();
        else if ("port" in message) this.#connect({ kind: "clients", ...message });
        else this.#answer(message);
      });
    });
  }

  turn(turn: Turn): Promise<Measured> {
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
      this.#server.postMessage(turn);
    });
  }

  async end(): Promise<void> {
    this.#fail = () => {};
    await Promise.all([this.#server.terminate(), this.#clients?.terminate()]);
  }

  #connect(role: Role): void {
    this.#clients = new Worker(new URL(import.meta.url), { workerData: role });
    this.#clients.on("error", (error) => this.#fail(error));
  }
}

/** The server's half: waits until everyone is there, then ticks at 20 Hz as often as it is asked to. */
async function serve(options: { isFull: () => boolean; tick: (bytes: number) => Sent }): Promise<void> {
  while (!options.isFull()) {
    options.tick(0);
    await pause(tickMs);
  }
  parentPort?.on("message", async ({ ticks, frameBytes }: Turn) => {
    const sizes: number[] = [];
    let [frames, foreignUs] = [0, 0];
    const startUs = threadCpuUs();
    const startMs = performance.now();
    for (let i = 0; i < ticks; i++) {
      const sent = options.tick(frameBytes[i] ?? 0);
      frames += sent.frames;
      foreignUs += sent.foreignUs;
      sizes.push(Math.round(sent.bytes / Math.max(1, sent.frames)));
      await pause(Math.max(0, startMs + (i + 1) * tickMs - performance.now()));
    }
    const cpuUs = threadCpuUs() - startUs - foreignUs;
    parentPort?.postMessage({ cpuUs, frames, frameBytes: sizes } satisfies Measured);
  });
  parentPort?.postMessage("full");
}

async function serveGateway(): Promise<void> {
  const realm = "bench";
  const clock = systemClock;
  const bus = new SameThreadBus();
  const { verifier, issuer } = await developmentTickets({ realm, clock, randomBytes });
  const zoneBus = new SameThreadBus();
  const zone = new FakeZone({
    info,
    realm,
    bus: zoneBus,
    gateway: 0,
    levels,
    regionSizeM: 64,
    seed: 1,
    walkers: 1500,
  });
  const gateway = new Gateway({
    index: 0,
    realm,
    version: "bench",
    schema: testSchema,
    tickRateHz: 20,
    regionSizeM: 64,
    levels,
    hysteresisPercent: 10,
    viewStepM: 2,
    zones: [info],
    capacity: players,
    limits: {
      messagesPerSecond: 60,
      messagesBurst: 120,
      handshakeMs: 60_000,
      idleMs: 60_000,
      heartbeatMs: 25_000,
      resumeSeconds: 120,
    },
    isOriginAllowed: () => true,
    newCharacter: () => ({ zone: 0, schemaVersion: 1, state: new Uint8Array(0) }),
    bus,
    store: createMemoryStore(),
    tickets: verifier,
    clock,
    timers: systemTimers,
    randomBytes,
    onFailure: (error) => {
      throw error;
    },
  });
  // The zone stands behind a bus of its own, so that its time can be told apart.
  bus.onIntents(0, (batch) => zoneBus.sendIntents(0, batch));
  let pending: Uint8Array | undefined;
  zoneBus.onTickFrames(0, (batch) => {
    pending = batch;
  });
  const http = createServer();
  const transport = new WsTransport({
    connectionsPerAddress: players,
    isLoopbackFree: true,
    accept: (connection) => gateway.accept(connection),
  });
  transport.attach(http);
  await listen(http);
  const tickets: string[] = [];
  for (let i = 0; i < players; i++) tickets.push((await issuer.issue(`Bot ${i}`)).ticket);
  parentPort?.postMessage({ port: (http.address() as AddressInfo).port, tickets });
  const headings = new Map<number, number>();
  await serve({
    isFull: () => zone.players.size === players,
    tick: () => {
      const { framesSent, bytesOut } = gateway.stats;
      gateway.sendIntents();
      const zoneStartUs = threadCpuUs();
      for (const session of zone.players.keys()) walk(zone, session, headings);
      zone.step();
      const foreignUs = threadCpuUs() - zoneStartUs;
      if (pending !== undefined) bus.sendTickFrame(0, pending);
      gateway.flush();
      return {
        frames: gateway.stats.framesSent - framesSent,
        bytes: gateway.stats.bytesOut - bytesOut,
        foreignUs,
      };
    },
  });
}

/** Five metres a second, straight on until something turns it. */
function walk(zone: FakeZone, session: number, headings: Map<number, number>): void {
  const { random } = zone;
  const { bounds } = info;
  const place = zone.placeOf(session);
  let heading = headings.get(session);
  if (heading === undefined) {
    zone.movePlayer(session, random.float() * bounds.width, random.float() * bounds.height);
    headings.set(session, random.float() * 6.28);
    return;
  }
  const isOutside = place.x < 5 || place.y < 5 || place.x > bounds.width - 5 || place.y > bounds.height - 5;
  if (isOutside) heading = Math.atan2(bounds.height / 2 - place.y, bounds.width / 2 - place.x);
  else if (random.chance(0.02)) heading = random.float() * 6.28;
  headings.set(session, heading);
  zone.movePlayer(session, place.x + Math.cos(heading) * 0.25, place.y + Math.sin(heading) * 0.25);
}

async function serveBare(): Promise<void> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const pool = randomBytes(poolBytes);
  const sockets: WebSocket[] = [];
  let at = 0;
  server.on("connection", (socket) => {
    sockets.push(socket);
    socket.on("message", () => {});
  });
  await listen(http);
  const tickets = new Array<string>(players).fill("none");
  parentPort?.postMessage({ port: (http.address() as AddressInfo).port, tickets });
  await serve({
    isFull: () => sockets.length === players,
    tick: (bytes) => {
      if (bytes === 0) return { frames: 0, bytes: 0, foreignUs: 0 };
      for (const socket of sockets) {
        if (at + bytes > poolBytes) at = 0;
        socket.send(pool.subarray(at, at + bytes));
        at += bytes;
      }
      return { frames: sockets.length, bytes: sockets.length * bytes, foreignUs: 0 };
    },
  });
}

/** Players: each acknowledges four times a second and says where it walks, while frames come. */
function play(port: number, tickets: readonly string[]): void {
  const hello = encodeHello({
    formatVersion: 1,
    schemaHash: "0".repeat(16),
    wantsDigests: false,
    lastFact: 0,
    client: "bench",
  });
  for (const [index, ticket] of tickets.entries()) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/play`, ["myriad.1", `ticket.${ticket}`], {
      perMessageDeflate: false,
    });
    let [frames, told, frame, seq] = [0, 0, 0, 0];
    socket.on("open", () => {
      socket.send(hello);
      setInterval(
        () => {
          // Between two turns nobody speaks.
          if (frames === told) return;
          told = frames;
          const record = encodeRecord(Move.fields, { heading: seq % 6, speed: 1 });
          socket.send(encodeInput(frame, [{ seq: ++seq, type: 0, record }]));
        },
        250 + (index % 16),
      );
    });
    socket.on("message", (bytes: Buffer) => {
      frames += 1;
      if (bytes[0] === serverMessage.frame) frame = new ByteReader(bytes, 1).u32();
    });
    socket.on("close", (code) => {
      throw new Error(`closed ${code}`);
    });
    socket.on("error", () => {});
  }
}

function listen(http: Server): Promise<void> {
  return new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

async function work(role: Role): Promise<void> {
  switch (role.kind) {
    case "clients":
      play(role.port, role.tickets);
      return;
    case "gateway":
      await serveGateway();
      return;
    case "bare":
      await serveBare();
  }
}

if (!isMainThread) await work(workerData as Role);
