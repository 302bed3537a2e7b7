/**
 * The gateway: turns tick frames into client frames and intents into batches, for the sessions it holds.
 *
 * Once per tick its host calls `sendIntents()`, lets the zones tick, then calls `flush()`.
 * Invariant: blind. It never decodes an entity; what it knows of a session's place the zone told it.
 * Invariant: a zone's crash, silence or handover never ends a session.
 * Absent on purpose: sockets, clocks and timers; they come through ports.
 */
import {
  ByteReader,
  ByteWriter,
  type CloseReason,
  closeCodes,
  describe,
  type Descriptor,
  encodeNotice,
  encodeWelcome,
  formatVersion,
  type Hello,
  noticeCodes,
  schemaHash,
} from "@myriad/protocol";
import { readHeader, realmTag } from "../bus/header.ts";
import { assert } from "../kernel/assert.ts";
import type { Cancel } from "../kernel/time.ts";
import type { Client } from "./client.ts";
import { Composer } from "./compose.ts";
import { Delivery } from "./deliver.ts";
import { Door } from "./door.ts";
import type { GatewayOptions } from "./gateway-options.ts";
import { Intake } from "./intake.ts";
import { Lifecycle } from "./lifecycle.ts";
import { staleMsMax, sweepMs } from "./limits.ts";
import { type LoadedCharacter, Logins } from "./login.ts";
import { resumeKey } from "./resume-key.ts";
import type { Link, Session, Viewer } from "./session.ts";
import { Sessions } from "./sessions.ts";
import { GatewayStats } from "./stats.ts";
import type { Connection } from "./transport.ts";
import { ViewPlan } from "./view-plan.ts";
import { Views } from "./views.ts";
import { isWithin } from "./within.ts";
import { ZoneLink } from "./zone-link.ts";

/** What stands now, for metrics. */
export interface GatewayCounts {
  readonly handshaking: number;
  readonly loading: number;
  readonly playing: number;
  readonly absent: number;
  readonly closing: number;
  readonly stale: number;
  readonly bufferedBytes: number;
}

/** How long ago a zone was heard, for readiness. */
export interface ZoneSilence {
  readonly zone: number;
  readonly silentMs: number;
  readonly isSilent: boolean;
}

