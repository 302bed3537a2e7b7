/**
 * The page: the gate, then the game, then the gate again.
 *
 * `?name=Ann` enters at once; `?server=http://…` plays on another server; `?debug` exposes a handle for tests.
 */
import type { ConnectionState } from "@myriad/client";
import { play } from "./game/game.ts";
import { Session } from "./game/session.ts";
import { Login } from "./login.ts";

const host = document.getElementById("app") ?? document.body;
const options = new URLSearchParams(location.search);
const url = options.get("server") ?? location.origin;

const gate = showGate();
const given = options.get("name");
if (given !== null) enter(given, gate);

function showGate(): Login {
  const login = new Login((name) => enter(name, login));
  host.replaceChildren(login.element);
  login.focus();
  return login;
}

function enter(name: string, login: Login): void {
  login.say("Walking up to the gate …", true);
  const session = new Session({ url, name });
  let isIn = false;
  session.events.on("state", (state) => {
    if (!isIn) login.say(wordsFor(state), state.kind !== "closed");
  });
  session.events.on("arrived", () => {
    if (isIn) return;
    isIn = true;
    void stayUntilLeaving(session);
  });
}

async function stayUntilLeaving(session: Session): Promise<void> {
  host.replaceChildren();
  try {
    await play(session, host);
    showGate();
  } catch (error) {
    showGate().say(`This browser cannot draw the world: ${String(error)}`, false);
  } finally {
    session.connection.leave();
  }
}

function wordsFor(state: ConnectionState): string {
  switch (state.kind) {
    case "connecting":
      if (state.why === "server_full") return "Duskmere is full. Waiting for a place …";
      return state.why === undefined
        ? "Walking up to the gate …"
        : `The gate does not answer yet (attempt ${state.attempt}) …`;
    case "playing":
      return "The gate opens …";
    case "reconnecting":
      return "The connection was lost. Trying again …";
    case "closed":
      return `You cannot enter: ${state.text}.`;
  }
}
