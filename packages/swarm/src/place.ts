/**
 * Where players appear: evenly over the realm, on one square, or where the game lets them begin.
 *
 * Invariant: a player's place is a function of the seed and its number; the same in every process of a swarm.
 * Source: Martin Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences" (R2): points that keep apart.
 */
import type { ZoneInfo } from "@myriad/protocol";
import { placeMarginM } from "./limits.ts";
import { nextRandom, randomStates } from "./random.ts";

/** A point of the world in metres. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** A square of the world: its middle and its side in metres. */
export interface Square extends Place {
  readonly sideM: number;
}

/** What `--place` says. Without a middle a square lies in the middle of the first zone. */
export type Scene =
  | { readonly kind: "spread" }
  | { readonly kind: "town" }
  | { readonly kind: "square"; readonly sideM: number; readonly middle: Place | undefined };

/** Where the player of a number appears; undefined to leave it to the game. */
export type PlaceOf = (number: number) => Place | undefined;

/** Reciprocals of the plastic number and its square: the steps of R2. */
const stepX = 0.754_877_666_246_692_7;
const stepY = 0.569_840_290_998_053_2;

/** The square of a scene; undefined when it has none. */
export function squareOf(scene: Scene, zones: readonly ZoneInfo[]): Square | undefined {
  if (scene.kind !== "square") return undefined;
  const { sideM } = scene;
  if (scene.middle !== undefined) return { ...scene.middle, sideM };
  const bounds = zones[0]?.bounds ?? { x: 0, y: 0, width: 0, height: 0 };
  return { x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2, sideM };
}

export function placesOf(scene: Scene, zones: readonly ZoneInfo[], seed: number): PlaceOf {
  switch (scene.kind) {
    case "town":
      return () => undefined;
    case "square": {
      const { x, y, sideM } = squareOf(scene, zones)!;
      const points = pointsOf(seed);
      return (number) => {
        const point = points(number);
        return { x: x + (point.x - 0.5) * sideM, y: y + (point.y - 0.5) * sideM };
      };
    }
    case "spread": {
      const points = zones.map((_, index) => pointsOf(seed + index));
      return (number) => {
        const index = number % zones.length;
        const zone = zones[index];
        if (zone === undefined) return undefined;
        const point = points[index]!(Math.floor(number / zones.length));
        const { x, y, width, height } = zone.bounds;
        return { x: within(point.x, x, width), y: within(point.y, y, height) };
      };
    }
  }
}

/** Points of the unit square, one for each number, that keep apart from each other. */
function pointsOf(seed: number): (number: number) => Place {
  const states = randomStates(1, seed);
  const fromX = nextRandom(states, 0);
  const fromY = nextRandom(states, 0);
  return (number) => ({ x: (fromX + number * stepX) % 1, y: (fromY + number * stepY) % 1 });
}

/** A share of a side, a margin away from its ends; small zones have a small one. */
function within(share: number, from: number, size: number): number {
  const margin = Math.min(placeMarginM, size / 8);
  return from + margin + share * (size - 2 * margin);
}
