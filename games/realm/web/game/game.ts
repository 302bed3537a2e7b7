/**
 * The game once somebody has passed the gate: wires session, scene, page and input, and draws until it is over.
 */
import { drawPictures } from "../art/pictures.ts";
import { Hud } from "../hud/hud.ts";
import { Keyboard } from "../input/keyboard.ts";
import { Pointer } from "../input/pointer.ts";
import { touchButtons } from "../input/touch-buttons.ts";
import { Scene } from "../scene/scene.ts";
import { Stage } from "../scene/stage.ts";
import { Actions } from "./actions.ts";
import { exposeForTests } from "./debug.ts";
import { still } from "./movement.ts";
import { hearNews } from "./news.ts";
import type { Session } from "./session.ts";
import { watchPlaces } from "./places.ts";

const keyHint = "Press H for the keys, Enter to speak.";
const touchHint = "Touch the left half to walk, tap somebody to choose, tap twice to attack.";

/** Plays a session in `host` until the player goes back; then everything of it is gone. */
export async function play(session: Session, host: HTMLElement): Promise<void> {
  const stage = await Stage.create(host);
  const scene = new Scene(stage, session, drawPictures());
  const { promise: over, resolve: leave } = Promise.withResolvers<void>();
  const actions = new Actions(session, (text) => hud.toast.show(text, "hint"));
  const hud: Hud = new Hud(session, actions, leave);
  const keyboard = new Keyboard(session, actions, hud);
  const pointer = new Pointer(stage.app.canvas, session, actions, scene);
  hud.element.prepend(touchButtons(actions));
  host.append(pointer.element, hud.element);
  hearNews({ session, scene, hud, onHurt: () => hurt(host, stage) });
  watchPlaces(session, hud);
  session.events.on("state", (state) => hud.banner.show(state));
  session.events.on("notice", (text) => hud.chat.add("system", text));
  exposeForTests(session, scene);
  hud.chat.add(
    "system",
    `Welcome to Duskmere. ${matchMedia("(pointer: coarse)").matches ? touchHint : keyHint}`,
  );
  const online = () => session.connection.retryNow();
  window.addEventListener("online", online);
  stage.app.ticker.add(() => {
    session.hold(pointer.input ?? keyboard.input ?? still);
    session.advance();
    scene.draw();
    hud.update();
  });
  await over;
  window.removeEventListener("online", online);
  keyboard.destroy();
  pointer.destroy();
  stage.app.destroy(true, { children: true });
  host.replaceChildren();
}

/** The edge of the page flashes, and the view shakes. */
function hurt(host: HTMLElement, stage: Stage): void {
  stage.shake();
  host.classList.remove("is-hurt");
  // Reading a layout value between two changes starts the animation anew.
  void host.offsetWidth;
  host.classList.add("is-hurt");
}
