/**
 * Lanternrest: the town where everybody begins and comes back to. No fighting inside its ring wall.
 *
 * It stands whole in zone 0, close to the corner where the first four zones meet, so that three wild zones are a short
 * walk away. The two lantern roads that cross in it run on, straight, through all zones of its row and column.
 * Invariant: what stands here is data, built once and never changed.
 */
import { cosStep, headingSteps, sinStep, type Vector } from "@myriad/protocol";
import type { Obstacle } from "./obstacle.ts";

/** The town's circle in world metres; the named area "town" of zone 0. */
export const town = { name: "Lanternrest", area: "town", x: 440, y: 440, radiusM: 56 } as const;

/** Metres from the middle of a lantern road to where something may grow. */
export const roadClearM = 5;

/** Nearest and farthest place of arrival from the great lantern: between it and the houses. */
const arrivalM = { from: 5, to: 16 } as const;

const ring = { radiusM: 52, postRadiusM: 2, postSteps: 3, gateSteps: 5 } as const;
/** Headings of the gates: along the four roads, and towards the corner where the zones meet. */
const gates = [0, 32, 64, 128, 192] as const;
const cellSizeM = 8;
const cellsPerSide = 16;
/** North-west corner of the lookup cells. */
const originX = town.x - (cellsPerSide * cellSizeM) / 2;
const originY = town.y - (cellsPerSide * cellSizeM) / 2;
/** Metres around an obstacle within which a body may touch it: the cells that list it reach that far. */
const touchM = 1;

/** Everything solid in the town. */
export const townObstacles: readonly Obstacle[] = build();

const cells: readonly (readonly Obstacle[])[] = Array.from(
  { length: cellsPerSide * cellsPerSide },
  (_, cell) =>
    townObstacles.filter((obstacle) =>
      touchesCell(obstacle, cell % cellsPerSide, Math.floor(cell / cellsPerSide)),
    ),
);
const nothing: readonly Obstacle[] = [];

/** What a body at a point may touch in the town. Allocates nothing. */
export function townObstaclesAt({ x, y }: Readonly<Vector>): readonly Obstacle[] {
  const column = Math.floor((x - originX) / cellSizeM);
  const row = Math.floor((y - originY) / cellSizeM);
  if (column < 0 || row < 0 || column >= cellsPerSide || row >= cellsPerSide) return nothing;
  return cells[row * cellsPerSide + column] ?? nothing;
}

/** True when a point is in the town. */
export function isInTown(x: number, y: number): boolean {
  return isWithin(x - town.x, y - town.y, town.radiusM);
}

/** True when a point is nearer to a lantern road than `distanceM`. */
export function isNearRoad(x: number, y: number, distanceM: number): boolean {
  return (
    (x - town.x < distanceM && town.x - x < distanceM) || (y - town.y < distanceM && town.y - y < distanceM)
  );
}

/** A free place around the great lantern for somebody who arrives. `chance` is 0 to below 1. */
export function arrivalPoint(chance: number): Vector {
  const turns = chance * headingSteps;
  const step = Math.floor(turns);
  const distance = arrivalM.from + (turns - step) * (arrivalM.to - arrivalM.from);
  return {
    x: Math.round((town.x + cosStep(step) * distance) * 1024) / 1024,
    y: Math.round((town.y + sinStep(step) * distance) * 1024) / 1024,
  };
}

function build(): Obstacle[] {
  const obstacles: Obstacle[] = [{ kind: "lantern", x: town.x, y: town.y, radiusM: 2.2, look: 0 }];
  const around = (kind: Obstacle["kind"], step: number, distanceM: number, radiusM: number) => {
    const x = town.x + cosStep(step) * distanceM;
    const y = town.y + sinStep(step) * distanceM;
    obstacles.push({ kind, x, y, radiusM, look: step & 255 });
  };
  // Houses stand between the gates' ways; none on the way to the corner gate.
  for (const step of [16, 48, 80, 96, 112, 144, 160, 176, 208, 224, 240]) around("house", step, 33, 4.5);
  for (const step of [12, 52, 76, 116, 140, 180, 204, 244]) around("stall", step, 22, 1.3);
  for (let step = 0; step < headingSteps; step += ring.postSteps) {
    const isGate = gates.some((gate) => isNearStep(step, gate, ring.gateSteps));
    if (!isGate) around("wall", step, ring.radiusM, ring.postRadiusM);
  }
  return obstacles;
}

function isNearStep(step: number, other: number, steps: number): boolean {
  const way = (step - other) & (headingSteps - 1);
  return way <= steps || headingSteps - way <= steps;
}

function touchesCell({ x, y, radiusM }: Obstacle, column: number, row: number): boolean {
  const left = originX + column * cellSizeM;
  const top = originY + row * cellSizeM;
  const dx = Math.max(left - x, 0, x - left - cellSizeM);
  const dy = Math.max(top - y, 0, y - top - cellSizeM);
  return isWithin(dx, dy, radiusM + touchM);
}

function isWithin(dx: number, dy: number, distanceM: number): boolean {
  return dx * dx + dy * dy <= distanceM * distanceM;
}
