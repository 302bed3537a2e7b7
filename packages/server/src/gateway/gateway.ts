/**
 * The gateway: turns tick frames into client frames and intents into batches, for the sessions it holds.
 *
 * For each tick of a zone its host calls `sendIntents(zone)`, lets the zone tick, then calls `flush(zone)`: the zones of a
 * thread tick one after the other, spread over the tick's interval, and only the sessions at home there get frames.
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
import { Composer, type Records } from "./compose.ts";
import { Delivery } from "./deliver.ts";
import { Door } from "./door.ts";
import { Elsewhere } from "./elsewhere.ts";
import { FramePace } from "./frame-pace.ts";
import type { GatewayOptions } from "./gateway-options.ts";
import { Intake } from "./intake.ts";
import { Lifecycle } from "./lifecycle.ts";
import { joinDilationMin, staleMsMax, sweepMs } from "./limits.ts";
import { type LoadedCharacter, Logins } from "./login.ts";
import { placeInZones } from "./place.ts";
import { Recovery } from "./recovery.ts";
import { readResumeKey, type ResumeKey, resumeKey } from "./resume-key.ts";
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
  /** For the other gateways. */
  readonly elsewhere: Elsewhere;
  /** For whoever brings zones back. */
  readonly recovery: Recovery;
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
  readonly #pace = new FramePace();
  readonly #records: Records = { count: 0, frames: [], ats: [] };
  readonly #cancels: Cancel[];
  /** Zones at home in which somebody wants digests. */
  readonly #digestZones = new Set<number>();

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

    this.#sessions = new Sessions(options.index, options.firstSession);
    const { clientBudgetKbitPerSecond = Number.POSITIVE_INFINITY, tickRateHz } = options;
    this.#views = new Views(plan, links, (clientBudgetKbitPerSecond * 1000) / tickRateHz);
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
      rejoin: (session) => void this.recovery.rejoin(session),
      released: (nameKey) => options.peers?.release(nameKey),
      pass: (gateway, session, word) => options.peers?.pass({ gateway, session, word }),
      closeClient,
    });
    this.#delivery = new Delivery({
      sessions: this.#sessions,
      stats,
      events: {
        factsOverflow: (client) => closeClient(client, "facts_overflow"),
        pass: (gateway, session, word) => options.peers?.pass({ gateway, session, word }),
        orphan: (session, link) => this.recovery.letGo(session, link),
        forward: (letter) => void this.elsewhere.forward(letter),
        closed: (session, reason) => this.#lifecycle.zoneClosed(session, reason),
        handedOver: (session, zone) => this.#lifecycle.handedOver(session, zone),
      },
    });
    const logins = this.#newLogins();
    const { onFailure } = options;
    const shared = { links: this.#links, logins, lifecycle: this.#lifecycle, onFailure };
    this.elsewhere = new Elsewhere({
      ...shared,
      peers: options.peers,
      sessions: this.#sessions,
      delivery: this.#delivery,
      stats,
    });
    this.recovery = new Recovery({ ...shared, intake: this.#intake, nowMs: () => clock.nowMs() });
    this.#door = new Door({
      capacity: options.capacity,
      limits: options.limits,
      isOriginAllowed: options.isOriginAllowed,
      clock,
      stats,
      logins,
      join: (client, hello, character) => this.#join(client, hello, character),
      resume: (client, hello, key) => this.#resume(client, hello, key),
      message: (client, session, incoming) => {
        // A session that is closing hears nothing more.
        if (session.state.kind === "playing") this.#intake.take(client, session, incoming);
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

  /**
   * Sends a zone its batch: inputs, intents, wishes. Call once per tick, before the zone ticks.
   * @param zone All zones, one after the other, when it is left out.
   */
  sendIntents(zone?: number): void {
    if (zone === undefined) {
      for (const each of this.#links.keys()) this.sendIntents(each);
      return;
    }
    const link = this.#linkOf(zone);
    this.#intake.forward(link);
    if (this.#digestZones.size > 0) link.askDigests();
    link.writeBatch(this.#batch, { realm: this.#realm, gateway: this.#options.index });
    this.#options.bus.sendIntents(zone, this.#batch.view());
  }

  /**
   * Composes a frame for every client at home in a zone that ticked, and writes them. Call once per tick, after the zone
   * ticked.
   * @param zone All zones, one after the other, when it is left out.
   */
  flush(zone?: number): void {
    if (zone === undefined) {
      for (const each of this.#links.keys()) this.flush(each);
      return;
    }
    const nowMs = this.#options.clock.nowMs();
    let wantsDigests = false;
    for (const session of this.#linkOf(zone).residents) {
      if (session.state.kind !== "playing") continue;
      wantsDigests ||= session.wantsDigests;
      this.#flushSession(session, session.state.client, nowMs);
    }
    this.#composer.sendBurst();
    if (wantsDigests) this.#digestZones.add(zone);
    else this.#digestZones.delete(zone);
  }

  /**
   * Told once per second how busy this gateway's thread was.
   * @param busyShare Share of the last second in which the event loop did not wait, 0 to 1.
   */
  noteLoad(busyShare: number): void {
    this.#pace.noteLoad(busyShare);
  }

  /** What stands now. Walks over sessions and clients. */
  counts(): GatewayCounts {
    const kinds = { playing: 0, absent: 0, closing: 0, moved: 0, ended: 0 };
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
    const sessions = [...this.#sessions.all()].filter(({ state }) => state.kind !== "moved");
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

  #linkOf(zone: number): Link {
    const link = this.#links.get(zone);
    assert(link !== undefined, "the zone is one of the realm's");
    return link;
  }

  #newLogins(): Logins {
    const { store, tickets, timers, clock, newCharacter, zones, capacity, onFailure } = this.#options;
    return new Logins({
      store,
      tickets,
      sessions: this.#sessions,
      timers,
      wallMs: () => clock.wallMs(),
      newCharacter,
      zoneAt: (place) => placeInZones(zones, place),
      capacity,
      peers: this.#options.peers,
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
    // The last thing to shed: whoever is inside already sees time stretch.
    if (home.newest.dilation < joinDilationMin) return "server_full";
    const session = this.#lifecycle.join(client, character, home);
    this.#welcome(client, session, { hello, resumed: false });
    return undefined;
  }

  #resume(
    client: Client,
    hello: Hello,
    token: string,
  ): CloseReason | undefined | Promise<CloseReason | undefined> {
    if (this.#door.isShut) return "server_closing";
    const key = readResumeKey(token);
    if (key === undefined) return "session_unknown";
    const { peers, index } = this.#options;
    if (key.gateway !== index && peers !== undefined) return this.#fetch(client, hello, key);
    const resumed = this.#lifecycle.resume(client, key, hello.lastFact);
    if (resumed === undefined) return "session_unknown";
    this.#welcomeBack(client, hello, resumed);
    return undefined;
  }

  /** Fetches a session from the gateway that has it. Never rejects. */
  async #fetch(client: Client, hello: Hello, key: ResumeKey): Promise<CloseReason | undefined> {
    const resumed = await this.elsewhere.fetch(client, key, hello.lastFact);
    if (resumed === undefined) return "session_unknown";
    this.#welcomeBack(client, hello, resumed);
    return undefined;
  }

  #welcomeBack(client: Client, hello: Hello, how: { session: Session; hasAllFacts: boolean }): void {
    this.#welcome(client, how.session, { hello, resumed: true });
    if (how.hasAllFacts) return;
    client.connection.send(encodeNotice("facts_lost", noticeCodes.facts_lost));
  }

  #welcome(client: Client, session: Session, how: { hello: Hello; resumed: boolean }): void {
    const { realm, version, schema, limits, tickRateHz, regionSizeM, levels, zones } = this.#options;
    session.wantsDigests = how.hello.wantsDigests;
    session.unpacks = how.hello.unpacks === true;
    const welcome = encodeWelcome({
      formatVersion,
      realm,
      server: version,
      gameVersion: schema.version,
      session: session.id,
      resumeKey: resumeKey({
        gateway: this.#options.index,
        session: session.id,
        secret: session.resumeSecret,
      }),
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

  /** One client frame with what the session's client has not got, when one is due at this tick of its home zone. */
  #flushSession(session: Session, client: Client, nowMs: number): void {
    if (session.staleSinceMs >= 0 && !this.#recover(session, client, nowMs)) return;
    const { home } = session;
    const stride = this.#pace.strideOf(session.id);
    // Zones differ in the ticks at which their slower clients' frames are due, as their regions' blocks do.
    // Several ticks may have come at once: due is who has not got the last tick of its stride.
    const { tick } = home.newest;
    if (session.homeTick >= tick - ((tick + home.zone) & (stride - 1))) return;
    if (!this.#gatherRecords(session)) return;
    if (!session.flow.isOpen(nowMs, client.connection.bufferedBytes)) {
      session.staleSinceMs = nowMs;
      this.stats.stales += 1;
      return;
    }
    if (this.#views.isNew(session)) this.#views.follow(session, stride);
    const records = this.#records;
    const sent = this.#composer.compose({ session, connection: client.connection, records });
    if (sent === undefined) {
      this.#door.close(client, "not_draining");
      return;
    }
    session.flow.noteSent(nowMs, sent.bytes, sent.keyframeBytes);
    this.stats.framesSent += 1;
    this.stats.bytesOut += sent.bytes;
    this.stats.keyframeBytesOut += sent.keyframeBytes;
    this.#views.follow(session, stride);
  }

  /** Lists the records of the home zone's ticks since the last frame; false when there are none. */
  #gatherRecords(session: Session): boolean {
    const records = this.#records;
    const before = session.homeTick;
    records.count = 0;
    for (let place = session.nextRecord(); place >= 0; place = session.nextRecord()) {
      const tick = session.recordTick(place);
      const frame = session.home.frameIn(session.recordSlot(place), tick);
      // A change of `self` in a tick that was missed is only told with all of it.
      if (session.homeTick >= 0 && tick !== session.homeTick + 1) session.needsSelf = true;
      session.homeTick = tick;
      if (frame === undefined) continue;
      records.frames[records.count] = frame;
      records.ats[records.count++] = session.recordOffset(place);
    }
    // Composing may be refused: then these are still to come.
    if (records.count > 0) session.homeTick = before;
    return records.count > 0;
  }

  /**
   * @returns Whether a stale client has everything and may go on. What it missed meanwhile is found by the rules that
   * hold for every gap: regions whose windows passed wait for keyframes, `self` comes whole.
   */
  #recover(session: Session, client: Client, nowMs: number): boolean {
    if (session.flow.inFlight > 0 || client.connection.bufferedBytes > 0) {
      // Whoever drains, however slowly, is given the time for it.
      if (session.drainedFrame !== session.flow.acknowledged) {
        session.drainedFrame = session.flow.acknowledged;
        session.drainedMs = nowMs;
      }
      const sinceMs = Math.max(session.staleSinceMs, session.drainedMs);
      if (nowMs - sinceMs >= staleMsMax) this.#door.close(client, "not_draining");
      return false;
    }
    session.staleSinceMs = -1;
    return true;
  }

  #sweep(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const client of this.#door.clients) this.#door.sweep(client, nowMs);
    for (const session of this.#sessions.all()) this.#lifecycle.sweep(session, nowMs);
    this.recovery.sweep();
  }
}
