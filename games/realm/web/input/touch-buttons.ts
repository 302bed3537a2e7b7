/** Big round buttons for thumbs, shown where there is no mouse. */
import type { Actions } from "../game/actions.ts";
import { el, icon } from "../hud/dom.ts";
import { type IconName, icons } from "../hud/icons.ts";

export function touchButtons(actions: Actions): HTMLElement {
  const button = (name: string, drawing: IconName, act: () => void, isMain = false) => {
    const made = el("button", {
      type: "button",
      class: `thumb${isMain ? " thumb-main" : ""}`,
      "aria-label": name,
    });
    made.append(icon(icons[drawing]));
    made.addEventListener("click", act);
    return made;
  };
  return el(
    "div",
    { class: "thumbs", role: "group", "aria-label": "Actions" },
    button("Next target", "next", () => actions.targetNext()),
    button("Pick up", "pick", () => actions.pickUp()),
    button("Drink", "use", () => actions.useFirst()),
    button("Sweep", "sweep", () => actions.sweep()),
    button("Attack", "attack", () => actions.attackToggle(), true),
  );
}
