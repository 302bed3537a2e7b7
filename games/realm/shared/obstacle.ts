/**
 * What stands in the way: circles that bodies slide along.
 */

/** Kinds of obstacles; the browser draws each its own way. */
export const obstacleKinds = [
  "tree",
  "birch",
  "pine",
  "snag",
  "rock",
  "bush",
  "pond",
  "house",
  "stall",
  "wall",
  "lantern",
] as const;
export type ObstacleKind = (typeof obstacleKinds)[number];

export interface Obstacle {
  readonly kind: ObstacleKind;
  /** Centre, world metres. */
  readonly x: number;
  readonly y: number;
  /** Metres from the centre that bodies cannot enter. What is drawn may be larger: a tree's crown. */
  readonly radiusM: number;
  /** 0–255: a variation for the eye alone. */
  readonly look: number;
}
