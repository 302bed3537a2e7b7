/**
 * The configuration of a process: `myriad.config.ts` in the working directory, then the environment, then defaults.
 *
 * Invariant: checked whole before anything starts, and frozen. Whatever is wrong is one MyriadError `config_invalid` that
 * names the field and what is allowed.
 * Source: fastify checks its options at the start for the same reason: a typo is an error, not a default.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { configOptions, type Option, type PartOf, type Section, type ValuesOf } from "./config-options.ts";
import { readPublicKey } from "./gateway/tickets.ts";
import { MyriadError } from "./kernel/errors.ts";
import { nearest } from "./kernel/nearest.ts";
import { fileExists } from "./platform/machine.ts";

/** Every option with its value. */
export type Config = ValuesOf<typeof configOptions>;
/** What an operator writes: any part of it. */
export type ConfigInput = PartOf<typeof configOptions>;
export type Environment = Readonly<Record<string, string | undefined>>;

export const configFile = "myriad.config.ts";

/** Gives `myriad.config.ts` its types: `export default defineConfig({ … })`. */
export function defineConfig(input: ConfigInput): ConfigInput {
  return input;
}

/** Reads the file, if there is one, and the environment. Throws MyriadError `config_invalid`. */
export async function loadConfig(from: { directory: string; environment: Environment }): Promise<Config> {
  const path = join(from.directory, configFile);
  const input = fileExists(path) ? await importDefault(path) : {};
  return resolveConfig(input, from.environment);
}

/** Checks an input, lets the environment override it and fills in the defaults. Throws MyriadError `config_invalid`. */
export function resolveConfig(input: unknown, environment: Environment = {}): Config {
  const config = resolveSection(configOptions, input, { path: "", environment }) as unknown as Config;
  const { limits, mode, ticketPublicKey } = config;
  if (limits.heartbeatMs >= limits.idleMs) fail("limits.heartbeatMs must be below limits.idleMs");
  const { splitAbove, mergeBelow } = config.replication;
  if (mergeBelow >= splitAbove) fail("replication.mergeBelow must be below replication.splitAbove");
  if (mode === "production" && ticketPublicKey === "")
    fail("ticketPublicKey must be set in production: the Ed25519 public key of whoever issues tickets");
  return config;
}

/** The operator's key, read; undefined when none is set. Throws MyriadError `config_invalid` when it is no key. */
export async function ticketKeyOf(
  config: Config,
): Promise<NonNullable<Awaited<ReturnType<typeof readPublicKey>>> | undefined> {
  if (config.ticketPublicKey === "") return undefined;
  const key = await readPublicKey(config.ticketPublicKey);
  return key ?? fail("ticketPublicKey must be an Ed25519 public key as PEM or as a JWK in JSON");
}

interface Place {
  readonly path: string;
  readonly environment: Environment;
}

function resolveSection(section: Section, input: unknown, place: Place): Readonly<Record<string, unknown>> {
  const given = input ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    fail(`${place.path === "" ? configFile : place.path} must be an object, not ${show(given)}`);
  }
  const values = given as Record<string, unknown>;
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(section, name)) failUnknown(section, name, place);
  }
  const resolved: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(section)) {
    const path = place.path === "" ? name : `${place.path}.${name}`;
    const value = values[name];
    resolved[name] = isOption(entry)
      ? resolveOption(entry, value, { ...place, path })
      : resolveSection(entry, value, { ...place, path });
  }
  return Object.freeze(resolved);
}

function resolveOption(option: Option<unknown>, input: unknown, { path, environment }: Place): unknown {
  const text = option.variable === undefined ? undefined : environment[option.variable];
  // Set but empty is how a shell spells "not set".
  if (option.variable !== undefined && text !== undefined && text !== "") {
    const parsed = option.parse(text);
    if (!option.accepts(parsed))
      fail(`${option.variable} (${path}) must be ${option.allowed}, not ${show(text)}`);
    return parsed;
  }
  if (input === undefined) return freeze(option.default);
  if (!option.accepts(input)) fail(`${path} must be ${option.allowed}, not ${show(input)}`);
  return freeze(Array.isArray(input) ? [...input] : typeof input === "object" ? { ...input } : input);
}

function failUnknown(section: Section, name: string, place: Place): never {
  const meant = nearest(name, Object.keys(section));
  const path = place.path === "" ? name : `${place.path}.${name}`;
  const known = Object.keys(section).join(", ");
  fail(`${path} is unknown; ${meant === undefined ? `known are ${known}` : `did you mean ${meant}?`}`);
}

async function importDefault(path: string): Promise<unknown> {
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new MyriadError("config_invalid", `${configFile} cannot be loaded: ${message}`, { cause });
  }
  if (module.default === undefined)
    fail(`${configFile} must export its options: export default defineConfig({ … })`);
  return module.default;
}

function isOption(entry: Option<unknown> | Section): entry is Option<unknown> {
  return entry["what"] === "option";
}

function fail(detail: string): never {
  throw new MyriadError("config_invalid", detail);
}

function freeze(value: unknown): unknown {
  return typeof value === "object" ? Object.freeze(value) : value;
}

/** A value in a message: short, on one line. */
function show(value: unknown): string {
  const text =
    typeof value === "number" || value === undefined
      ? String(value)
      : (JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
