/** The load tool, for whoever wants to run it from a program: benchmarks and tests. */
export { type Terminal, runCommand } from "./cli.ts";
export type { Figures } from "./figures.ts";
export type { Percentiles } from "./latency.ts";
export { type Mix, parseOptions, type Persona, type SwarmOptions } from "./options.ts";
export { type Mismatch, type Observation, Observer } from "./observer.ts";
export { type Machine, type Stage, Swarm } from "./swarm.ts";
export type { Link, LinkListener, Transport } from "./transport.ts";
export { SocketTransport } from "./socket-transport.ts";
export { type Game, learnGame } from "./game.ts";
export { HttpClient, type TicketOffice } from "./http-client.ts";
