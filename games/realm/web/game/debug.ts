/**
 * A handle for end-to-end tests: `window.__realm`, only when the page's address has `?debug`.
 */
import type { Scene } from "../scene/scene.ts";
import type { Session } from "./session.ts";

export interface DebugHandle {
  /** Where the player is drawn, metres. */
  readonly position: () => { x: number; y: number };
  /** Where the zone has the player, as the newest frame says. */
  readonly truth: () => { x: number; y: number } | undefined;
  readonly zone: () => number;
  readonly entities: () => number;
  readonly creatures: () => {
    ref: number;
    species: string;
    x: number;
    y: number;
    health: number;
    action: string;
  }[];
  readonly figures: () => number;
  readonly state: () => string;
  readonly stats: () => object;
  readonly target: () => number;
  /** Breaks the connection as a bad network would. */
  readonly cutSocket: () => void;
}

declare global {
  interface Window {
    __realm?: DebugHandle;
  }
}

export function exposeForTests(session: Session, scene: Scene): void {
  if (!new URLSearchParams(location.search).has("debug")) return;
  const handle: DebugHandle = {
    position: () => ({ x: session.own.x, y: session.own.y }),
    truth: () => {
      const { truth } = session.connection;
      return truth === undefined ? undefined : { x: truth.x / 1024, y: truth.y / 1024 };
    },
    zone: () => session.world?.homeZone ?? -1,
    entities: () => session.world?.size ?? 0,
    creatures: () =>
      session.creatures.map(({ ref, state }) => ({
        ref,
        species: state.species,
        x: state.position.x,
        y: state.position.y,
        health: state.health,
        action: state.action,
      })),
    figures: () => scene.cast.size,
    state: () => session.connection.state.kind,
    stats: () => ({ ...session.connection.stats }),
    target: () => session.target?.ref ?? 0,
    cutSocket: () => session.connection.dangerouslyDropSocket(),
  };
  Object.assign(window, { __realm: handle });
}
