/**
 * The PostgreSQL of the store's tests: finds the server's programs, and installs Debian's package where that is ours to do.
 *
 * The tests start servers of their own; one that runs on the machine already is never touched.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { findPostgres } from "../packages/server/src/store/postgres/private-server.ts";

const help =
  "the tests of the PostgreSQL store need its server; install it (Debian: apt-get install postgresql) or run npm test as root";

/** Debian's package makes a server at once, unless this says no. */
const clusterConfig = "/etc/postgresql-common/createcluster.conf";

/**
 * Makes sure that there are programs: installs Debian's when run as root with apt-get, which takes a minute.
 * Returns their directory, or undefined with a message on stderr where they cannot be had.
 */
export function ensurePostgres(): string | undefined {
  const found = find();
  if (found !== undefined) return found;
  if (!mayInstall()) {
    console.error(help);
    return undefined;
  }
  console.error("no PostgreSQL yet: installing postgresql with apt-get, this takes a minute");
  if (!existsSync(clusterConfig)) {
    mkdirSync("/etc/postgresql-common", { recursive: true });
    writeFileSync(clusterConfig, "create_main_cluster = false\n");
  }
  apt(["update"]);
  apt(["install", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", "postgresql"]);
  const installed = find();
  console.error(installed === undefined ? help : `installed ${installed}`);
  return installed;
}

function find(): string | undefined {
  return findPostgres(process.env["PATH"] ?? "");
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && spawnSync("apt-get", ["--version"], { stdio: "ignore" }).status === 0;
}

/** Output is shown only when it fails: the log of a package manager helps nobody who has what they need. */
function apt(args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status, stdout, stderr } = spawnSync("apt-get", ["-q", ...args], { env, encoding: "utf8" });
  if (status !== 0) console.error(`apt-get ${args[0]} failed:\n${stdout}${stderr}`);
}
