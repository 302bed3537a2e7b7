// send path experiment
import { createServer } from "node:http";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { WebSocket, WebSocketServer } from "ws";
import { randomBytes } from "node:crypto";
const N = 400;
if (!isMainThread) {
  let got = 0;
  for (let i = 0; i < N; i++) {
    const s = new WebSocket(`ws://127.0.0.1:${workerData}`, { perMessageDeflate: false });
    s.on("message", () => {
      got++;
    });
    s.on("error", () => {});
  }
} else {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const socks: WebSocket[] = [];
  server.on("connection", (s) => socks.push(s));
  await new Promise<void>((r) => http.listen(0, "127.0.0.1", () => r()));
  const w = new Worker(new URL(import.meta.url), { workerData: (http.address() as any).port });
  while (socks.length < N) await new Promise((r) => setTimeout(r, 10));
  const raw = socks.map((s) => (s as any)._socket);
  const pool = randomBytes(1 << 20);
  let at = 0;
  const cpu = () => {
    const c = process.threadCpuUsage();
    return c.user + c.system;
  };
  const sizes = [200, 500, 300, 900, 200, 500, 300, 2900];
  const big = new Uint8Array(2 << 20);
  const modes: Record<string, (n: number) => void> = {
    ws(n) {
      for (const s of socks) {
        if (at + n > pool.length) at = 0;
        s.send(pool.subarray(at, at + n));
        at += n;
      }
    },
    frame(n) {
      let o = 10;
      for (const s of raw) {
        big.set(pool.subarray(at, at + n), o);
        if (at + 2 * n > pool.length) at = 0;
        at += n;
        big[o - 4] = 0x82;
        big[o - 3] = 126;
        big[o - 2] = n >> 8;
        big[o - 1] = n;
        s.write(Buffer.from(big.buffer, o - 4, n + 4));
        o += n + 10;
      }
    },
    burst(n) {
      let o = 10;
      for (const _ of raw) {
        big.set(pool.subarray(at, at + n), o);
        if (at + 2 * n > pool.length) at = 0;
        at += n;
        big[o - 4] = 0x82;
        big[o - 3] = 126;
        big[o - 2] = n >> 8;
        big[o - 1] = n;
        o += n + 10;
      }
      o = 10;
      for (const s of raw) {
        s.write(Buffer.from(big.buffer, o - 4, n + 4));
        o += n + 10;
      }
    },
    nostream(n) {
      let o = 10;
      for (const _ of raw) {
        big.set(pool.subarray(at, at + n), o);
        if (at + 2 * n > pool.length) at = 0;
        at += n;
        big[o - 4] = 0x82;
        big[o - 3] = 126;
        big[o - 2] = n >> 8;
        big[o - 1] = n;
        o += n + 10;
      }
      o = 10;
      for (const s of raw) {
        s.cork();
        s.write(Buffer.from(big.buffer, o - 4, n + 4));
        s.uncork();
        o += n + 10;
      }
    },
  };
  for (let round = 0; round < 5; round++) {
    const out: string[] = [];
    for (const [name, send] of Object.entries(modes)) {
      let us = 0,
        frames = 0;
      const c0 = cpu();
      for (let t = 0; t < 40; t++) {
        const a = cpu();
        send(sizes[t % 8]!);
        us += cpu() - a;
        frames += N;
        await new Promise((r) => setTimeout(r, 40));
      }
      out.push(`${name} ${(us / frames).toFixed(2)} (all ${((cpu() - c0) / frames).toFixed(2)})`);
    }
    console.log(out.join("   "));
  }
  await w.terminate();
  process.exit(0);
}
