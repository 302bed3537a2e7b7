/** What the soak's command line says, checked: never throws, and every number has a range. */
import { parseArgs } from "node:util";

export interface SoakOptions {
  readonly minutes: number;
  readonly players: number;
  readonly json: boolean;
}

export const usage = "npm run soak -- --minutes N [--players 2000] [--json]";

/** A tenth of a minute to a week. */
const minutesMin = 0.1;
const minutesMax = 7 * 24 * 60;
const playersDefault = 2000;
const playersMax = 10_000;

/** The options, or what is wrong with them in one sentence. */
export function readSoakOptions(args: readonly string[]): SoakOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: "string" },
        players: { type: "string", default: String(playersDefault) },
        json: { type: "boolean", default: false },
      },
    });
    const minutes = Number(values.minutes ?? Number.NaN);
    const players = Number(values.players);
    if (!(minutes >= minutesMin && minutes <= minutesMax))
      return `--minutes is a number from ${minutesMin} to ${minutesMax}.`;
    if (!(Number.isInteger(players) && players >= 4 && players <= playersMax))
      return `--players is an integer from 4 to ${playersMax}.`;
    return { minutes, players, json: values.json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
