/** The SDK for clients in browsers and in Node: connect, see the world, predict, interpolate. No game in it. */
export { agree, type Agreement, agreementOf, type AgreementResult } from "./agreement.ts";
export { backoffMs } from "./backoff.ts";
export { connect, type Connection, type ConnectionEvents, type ConnectOptions } from "./connection.ts";
export { Emitter, type EventListener, type EventListeners } from "./emitter.ts";
export type { WorldEntity } from "./entity-view.ts";
export type { Environment, SocketConstructor, SocketLike } from "./environment.ts";
export { clientCloseReasons, type ConnectionState, type EndReason, playUrl } from "./link.ts";
export { Outbox } from "./outbox.ts";
export { Predictor, type PredictorOptions, type Truth } from "./predictor.ts";
export type { GroupMember } from "./self-view.ts";
export { ConnectionStats } from "./stats.ts";
export { requestTicket, type TicketRequest } from "./tickets.ts";
export { TickClock } from "./tick-clock.ts";
export { newPose, type Pose, teleportM, Track } from "./track.ts";
export { type Applied, World, type WorldEvents } from "./world.ts";
