/**
 * How Myriad is set for the comparison. Everything that is not here stands at its default.
 */
import { defineConfig } from "@myriad/server";
import { hysteresisPercent, regionSizeM, sightM, tickRateHz } from "./world.ts";

/** All channels reach as far as a player sees, at the full rate: one ring, and nothing beyond it. */
const ring = { radiusM: sightM, rateHz: tickRateHz };

export default defineConfig({
  tickRateHz,
  capacity: 20_000,
  // The peers save nothing, and neither does the walk: a login's row, and no more of the store's work.
  saveEveryMs: 600_000,
  replication: {
    regionSizeM,
    hysteresisPercent,
    // Everybody in sight at the full rate is what is compared: no budget may shorten it.
    clientBudgetKbitPerSecond: 1000,
    channels: { critical: ring, detailed: ring, cosmetic: ring, metadata: ring },
  },
});
