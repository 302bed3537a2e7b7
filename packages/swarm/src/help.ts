/**
 * The words of `--help`.
 *
 * Invariant: every option that `options.ts` knows stands here; a test compares.
 */
import { floodBurst, joinsPerSecond, playersMax, recoverSecondsMin, wheelStepMs } from "./limits.ts";

export const defaultUrl = "ws://127.0.0.1:8080";

export const help = `Usage: npm run swarm -- [options]

Thousands of players over the real protocol: they join, walk, fight and talk, and measure what they get.

  --url ws://HOST:PORT   the server                                        (${defaultUrl})
  --players N            players, 1 to ${playersMax}                            (100)
  --seconds S            seconds of steady play that are measured          (20)
  --ramp S               seconds over which the players want in; a server that is busy
                         lets them wait, not fail                          (${joinsPerSecond} players a second)
  --mix NAMES            walk, fight, chat; a weight may follow: walk:3,chat (walk:6,fight:3,chat:1)
  --seed N               another seed: other names, places, decisions      (1)
  --place SCENE          where they appear                                 (spread)
                           spread           evenly over all zones
                           town             where the game lets newcomers begin
                           square:60        within a square of 60 m in the middle of the first
                                            zone, and they stay in it
                           square:60@X,Y    the same around another point
  --stall N:S            the last N players stop reading their sockets for S seconds, once, in
                         the middle of the measured time, which must be ${2 * recoverSecondsMin} s longer; at the end
                         each must be equal to the server again
  --flood N              N players send ${(floodBurst * 1000) / wheelStepMs} intents a second, or what the server reads;
                         they expect to be closed with rate_exceeded
  --processes N          processes that share the players                  (1)
  --self-test            plays against a bare server of its own in another process, which costs
                         next to nothing, and so shows what the swarm costs
  --json                 the last line on stdout is one JSON object
  --dangerously-remote   allows a server that is not on this machine: load on a stranger's server is an attack
  --help                 this text

One player in a hundred (at least one) decodes everything and compares digests with the server's.
Players that stall or flood are in no rate and no latency: these are of the others.
Exit code: 0 all went well, 1 an error or a mismatch occurred, 2 the options are invalid.
`;
