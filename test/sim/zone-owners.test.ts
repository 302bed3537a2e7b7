/**
 * Zones that change their owner: given away between two ticks, or brought back from an old state while the others go on.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { encodeInputs } from "../../packages/server/src/zone/inputs.ts";
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { ZoneHost, type ZoneHostOptions } from "../../packages/server/src/zone/zone-host.ts";
import { createLab, type Lab, type LabPlayer } from "./lab.ts";
import { miniRealm, Player, Steer } from "./mini-realm.ts";

/** Headings as the mini realm's `walk` takes them. */
const east = Math.PI;
const west = 0;

async function start(seed = 1): Promise<Lab> {
  const lab = await createLab({ realm: miniRealm, zones: 3, seed, saveEveryMs: 1000 });
  await lab.run(10);
  return lab;
}

/** A host in place of another, under the next epoch. */
function replace(lab: Lab, zone: number, restore: (host: ZoneHost) => void): ZoneHost {
  const hosts = lab.hosts as ZoneHost[];
  const { core } = hosts[zone]!;
  hosts[zone]!.close();
  const options = {
    ...core.options,
    bus: lab.bus,
    store: lab.store,
    gateways: [1],
  } as unknown as ZoneHostOptions;
  const host = new ZoneHost({
    ...options,
    epoch: core.options.epoch + 1,
    nowMs: () => 0,
    wallMs: () => 0,
    delay: async () => {},
  });
  restore(host);
  hosts[zone] = host;
  return host;
}

async function walk(lab: Lab, player: LabPlayer, heading: number, toZone: number): Promise<void> {
  lab.intent(player, Steer, { heading, moving: true, fast: true });
  await lab.runUntil(() => player.zone === toZone && lab.refOf(player) !== 0, 400, `in zone ${toZone}`);
  lab.intent(player, Steer, { heading, moving: false, fast: false });
  await lab.run(4);
}

suite("a zone that is given away", () => {
  test("goes on hash-equal, with the inputs that had come", async () => {
    const [stays, moves] = [await start(), await start()];
    for (const lab of [stays, moves]) {
      const ada = await lab.join("ada");
      lab.intent(ada, Steer, { heading: east, moving: true, fast: true });
      await lab.run(25);
      lab.intent(ada, Steer, { heading: west, moving: true, fast: false });
    }
    for (let i = 0; i < 30; i++) {
      const host = moves.hosts[i % 3]!;
      assert.ok(host.isSettled);
      const { state, inputs } = host.give();
      replace(moves, i % 3, (next) => next.restore(state, encodeInputs(inputs), false));
      await Promise.all([stays.run(3), moves.run(3)]);
      const [left, right] = [stays, moves].map((lab) => lab.hosts.map(({ core }) => core.tick));
      assert.deepEqual(left, right);
    }
    const where = (lab: Lab) => {
      const player = [...lab.players.values()][0]!;
      return { zone: player.zone, at: lab.hosts[player.zone]!.core.api.positionOf(lab.refOf(player)) };
    };
    assert.deepEqual(where(stays), where(moves));
  });

  test("is not given away while the store owes it an answer, and broken bytes are refused", async () => {
    const lab = await start();
    const host = lab.hosts[0]!;
    const { state, inputs } = host.give();
    const broken = encodeInputs(inputs).slice(0, -1);
    assert.throws(() => replace(lab, 0, (next) => next.restore(state, broken, false)), {
      code: "checkpoint_invalid",
    });
    assert.throws(() => replace(lab, 1, (next) => next.restore(state.subarray(1), undefined, true)), {
      code: "checkpoint_invalid",
    });
  });
});

suite("a zone that comes back from an older state", () => {
  test("has nobody in it who was in that state; they are let in again by joining", async () => {
    const lab = await start();
    const ada = await lab.join("ada");
    await lab.run(5);
    const checkpoint = lab.hosts[0]!.core.save();
    await lab.run(20);
    replace(lab, 0, (host) => host.restore(checkpoint, undefined, true));
    await lab.run(1);
    const { core } = lab.hosts[0]!;
    assert.equal(core.sessions.bySession.size, 0);
    assert.equal(core.world.table(Player).count, 0);
    // Nothing of a state that is not hers any more is said to be her end, or saved.
    assert.equal(ada.ended, undefined);
    const again = await lab.join("ada");
    assert.notEqual(lab.refOf(again), 0);
  });

  test("deals with its neighbours again, whatever they had agreed on since", async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const lab = await start(seed);
      const random = new SeededRandom(seed, 7);
      const checkpoints = lab.hosts.map(({ core }) => core.save());
      let walker: LabPlayer | undefined;
      for (let round = 0; round < 4; round++) {
        walker = await lab.join(`walker${round}`);
        await walk(lab, walker, east, 1);
        if (random.chance(0.5)) await walk(lab, walker, east, 2);
        if (random.chance(0.3)) checkpoints[1] = lab.hosts[1]!.core.save();
        lab.leave(walker);
        await lab.run(random.int(15));
        const zone = random.int(3);
        replace(lab, zone, (host) => host.restore(checkpoints[zone]!, undefined, true));
        if (random.chance(0.3)) {
          const other = (zone + 1) % 3;
          replace(lab, other, (host) => host.restore(checkpoints[other]!, undefined, true));
        }
        await lab.run(30);
      }
      // There and back again: handovers are given and taken in both directions, and ghosts are seen.
      const last = await lab.join("last");
      await walk(lab, last, east, 1);
      await walk(lab, last, west, 0);
      await walk(lab, last, east, 1);
      for (const { core } of lab.hosts) {
        for (const link of core.borders.links.values()) {
          if (link.isNeighbour)
            assert.ok(link.outgoing.length < 10, `seed ${seed}: ${link.outgoing.length} wait`);
        }
      }
    }
  });
});
