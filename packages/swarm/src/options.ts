/**
 * What the command line says, checked: options that the swarm can run with, or one clear line.
 *
 * Invariant: never throws, reads nothing but its arguments. Every number has a range.
 */
import { joinsPerSecond, playersMax, rampSecondsMax, secondsMax, seedMax, weightMax } from "./limits.ts";

/** What a player is there for. */
export const personas = ["walk", "fight", "chat"] as const;
export type Persona = (typeof personas)[number];
/** How many of the players, relative to each other, are of each persona. */
export type Mix = Readonly<Record<Persona, number>>;

export interface SwarmOptions {
  /** Origin for sockets, `ws://host:port`. */
  readonly url: string;
  readonly players: number;
  /** Seconds of steady play that are measured, after the ramp. */
  readonly seconds: number;
  readonly rampSeconds: number;
  readonly json: boolean;
  readonly mix: Mix;
  readonly seed: number;
}

export type Parsed =
  | { readonly kind: "run"; readonly options: SwarmOptions }
  | { readonly kind: "help" }
  | { readonly kind: "invalid"; readonly message: string };

const defaults = { url: "ws://127.0.0.1:8080", players: 100, seconds: 20, seed: 1 } as const;
/** Most walk, some fight, a few talk: what a realm looks like of an evening. */
const defaultMix: Mix = { walk: 6, fight: 3, chat: 1 };

export const help = `Usage: npm run swarm -- [options]

Thousands of players over the real protocol: they join, walk, fight and talk, and measure what they get.

  --url ws://HOST:PORT   the server                                        (${defaults.url})
  --players N            players, 1 to ${playersMax}                            (${defaults.players})
  --seconds S            seconds of steady play that are measured          (${defaults.seconds})
  --ramp S               seconds over which the players join               (${joinsPerSecond} players a second)
  --mix NAMES            walk, fight, chat; a weight may follow: walk:3,chat (walk:6,fight:3,chat:1)
  --seed N               another seed: other names, other decisions        (${defaults.seed})
  --json                 the last line on stdout is one JSON object
  --dangerously-remote   allows a server that is not on this machine: load on a stranger's server is an attack
  --help                 this text

One player in a hundred (at least one) decodes everything and compares digests with the server's.
Exit code: 0 all went well, 1 an error or a mismatch occurred, 2 the options are invalid.
`;

type Take = (value: string) => string | undefined;

/** Reads the arguments behind the program's name. */
export function parseOptions(args: readonly string[]): Parsed {
  let { url, players, seconds, seed }: { url: string; players: number; seconds: number; seed: number } =
    defaults;
  let rampSeconds: number | undefined;
  let mix: Mix = defaultMix;
  let json = false;
  let isRemoteAllowed = false;
  const flags: Record<string, () => void> = {
    "--json": () => (json = true),
    "--dangerously-remote": () => (isRemoteAllowed = true),
  };
  const takes: Record<string, Take> = {
    "--url": (value) => {
      url = value;
      return undefined;
    },
    "--players": (value) => whole(value, 1, playersMax, (number) => (players = number)),
    "--seconds": (value) => amount(value, 0.1, secondsMax, (number) => (seconds = number)),
    "--ramp": (value) => amount(value, 0, rampSecondsMax, (number) => (rampSeconds = number)),
    "--seed": (value) => whole(value, 0, seedMax, (number) => (seed = number)),
    "--mix": (value) => readMix(value, (read) => (mix = read)),
  };
  for (let i = 0; i < args.length; i++) {
    const [name = "", ...rest] = args[i]!.split("=");
    if (name === "--help" || name === "-h") return { kind: "help" };
    if (Object.hasOwn(flags, name) && rest.length === 0) {
      flags[name]!();
      continue;
    }
    if (!Object.hasOwn(takes, name)) return invalid(`unknown option ${args[i]}; --help lists them`);
    const value = rest.length > 0 ? rest.join("=") : args[++i];
    if (value === undefined) return invalid(`${name} needs a value`);
    const problem = takes[name]!(value);
    if (problem !== undefined) return invalid(`${name} ${problem}, not ${JSON.stringify(value)}`);
  }
  const origin = readUrl(url, isRemoteAllowed);
  if (!origin.ok) return invalid(`--url ${origin.problem}`);
  rampSeconds ??= Math.min(rampSecondsMax, players / joinsPerSecond);
  return { kind: "run", options: { url: origin.url, players, seconds, rampSeconds, json, mix, seed } };
}

function invalid(message: string): Parsed {
  return { kind: "invalid", message };
}

function whole(value: string, min: number, max: number, take: (number: number) => void): string | undefined {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) return `must be a whole number from ${min} to ${max}`;
  take(number);
  return undefined;
}

function amount(value: string, min: number, max: number, take: (number: number) => void): string | undefined {
  const number = /^\d{1,10}(\.\d{1,6})?$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) return `must be a number from ${min} to ${max}`;
  take(number);
  return undefined;
}

function readMix(value: string, take: (mix: Mix) => void): string | undefined {
  const mix: Record<Persona, number> = { walk: 0, fight: 0, chat: 0 };
  for (const part of value.split(",")) {
    const match = /^([a-z]+)(?::(\d{1,3}))?$/.exec(part);
    const name = personas.find((persona) => persona === match?.[1]);
    const weight = match?.[2] === undefined ? undefined : Number(match[2]);
    if (
      name === undefined ||
      mix[name] !== 0 ||
      (weight !== undefined && !(weight >= 1 && weight <= weightMax))
    ) {
      return `must name some of ${personas.join(", ")} once, each with a weight from 1 to ${weightMax} or none`;
    }
    mix[name] = weight ?? defaultMix[name];
  }
  take(mix);
  return undefined;
}

function readUrl(
  value: string,
  isRemoteAllowed: boolean,
): { readonly ok: true; readonly url: string } | { readonly ok: false; readonly problem: string } {
  const url = URL.parse(value);
  const isOrigin = url !== null && url.pathname === "/" && url.search + url.hash + url.username === "";
  if (!isOrigin || (url.protocol !== "ws:" && url.protocol !== "wss:")) {
    return { ok: false, problem: `must be ws://host:port or wss://host:port, not ${JSON.stringify(value)}` };
  }
  if (!isLoopback(url.hostname) && !isRemoteAllowed) {
    return {
      ok: false,
      problem: `${url.hostname} is not this machine: give --dangerously-remote if it is yours`,
    };
  }
  return { ok: true, url: `${url.protocol}//${url.host}` };
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
