/**
 * The gateway thread against a bare `ws` server: microseconds of CPU per client frame.
 *
 * Both serve as many clients over loopback, in turns: the gateway composes frames of a crowd that walks through restless
 * creatures, ten a second for each client, out of twenty ticks; the bare server sends as many random bytes as the gateway
 * did in the same tick of its turn, and receives the same messages, four a second of each client. It sends once with
 * `ws.send` and once, the floor of what a server in Node can do, frames whose header is written already. Each server has a
 * thread of its own, whose CPU time is measured; the zone is on the main thread, the clients on others.
 * `ratios.floor` is the gateway's cost over the floor's; the goal is 1.3 at most.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
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
import { testLimits } from "../packages/server/src/gateway/testing-gateway.ts";
import { FakeZone, Move, testSchema } from "../packages/server/src/gateway/testing.ts";
import { developmentTickets } from "../packages/server/src/gateway/tickets.ts";
import { WsTransport } from "../packages/server/src/gateway/ws-transport.ts";
import { randomBytes } from "../packages/server/src/platform/machine.ts";
import { systemClock, systemTimers } from "../packages/server/src/platform/system-time.ts";
import { createMemoryStore } from "../packages/server/src/store/sqlite/memory-store.ts";
import { type BenchOptions, type BenchResult, median } from "./harness.ts";

const players = 2000;
const tickMs = 50;
/** Share of a busy second that makes the gateway send every second tick, when it is told often enough. */
const busyShare = 0.95;
const busySeconds = 40;
/** Ticks before measuring: keyframes go out, code is compiled. */
const warmUpTicks = 160;
/** Ticks of one turn: three seconds, twice the longest stride's rhythm. */
const turnTicks = 60;
/** Milliseconds between ticks while another has its turn. */
const idleTickMs = 500;
/** Rounds at most: each takes three turns. */
const roundsMax = 7;
/** Random bytes that the bare server sends parts of. */
const poolBytes = 1 << 20;
const realm = "bench";
const levels = levelsOf(defaultChannelRates, 20);
const info = { zone: 0, name: "plain", bounds: { x: 0, y: 0, width: 2048, height: 2048 } };

type Role =
  | { readonly kind: "gateway" }
  | { readonly kind: "bare" }
  | { readonly kind: "clients"; readonly port: number; readonly tickets: readonly string[] };

/** What a server is asked for: some ticks. The bare one is told the bytes of one frame in each of them. */
interface Turn {
  readonly ticks: number;
  readonly frameBytes: readonly number[];
  /** Whether the bare server writes frames with a header to the socket, instead of calling `ws.send`. */
  readonly isFramed?: boolean;
}

interface Measured {
  readonly cpuUs: number;
  readonly frames: number;
  /** Mean bytes of one frame in each tick. */
  readonly frameBytes: readonly number[];
}

/** What one tick sent. */
interface Sent {
  readonly frames: number;
  readonly bytes: number;
}

/** What a server's thread says. */
type Message =
  | { readonly kind: "listening"; readonly port: number; readonly tickets: readonly string[] }
  | { readonly kind: "full" }
  | { readonly kind: "intents"; readonly batch: Uint8Array }
  | { readonly kind: "measured"; readonly measured: Measured };
/** What it is told: ticks to run, or what the zone says. */
type Order =
  | { readonly kind: "turn"; readonly turn: Turn }
  | { readonly kind: "tickFrame"; readonly batch: Uint8Array };

