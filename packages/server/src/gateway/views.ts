/**
 * Keeps each session's views where its character is: which zones it watches, which regions of them, at which levels.
 *
 * Levels follow distance as long as all of it fits into the client's budget. What does not fit is made to fit by longer
 * strides, the farthest first: the stride doubles with each doubling of the square of the distance beyond `nearM`, the
 * largest distance for which the whole view costs no more than the budget.
 * Invariant: computed only when the character moved `stepM` since the last time, a watched zone split or merged regions,
 * or the plan is old.
 */
import { strideTicksMax } from "@myriad/protocol";
import type { LineRoom } from "./line-room.ts";
import type { Link, Session, Viewer } from "./session.ts";
import type { ViewPlan } from "./view-plan.ts";
import { ZoneView } from "./zone-view.ts";

/** Nearest distance at which strides may begin to grow, metres; where that is too much, they grow everywhere. */
const nearestM = 1;
/** Step of the search for that distance: the last one is at most so much too near. */
const searchFactor = 1.2;
/** Doublings everywhere: from the shortest stride to the longest. */
const crowdingMax = 5;

export class Views {
  readonly #plan: ViewPlan;
  readonly #links: readonly Link[];
  /** Bits of others' state per tick of a client. */
  readonly #budgetBits: number;
  readonly #fitted: Fit = { nearM: 0, crowding: 0, bits: 0 };

  constructor(plan: ViewPlan, links: readonly Link[], budgetBitsPerTick: number) {
    this.#plan = plan;
    this.#links = links;
    this.#budgetBits = budgetBitsPerTick;
  }

  /** Whether a session that just came has no view yet. */
  isNew(session: Session): boolean {
    return Number.isNaN(session.viewedX);
  }

  /**
   * Follows the character, if it moved far enough. Call when what was said of the watched zones is composed, so that
   * regions are listed as the client knows them.
   * @param frameStride Ticks between two frames of the client.
   */
  follow(session: Session, frameStride: number): void {
    if (!session.hasPosition) return;
    const dx = session.x - session.viewedX;
    const dy = session.y - session.viewedY;
    const stepM = this.#stepOf(session);
    // Written so that a place that was never viewed (NaN) is always far enough.
    const isNear = dx * dx + dy * dy < stepM * stepM;
    let isChanged = !isNear;
    if (isNear) {
      for (const { view, link, isLeaving } of session.viewers) {
        if (isLeaving || view.treeVersion === link.tree.version) continue;
        view.moveTo(session.viewedX, session.viewedY);
        isChanged = true;
      }
    } else {
      const isFirst = this.isNew(session);
      session.viewedX = session.x;
      session.viewedY = session.y;
      for (const link of this.#links) this.#watch(session, link, isFirst);
    }
    const { room } = session;
    const isOld =
      session.homeTick - room.plannedTick >= strideTicksMax || session.homeTick < room.plannedTick;
    if (isChanged || isOld || room.plannedStride !== frameStride) this.#assign(session, frameStride);
  }

  /** What the client has cannot be continued: every region waits for a keyframe. */
  invalidate(session: Session): void {
    for (const { view } of session.viewers) view.invalidate();
  }

  /** The client begins with nothing, as after a resume. */
  forgetClient(session: Session): void {
    for (const viewer of [...session.viewers]) {
      viewer.view.forgetClient();
      if (viewer.isLeaving) this.removeLeft(session, viewer);
    }
  }

  /** Takes a viewer away whose client was told to drop everything. */
  removeLeft(session: Session, viewer: Viewer): void {
    viewer.link.viewers.remove(viewer);
    session.viewers.splice(session.viewers.indexOf(viewer), 1);
  }

  /**
   * Metres after which a view is worth a new look: in a crowd the plan's step, else up to an eighth of the nearest ring,
   * which its hysteresis covers.
   */
  #stepOf(session: Session): number {
    const { stepM, widestStepM } = this.#plan;
    return Math.min(widestStepM, Math.max(stepM, session.room.nearM / 4));
  }

