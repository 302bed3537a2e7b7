/**
 * What else a process gets from its machine: random bytes, the environment, the working directory, its addresses, cores.
 *
 * Invariant: read when asked, never at import; whoever needs a value gets it passed.
 */
import { randomBytes as nodeRandomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, networkInterfaces } from "node:os";
import type { RandomBytes } from "../kernel/time.ts";

/** Bytes from the operating system's generator. */
export const randomBytes: RandomBytes = (count) => nodeRandomBytes(count);

/** A copy of the environment's variables. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return { ...process.env };
}

export function workingDirectory(): string {
  return process.cwd();
}

export function fileExists(path: string): boolean {
  return existsSync(path);
}

/** The addresses at which this machine can be reached, IPv6 in brackets. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address, family }) => (family === "IPv6" ? `[${address}]` : address));
}

/** Cores that this process may use; what it was pinned to counts. */
export function availableCores(): number {
  return availableParallelism();
}

/** Whether nobody listens at an address. False only when it is taken: other faults show when somebody listens. */
export function isPortFree({ host, port }: { host: string; port: number }): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", (error: Error & { code?: string }) => resolve(error.code !== "EADDRINUSE"));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Writes one line to standard output. */
export function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Ends the process with a code. */
export function exitProcess(code: number): void {
  process.exit(code);
}

/** Calls `work` at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function onTermination(work: (signal: string) => void): void {
  let isFirst = true;
  const take = (signal: NodeJS.Signals) => {
    if (!isFirst) process.exit(1);
    isFirst = false;
    work(signal);
  };
  process.on("SIGINT", take);
  process.on("SIGTERM", take);
}