export async function run(options: BenchOptions): Promise<BenchResult> {
  const gateway = new Contestant({ kind: "gateway" });
  const bare = new Contestant({ kind: "bare" });
  try {
    options.progress(`connecting ${players} clients to each server`);
    await Promise.all([gateway.ready, bare.ready]);
    options.progress("warming up");
    const warm = await gateway.turn({ ticks: warmUpTicks, frameBytes: [] });
    await bare.turn({ ticks: warmUpTicks, frameBytes: warm.frameBytes });
    const [costs, wsCosts, floorCosts, wsRatios, floorRatios, bytes]: number[][] = [[], [], [], [], [], []];
    const rounds = Math.min(options.rounds, roundsMax);
    for (let round = 0; round < rounds; round++) {
      options.progress(`round ${round + 1} of ${rounds}`);
      const ours = await gateway.turn({ ticks: turnTicks, frameBytes: [] });
      const { frameBytes } = ours;
      const ws = await bare.turn({ ticks: turnTicks, frameBytes });
      const floor = await bare.turn({ ticks: turnTicks, frameBytes, isFramed: true });
      costs!.push(ours.cpuUs / ours.frames);
      wsCosts!.push(ws.cpuUs / ws.frames);
      floorCosts!.push(floor.cpuUs / floor.frames);
      wsRatios!.push(ours.cpuUs / ours.frames / (ws.cpuUs / ws.frames));
      floorRatios!.push(ours.cpuUs / ours.frames / (floor.cpuUs / floor.frames));
      const sent = frameBytes.filter((value) => value > 0);
      bytes!.push(sent.reduce((sum, value) => sum + value, 0) / sent.length);
    }
    return {
      results: {
        cpuUsPerFrame: median(costs!),
        bytesPerFrame: median(bytes!),
        players,
        framesPerSecond: (500 / tickMs) * players,
      },
      references: { wsCpuUsPerFrame: median(wsCosts!), floorCpuUsPerFrame: median(floorCosts!) },
      ratios: { ws: median(wsRatios!), floor: median(floorRatios!) },
    };
  } finally {
    await Promise.all([gateway.end(), bare.end()]);
  }
}

/** A server on its thread, with its clients on another. */
class Contestant {
  readonly ready: Promise<void>;
  readonly #server: Worker;
  readonly #zone = new CrowdedZone((batch) => this.#order({ kind: "tickFrame", batch }));
  #clients: Worker | undefined;
  #answer: (measured: Measured) => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(role: Role) {
    this.#server = new Worker(new URL(import.meta.url), { workerData: role });
    this.ready = new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#server.on("error", (error) => this.#fail(error));
      this.#server.on("message", (message: Message) => {
        if (message.kind === "full") resolve();
        else if (message.kind === "listening") this.#connect({ ...message, kind: "clients" });
        else if (message.kind === "intents") this.#zone.step(message.batch);
        else this.#answer(message.measured);
      });
    });
  }

  turn(turn: Turn): Promise<Measured> {
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
      this.#order({ kind: "turn", turn });
    });
  }

  async end(): Promise<void> {
    this.#fail = () => {};
    await Promise.all([this.#server.terminate(), this.#clients?.terminate()]);
  }

  #order(order: Order): void {
    this.#server.postMessage(order);
  }

  #connect(role: Role): void {
    this.#clients = new Worker(new URL(import.meta.url), { workerData: role });
    this.#clients.on("error", (error) => this.#fail(error));
  }
}

/** A zone on the main thread whose players walk; it answers each batch of intents with a tick frame. */
class CrowdedZone {
  readonly #bus = new SameThreadBus();
  readonly #zone: FakeZone;
  readonly #headings = new Map<number, number>();

