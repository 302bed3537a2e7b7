/** Elements in one line, without any markup in strings: names that players chose can never become code. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string | undefined;

/** Makes an element with attributes and children; `true` is an empty attribute, false and undefined none. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** A drawing of strokes in a box of 24 by 24; colours come from the style sheet. */
export function icon(paths: readonly string[], name?: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  setAttributes(svg, { viewBox: "0 0 24 24", class: "icon", focusable: "false" });
  setAttributes(svg, name === undefined ? { "aria-hidden": "true" } : { role: "img", "aria-label": name });
  for (const d of paths) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** Sets a text only when it is another one: layouts stay as they are. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setShown(element: HTMLElement, isShown: boolean): void {
  if (element.hidden === isShown) element.hidden = !isShown;
}

/** A bar that fills from the left; announces itself as a meter. */
export class Bar {
  readonly element: HTMLElement;
  readonly #fill: HTMLElement;
  readonly #label: HTMLElement;

  constructor(kind: string, name: string) {
    this.#fill = el("div", { class: "bar-fill" });
    this.#label = el("span", { class: "bar-label" });
    const attributes = {
      class: `bar bar-${kind}`,
      role: "meter",
      "aria-label": name,
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    };
    this.element = el("div", attributes, this.#fill, this.#label);
  }

  set(share: number, label = ""): void {
    const percent = Math.round(Math.max(0, Math.min(1, share)) * 1000) / 10;
    this.#fill.style.transform = `scaleX(${percent / 100})`;
    this.element.setAttribute("aria-valuenow", String(Math.round(percent)));
    if (label !== "") this.element.setAttribute("aria-valuetext", label);
    setText(this.#label, label);
  }
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
}
