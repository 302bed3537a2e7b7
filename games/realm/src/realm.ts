/**
 * The sample game, whole: a schema, a map, and modules in the order in which their systems run.
 *
 * It uses nothing that another game could not use: everything comes from @myriad/server and @myriad/protocol.
 */
import { defineRealm, type Realm } from "@myriad/server";
import { Player, realmSchema } from "../shared/schema.ts";
import { arrivalPoint } from "../shared/town.ts";
import { Extent } from "./extent.ts";
import { arrival } from "./modules/arrival.ts";
import { bag } from "./modules/bag.ts";
import { camps } from "./modules/camps.ts";
import { chat } from "./modules/chat.ts";
import { combat } from "./modules/combat.ts";
import { creatures } from "./modules/creatures.ts";
import { emotes } from "./modules/emotes.ts";
import { life } from "./modules/life.ts";
import { loot } from "./modules/loot.ts";
import { movement } from "./modules/movement.ts";
import { party } from "./modules/party.ts";
import { progress } from "./modules/progress.ts";

/** Raised when a saved field of players is renamed. */
const characterSchemaVersion = 1;

/** A realm of its own, with its own map: tests make one for each size they need. */
export function createRealm(): Realm {
  const extent = new Extent();
  return defineRealm({
    name: "realm",
    schema: realmSchema,
    modules: [
      arrival,
      // Everybody moves, then everybody fights, then what came of it is shown.
      movement(extent),
      camps,
      creatures(extent),
      combat,
      progress,
      life,
      loot,
      bag,
      chat,
      emotes,
      party,
    ],
    player: Player,
    zones: (count) => extent.layOut(count).zones,
    spawnPoint: (_zones, chance) => ({ zone: 0, ...arrivalPoint(chance) }),
    characterSchemaVersion,
  });
}

export const realm: Realm = createRealm();
