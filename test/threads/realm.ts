/**
 * The small realm of the simulations, with what ends a thread: an intent that never returns, one that ends its thread, one
 * that fails an assertion, a login that ends its gateway; and letters. A module of its own, because threads import it.
 */
import { existsSync, unlinkSync } from "node:fs";
import { defineSchema, fact, intent, text } from "@myriad/protocol";
import { defineModule, defineRealm, on } from "../../packages/server/src/zone/definitions.ts";
import { assert } from "../../packages/server/src/kernel/assert.ts";
import { Heard, miniRealm, Player, Shout, Steer, Stone } from "../sim/mini-realm.ts";

export const Hang = intent("hang", {});
export const Die = intent("die", {});
export const Fail = intent("fail", {});
export const Write = intent("write", { to: text(16), text: text(40) });
export const Returned = fact("returned", { to: text(16) });

export const schema = defineSchema({
  name: "threadsrealm",
  version: "1",
  entities: [Player, Stone],
  intents: [Steer, Shout, Hang, Die, Fail, Write],
  facts: [Heard, Returned],
});

const faults = defineModule({
  name: "faults",
  intents: [
    on(Hang, () => {
      for (;;);
    }),
    on(Die, () => process.exit(3)),
    on(Fail, () => assert(false, "a player asked for it")),
    on(Write, (zone, actor, { to, text: words }) => {
      zone.tellByName(
        actor,
        to,
        { fact: Heard, value: { from: zone.nameOf(actor), text: words } },
        { fact: Returned, value: { to } },
      );
    }),
  ],
});

/** A file that, once it is there, ends the gateway at which the next player logs in. */
export const gatewayEndsVariable = "MYRIAD_TEST_GATEWAY_ENDS";

/** Gateways ask for a newcomer's zone with chance 0: nobody else does. */
function endGateway(): void {
  const file = process.env[gatewayEndsVariable];
  if (file === undefined || !existsSync(file)) return;
  unlinkSync(file);
  process.exit(5);
}

export const realm = defineRealm({
  ...miniRealm,
  spawnPoint: (zones, chance) => {
    if (chance === 0) endGateway();
    return miniRealm.spawnPoint(zones, chance);
  },
  name: "threadsrealm",
  schema,
  modules: [...miniRealm.modules, faults],
  player: Player,
});
