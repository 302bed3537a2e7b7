/**
 * What the swarm knows of the game it plays: learnt from the server's welcome, by names.
 *
 * A game that calls its intents `move {direction, moving}`, `attack {target, on}`, `say {text}`, `zoneChat {text}`,
 * `emote {emote}`, `comeBack {}`, `pickUp {…}` is played with all of them; what is missing or built otherwise is skipped.
 * Invariant: learning never throws, and nothing of a game is compiled in.
 */
import {
  type Descriptor,
  type FieldLayout,
  type KindLayout,
  layoutsOf,
  type Level,
  recordFieldsOf,
  RegionGrid,
  selfChannel,
  type Welcome,
  type WireType,
  type ZoneInfo,
} from "@myriad/protocol";

/** An intent that the server's game has. */
export interface GameIntent {
  readonly type: number;
  readonly fields: Readonly<Record<string, WireType>>;
}

/** The intents that bots use; undefined where the game has none of that name and shape. */
export interface GameIntents {
  readonly move: GameIntent | undefined;
  readonly attack: GameIntent | undefined;
  readonly say: GameIntent | undefined;
  readonly zoneChat: GameIntent | undefined;
  readonly emote: GameIntent | undefined;
  readonly comeBack: GameIntent | undefined;
  readonly pickUp: GameIntent | undefined;
}

/** Where a kind's position and health stand among its parts; −1 for what it has not. */
export interface KindGuide {
  readonly position: number;
  readonly health: number;
}

export interface Game {
  readonly schemaHash: string;
  readonly tickRateHz: number;
  readonly kinds: readonly KindLayout[];
  readonly guides: readonly KindGuide[];
  readonly levels: readonly Level[];
  readonly zones: readonly ZoneInfo[];
  readonly grids: readonly RegionGrid[];
  readonly intents: GameIntents;
  /** Options of `emote` other than the first, which stands for none. */
  readonly emotes: readonly string[];
  /** The field of `pickUp` that names the thing, and the kind that the thing is; undefined and −1 without one. */
  readonly lootField: string | undefined;
  readonly lootKind: number;
  /** For each kind: its self fields up to `hitPoints`, which tell whether the player has fallen; empty without them. */
  readonly selfFields: readonly (readonly FieldLayout[])[];
}

export type Learnt =
  | { readonly ok: true; readonly game: Game }
  | { readonly ok: false; readonly reason: string };

/** Learns a game from a welcome that carries the server's schema. */
export function learnGame(welcome: Welcome): Learnt {
  const { schema } = welcome;
  if (schema === undefined) return { ok: false, reason: "the welcome brought no schema" };
  const layouts = layoutsOf(schema);
  if (!layouts.ok) return { ok: false, reason: `the server's schema is ${layouts.code}` };
  if (!(welcome.tickRateHz > 0) || !(welcome.regionSizeM > 0)) {
    return { ok: false, reason: "the welcome's tick rate or region size is not above 0" };
  }
  const kinds = layouts.value;
  const intents = intentsOf(schema);
  const lootField = refField(intents.pickUp);
  try {
    const game: Game = {
      schemaHash: welcome.schemaHash,
      tickRateHz: welcome.tickRateHz,
      kinds,
      guides: kinds.map(guideOf),
      levels: welcome.levels,
      zones: welcome.zones,
      grids: welcome.zones.map(({ zone, bounds }) => new RegionGrid(zone, bounds, welcome.regionSizeM)),
      intents,
      emotes: emotesOf(intents.emote),
      lootField,
      lootKind: kinds.findIndex((kind) => kind.name === lootField),
      selfFields: kinds.map(selfFieldsOf),
    };
    return { ok: true, game };
  } catch (cause) {
    if (cause instanceof RangeError) return { ok: false, reason: cause.message };
    throw cause;
  }
}

function intentsOf(schema: Descriptor): GameIntents {
  const find = (name: string, shape: Readonly<Record<string, WireType["type"]>>): GameIntent | undefined => {
    const type = schema.intents.findIndex((intent) => intent.name === name);
    if (type < 0) return undefined;
    const fields = recordFieldsOf(schema.intents[type]!);
    const fits = Object.entries(shape).every(([field, kind]) => fields[field]?.type === kind);
    return fits ? { type, fields } : undefined;
  };
  const pickUp = find("pickUp", {});
  return {
    move: find("move", { direction: "angle", moving: "bool" }),
    attack: find("attack", { target: "entityRef", on: "bool" }),
    say: find("say", { text: "text" }),
    zoneChat: find("zoneChat", { text: "text" }),
    emote: find("emote", { emote: "oneOf" }),
    comeBack: find("comeBack", {}),
    pickUp: refField(pickUp) === undefined ? undefined : pickUp,
  };
}

/** The first field of an intent that refers to an entity. */
function refField(intent: GameIntent | undefined): string | undefined {
  return Object.entries(intent?.fields ?? {}).find(([, type]) => type.type === "entityRef")?.[0];
}

function emotesOf(emote: GameIntent | undefined): readonly string[] {
  const type = emote?.fields["emote"];
  return type?.type === "oneOf" ? type.options.slice(1) : [];
}

function guideOf(kind: KindLayout): KindGuide {
  const partOf = (name: string): number => {
    const field = kind.channels
      .slice(0, selfChannel)
      .flat()
      .find((candidate) => candidate.name === name);
    return field === undefined || field.parts === 0 ? -1 : field.part;
  };
  return { position: partOf("position"), health: partOf("health") };
}

function selfFieldsOf(kind: KindLayout): readonly FieldLayout[] {
  const fields = kind.channels[selfChannel] ?? [];
  return fields.slice(0, fields.findIndex((field) => field.name === "hitPoints") + 1);
}
