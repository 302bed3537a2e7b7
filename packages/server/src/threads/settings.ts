/**
 * What the parts of a realm are told by the operator, as plain data that crosses threads. The configuration is one.
 *
 * Invariant: nothing here is read from anywhere; whoever starts threads hands it on whole.
 */
import type { ChannelRates } from "@myriad/protocol";
import type { GatewayLimits } from "../gateway/gateway-options.ts";

export interface RealmSettings {
  readonly host: string;
  readonly port: number;
  readonly zones: number;
  readonly tickRateHz: number;
  readonly mode: "development" | "production";
  readonly capacity: number;
  readonly replication: {
    readonly regionSizeM: number;
    readonly splitAbove: number;
    readonly mergeBelow: number;
    readonly regionSizeMinM: number;
    readonly clientBudgetKbitPerSecond: number;
    readonly hysteresisPercent: number;
    readonly viewStepM: number;
    readonly channels: ChannelRates;
  };
  readonly limits: GatewayLimits & { readonly connectionsPerAddress: number };
  readonly originAllowList: readonly string[];
  readonly ticketPublicKey: string;
  readonly saveEveryMs: number;
  readonly seed: number;
}
