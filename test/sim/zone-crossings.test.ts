import assert from "node:assert/strict";
import { test } from "node:test";
import { zoneOf } from "@myriad/protocol";
import fc from "fast-check";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { every } from "../../packages/server/src/zone/definitions.ts";
import { counters, Drone, drift, Player, Probe, type ProbeSession } from "./probe.ts";

/** Wanders at up to 60 m/s and turns round where the world ends, until the zone's counter says that it is enough. */
const wander = every(
  0,
  (zone) => {
    if (zone.state(counters).steps[0] !== 0) return;
    drift(zone);
    const drones = zone.table(Drone);
    for (let row = drones.next(-1); row >= 0; row = drones.next(row)) {
      const x = drones.columns.position.x[row]!;
      if (zone.random.chance(0.05) || x < 5 || x > 595) {
        drones.columns.vx[row] = (x < 300 ? 1 : -1) * zone.random.float() * 60;
      }
    }
  },
  { moves: true, name: "wander" },
);

/** Who owns what, over all zones. */
function owners(probe: Probe, kind: typeof Player | typeof Drone): number[] {
  return probe.hosts.map(({ core }) => core.world.table<typeof Drone.fields>(kind as typeof Drone).count);
}

test("whoever crosses has one owner at most at any time, and one in the end, however batches are lost", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), async (seed) => {
      const random = new SeededRandom(seed);
      const probe = new Probe({ zones: 3, systems: [wander], rowsMax: { drone: 400 } });
      const players: ProbeSession[] = [];
      for (let i = 0; i < 6; i++) players.push(await probe.join(`P${i}`, { x: 20 + i * 30, y: 20 + i * 25 }));
      for (let i = 0; i < 40; i++) probe.api(0).spawn(Drone, { position: { x: 150 + i, y: 4 * i }, vx: 30 });
      probe.bus.copies = () => (random.chance(0.15) ? random.int(3) : 1);
      const homes = () =>
        players.map(
          ({ session }) => probe.hosts.filter(({ core }) => core.sessions.bySession.has(session)).length,
        );
      await probe.run(150, () => {
        for (const player of players) {
          const ref = probe.ref(player);
          if (ref === 0 || !random.chance(0.1)) continue;
          const table = probe.hosts[player.zone]!.core.world.table(Player);
          table.columns.vx[table.row(ref)] = random.float() * 120 - 60;
        }
        assert.ok(homes().every((count) => count <= 1));
        assert.ok(owners(probe, Drone).reduce((a, b) => a + b) <= 40);
      });
      probe.bus.copies = () => 1;
      for (const { core } of probe.hosts) core.world.state(counters).steps[0] = 1;
      await probe.run(60);
      assert.deepEqual(
        homes(),
        players.map(() => 1),
      );
      for (const player of players) assert.ok(probe.ref(player) !== 0, "and its gateway knows where");
      assert.equal(
        owners(probe, Drone).reduce((a, b) => a + b),
        40,
      );
      assert.equal(
        owners(probe, Player).reduce((a, b) => a + b),
        players.length,
      );
      assert.ok(owners(probe, Drone)[0]! < 40, "some did cross");
      // Nobody is seen who is not there: every ghost has an owner of its name.
      probe.hosts.forEach(({ core }, zone) => {
        for (const kind of [Player, Drone]) {
          for (const ghost of probe.ghosts(zone, kind)) {
            const owner = probe.hosts[zoneOf(ghost)]!.core;
            assert.ok(
              owner.world.owns(ghost),
              `zone ${core.options.zone} sees ${kind.name} ${ghost & 0xffff}`,
            );
          }
        }
      });
    }),
    { numRuns: 6 },
  );
});
