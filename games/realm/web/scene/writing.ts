/**
 * How letters in the world look: an outline of night around them, whatever they stand on.
 *
 * The colour is part of the style and not a tint: a renderer without WebGL does not tint letters.
 */
import { TextStyle } from "pixi.js";

export const worldFont = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";

const styles = new Map<string, TextStyle>();

/** A style; the same object for the same wishes, so that letters are drawn once. */
export function outlined(wish: { size: number; weight: "600" | "800"; colour: number }): TextStyle {
  const { size, weight, colour } = wish;
  const key = `${size} ${weight} ${colour}`;
  const known = styles.get(key);
  if (known !== undefined) return known;
  const stroke = { color: 0x1d1426, width: Math.round(size / 5.5), join: "round" as const };
  const style = new TextStyle({
    fontFamily: worldFont,
    fontSize: size,
    fontWeight: weight,
    fill: colour,
    stroke,
  });
  styles.set(key, style);
  return style;
}