  constructor(answer: (batch: Uint8Array) => void) {
    const zone = { info, realm, bus: this.#bus, gateway: 0, levels, regionSizeM: 64, seed: 1, walkers: 1500 };
    this.#zone = new FakeZone(zone);
    this.#bus.onTickFrames(0, answer);
  }

  step(batch: Uint8Array): void {
    this.#bus.sendIntents(0, batch);
    for (const session of this.#zone.players.keys()) this.#walk(session);
    this.#zone.inputs.length = 0;
    this.#zone.step();
  }

  /** Five metres a second, straight on until something turns it. */
  #walk(session: number): void {
    const zone = this.#zone;
    const { random } = zone;
    const { width, height } = info.bounds;
    const place = zone.placeOf(session);
    let heading = this.#headings.get(session);
    if (heading === undefined) {
      zone.movePlayer(session, random.float() * width, random.float() * height);
      this.#headings.set(session, random.float() * 6.28);
      return;
    }
    const isOutside = place.x < 5 || place.y < 5 || place.x > width - 5 || place.y > height - 5;
    if (isOutside) heading = Math.atan2(height / 2 - place.y, width / 2 - place.x);
    else if (random.chance(0.02)) heading = random.float() * 6.28;
    this.#headings.set(session, heading);
    zone.movePlayer(session, place.x + Math.cos(heading) * 0.25, place.y + Math.sin(heading) * 0.25);
  }
}

/** The server's half: waits until everyone is there, then ticks at 20 Hz as often as it is asked to. */
async function serve(options: {
  isFull: () => boolean;
  tick: (bytes: number, isFramed: boolean) => Promise<Sent>;
}): Promise<void> {
  while (!options.isFull()) {
    await options.tick(0, false);
    await pause(tickMs);
  }
  let isMeasuring = false;
  // Whoever waits for its turn goes on slowly: a zone that says nothing for seconds counts as lost.
  setInterval(() => void (isMeasuring || options.tick(0, false)), idleTickMs);
  parentPort?.on("message", async (order: Order) => {
    if (order.kind !== "turn") return;
    isMeasuring = true;
    const { ticks, frameBytes: given, isFramed = false } = order.turn;
    const frameBytes: number[] = [];
    let frames = 0;
    const startUs = threadCpuUs();
    const startMs = performance.now();
    for (let i = 0; i < ticks; i++) {
      const sent = await options.tick(given[i] ?? 0, isFramed);
      frames += sent.frames;
      frameBytes.push(Math.round(sent.bytes / Math.max(1, sent.frames)));
      await pause(Math.max(0, startMs + (i + 1) * tickMs - performance.now()));
    }
    isMeasuring = false;
    tell({ kind: "measured", measured: { cpuUs: threadCpuUs() - startUs, frames, frameBytes } });
  });
  tell({ kind: "full" });
}

async function serveGateway(): Promise<void> {
  const clock = systemClock;
  const bus = new SameThreadBus();
  const { verifier, issuer } = await developmentTickets({ realm, clock, randomBytes });
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
    limits: { ...testLimits, handshakeMs: 60_000 },
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
  // A copy of its own size: a view would take its whole buffer along.
  bus.onIntents(0, (batch) => tell({ kind: "intents", batch: batch.slice() }));
  let arrive = () => {};
  parentPort?.on("message", (order: Order) => {
    if (order.kind !== "tickFrame") return;
    bus.sendTickFrame(0, order.batch);
    arrive();
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
  tell({ kind: "listening", port: (http.address() as AddressInfo).port, tickets });
  for (let second = 0; second < busySeconds; second++) gateway.noteLoad(busyShare);
  await serve({
    isFull: () => gateway.counts().playing === players,
    async tick() {
      const { framesSent, bytesOut } = gateway.stats;
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      gateway.sendIntents();
      await arrived;
      gateway.flush();
      return { frames: gateway.stats.framesSent - framesSent, bytes: gateway.stats.bytesOut - bytesOut };
    },
  });
}

async function serveBare(): Promise<void> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const pool = Buffer.from(randomBytes(poolBytes).buffer);
  const sockets: { ws: WebSocket; socket: Duplex }[] = [];
  let at = 0;
  server.on("connection", (ws, request) => {
    sockets.push({ ws, socket: request.socket });
    ws.on("message", () => {});
  });
  await listen(http);
  const tickets = new Array<string>(players).fill("none");
  tell({ kind: "listening", port: (http.address() as AddressInfo).port, tickets });
  await serve({
    isFull: () => sockets.length === players,
    async tick(bytes, isFramed) {
      if (bytes === 0) return { frames: 0, bytes: 0 };
      for (const { ws, socket } of sockets) {
        if (at + headerBytes + bytes > poolBytes) at = 0;
        const end = at + headerBytes + bytes;
        if (isFramed) socket.write(framed(pool, at, end));
        else ws.send(pool.subarray(at + headerBytes, end));
        at = end;
      }
      return { frames: sockets.length, bytes: sockets.length * bytes };
    },
  });
}

/** Bytes of the header of a frame of 126 to 65,535 bytes. */
const headerBytes = 4;

/** A binary message of random bytes, its header written over the first four. */
function framed(pool: Buffer, from: number, to: number): Buffer {
  const bytes = to - from - headerBytes;
  pool[from] = 0x82;
  pool[from + 1] = 126;
  pool[from + 2] = bytes >>> 8;
  pool[from + 3] = bytes;
  return pool.subarray(from, to);
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

function tell(message: Message): void {
  parentPort?.postMessage(message);
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
