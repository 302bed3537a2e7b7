/**
 * The types a field can have: what values look like in game code, how many bits they take, how they are quantised.
 *
 * A field type is plain data. Its value is seen in three shapes: the *value* of intents, facts and typed entities
 * (a number, a boolean, a string, {x, y}), the *column* of the zone, and the *parts*: the quantised integers that are
 * compared, hashed and sent. Everything that travels is made of parts, texts apart.
 * Invariant: quantising never throws; a value outside its range is clamped, NaN becomes 0.
 */
import { type EntityRef, idOf, wireRef, zoneOf } from "./handle.ts";
import { finePositionStepsPerM, optionsMax, positionStepsPerM, textBytesMax } from "./limits.ts";

/** A point or direction in the zone's plane; metres for positions. */
export interface Vector {
  x: number;
  y: number;
}

declare const valueBrand: unique symbol;
interface Typed<T> {
  readonly [valueBrand]?: T;
}

export interface PositionType extends Typed<Vector> {
  readonly type: "position";
}
export interface FinePositionType extends Typed<Vector> {
  readonly type: "finePosition";
}
export interface VectorType extends Typed<Vector> {
  readonly type: "vector";
  readonly bits: number;
  readonly max: number;
}
export interface AngleType extends Typed<number> {
  readonly type: "angle";
  readonly bits: number;
}
export interface UintType extends Typed<number> {
  readonly type: "uint";
  readonly bits: number;
}
export interface IntType extends Typed<number> {
  readonly type: "int";
  readonly bits: number;
}
export interface UnitType extends Typed<number> {
  readonly type: "unit";
  readonly bits: number;
}
export interface BoolType extends Typed<boolean> {
  readonly type: "bool";
}
export interface OneOfType<O extends string = string> extends Typed<O> {
  readonly type: "oneOf";
  readonly options: readonly O[];
  /** The column's number for each option. */
  readonly codes: { readonly [K in O]: number };
}
export interface TextType extends Typed<string> {
  readonly type: "text";
  readonly bytesMax: number;
}
export interface EntityRefType extends Typed<EntityRef> {
  readonly type: "entityRef";
}

/** A field type that can travel. */
export type WireType =
  | PositionType
  | FinePositionType
  | VectorType
  | AngleType
  | UintType
  | IntType
  | UnitType
  | BoolType
  | OneOfType
  | TextType
  | EntityRefType;

/** The value that game code and clients see for a field type. */
export type ValueOf<F> = F extends Typed<infer T> ? T : never;

/** Position in the world's plane, in metres; 1/64 m on the wire. */
export function position(): PositionType {
  return { type: "position" };
}

/** Position in metres on the simulation's lattice of 1/1024 m: for what prediction must agree with exactly. */
export function finePosition(): FinePositionType {
  return { type: "finePosition" };
}

/** A 2D vector whose components lie in [−max, max], in `bits` (2–24) bits each. @default bits 12 */
export function vector(options: { max: number; bits?: number }): VectorType {
  const bits = options.bits ?? 12;
  demandBits("vector", bits, 2, 24);
  if (!(options.max > 0) || !Number.isFinite(options.max))
    throw new RangeError("vector: max must be above 0");
  return { type: "vector", bits, max: options.max };
}

/** An angle in radians, wrapped into [0, 2π), in 2^bits steps (1–16 bits). */
export function angle(bits = 8): AngleType {
  demandBits("angle", bits, 1, 16);
  return { type: "angle", bits };
}

/** An unsigned integer of 1 to 32 bits. */
export function uint(bits: number): UintType {
  demandBits("uint", bits, 1, 32);
  return { type: "uint", bits };
}

/** A signed integer of 2 to 32 bits. */
export function int(bits: number): IntType {
  demandBits("int", bits, 2, 32);
  return { type: "int", bits };
}

/** A number from 0 to 1 inclusive, in 2^bits − 1 steps (1–16 bits). @default 8 */
export function unit(bits = 8): UnitType {
  demandBits("unit", bits, 1, 16);
  return { type: "unit", bits };
}

export function bool(): BoolType {
  return { type: "bool" };
}

/** One of 1 to 256 names; the order is the wire's, so new ones come last. The first is the default. */
export function oneOf<const O extends string>(...options: O[]): OneOfType<O> {
  if (options.length === 0 || options.length > optionsMax) {
    throw new RangeError(`oneOf: 1 to ${optionsMax} options, not ${options.length}`);
  }
  const codes = Object.create(null) as Record<O, number>;
  options.forEach((option, code) => {
    // The two characters that a schema's description uses between options and types.
    if (option === "" || /[,:]/.test(option))
      throw new RangeError(`oneOf: "${option}" is not a usable option`);
    if (option in codes) throw new RangeError(`oneOf: the option ${option} stands twice`);
    codes[option] = code;
  });
  return { type: "oneOf", options, codes };
}

/** Text of at most `bytesMax` (1–1024) bytes of UTF-8; longer text is cut at a character. */
export function text(bytesMax: number): TextType {
  if (!Number.isInteger(bytesMax) || bytesMax < 1 || bytesMax > textBytesMax) {
    throw new RangeError(`text: bytesMax must be 1 to ${textBytesMax}, not ${bytesMax}`);
  }
  return { type: "text", bytesMax };
}

