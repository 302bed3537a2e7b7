/**
 * What the command line says, checked: options that the swarm can run with, or one clear line.
 *
 * Invariant: never throws, reads nothing but its arguments. Every number has a range.
 */
import { help, defaultUrl } from "./help.ts";
import {
  joinsPerSecond,
  placeMMax,
  playersMax,
  processesMax,
  rampSecondsMax,
  recoverSecondsMin,
  secondsMax,
  seedMax,
  squareMMax,
  weightMax,
} from "./limits.ts";
import type { Scene } from "./place.ts";

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
  /** Where the players appear. */
  readonly scene: Scene;
  /** Some stop reading for a while, once; undefined for nobody. */
  readonly stall: { readonly clients: number; readonly seconds: number } | undefined;
  /** Players that send as fast as they can. */
  readonly flooders: number;
  /** Processes that share the players. */
  readonly processes: number;
  /** Plays against a bare server of its own, in another process. */
  readonly selfTest: boolean;
}

export type Parsed =
  | { readonly kind: "run"; readonly options: SwarmOptions }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "invalid"; readonly message: string };

/** Most walk, some fight, a few talk: what a realm looks like of an evening. */
const defaultMix: Mix = { walk: 6, fight: 3, chat: 1 };

type Draft = { -readonly [K in keyof SwarmOptions]: SwarmOptions[K] } & {
  isRemoteAllowed: boolean;
  ramp: number | undefined;
};
type Take = (value: string) => string | undefined;

/** Reads the arguments behind the program's name. */
export function parseOptions(args: readonly string[]): Parsed {
  const draft: Draft = {
    url: defaultUrl,
    players: 100,
    seconds: 20,
    rampSeconds: 0,
    ramp: undefined,
    json: false,
    mix: defaultMix,
    seed: 1,
    scene: { kind: "spread" },
    stall: undefined,
    flooders: 0,
    processes: 1,
    selfTest: false,
    isRemoteAllowed: false,
  };
  const flags: Record<string, () => void> = {
    "--json": () => (draft.json = true),
    "--self-test": () => (draft.selfTest = true),
    "--dangerously-remote": () => (draft.isRemoteAllowed = true),
  };
  const takes = takesFor(draft);
  for (let i = 0; i < args.length; i++) {
    const [name = "", ...rest] = args[i]!.split("=");
    if (name === "--help" || name === "-h") return { kind: "help", text: help };
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
  return settle(draft);
}

function takesFor(draft: Draft): Record<string, Take> {
  return {
    "--url": (value) => {
      draft.url = value;
      return undefined;
    },
    "--players": (value) => whole(value, 1, playersMax, (number) => (draft.players = number)),
    "--seconds": (value) => amount(value, 0.1, secondsMax, (number) => (draft.seconds = number)),
    "--ramp": (value) => amount(value, 0, rampSecondsMax, (number) => (draft.ramp = number)),
    "--seed": (value) => whole(value, 0, seedMax, (number) => (draft.seed = number)),
    "--mix": (value) => readMix(value, (read) => (draft.mix = read)),
    "--place": (value) => readScene(value, (read) => (draft.scene = read)),
    "--stall": (value) => readStall(value, (read) => (draft.stall = read)),
    "--flood": (value) => whole(value, 0, playersMax, (number) => (draft.flooders = number)),
    "--processes": (value) => whole(value, 1, processesMax, (number) => (draft.processes = number)),
  };
}

/** What options say together. */
function settle({ isRemoteAllowed, ramp, ...draft }: Draft): Parsed {
  const origin = readUrl(draft.url, isRemoteAllowed);
  if (!origin.ok) return invalid(`--url ${origin.problem}`);
  const { players, seconds, stall, flooders, processes } = draft;
  if ((stall?.clients ?? 0) + flooders > players)
    return invalid("--stall and --flood name more clients than --players");
  if (stall !== undefined && seconds < stall.seconds + 2 * recoverSecondsMin)
    return invalid(
      `--seconds must be ${2 * recoverSecondsMin} more than --stall at least: before and after it`,
    );
  if (processes > players) return invalid("--processes must be --players at most");
  const rampSeconds = ramp ?? Math.min(rampSecondsMax, players / joinsPerSecond);
  return { kind: "run", options: { ...draft, url: origin.url, rampSeconds } };
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

const number = "(-?\\d{1,8}(?:\\.\\d{1,6})?)";
const squarePattern = new RegExp(`^square:${number}(?:@${number},${number})?$`);

function readScene(value: string, take: (scene: Scene) => void): string | undefined {
  if (value === "spread" || value === "town") {
    take({ kind: value });
    return undefined;
  }
  const match = squarePattern.exec(value);
  const sideM = Number(match?.[1]);
  const isPlain = match?.[2] === undefined;
  const middle = isPlain ? undefined : { x: Number(match[2]), y: Number(match[3]) };
  const isNear = middle === undefined || (Math.abs(middle.x) <= placeMMax && Math.abs(middle.y) <= placeMMax);
  if (!(sideM >= 1 && sideM <= squareMMax) || !isNear)
    return `must be spread, town or square:SIDE[@X,Y] with a side from 1 to ${squareMMax} m`;
  take({ kind: "square", sideM, middle });
  return undefined;
}

function readStall(value: string, take: (stall: SwarmOptions["stall"]) => void): string | undefined {
  const match = /^(\d{1,6}):(\d{1,6}(?:\.\d{1,3})?)$/.exec(value);
  const clients = Number(match?.[1]);
  const seconds = Number(match?.[2]);
  if (!(clients >= 1 && clients <= playersMax && seconds > 0 && seconds <= secondsMax))
    return "must be CLIENTS:SECONDS, both above 0";
  take({ clients, seconds });
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
