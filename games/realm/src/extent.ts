/**
 * How large the realm is: what a body must know of the world beyond its own zone, so that nobody walks off its edge.
 *
 * The engine asks a realm for its map once, before any zone begins. The count of zones is remembered here and is a
 * constant from then on: configuration, not state, and so in no checkpoint. So is what is known of the ground.
 */
import type { ZoneApi } from "@myriad/server";
import { type WorldMap, worldMap } from "../shared/map.ts";
import type { Ground } from "../shared/movement.ts";
import { OpenGround } from "../shared/open-ground.ts";

export class Extent {
  #zoneCount = 1;
  #open = new OpenGround(1);

  /** Makes the map for so many zones, and remembers how many there are. */
  layOut(zoneCount: number): WorldMap {
    this.#zoneCount = zoneCount;
    this.#open = new OpenGround(zoneCount);
    return worldMap(zoneCount);
  }

  /** What steps in this zone depend on. */
  groundOf(zone: ZoneApi): Ground {
    return { zoneCount: this.#zoneCount, tickRateHz: zone.tickRateHz, open: this.#open };
  }
}
