/**
 * What else ran on the two cores while a run was measured: a machine that does other things makes any server look slow.
 */
import { cpus } from "node:os";
import type { Cores } from "./child.ts";

/** Busy milliseconds of the cores of a run since the machine started, all processes together. */
export function busyMs({ server, load }: Cores): number {
  const all = cpus();
  const ours = [server, load].flatMap((core) => (core === undefined ? [] : [all[core]]));
  return (ours.length === 0 ? all : ours).reduce((sum, core) => {
    if (core === undefined) return sum;
    const { user, nice, sys, irq } = core.times;
    return sum + user + nice + sys + irq;
  }, 0);
}

/** Percent of one core that went to others: what was busy, less what server and load program used themselves. */
export function othersPercent(given: {
  busyMs: number;
  wallMs: number;
  ownPercents: readonly number[];
}): number {
  const own = given.ownPercents.reduce((sum, percent) => sum + percent, 0);
  return Math.max(0, (given.busyMs / given.wallMs) * 100 - own);
}