/** A reference to an entity of any zone, or none. */
export function entityRef(): EntityRefType {
  return { type: "entityRef" };
}

function demandBits(name: string, bits: number, min: number, max: number): void {
  if (!Number.isInteger(bits) || bits < min || bits > max) {
    throw new RangeError(`${name}: bits must be a whole number from ${min} to ${max}, not ${bits}`);
  }
}

/** Number of integers that a value quantises to; 0 for text, which travels as bytes. */
export function partCount(type: WireType): 0 | 1 | 2 {
  switch (type.type) {
    case "position":
    case "finePosition":
    case "vector":
    case "entityRef":
      return 2;
    case "text":
      return 0;
    default:
      return 1;
  }
}

/** The value a field has when nothing was said. */
export function defaultOf<F extends WireType>(type: F): ValueOf<F> {
  const plain: WireType = type;
  switch (plain.type) {
    case "position":
    case "finePosition":
    case "vector":
      return { x: 0, y: 0 } as ValueOf<F>;
    case "bool":
      return false as ValueOf<F>;
    case "oneOf":
      return plain.options[0] as ValueOf<F>;
    case "text":
      return "" as ValueOf<F>;
    default:
      return 0 as ValueOf<F>;
  }
}

const tau = 6.283185307179586;

/** Quantises a value into `parts` at `at`. Positions are absolute here: steps from the world's origin. Never throws. */
export function quantise(type: WireType, value: unknown, parts: Int32Array, at: number): void {
  switch (type.type) {
    case "position":
      return quantisePair(value, positionStepsPerM, 0x7fffffff, parts, at);
    case "finePosition":
      return quantisePair(value, finePositionStepsPerM, 0x7fffffff, parts, at);
    case "vector": {
      const steps = 2 ** (type.bits - 1) - 1;
      return quantisePair(value, steps / type.max, steps, parts, at);
    }
    case "angle":
      parts[at] = quantiseAngle(numberOf(value), type.bits);
      return;
    case "uint":
      parts[at] = clampInt(numberOf(value), 0, 2 ** type.bits - 1);
      return;
    case "int":
      parts[at] = clampInt(numberOf(value), -(2 ** (type.bits - 1)), 2 ** (type.bits - 1) - 1);
      return;
    case "unit":
      parts[at] = clampInt(numberOf(value) * (2 ** type.bits - 1), 0, 2 ** type.bits - 1);
      return;
    case "bool":
      parts[at] = value === true ? 1 : 0;
      return;
    case "oneOf":
      parts[at] = type.codes[value as string] ?? 0;
      return;
    case "entityRef": {
      const ref = numberOf(value);
      parts[at] = ref > 0 ? zoneOf(ref) + 1 : 0;
      parts[at + 1] = ref > 0 ? idOf(ref) : 0;
      return;
    }
    case "text":
      return;
  }
}

/** The value that the parts at `at` stand for; positions absolute. */
export function dequantise(type: WireType, parts: Int32Array, at: number): unknown {
  const first = parts[at] ?? 0;
  switch (type.type) {
    case "position":
      return { x: first / positionStepsPerM, y: (parts[at + 1] ?? 0) / positionStepsPerM };
    case "finePosition":
      return { x: first / finePositionStepsPerM, y: (parts[at + 1] ?? 0) / finePositionStepsPerM };
    case "vector": {
      const steps = 2 ** (type.bits - 1) - 1;
      return { x: (first * type.max) / steps, y: ((parts[at + 1] ?? 0) * type.max) / steps };
    }
    case "angle":
      return (first * tau) / 2 ** type.bits;
    case "uint":
      return first >>> 0;
    case "int":
      return first;
    case "unit":
      return first / (2 ** type.bits - 1);
    case "bool":
      return first !== 0;
    case "oneOf":
      return type.options[first] ?? type.options[0];
    case "entityRef":
      return first === 0 ? 0 : wireRef(first - 1, parts[at + 1] ?? 0);
    case "text":
      return "";
  }
}

/** Step of an angle in radians, wrapped: 0 to 2^bits − 1. */
export function quantiseAngle(radians: number, bits: number): number {
  const steps = 2 ** bits;
  const step = Math.floor((radians * steps) / tau + 0.5);
  return Number.isFinite(step) ? ((step % steps) + steps) % steps : 0;
}

/** Rounds to the nearest integer and clamps; NaN becomes `min` or 0, whichever is larger. */
export function clampInt(value: number, min: number, max: number): number {
  const rounded = Math.floor(value + 0.5);
  if (rounded >= max) return max;
  if (rounded <= min) return min;
  return rounded === rounded ? rounded : Math.max(0, min);
}

function quantisePair(
  value: unknown,
  stepsPerUnit: number,
  max: number,
  parts: Int32Array,
  at: number,
): void {
  const pair = value as Vector | null | undefined;
  parts[at] = clampInt(numberOf(pair?.x) * stepsPerUnit, -max, max);
  parts[at + 1] = clampInt(numberOf(pair?.y) * stepsPerUnit, -max, max);
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : Number.NaN;
}