export class Gateway {
  readonly stats = new GatewayStats();
  readonly #options: GatewayOptions;
  readonly #realm: number;
  readonly #descriptor: Descriptor;
  readonly #schemaHash: string;
  readonly #sessions: Sessions;
  readonly #links = new Map<number, Link>();
  readonly #views: Views;
  readonly #composer: Composer;
  readonly #delivery: Delivery;
  readonly #intake: Intake;
  readonly #lifecycle: Lifecycle;
  readonly #door: Door;
  readonly #batch = new ByteWriter(4096);
  readonly #cancels: Cancel[];
  #wantsDigests = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#realm = realmTag(options.realm);
    this.#descriptor = describe(options.schema);
    this.#schemaHash = schemaHash(this.#descriptor);
    const { clock, timers, bus } = options;
    const { stats } = this;
    const plan = new ViewPlan({
      levels: options.levels,
      hysteresisPercent: options.hysteresisPercent,
      stepM: options.viewStepM,
    });
    for (const info of options.zones) {
      const { regionSizeM } = options;
      const link = new ZoneLink<Viewer, Session>(info, {
        regionSizeM,
        reachM: plan.reachM,
        nowMs: clock.nowMs(),
      });
      this.#links.set(info.zone, link);
    }
    assert(this.#links.size > 0, "a gateway serves at least one zone");
    const links = [...this.#links.values()];
    const closeClient = (client: Client, reason: CloseReason) => this.#door.close(client, reason);

    this.#sessions = new Sessions(options.index);
    this.#views = new Views(plan, links);
    this.#composer = new Composer(this.#views, links);
    this.#intake = new Intake({
      schema: options.schema,
      stats,
      views: this.#views,
      events: {
        close: closeClient,
        bye: (session) => this.#lifecycle.end(session, { reason: "left", leave: "left" }),
      },
    });
    this.#lifecycle = new Lifecycle({
      sessions: this.#sessions,
      links: this.#links,
      views: this.#views,
      intake: this.#intake,
      stats,
      clock,
      randomBytes: options.randomBytes,
      resumeSeconds: options.limits.resumeSeconds,
      closeClient,
    });
    this.#delivery = new Delivery({
      sessions: this.#sessions,
      stats,
      events: {
        factsOverflow: (client) => closeClient(client, "facts_overflow"),
        closed: (session, reason) => this.#lifecycle.zoneClosed(session, reason),
        handedOver: (session, zone) => this.#lifecycle.handedOver(session, zone),
      },
    });
    this.#door = new Door({
      capacity: options.capacity,
      limits: options.limits,
      isOriginAllowed: options.isOriginAllowed,
      clock,
      stats,
      logins: this.#newLogins(),
      join: (client, hello, character) => this.#join(client, hello, character),
      resume: (client, hello, key) => this.#resume(client, hello, key),
      message: (client, session, bytes, nowMs) => {
        // A session that is closing hears nothing more.
        if (session.state.kind === "playing") this.#intake.take(client, session, bytes, nowMs);
      },
      gone: (client, session) => this.#lifecycle.clientGone(session, client),
    });
    this.#cancels = [
      bus.onTickFrames(options.index, (batch) => this.#takeBatch(batch)),
      timers.every(sweepMs, () => this.#sweep()),
    ];
  }

  /** Takes a new connection in; the transport calls this. */
  accept(connection: Connection): void {
    this.#door.accept(connection);
  }

  /** Sends each zone its batch: inputs, intents, wishes. Call once per tick, before the zones tick. */
  sendIntents(): void {
    this.#intake.forward();
    const head = { realm: this.#realm, gateway: this.#options.index };
    for (const link of this.#links.values()) {
      if (this.#wantsDigests) link.askDigests();
      link.writeBatch(this.#batch, head);
      this.#options.bus.sendIntents(link.zone, this.#batch.view());
    }
  }

  /** Composes a frame for every client whose home zone ticked. Call once per tick, after the zones ticked. */
  flush(): void {
    const nowMs = this.#options.clock.nowMs();
    let wantsDigests = false;
    for (const session of this.#sessions.all()) {
      if (session.state.kind !== "playing") continue;
      wantsDigests ||= session.wantsDigests;
      this.#flushSession(session, session.state.client, nowMs);
    }
    this.#composer.sendBurst();
    this.#wantsDigests = wantsDigests;
    for (const link of this.#links.values()) link.flushedTick = link.newest.tick;
  }

  /** What stands now. Walks over sessions and clients. */
  counts(): GatewayCounts {
    const kinds = { playing: 0, absent: 0, closing: 0, ended: 0 };
    let [stale, bufferedBytes, handshaking] = [0, 0, 0];
    for (const session of this.#sessions.all()) {
      kinds[session.state.kind] += 1;
      if (session.staleSinceMs >= 0) stale += 1;
    }
    for (const client of this.#door.clients) {
      if (client.state.kind === "handshaking") handshaking += 1;
      bufferedBytes += client.connection.bufferedBytes;
    }
    const { playing, absent, closing } = kinds;
    return { handshaking, loading: this.#door.loading, playing, absent, closing, stale, bufferedBytes };
  }

  /** How long ago each zone was heard. */
  zoneSilence(): readonly ZoneSilence[] {
    const nowMs = this.#options.clock.nowMs();
    return [...this.#links.values()].map((link) => ({
      zone: link.zone,
      silentMs: link.silentMs(nowMs),
      isSilent: link.isSilent(nowMs),
    }));
  }

  /** Whether new players are refused because the process is going to end. */
  get isDraining(): boolean {
    return this.#door.isShut;
  }

  /**
   * Ends every session: nobody is let in, everyone is told, and each connection is closed once its character is saved,
   * or when the time is over. The host goes on calling `sendIntents`, ticking and `flush` meanwhile.
   * @returns How many sessions their zones did not let go in time.
   */
  async drain(timeoutMs: number): Promise<number> {
    this.#door.shut();
    const sessions = [...this.#sessions.all()];
    for (const session of sessions) {
      session.client?.connection.send(encodeNotice("server_closing", closeCodes.server_closing.text));
      this.#lifecycle.end(session, { reason: "server_closing", leave: "left", keepsClient: true });
    }
    const everyEnd = Promise.all(sessions.map((session) => session.whenEnded()));
    await isWithin(everyEnd, this.#options.timers, timeoutMs);
    const left = [...this.#sessions.all()];
    for (const session of left) this.#lifecycle.forget(session);
    return left.length;
  }

  /** Takes the gateway off the bus and stops its timers. Connections that are left end without a goodbye. */
  close(): void {
    for (const cancel of this.#cancels) cancel();
    for (const client of this.#door.clients) client.connection.terminate();
  }

  #newLogins(): Logins {
    const { store, tickets, timers, clock, newCharacter, capacity, onFailure } = this.#options;
    return new Logins({
      store,
      tickets,
      sessions: this.#sessions,
      timers,
      wallMs: () => clock.wallMs(),
      newCharacter,
      capacity,
      takeOver: (older) => {
        this.stats.takeovers += 1;
        this.#lifecycle.end(older, { reason: "logged_in_elsewhere", leave: "takenOver" });
      },
      onFailure,
    });
  }

  /** The last step of a login: nothing may come between its checks and the join. */
  #join(client: Client, hello: Hello, character: LoadedCharacter): CloseReason | undefined {
    const { capacity, clock, newCharacter } = this.#options;
    if (client.state.kind !== "loading") return "left";
    if (this.#door.isShut) return "server_closing";
    if (this.#sessions.size >= capacity) return "server_full";
    // A realm that was laid out anew may not have the zone any more: its beginners' zone takes the character in.
    const home = this.#links.get(character.zone) ?? this.#links.get(newCharacter(character.name).zone);
    if (home === undefined || home.isSilent(clock.nowMs())) return "zone_unavailable";
    const session = this.#lifecycle.join(client, character, home);
    this.#welcome(client, session, { hello, resumed: false });
    return undefined;
  }

  #resume(client: Client, hello: Hello, key: string): CloseReason | undefined {
    if (this.#door.isShut) return "server_closing";
    const resumed = this.#lifecycle.resume(client, key, hello.lastFact);
    if (resumed === undefined) return "session_unknown";
    this.#welcome(client, resumed.session, { hello, resumed: true });
    if (!resumed.hasAllFacts) {
      client.connection.send(encodeNotice("facts_lost", noticeCodes.facts_lost));
    }
    return undefined;
  }

  #welcome(client: Client, session: Session, how: { hello: Hello; resumed: boolean }): void {
    const { realm, version, schema, limits, tickRateHz, regionSizeM, levels, zones } = this.#options;
    session.wantsDigests = how.hello.wantsDigests;
    const welcome = encodeWelcome({
      formatVersion,
      realm,
      server: version,
      gameVersion: schema.version,
      session: session.id,
      resumeKey: resumeKey(session.id, session.resumeSecret),
      resumeSeconds: limits.resumeSeconds,
      resumed: how.resumed,
      character: { id: session.characterId, name: session.name },
      tickRateHz,
      regionSizeM,
      levels,
      zones,
      schemaHash: this.#schemaHash,
      // The client decides whether it can live with the difference.
      ...(how.hello.schemaHash === this.#schemaHash ? {} : { schema: this.#descriptor }),
    });
    client.connection.send(welcome);
  }

  #takeBatch(batch: Uint8Array): void {
    const head = readHeader(new ByteReader(batch));
    const link = head.ok && head.value.realm === this.#realm ? this.#links.get(head.value.zone) : undefined;
    const nowMs = this.#options.clock.nowMs();
    const accepted = link?.accept(batch, nowMs) ?? "refused";
    if (link === undefined || accepted === "refused") {
      this.stats.batchesRefused += 1;
      return;
    }
    this.stats.tickFrames += 1;
    if (accepted === "new_epoch") this.#lifecycle.zoneRestarted(link);
    this.#delivery.take(link, nowMs);
  }

  /** One client frame for each tick of the home zone that the session's client has not got. */
  #flushSession(session: Session, client: Client, nowMs: number): void {
    if (session.staleSinceMs >= 0 && !this.#recover(session, client, nowMs)) return;
    let record = session.nextRecord();
    if (record < 0) return;
    this.#views.follow(session);
    for (; record >= 0; record = session.nextRecord()) {
      const tick = session.recordTick(record);
      const at = session.recordOffset(record);
      const home = session.home.frameIn(session.recordSlot(record), tick);
      // A change of `self` in a tick that was missed is only told with all of it.
      if (session.homeTick >= 0 && tick !== session.homeTick + 1) session.needsSelf = true;
      if (home === undefined) {
        session.homeTick = tick;
        continue;
      }
      if (!session.flow.isOpen(nowMs, client.connection.bufferedBytes)) {
        session.staleSinceMs = nowMs;
        this.stats.stales += 1;
        return;
      }
      const isLast = tick === session.home.newest.tick;
      const sent = this.#composer.compose({ session, connection: client.connection, home, at, isLast });
      if (sent === undefined) {
        this.#door.close(client, "not_draining");
        return;
      }
      session.flow.noteSent(nowMs, sent.bytes, sent.keyframeBytes);
      this.stats.framesSent += 1;
      this.stats.bytesOut += sent.bytes;
      this.stats.keyframeBytesOut += sent.keyframeBytes;
    }
  }

  /**
   * @returns Whether a stale client has everything and may go on. What it missed meanwhile is found by the rules that
   * hold for every gap: regions whose windows passed wait for keyframes, `self` comes whole.
   */
  #recover(session: Session, client: Client, nowMs: number): boolean {
    if (session.flow.inFlight > 0 || client.connection.bufferedBytes > 0) {
      if (nowMs - session.staleSinceMs >= staleMsMax) this.#door.close(client, "not_draining");
      return false;
    }
    session.staleSinceMs = -1;
    return true;
  }

  #sweep(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const client of this.#door.clients) this.#door.sweep(client, nowMs);
    for (const session of this.#sessions.all()) this.#lifecycle.sweep(session, nowMs);
  }
}
