/**
 * How many threads a realm gets.
 *
 * Invariant: one core means one thread for everything: threads that share a core only cost switches and copies.
 */

/** What an operator asks for: by cores, one thread for everything, or numbers. */
export type ThreadsSetting = "auto" | "single" | { readonly gateways: number; readonly zones: number };

export interface ThreadCounts {
  readonly gateways: number;
  /** Zone workers. */
  readonly workers: number;
}

/** Gateways have 8 bits in a session's number, and each pair of threads has rings of some megabytes. */
export const gatewaysMax = 32;
export const workersMax = 32;
/** Share of the cores for gateways: sockets cost twice what zones do (10,000 players: 60 % of the work is writing). */
const gatewayShare = 0.6;

/**
 * @param cores Cores that this process may use.
 * @returns The numbers of threads; undefined when everything runs in one.
 */
export function threadCounts(
  setting: ThreadsSetting,
  { cores, zones }: { cores: number; zones: number },
): ThreadCounts | undefined {
  if (setting === "single" || (setting === "auto" && cores <= 1)) return undefined;
  if (setting !== "auto") return { gateways: setting.gateways, workers: Math.min(zones, setting.zones) };
  const gateways = Math.min(gatewaysMax, Math.max(1, Math.round(cores * gatewayShare)));
  const workers = Math.min(workersMax, zones, Math.max(1, cores - gateways));
  return { gateways, workers };
}
