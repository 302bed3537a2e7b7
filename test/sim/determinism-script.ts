/**
 * One life of a small world: what is asked and how it ends, as hashes. Run by itself it prints them: another process, the
 * same world.
 */
import { SeededRandom } from "../../packages/server/src/kernel/random.ts";
import { miniRealm, Shout, Steer } from "./mini-realm.ts";
import { createLab } from "./lab.ts";

const ticks = 240;
/** A hash at every so many ticks: where two worlds part is then known roughly. */
const everyTicks = 20;

/** Three zones of walkers and stones, with crossings, shouts, leaving and coming back; a hash of each zone, tick by tick. */
export async function liveOnce(seed: number): Promise<string[]> {
  const lab = await createLab({ realm: miniRealm, zones: 3, seed });
  const random = new SeededRandom(seed, 99);
  const players = [];
  for (const name of ["Ada", "Ben", "Cyd", "Dot"]) players.push(await lab.join(`${name}${seed}`));
  const hashes: string[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    for (const player of players) {
      if (player.ended !== undefined) continue;
      if (random.chance(0.1)) {
        lab.intent(player, Steer, { heading: random.float() * 6, moving: random.chance(0.9), fast: true });
      }
      if (random.chance(0.03)) lab.intent(player, Shout, { text: `${tick}: €😀` });
    }
    if (tick === 100) lab.leave(players[0]!);
    if (tick === 130) players.push(await lab.join(`Ada${seed}`));
    await lab.run(1);
    if (tick % everyTicks === 0) hashes.push(`${tick} ${lab.hashes().join(" ")}`);
  }
  return hashes;
}

if (import.meta.main) {
  for (const seed of process.argv.slice(2)) console.log(JSON.stringify(await liveOnce(Number(seed))));
}
