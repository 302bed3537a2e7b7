/**
 * The gateway thread against a bare `ws` server: microseconds of CPU per client frame.
 *
 * Both serve the same clients over loopback at 20 Hz: the gateway composes frames from recorded tick frames of a crowd
 * that walks; the bare server sends each client as many random bytes as the gateway sent, with `ws.send`, and receives
 * the same messages. Each server has a thread of its own, whose CPU time is measured; the clients have another.
 * `ratios.ws` is the gateway's cost over the bare server's; the goal is 1.5 at most.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import {
  ByteReader,
  decodeServerText,
  defaultChannelRates,
  encodeHello,
  encodeInput,
  encodeRecord,
  levelsOf,
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

const players = 400;
const tickMs = 50;
/** Ticks before measuring: everyone joins, keyframes go out, code is compiled. */
const warmUpTicks = 100;
const measuredTicks = 200;
const levels = levelsOf(defaultChannelRates, 20);
const info = { zone: 0, name: "plain", bounds: { x: 0, y: 0, width: 1024, height: 1024 } };

interface Measured {
  readonly cpuUsPerFrame: number;
  readonly bytesPerFrame: number;
  readonly frames: number;
}

/** What one tick sent, and CPU time in it that was not the server's. */
interface Sent {
  readonly frames: number;
  readonly bytes: number;
  readonly foreignUs: number;
}

type Role =
  | { readonly kind: "gateway" }
  | { readonly kind: "bare"; readonly bytesPerFrame: number }
  | { readonly kind: "clients"; readonly port: number; readonly tickets: readonly string[] };

export async function run() {
  const gateway = await measure({ kind: "gateway" });
  const bare = await measure({ kind: "bare", bytesPerFrame: Math.round(gateway.bytesPerFrame) });
  return {
    results: {
      cpuUsPerFrame: gateway.cpuUsPerFrame,
      bytesPerFrame: gateway.bytesPerFrame,
      frames: gateway.frames,
      players,
    },
    references: { wsCpuUsPerFrame: bare.cpuUsPerFrame, wsFrames: bare.frames },
    ratios: { ws: gateway.cpuUsPerFrame / bare.cpuUsPerFrame },
  };
}

async function measure(role: Role): Promise<Measured> {
  const server = new Worker(new URL(import.meta.url), { workerData: role });
  let clients: Worker | undefined;
  try {
    return await new Promise<Measured>((resolve, reject) => {
      server.on("error", reject);
      server.on("message", (message: { port: number; tickets: string[] } | { measured: Measured }) => {
        if ("measured" in message) return resolve(message.measured);
        const data: Role = { kind: "clients", ...message };
        clients = new Worker(new URL(import.meta.url), { workerData: data });
        clients.on("error", reject);
      });
    });
  } finally {
    await Promise.all([server.terminate(), clients?.terminate()]);
  }
}

/** The server's half of a measurement: calls `tick` at 20 Hz once everyone is there. */
async function serve(options: { isFull: () => boolean; tick: (isWarm: boolean) => Sent }): Promise<Measured> {
  while (!options.isFull()) {
    options.tick(false);
    await pause(tickMs);
  }
  let [frames, bytes, foreignUs, cpuUs] = [0, 0, 0, 0];
  const startMs = performance.now();
  for (let i = 0; i < warmUpTicks + measuredTicks; i++) {
    if (i === warmUpTicks) cpuUs = threadCpuUs();
    const sent = options.tick(true);
    if (i >= warmUpTicks) {
      frames += sent.frames;
      bytes += sent.bytes;
      foreignUs += sent.foreignUs;
    }
    await pause(Math.max(0, startMs + (i + 1) * tickMs - performance.now()));
  }
  return {
    cpuUsPerFrame: (threadCpuUs() - cpuUs - foreignUs) / frames,
    bytesPerFrame: bytes / frames,
    frames,
  };
}

async function serveGateway(): Promise<Measured> {
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
  return serve({
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

async function serveBare(bytesPerFrame: number): Promise<Measured> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const payload = Buffer.from(randomBytes(bytesPerFrame));
  const sockets: WebSocket[] = [];
  server.on("connection", (socket) => {
    sockets.push(socket);
    socket.on("message", () => {});
  });
  await listen(http);
  parentPort?.postMessage({
    port: (http.address() as AddressInfo).port,
    tickets: new Array<string>(players).fill("none"),
  });
  return serve({
    isFull: () => sockets.length === players,
    tick: (isWarm) => {
      if (!isWarm) return { frames: 0, bytes: 0, foreignUs: 0 };
      for (const socket of sockets) socket.send(payload);
      return { frames: sockets.length, bytes: sockets.length * bytesPerFrame, foreignUs: 0 };
    },
  });
}

/** Players: each acknowledges four times a second, and says where it walks. */
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
    let [frame, seq] = [0, 0];
    socket.on("open", () => {
      socket.send(hello);
      setInterval(
        () => {
          const record = encodeRecord(Move.fields, { heading: seq % 6, speed: 1 });
          socket.send(encodeInput(frame, [{ seq: ++seq, type: 0, record }]));
        },
        250 + (index % 16),
      );
    });
    socket.on("message", (bytes: Buffer) => {
      if (bytes[0] === 0x82) frame = new ByteReader(bytes, 1).u32();
      else decodeServerText(bytes);
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
      parentPort?.postMessage({ measured: await serveGateway() });
      return;
    case "bare":
      parentPort?.postMessage({ measured: await serveBare(role.bytesPerFrame) });
  }
}

if (!isMainThread) await work(workerData as Role);
