/**
 * Sine, cosine, headings and lengths that are the same bits on every engine, for the zone and for the client that predicts it.
 *
 * Invariant: only + − × ÷, Math.sqrt, Math.floor, comparisons and integer operations. Math.sin, atan2, hypot, pow and their kin
 * are implementation-approximated in ECMAScript: two engines, or two versions of one, may answer differently.
 * Invariant: angles grow from +x towards +y. A heading is a step 0–255 of a turn; step 64 points along +y.
 * Source: fdlibm's k_sin.c and e_rem_pio2.c for the reduction; plain Taylor polynomials, long enough for an octant.
 */

/** A whole turn in radians. */
export const TAU = 2 * Math.PI;
/** Headings in a turn: one byte. */
export const headingSteps = 256;
/** Steps of the finer table in a turn: 0.088° each. */
export const fineSteps = 4096;

/** Steps in an eighth of a turn: the part from which the others are mirrored. */
const octantSteps = headingSteps / 8;
/** π/2 in two parts: 33 bits, so that a multiple of the first is exact, and the rest. */
const quarterHigh = 1.57079632673412561417;
const quarterLow = 6.07710050650619224932e-11;

const sineTable = turnTable(headingSteps);
const fineSineTable = turnTable(fineSteps);
/** Directions halfway between two headings of the first octant: the borders at which the nearest heading changes. */
const borderSines = Float64Array.from({ length: octantSteps }, (_, step) => octantSine(borderAngle(step)));
const borderCosines = Float64Array.from({ length: octantSteps }, (_, step) =>
  octantCosine(borderAngle(step)),
);

/** Sine of a heading. `step` is an integer and wraps at 256. Exact at the quarters: 0, 1, 0, −1. Never throws. */
export function sinStep(step: number): number {
  return sineTable[step & (headingSteps - 1)] as number;
}

/** Cosine of a heading. `step` is an integer and wraps at 256. Never throws. */
export function cosStep(step: number): number {
  return sineTable[(step + headingSteps / 4) & (headingSteps - 1)] as number;
}

/** Sine of a fine step. `step` is an integer and wraps at 4096. Never throws. */
export function sinFineStep(step: number): number {
  return fineSineTable[step & (fineSteps - 1)] as number;
}

/** Cosine of a fine step. `step` is an integer and wraps at 4096. Never throws. */
export function cosFineStep(step: number): number {
  return fineSineTable[(step + fineSteps / 4) & (fineSteps - 1)] as number;
}

/** Sine of an angle in radians, within 1e-15 for |angle| ≤ 1e5. NaN when the angle is not finite. Never throws. */
export function sinRadians(angle: number): number {
  return sineOfQuarters(angle, 0);
}

/** Cosine of an angle in radians, within 1e-15 for |angle| ≤ 1e5. NaN when the angle is not finite. Never throws. */
export function cosRadians(angle: number): number {
  return sineOfQuarters(angle, 1);
}

/**
 * The heading, 0–255, nearest to the direction (dx, dy); 0 when both are 0 or one is NaN.
 * Exact: five comparisons against the borders between headings; a direction on a border gets the heading nearer to an axis.
 */
export function headingOf(dx: number, dy: number): number {
  const across = dx < 0 ? -dx : dx;
  const along = dy < 0 ? -dy : dy;
  const steep = along > across;
  let step = steep ? octantHeading(along, across) : octantHeading(across, along);
  if (steep) step = 2 * octantSteps - step;
  if (dx < 0) step = 4 * octantSteps - step;
  if (dy < 0) step = headingSteps - step;
  return step & (headingSteps - 1);
}

/** The heading nearest to an angle in radians. The angle is finite; any number of turns is allowed. */
export function headingOfRadians(angle: number): number {
  return Math.floor((angle / TAU) * headingSteps + 0.5) & (headingSteps - 1);
}

/** The angle of a heading in radians, 0 to just under 2π. `step` is an integer and wraps at 256. */
export function radiansOfHeading(step: number): number {
  return ((step & (headingSteps - 1)) * TAU) / headingSteps;
}

/** The shortest way from one heading to another in steps, −128 to 127: positive turns from +x towards +y. */
export function headingDifference(from: number, to: number): number {
  return ((to - from + headingSteps / 2) & (headingSteps - 1)) - headingSteps / 2;
}

/** The shortest way from one angle to another in radians, −π ≤ d < π up to rounding. */
export function angleDifference(from: number, to: number): number {
  const way = to - from;
  return way - TAU * Math.floor((way + Math.PI) / TAU);
}

/** `value`, but at least `low` and at most `high`. NaN stays NaN; `low` ≤ `high`. */
export function clamp(value: number, low: number, high: number): number {
  if (value < low) return low;
  return value > high ? high : value;
}

/** Length of the vector (dx, dy). Not Math.hypot, whose rounding is the engine's own. Overflows above 1e154. */
export function length(dx: number, dy: number): number {
  return Math.sqrt(dx * dx + dy * dy);
}

/** Sine of `angle` plus that many quarter turns. */
function sineOfQuarters(angle: number, quarters: number): number {
  const whole = Math.floor(angle / (TAU / 4) + 0.5);
  const rest = angle - whole * quarterHigh - whole * quarterLow;
  const quadrant = whole + quarters;
  switch (quadrant - 4 * Math.floor(quadrant / 4)) {
    case 0:
      return octantSine(rest);
    case 1:
      return octantCosine(rest);
    case 2:
      return -octantSine(rest);
    case 3:
      return -octantCosine(rest);
    default:
      return Number.NaN;
  }
}

/** The heading 0–32 nearest to a direction of the first octant: 0 ≤ along ≤ across. */
function octantHeading(across: number, along: number): number {
  let low = 0;
  let high = octantSteps;
  while (low < high) {
    const middle = (low + high) >> 1;
    const beyond = along * (borderCosines[middle] as number) > across * (borderSines[middle] as number);
    if (beyond) low = middle + 1;
    else high = middle;
  }
  return low;
}

function borderAngle(step: number): number {
  return ((step + 0.5) * TAU) / headingSteps;
}

/** Sines of a whole turn in `steps` steps. Built from one octant and mirrored, so that symmetry is exact. */
function turnTable(steps: number): Float64Array {
  const quarter = steps / 4;
  const table = new Float64Array(steps);
  for (let step = 0; step <= quarter; step += 1) {
    const sine =
      step <= quarter / 2 ? octantSine((step * TAU) / steps) : octantCosine(((quarter - step) * TAU) / steps);
    table[step] = sine;
    table[2 * quarter - step] = sine;
    // 0 − sine instead of −sine: the table holds no negative zero.
    table[(2 * quarter + step) % steps] = 0 - sine;
    table[(4 * quarter - step) % steps] = 0 - sine;
  }
  return table;
}

/** Taylor up to x¹⁵: within 1e-16 for |x| ≤ π/4. */
function octantSine(x: number): number {
  const z = x * x;
  let sum = 1 - z / (14 * 15);
  for (let n = 12; n >= 2; n -= 2) sum = 1 - (z / (n * (n + 1))) * sum;
  return x * sum;
}

/** Taylor up to x¹⁶: within 1e-16 for |x| ≤ π/4. */
function octantCosine(x: number): number {
  const z = x * x;
  let sum = 1 - z / (15 * 16);
  for (let n = 13; n >= 1; n -= 2) sum = 1 - (z / (n * (n + 1))) * sum;
  return sum;
}
