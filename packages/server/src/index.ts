/** What a game and its operator use of the server: modules, zones, events, serving a realm. */
export type { Columns, ListColumn, MapColumn, VectorColumn } from "./world/columns.ts";
export type { Table } from "./world/table.ts";
export type { TimerType } from "./world/timers.ts";
export type { SpawnValues, StateType } from "./world/world.ts";
export type { SeededRandom } from "./kernel/random.ts";
export type { DoneOutcome, Outcome, RefusedOutcome } from "./ledger/port.ts";
export type { ItemPlace, Near, ZoneApi } from "./zone/api.ts";
export {
  type Area,
  defineModule,
  defineRealm,
  every,
  type MessageType,
  message,
  type Module,
  on,
  onMessage,
  onReply,
  onTimer,
  type Realm,
  type ReplyType,
  reply,
  state,
  timer,
  type ZoneDefinition,
} from "./zone/definitions.ts";
export type { Metrics } from "./zone/metrics-port.ts";
export { defineEvent, type EventControl, type EventType } from "./events/event-type.ts";
export { type ClientEvent, type Listener, listen, type ObjectEvent } from "./events/listen.ts";
export { type ConfigInput, defineConfig } from "./config.ts";
export {
  type RunningRealm,
  type ServeOptions,
  serve,
  serverVersion,
  startRealm,
  type ThreadsControl,
} from "./main.ts";
