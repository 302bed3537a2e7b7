/**
 * What the main thread answers one gateway: the directory's words under the gateway's number, and messages to the others.
 *
 * Invariant: what concerns another gateway is passed on as it is; nothing here knows what a session is.
 */
import type { StatusReport } from "../observe/status.ts";
import type { Directory } from "./directory.ts";
import type { DirectoryOffer, GatewayOffer } from "./offers.ts";
import type { Rpc } from "./rpc.ts";

/** Gateways that a letter is brought to: nobody changes more often than a letter travels. */
const letterTriesMax = 3;

export function directoryOffer(given: {
  gateway: number;
  directory: Directory;
  /** Another gateway; undefined while it is not there. */
  gatewayOf: (gateway: number) => Rpc<GatewayOffer> | undefined;
  failed: (what: string) => void;
  metrics: () => Promise<string>;
  status: () => Promise<StatusReport>;
}): DirectoryOffer {
  const { gateway, directory, gatewayOf, failed, metrics, status } = given;
  return {
    failed,
    metrics,
    status,
    claim: (nameKey) => directory.claim(gateway, nameKey),
    release: (nameKey) => directory.release(gateway, nameKey),
    enter: (address) => directory.enter(gateway, address),
    leave: (address) => directory.leave(gateway, address),
    fetch: async (key) => {
      const moved = await gatewayOf(key.gateway)?.call("handOut", { key, toGateway: gateway });
      if (moved !== undefined) directory.move(key.gateway, gateway, moved.nameKey);
      return moved;
    },
    pass: ({ gateway: to, session, word }) => gatewayOf(to)?.tell("takeLate", { session, word }),
    deliver: async (letter) => {
      let asked: number | undefined;
      // A session that is handed on while the letter looks for it is found at its next gateway.
      for (let tries = 0; tries < letterTriesMax; tries++) {
        const holder = directory.holderOf(letter.nameKey);
        if (holder === undefined || holder === asked) return false;
        asked = holder;
        if ((await gatewayOf(holder)?.call("takeLetter", letter)) === true) return true;
      }
      return false;
    },
  };
}
