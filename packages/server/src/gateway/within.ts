/** Waiting for something with an end: the answer to "did it happen in time". */
import type { Timers } from "../kernel/time.ts";

/** True when `work` is fulfilled within the time, false when the time is over first. Rejects when `work` does. */
export async function isWithin(work: Promise<unknown>, timers: Timers, timeoutMs: number): Promise<boolean> {
  let cancel = () => {};
  const isOver = new Promise<boolean>((resolve) => {
    cancel = timers.after(timeoutMs, () => resolve(false));
  });
  try {
    return await Promise.race([fulfilled(work), isOver]);
  } finally {
    cancel();
  }
}

async function fulfilled(work: Promise<unknown>): Promise<true> {
  await work;
  return true;
}
