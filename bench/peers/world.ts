/**
 * The world in which Myriad and its peers are compared: walkers on a square, thirty of them within sight of each.
 *
 * Every server simulates it with this code: the same places, the same steps, drawn from a seed by each walker's number.
 * Invariant: density is the same for any number of walkers, so that the work for one client is too.
 * Invariant: nobody stands still, so that every walker is news in every tick: no server gains by leaving somebody out.
 */

/** Steps of the simulation, and updates that each client is to get, per second. */
export const tickRateHz = 20;
/** Metres as far as a player sees. */
export const sightM = 64;
/** Others within sight of a player, on average. */
export const visibleMean = 30;
/** Side of a region in metres, for the servers that group players by place: half a radius wastes little at the rim. */
export const regionSizeM = 32;
/** Percent of the radius beyond which somebody goes out of sight again, so that nobody flickers at the rim. */
export const hysteresisPercent = 10;
/** Messages per second from each client: as often as a player turns. */
export const inputsPerSecond = 4;
/** Directions that a walker knows, and that an input can say: a byte. */
export const directions = 256;

/** Metres per step: 5 m/s, a run. */
const stepM = 5 / tickRateHz;
/** One step in so many turns to another side: once in two seconds. */
const turnOneIn = 2 * tickRateHz;

const eastOf = Float64Array.from({ length: directions }, (_, i) => Math.cos((i * 2 * Math.PI) / directions));
const northOf = Float64Array.from({ length: directions }, (_, i) => Math.sin((i * 2 * Math.PI) / directions));

/** Who walks: metres from the world's corner, a direction, and the state of its chance (32 bits). */
export interface Walker {
  x: number;
  y: number;
  direction: number;
  chance: number;
}

/** Side in whole metres of the square on which so many walkers are as dense as `visibleMean` asks. */
export function sideOf(walkers: number): number {
  return Math.max(1, Math.ceil(Math.sqrt((walkers * Math.PI * sightM * sightM) / visibleMean)));
}

/** Puts a walker where its number says, anywhere on the square with equal chance. */
export function place(walker: Walker, number: number, sideM: number): void {
  walker.chance = Math.imul(number + 1, 0x9e3779b1) >>> 0;
  walker.x = draw(walker) * sideM;
  walker.y = draw(walker) * sideM;
  walker.direction = Math.floor(draw(walker) * directions);
}

/** One step. At an edge the walker turns back into the square. */
export function step(walker: Walker, sideM: number): void {
  if (draw(walker) * turnOneIn < 1) walker.direction = Math.floor(draw(walker) * directions);
  const x = walker.x + eastOf[walker.direction]! * stepM;
  const y = walker.y + northOf[walker.direction]! * stepM;
  const isOutside = x < 0 || y < 0 || x >= sideM || y >= sideM;
  if (isOutside) {
    // The opposite direction, and no step beyond the edge: the next one leads inwards.
    walker.direction = (walker.direction + directions / 2) % directions;
    walker.x = Math.min(Math.max(x, 0), sideM - stepM);
    walker.y = Math.min(Math.max(y, 0), sideM - stepM);
    return;
  }
  walker.x = x;
  walker.y = y;
}

/**
 * The next number from 0 to below 1 of a walker's own chance.
 * Source: mulberry32, by Tommy Ettinger; 32 bits of state are plenty for a stroll.
 */
function draw(walker: Walker): number {
  walker.chance = (walker.chance + 0x6d2b79f5) >>> 0;
  let mixed = walker.chance;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
