/**
 * Every option an operator may set: what is allowed, the unit, the default and its reason. The one place that knows them.
 *
 * Invariant: an option without a reason for its default does not exist. Values are checked, never converted or clamped.
 */
import { defaultChannelRates } from "@myriad/protocol";
import { gatewaysMax, type ThreadsSetting, workersMax } from "./threads/thread-counts.ts";

/** One option. */
export interface Option<T> {
  readonly what: "option";
  readonly default: T;
  /** Why the default is what it is. */
  readonly why: string;
  /** What is allowed, as the end of the sentence "… must be". */
  readonly allowed: string;
  /** Environment variable that sets it, if there is one. */
  readonly variable: string | undefined;
  /** Reads the variable's text; undefined when it cannot be a value. */
  readonly parse: (text: string) => unknown;
  readonly accepts: (value: unknown) => boolean;
}

export interface Section {
  readonly [name: string]: Option<unknown> | Section;
}

/** The values that a section of options describes. */
export type ValuesOf<S> = {
  readonly [K in keyof S]: S[K] extends Option<infer T> ? T : ValuesOf<S[K]>;
};

/** What an operator writes: any part of the values. */
export type PartOf<S> = {
  readonly [K in keyof S]?: S[K] extends Option<infer T> ? T : PartOf<S[K]>;
};

export const configOptions = {
  /** Address to listen on. */
  host: text({
    default: "127.0.0.1",
    why: "nobody else reaches a server that was started to try it out; 0.0.0.0 opens it to the network",
    variable: "HOST",
  }),
  /** TCP port; 0 takes a free one. */
  port: integer({
    default: 8080,
    why: "the usual port of a service without privileges",
    min: 0,
    max: 65_535,
    variable: "PORT",
  }),
  /** Directory of the embedded database, relative to the working directory. */
  dataDir: text({
    default: "./data",
    why: "beside the game, easy to find and to delete",
    variable: "MYRIAD_DATA_DIR",
  }),
  /** Zones in which a sample world is laid out. */
  zones: integer({
    default: 4,
    why: "a town and three wild zones, each bordering two others",
    min: 1,
    max: 64,
    variable: "MYRIAD_ZONES",
  }),
  /**
   * Threads: `auto` by the cores that the process may use, `single` for one, or `{ gateways, zones }`; in the environment
   * auto, single or 2+3 (gateways + zone workers).
   */
  threads: threadsOption({
    default: "auto",
    why: "one core is served best by one thread, several by gateways and zones side by side",
    variable: "MYRIAD_THREADS",
  }),
  /** Ticks per second of every zone. */
  tickRateHz: integer({ default: 20, why: "one step in 50 ms: fights feel direct", min: 10, max: 60 }),
  /** `development` issues tickets for a name alone; `production` accepts only the operator's. */
  mode: oneOf(["development", "production"], {
    default: "development",
    why: "a newcomer plays at once; it listens on this machine only",
    variable: "MYRIAD_MODE",
  }),
  /** Sessions at once. */
  capacity: integer({
    default: 4000,
    why: "what one core was measured to carry with room",
    min: 1,
    max: 100_000,
  }),
  replication: {
    /** Side of a region in metres. */
    regionSizeM: number({
      default: 64,
      why: "the radius of a fight: nine regions hold it",
      min: 16,
      max: 1024,
    }),
    /** Entities above which a region splits in four. */
    splitAbove: integer({
      default: 50,
      why: "more in one place and the near ones cannot be told apart from the far",
      min: 4,
      max: 10_000,
      variable: "MYRIAD_SPLIT_ABOVE",
    }),
    /** Entities below which four quarters of a region, taken together, merge; below `splitAbove`. */
    mergeBelow: integer({
      default: 10,
      why: "far below splitAbove, so that a crowd that comes and goes does not split and merge all the time",
      min: 1,
      max: 10_000,
    }),
    /** Metres; regions split no further. */
    regionSizeMinM: number({ default: 2, why: "four people on a square metre fill one", min: 2, max: 1024 }),
    /** Kilobits per second of others' state for one client, keyframes left out. */
    clientBudgetKbitPerSecond: number({
      default: 50,
      why: "a phone's line with room for everything else; a crowd of 500 within it",
      min: 5,
      max: 100_000,
      variable: "MYRIAD_CLIENT_BUDGET_KBIT",
    }),
    /** Percent beyond a ring's radius up to which a region stays in it. */
    hysteresisPercent: number({ default: 10, why: "nobody flickers at a ring's edge", min: 0, max: 50 }),
    /** Metres that a player moves before its view is computed again. */
    viewStepM: number({ default: 2, why: "a third of a second on foot", min: 0.5, max: 16 }),
    channels: {
      critical: channel("critical", "position and health at full rate within a fight"),
      detailed: channel("detailed", "what somebody does, within sight"),
      cosmetic: channel("cosmetic", "looks and emotes, slowly"),
      metadata: channel("metadata", "names, as far as the view reaches"),
    },
  },
  limits: {
    /** Messages and intents per second of one client. */
    messagesPerSecond: number({
      default: 60,
      why: "three times what a busy player sends",
      min: 1,
      max: 10_000,
    }),
    /** Messages and intents that may come at once after a rest. */
    messagesBurst: integer({ default: 120, why: "two seconds of a stalled line", min: 1, max: 100_000 }),
    /** Connections of one address; IPv6 is counted by /64. */
    connectionsPerAddress: integer({ default: 64, why: "a school behind one address", min: 1, max: 100_000 }),
    /** Milliseconds from the connection to the hello. */
    handshakeMs: integer({ default: 5000, why: "a slow line, not a slow attack", min: 100, max: 60_000 }),
    /** Milliseconds without a sign of life after which a connection is closed. */
    idleMs: integer({ default: 60_000, why: "two heartbeats may be lost", min: 1000, max: 3_600_000 }),
    /** Milliseconds between two requests for a sign of life. */
    heartbeatMs: integer({
      default: 25_000,
      why: "below the 30 s of impatient proxies",
      min: 500,
      max: 600_000,
    }),
    /** Seconds that a character waits for its player to come back. */
    resumeSeconds: integer({ default: 120, why: "a tunnel, a lift, a new address", min: 1, max: 3600 }),
  },
  /** Origins of pages that may connect, beside the server's own in development. */
  originAllowList: list({
    default: [],
    why: "no other page may play in its visitor's name",
    allowed: "a list of origins such as https://play.example.org, without a path",
    item: isOrigin,
    itemsMax: 64,
  }),
  /** Ed25519 public key of whoever issues tickets: PEM, or a JWK as JSON. Needed in production. */
  ticketPublicKey: text({
    default: "",
    why: "development signs its own tickets",
    isEmptyAllowed: true,
    unitsMax: 4096,
  }),
  /** Milliseconds between two saves of a character. */
  saveEveryMs: integer({ default: 5000, why: "what a crash may cost at most", min: 500, max: 600_000 }),
  /** Start of every zone's chance. */
  seed: integer({
    default: 1,
    why: "the same world each time, so that what was seen can be seen again",
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  }),
};

