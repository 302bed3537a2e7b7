/** Whether all zones run, for readiness. */
import type { Gateway } from "../gateway/gateway.ts";
import type { Check } from "../observe/health.ts";
import type { SharedState } from "./shared-state.ts";

/** @param parts.shared Where it stands which zones are down; undefined where everything is in one thread. */
export function zoneChecks(parts: { gateway: Gateway; shared?: SharedState }): Check {
  return () => {
    const silence = parts.gateway.zoneSilence();
    const down = silence.filter(({ zone }) => parts.shared?.isDown(zone) === true);
    const silent = silence.filter((zone) => zone.isSilent && !down.includes(zone));
    const said = [
      ...(down.length === 0 ? [] : [`restoring: ${down.map(({ zone }) => zone).join(", ")}`]),
      ...(silent.length === 0 ? [] : [`silent: ${silent.map(({ zone }) => zone).join(", ")}`]),
    ];
    return said.length === 0 ? { ok: true } : { ok: false, detail: said.join("; ") };
  };
}
