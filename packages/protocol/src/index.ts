/** What client and server agree on: schema, codec, frames, limits, codes, deterministic numbers. */
export * from "./bits.ts";
export * from "./client-frame.ts";
export * from "./codes.ts";
export * from "./descriptor.ts";
export * from "./fields.ts";
export * from "./frame.ts";
export * from "./handle.ts";
export * from "./levels.ts";
export * from "./limits.ts";
export * from "./numeric.ts";
export * from "./record.ts";
export * from "./regions.ts";
export * from "./replica.ts";
export * from "./schema.ts";
export * from "./values.ts";
export * from "./welcome.ts";