  #watch(session: Session, link: Link, isFirst: boolean): void {
    const viewer = session.viewerOf(link);
    const isWatching = viewer !== undefined && !viewer.isLeaving;
    const radius = isWatching ? this.#plan.reachM : this.#plan.radiusM;
    const isInReach = link === session.home || squareTo(link, session.x, session.y) <= radius * radius;
    if (isInReach) {
      const watching = viewer ?? add(session, link, this.#plan, isFirst);
      watching.isLeaving = false;
      watching.view.moveTo(session.x, session.y);
      link.viewers.place(watching, session.x, session.y);
    } else if (isWatching) {
      viewer.isLeaving = true;
      viewer.view.leave();
      link.viewers.remove(viewer);
      if (viewer.view.drops.length === 0) this.removeLeft(session, viewer);
    }
  }

  /** Chooses levels that the line has room for. */
  #assign(session: Session, frameStride: number): void {
    const { room, viewers } = session;
    room.learn(session.homeTick);
    const { nearM, crowding, bits } = this.#fit(viewers, room, frameStride);
    for (const { view, link } of viewers) view.assign(link.weights, nearM, crowding, frameStride);
    room.planned({ tick: session.homeTick, stride: frameStride, nearM, bits });
  }

  /** Looks for the plan from the last one on: mostly it still fits. The object is reused. */
  #fit(viewers: readonly Viewer[], room: LineRoom, frameStride: number): Fit {
    const fit = this.#fitted;
    const budget = this.#budgetBits / room.correction;
    const { reachM } = this.#plan;
    const cost = (nearM: number) => costOf(viewers, nearM, fit.crowding, frameStride);
    fit.crowding = 0;
    fit.nearM = room.nearM;
    fit.bits = cost(fit.nearM);
    if (fit.bits > budget) {
      fit.nearM = Math.min(fit.nearM, reachM);
      while (fit.bits > budget && fit.nearM > nearestM) {
        fit.nearM = Math.max(nearestM, fit.nearM / searchFactor);
        fit.bits = cost(fit.nearM);
      }
      while (fit.bits > budget && fit.crowding < crowdingMax) {
        fit.crowding++;
        fit.bits = cost(fit.nearM);
      }
      return fit;
    }
    while (fit.nearM < Number.POSITIVE_INFINITY) {
      const next = fit.nearM * searchFactor < reachM ? fit.nearM * searchFactor : Number.POSITIVE_INFINITY;
      const bits = cost(next);
      if (bits > budget) break;
      fit.nearM = next;
      fit.bits = bits;
    }
    return fit;
  }
}

/** What a plan comes to: where strides begin to grow, how often they double everywhere, bits per tick. */
interface Fit {
  nearM: number;
  crowding: number;
  bits: number;
}

function costOf(viewers: readonly Viewer[], nearM: number, crowding: number, frameStride: number): number {
  let bits = 0;
  for (const { view, link } of viewers) bits += view.costAt(link.weights, nearM, crowding, frameStride);
  return bits;
}

function add(session: Session, link: Link, plan: ViewPlan, isFirst: boolean): Viewer {
  const viewer: Viewer = {
    session,
    link,
    view: new ZoneView(link.tree, plan),
    isLeaving: false,
    indexRegion: -1,
    indexPlace: 0,
  };
  // A first view is made before anything is composed, and the newest tick is still to come.
  viewer.view.lastTick = isFirst ? link.newest.tick - 1 : link.newest.tick;
  session.viewers.push(viewer);
  return viewer;
}

function squareTo(link: Link, x: number, y: number): number {
  const { bounds } = link.info;
  const dx = Math.max(bounds.x - x, 0, x - (bounds.x + bounds.width));
  const dy = Math.max(bounds.y - y, 0, y - (bounds.y + bounds.height));
  return dx * dx + dy * dy;
}
