/**
 * One peer's server as a process: `node server.ts ORDER`, where ORDER is a ServerOrder as JSON. Speaks over its parent's
 * channel: where it listens, then what it measured of itself between two words.
 *
 * Each server's own file says how it was built and why that is the way its documentation recommends.
 */
import type { Peer, ServerOrder, ServerWord, Word } from "./messages.ts";
import { ProcessMeter } from "./process-meter.ts";

/** What each server's file exports: starts it, on a free port of this machine. */
export interface PeerServer {
  serve(order: ServerOrder): Promise<{ port: number; stop: () => Promise<void> }>;
}

/** Named, not imported: a contestant loads what it needs and nothing of the others. Some packages may not be installed. */
const files: Readonly<Record<Peer, string>> = {
  myriad: "./serve-myriad.ts",
  ws: "./serve-ws.ts",
  "socket.io": "./foreign/serve-socket-io.ts",
  colyseus: "./foreign/serve-colyseus.ts",
};

/** Milliseconds for a clean end; nothing is lost by a hard one. */
const stopMsMax = 2000;

const order = JSON.parse(process.argv[2] ?? "{}") as ServerOrder;
const file = new URL(files[order.peer], import.meta.url).href;
const { serve } = (await import(file)) as PeerServer;
const { port, stop } = await serve(order);
const meter = new ProcessMeter();

process.on("message", (word: Word) => {
  switch (word) {
    case "begin":
      meter.begin();
      return;
    case "end":
      tell({ kind: "measured", figures: meter.end() });
      return;
    case "stop":
      setTimeout(() => process.exit(0), stopMsMax);
      void stop().finally(() => process.exit(0));
      return;
    case "peek":
    // Of the load program alone.
  }
});
process.on("disconnect", () => process.exit(0));
tell({ kind: "listening", port });

function tell(word: ServerWord): void {
  process.send?.(word);
}
