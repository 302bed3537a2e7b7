/** A realm of the tests that runs on two gateways and two zone workers, with a data directory of its own. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningRealm, startRealm } from "@myriad/server";
import { ThreadPlayer } from "./player.ts";
import { gatewayEndsVariable } from "./realm.ts";

/** Connections that may be needed to come to one gateway: the system spreads them by chance. */
const triesMax = 40;

export class TestRealm {
  readonly realm: RunningRealm;
  /** Once it is there, the gateway at which the next player logs in ends. */
  readonly gatewayEnds: string;
  players: ThreadPlayer[] = [];
  readonly #dataDir: string;
  #names = 0;

  static async start(
    config: Record<string, unknown>,
    environment: Record<string, string> = {},
  ): Promise<TestRealm> {
    const dataDir = mkdtempSync(join(tmpdir(), "myriad-threads-"));
    const all = { zones: 2, threads: { gateways: 2, zones: 2 }, saveEveryMs: 500, ...config };
    writeFileSync(join(dataDir, "myriad.config.ts"), `export default ${JSON.stringify(all)};`);
    // Threads get a copy of the environment when they start.
    process.env[gatewayEndsVariable] = join(dataDir, "gateway-ends");
    const realm = await startRealm(new URL("./realm.ts", import.meta.url), {
      directory: dataDir,
      environment: { PORT: "0", MYRIAD_DATA_DIR: join(dataDir, "data"), ...environment },
    });
    return new TestRealm(realm, dataDir);
  }

  private constructor(realm: RunningRealm, dataDir: string) {
    this.realm = realm;
    this.#dataDir = dataDir;
    this.gatewayEnds = join(dataDir, "gateway-ends");
  }

  newPlayer(name = `p${this.#names++}`): ThreadPlayer {
    const player = new ThreadPlayer(this.realm.url, name);
    this.players.push(player);
    return player;
  }

  /** Players that are connected. */
  get playing(): number {
    return this.players.filter(({ isConnected }) => isConnected).length;
  }

  /** A player at a gateway. */
  async joinAt(gateway: number, name?: string): Promise<ThreadPlayer> {
    for (let tries = 0; tries < triesMax; tries++) {
      const player = await this.newPlayer(name).join();
      assert.equal(player.closed, undefined);
      if (player.gateway === gateway) return player;
      player.leave();
    }
    assert.fail(`nobody came to gateway ${gateway}`);
  }

  /** Value of a metric, all labels together. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.realm.url}/metrics`)).text();
    const lines = text
      .split("\n")
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    assert.ok(lines.length > 0, `${name} is measured`);
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  dropAll(): void {
    for (const player of this.players) player.leave();
    this.players = [];
  }

  async stop(): Promise<void> {
    this.dropAll();
    await this.realm.stop();
    rmSync(this.#dataDir, { recursive: true });
  }
}
