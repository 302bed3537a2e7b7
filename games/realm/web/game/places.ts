/** Says the name of a place when the player comes to it. */
import { biomeOfZone } from "../../shared/biome.ts";
import { zoneAt } from "../../shared/layout.ts";
import { isInTown, town } from "../../shared/town.ts";
import type { Hud } from "../hud/hud.ts";
import type { Session } from "./session.ts";

/** Looks at the player's place with each frame. */
export function watchPlaces(session: Session, hud: Hud): void {
  let place = "";
  session.connection.on("frame", () => {
    const { own, world, me } = session;
    if (me === undefined || world === undefined) return;
    const zone = zoneAt(own.x, own.y);
    const name = isInTown(own.x, own.y)
      ? town.name
      : (world.zones.find((info) => info.zone === zone)?.name ?? "");
    if (name === place || name === "") return;
    place = name;
    hud.toast.show(name, "place");
    document.documentElement.dataset["land"] = biomeOfZone(zone).name;
  });
}
