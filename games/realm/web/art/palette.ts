/**
 * The colours of Duskmere: a low sun in the west, long violet shadows, lamps that are already lit.
 *
 * Invariant: every colour of the world and of the canvases is named here; the page's own stand in styles/base.css.
 */

/** Colours of the canvas, as CSS. */
export const colour = {
  ink: "#1d1729",
  outline: "rgba(29, 20, 38, 0.72)",
  skin: "#e3b592",
  leather: "#5a3f35",
  leatherDark: "#3a2a2a",
  steel: "#cfd3dc",
  steelDark: "#767c90",
  brass: "#d9a95c",
  bone: "#e9dcc2",
  bark: "#4b3a3d",
  birch: "#e6ddd3",
  birchMark: "#4a4148",
  stone: "#8b8190",
  stoneDark: "#5a5266",
  lamp: "#ffcf87",
  waterDeep: "#2f3f5c",
  water: "#46607a",
  waterLight: "#9aa6b4",
  sand: "#8d7b6c",
} as const;

/** What the ground of a landscape is made of: from its dark to its light, with patches and paths. */
export interface Soil {
  readonly low: string;
  readonly high: string;
  readonly patch: string;
  readonly blades: readonly string[];
  readonly flowers: readonly string[];
}

export const soils = {
  meadow: {
    low: "#4c5a47",
    high: "#6b7452",
    patch: "#5a6a4a",
    blades: ["#7d8a5b", "#46543f", "#8e9461"],
    flowers: ["#e7c9a9", "#d8a7b1"],
  },
  heath: {
    low: "#5b4c55",
    high: "#84705c",
    patch: "#7a5a7c",
    blades: ["#9a8563", "#6e5168", "#a0709a"],
    flowers: ["#c78bc0", "#a86fae", "#d8a3c9"],
  },
  birchwood: {
    low: "#3f5248",
    high: "#5f7356",
    patch: "#6d6a49",
    blades: ["#6f8560", "#37493f", "#8a9a62"],
    flowers: ["#d9b45c", "#c98f4a", "#b56b41"],
  },
  moor: {
    low: "#3b444b",
    high: "#57625a",
    patch: "#454149",
    blades: ["#6e7b68", "#333c42", "#7f8567"],
    flowers: ["#cfd6c9", "#8fa59a"],
  },
} as const satisfies Record<string, Soil>;

export type Landscape = keyof typeof soils;

/** Cloaks by the player's look; a look beyond them begins again. */
export const cloaks = [
  0xb4475a, 0x3f7f8f, 0xc98a3c, 0x6a5aa8, 0x5b8a52, 0xa85a94, 0x4a6db0, 0xb86a4a, 0x8f9aa8, 0x7a4a3a,
  0x2f9f8a, 0xd0a9a0,
] as const;

/** Numbers that fly up, by what they say. */
export const tint = {
  white: 0xffffff,
  plate: 0xf3e9dc,
  plateParty: 0x9fd8c0,
  plateFoe: 0xf0b2a0,
  dealt: 0xffe2a8,
  critical: 0xff9a4d,
  taken: 0xff6f7d,
  gained: 0xc9b2ff,
  missed: 0xb9b2c6,
  ring: 0xffd9a0,
  ringFoe: 0xff7a6b,
  lamp: 0xffb45e,
  loot: 0xffdf9a,
  shadow: 0x1b1230,
  hurt: 0xff8f8f,
} as const;

/** A cloak's colour. */
export function cloakOf(look: number): number {
  return cloaks[look % cloaks.length] ?? cloaks[0];
}

/** A colour number as CSS. */
export function cssOf(value: number): string {
  return `#${value.toString(16).padStart(6, "0")}`;
}
