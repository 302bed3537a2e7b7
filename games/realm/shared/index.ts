/** What the realm's zones and its browser client share: schema, map, movement, rules, items. */
export * from "./biome.ts";
export * from "./camps.ts";
export * from "./items.ts";
export * from "./layout.ts";
export * from "./map.ts";
export * from "./movement.ts";
export * from "./obstacle.ts";
export * from "./open-ground.ts";
export * from "./rules.ts";
export * from "./scenery.ts";
export * from "./schema.ts";
export * from "./species.ts";
export * from "./town.ts";