function channel(name: keyof typeof defaultChannelRates, why: string) {
  const { radiusM, rateHz } = defaultChannelRates[name];
  return {
    /** Metres around the viewer within which the channel keeps its rate. */
    radiusM: number({ default: radiusM, why, min: 1, max: 4096 }),
    /** Updates per second at most; rounded to a power-of-two stride of the tick. */
    rateHz: number({ default: rateHz, why, min: 0.5, max: 60 }),
  };
}

interface Given<T> {
  readonly default: T;
  readonly why: string;
  readonly variable?: string;
}

function threadsOption(given: Given<ThreadsSetting>): Option<ThreadsSetting> {
  const isCount = (value: unknown, max: number): boolean =>
    Number.isSafeInteger(value) && isBetween(value as number, 1, max);
  return {
    ...optionOf<ThreadsSetting>(given),
    allowed: `auto, single, or gateways from 1 to ${gatewaysMax} and zones from 1 to ${workersMax}`,
    parse: (value) => {
      const numbers = /^(\d{1,3})\+(\d{1,3})$/.exec(value);
      return numbers === null ? value : { gateways: Number(numbers[1]), zones: Number(numbers[2]) };
    },
    accepts: (value) => {
      if (value === "auto" || value === "single") return true;
      if (typeof value !== "object" || value === null || Object.keys(value).length !== 2) return false;
      const { gateways, zones } = value as Record<string, unknown>;
      return isCount(gateways, gatewaysMax) && isCount(zones, workersMax);
    },
  };
}

function integer(given: Given<number> & { min: number; max: number }): Option<number> {
  const { min, max } = given;
  return {
    ...optionOf(given),
    allowed: `a whole number from ${min} to ${max}`,
    parse: (value) => (/^-?\d{1,16}$/.test(value) ? Number(value) : undefined),
    accepts: (value) => Number.isSafeInteger(value) && isBetween(value as number, min, max),
  };
}

function number(given: Given<number> & { min: number; max: number }): Option<number> {
  const { min, max } = given;
  return {
    ...optionOf(given),
    allowed: `a number from ${min} to ${max}`,
    parse: (value) => (value.trim() === "" ? undefined : Number(value)),
    accepts: (value) => typeof value === "number" && isBetween(value, min, max),
  };
}

function text(given: Given<string> & { isEmptyAllowed?: boolean; unitsMax?: number }): Option<string> {
  const { isEmptyAllowed = false, unitsMax = 255 } = given;
  return {
    ...optionOf(given),
    allowed: `a text of ${isEmptyAllowed ? 0 : 1} to ${unitsMax} characters`,
    parse: (value) => value,
    accepts: (value) =>
      typeof value === "string" && value.length <= unitsMax && (isEmptyAllowed || value.trim() !== ""),
  };
}

function oneOf<const T extends string>(choices: readonly T[], given: Given<NoInfer<T>>): Option<T> {
  return {
    ...optionOf<T>(given),
    allowed: choices.join(" or "),
    parse: (value) => value,
    accepts: (value) => choices.includes(value as T),
  };
}

function list(
  given: Given<readonly string[]> & { allowed: string; item: (value: string) => boolean; itemsMax: number },
): Option<readonly string[]> {
  return {
    ...optionOf(given),
    allowed: `${given.allowed}, at most ${given.itemsMax}`,
    parse: (value) => value.split(","),
    accepts: (value) =>
      Array.isArray(value) &&
      value.length <= given.itemsMax &&
      value.every((item) => typeof item === "string" && given.item(item)),
  };
}

function optionOf<T>(given: Given<T>) {
  return { what: "option", default: given.default, why: given.why, variable: given.variable } as const;
}

function isBetween(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value;
}
