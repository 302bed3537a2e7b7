/**
 * A PostgreSQL of one's own for tests and benchmarks: in a new directory, on a free port, gone when it is stopped.
 *
 * Invariant: nobody else gets in: it listens on this machine alone and asks for a password that it was just given.
 * Invariant: durable like one in earnest (`fsync` on), because that is what is tested and measured.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";

export interface PrivateServer {
  /** Of the database `postgres`, for its owner. */
  readonly url: string;
  /** The server's process. */
  readonly pid: number;
  /** Ends the server at once, as a crash would, and keeps its data. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same port. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

export interface PrivateServerOptions {
  /** Settings by name, beside those that tests need. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Where Debian and its kin put one release beside the other. */
const releases = "/usr/lib/postgresql";
/** Of util-linux. */
const setpriv = "/usr/bin/setpriv";
const startMsMax = 20_000;
const pollMs = 50;
/** A server that accepts a connection and says nothing is asked again. */
const answerMsMax = 2000;
const owner = "myriad";

/** The directory of `initdb` and `postgres`; undefined where none is installed. The newest one that Debian has, or the path's. */
export function findPostgres(path: string): string | undefined {
  const installed = existsSync(releases) ? readdirSync(releases) : [];
  const newest = installed.sort((left, right) => Number(right) - Number(left));
  const folders = [...newest.map((release) => join(releases, release, "bin")), ...path.split(delimiter)];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

/** Makes and starts a server. Rejects with an error that says what is missing or what the server said. */
export async function startPrivateServer({
  settings = {},
}: PrivateServerOptions = {}): Promise<PrivateServer> {
  const programs = findPostgres(process.env["PATH"] ?? "");
  if (programs === undefined)
    throw new Error("PostgreSQL is not installed (Debian: apt-get install postgresql)");
  const user = unprivileged();
  const home = mkdtempSync(join(tmpdir(), "myriad-postgres-"));
  if (user !== undefined) chownSync(home, user.uid, user.gid);
  const password = randomBytes(16).toString("hex");
  const passwordFile = join(home, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) chownSync(passwordFile, user.uid, user.gid);
  const data = join(home, "data");
  try {
    await promisify(execFile)(
      join(programs, "initdb"),
      [
        "-D",
        data,
        "-U",
        owner,
        "-A",
        "scram-sha-256",
        `--pwfile=${passwordFile}`,
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
      ],
      { ...user, cwd: home },
    );
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
  const port = await freePort();
  const url = `postgresql://${owner}:${password}@127.0.0.1:${port}/postgres`;
  const flags = Object.entries({ ...ownSettings, ...settings }).flatMap(([name, value]) => [
    "-c",
    `${name}=${value}`,
  ]);
  const start = async (): Promise<ChildProcess> => {
    const args = ["-D", data, "-k", home, "-h", "127.0.0.1", "-p", String(port), ...flags];
    const postgres = join(programs, "postgres");
    const [program, ...before] = bound(postgres);
    const child = spawn(program, [...before, ...args], {
      ...user,
      cwd: home,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const log: string[] = [];
    child.stderr
      .setEncoding("utf8")
      .on("data", (text: string) => log.splice(0, log.length, ...log.slice(-20), text));
    // Who forgets to stop it can end all the same; the server is ended then, too.
    child.unref();
    (child.stderr as Socket).unref();
    await untilReady(child, url, log);
    return child;
  };
  let child: ChildProcess;
  try {
    child = await start();
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
  // Where `bound` has nothing: a test that ends early must not leave a server behind.
  const endWithProcess = (): void => void child.kill("SIGQUIT");
  process.once("exit", endWithProcess);

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return {
    url,
    get pid() {
      return child.pid as number;
    },
    kill: () => end("SIGQUIT"),
    async restart() {
      child = await start();
    },
    async stop() {
      process.removeListener("exit", endWithProcess);
      await end("SIGINT");
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The program as one that ends when its parent does, however that ends, where there is such a thing. */
function bound(program: string): [string, ...string[]] {
  return existsSync(setpriv) ? [setpriv, "--pdeathsig", "QUIT", program] : [program];
}

/** Small enough for any machine, and quiet. */
const ownSettings: Readonly<Record<string, string>> = {
  shared_buffers: "128MB",
  max_wal_size: "2GB",
  log_min_messages: "warning",
  unix_socket_permissions: "0700",
};

/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string): number =>
    Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);
  const [uid, gid] = [idOf("-u"), idOf("-g")];
  if (!(uid > 0)) throw new Error("there is no user postgres to run the server as");
  return { uid, gid };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function untilReady(child: ChildProcess, url: string, log: readonly string[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < startMsMax; waitedMs += pollMs) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: answerMsMax });
    client.on("error", () => {});
    try {
      await client.connect();
      return;
    } catch {
      if (child.exitCode !== null) break;
      await new Promise((resolve) => {
        setTimeout(resolve, pollMs);
      });
    } finally {
      await client.end().catch(() => {});
    }
  }
  child.kill("SIGQUIT");
  throw new Error(`PostgreSQL did not start: ${log.join("")}`);
}
