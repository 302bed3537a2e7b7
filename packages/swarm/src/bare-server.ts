/** A bare server in a process of its own, for the swarm's test of itself; bare-main.ts is what runs there. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { processMsMax } from "./limits.ts";

export interface BareServer {
  /** `ws://host:port`. */
  readonly url: string;
  stop(): void;
}

/** The child ends by itself when nobody listens to it any more, so that what it has to say at its end is said. */
function stop(child: ChildProcess): void {
  if (child.connected) child.disconnect();
}

/** Resolves when it listens; rejects with an Error that can be shown when it does not. */
export function startBareServer(): Promise<BareServer> {
  const entry = fileURLToPath(new URL("bare-main.ts", import.meta.url));
  const child = fork(entry);
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => fail("does not start"), processMsMax);
    const fail = (how: string) => {
      clearTimeout(patience);
      child.kill();
      reject(new Error(`the bare server ${how}`));
    };
    child.once("error", (error) => fail(`failed: ${error.message}`));
    child.once("exit", (code) => fail(`ended with ${code}`));
    child.once("message", (said) => {
      clearTimeout(patience);
      const { port } = said as { port: number };
      resolve({ url: `ws://127.0.0.1:${port}`, stop: () => stop(child) });
    });
  });
}
