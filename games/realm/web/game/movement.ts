/** The SDK's prediction with the realm's own movement: what the zone runs, run here. */
import { type Connection, Predictor } from "@myriad/client";
import { radiansOfHeading, type Vector } from "@myriad/protocol";
import { type Ground, type MoveInput, stepPlayer } from "../../shared/movement.ts";
import { Move } from "../../shared/schema.ts";

export type Walk = Predictor<Vector, MoveInput>;

/** Standing still. */
export const still: MoveInput = { direction: 64, moving: false };

export function predictWalk(connection: Connection, ground: Ground, start: Vector): Walk {
  return new Predictor<Vector, MoveInput>({
    state: start,
    input: still,
    step: (from, input) => {
      const to = { x: 0, y: 0 };
      stepPlayer(from, input, ground, to);
      return to;
    },
    position: (state) => state,
    moved: (_, x, y) => ({ x, y }),
    sameInput: (a, b) => a.moving === b.moving && (!a.moving || a.direction === b.direction),
    send: ({ direction, moving }) =>
      connection.send(Move, { direction: radiansOfHeading(direction), moving }),
    tickRateHz: ground.tickRateHz,
  });
}
