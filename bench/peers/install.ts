/**
 * The peers' packages: installed when a run needs them, never by the project itself.
 *
 * They stand in a package of their own beside this file, with a lockfile, so that everybody compares with the same versions.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Peer } from "./messages.ts";

/** The peers that need packages which the project does not have. */
export const foreignPeers: ReadonlySet<Peer> = new Set(["socket.io", "colyseus"]);

const folder = import.meta.dirname;
/** npm writes it when it is done, so it stands for a whole installation. */
const installed = join(folder, "node_modules", ".package-lock.json");
const wanted = join(folder, "package-lock.json");
/** Milliseconds for the installation: 24 MB over a slow line. */
const installMsMax = 10 * 60_000;

/** Installs what is missing. Throws with what to do when it cannot. */
export function installPeers(peers: readonly Peer[], progress: (line: string) => void): void {
  if (!peers.some((peer) => foreignPeers.has(peer)) || isInstalled()) return;
  progress("installing the peers' packages into bench/peers/node_modules (npm ci, once)");
  const { status, error } = spawnSync("npm", ["ci", "--no-audit", "--loglevel", "error"], {
    cwd: folder,
    stdio: ["ignore", process.stderr, process.stderr],
    timeout: installMsMax,
  });
  if (status === 0) return;
  const why = error === undefined ? `npm ended with ${status}` : error.message;
  throw new Error(
    `the peers' packages could not be installed (${why}): run \`npm ci\` in bench/peers, or measure without them: --only myriad,ws`,
  );
}

/** Whether the packages are there and no older than the lockfile. */
function isInstalled(): boolean {
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs;
}
