/**
 * Keeps each session's views where its character is: which zones it watches, and the rings in each.
 *
 * Invariant: computed only when the character moved `stepM` since the last time, or something else changed its place.
 */
import type { Link, Session, Viewer } from "./session.ts";
import type { ViewPlan } from "./view-plan.ts";
import { ZoneView } from "./zone-view.ts";

export class Views {
  readonly #plan: ViewPlan;
  readonly #links: readonly Link[];

  constructor(plan: ViewPlan, links: readonly Link[]) {
    this.#plan = plan;
    this.#links = links;
  }

  /** Follows the character, if it moved far enough. */
  follow(session: Session): void {
    if (!session.hasPosition) return;
    const dx = session.x - session.viewedX;
    const dy = session.y - session.viewedY;
    const { stepM } = this.#plan;
    // Written so that a place that was never viewed (NaN) is always far enough.
    if (dx * dx + dy * dy < stepM * stepM) return;
    session.viewedX = session.x;
    session.viewedY = session.y;
    for (const link of this.#links) this.#watch(session, link);
  }

  /** What the client has cannot be continued: every region waits for a keyframe. */
  invalidate(session: Session): void {
    for (const { view, link } of session.viewers) {
      view.invalidate();
      // The newest tick may still be composed, if it was not yet.
      view.lastTick = Math.max(view.lastTick, link.newest.tick - 1);
    }
  }

  /** The client begins with nothing, as after a resume. */
  forgetClient(session: Session): void {
    for (const viewer of [...session.viewers]) {
      viewer.view.forgetClient();
      viewer.view.lastTick = viewer.link.newest.tick;
      if (viewer.isLeaving) this.removeLeft(session, viewer);
    }
  }

  /** Takes a viewer away whose client was told to drop everything. */
  removeLeft(session: Session, viewer: Viewer): void {
    viewer.link.viewers.remove(viewer);
    session.viewers.splice(session.viewers.indexOf(viewer), 1);
  }

  #watch(session: Session, link: Link): void {
    const viewer = session.viewerOf(link);
    const isWatching = viewer !== undefined && !viewer.isLeaving;
    const radius = isWatching ? this.#plan.reachM : this.#plan.radiusM;
    const isInReach = link === session.home || squareTo(link, session.x, session.y) <= radius * radius;
    if (isInReach) {
      const watching = viewer ?? add(session, link, this.#plan);
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
}

function add(session: Session, link: Link, plan: ViewPlan): Viewer {
  const viewer: Viewer = {
    session,
    link,
    view: new ZoneView(link.grid, plan),
    isLeaving: false,
    indexRegion: -1,
    indexPlace: 0,
  };
  viewer.view.lastTick = link.newest.tick - 1;
  session.viewers.push(viewer);
  return viewer;
}

function squareTo(link: Link, x: number, y: number): number {
  const { bounds } = link.info;
  const dx = Math.max(bounds.x - x, 0, x - (bounds.x + bounds.width));
  const dy = Math.max(bounds.y - y, 0, y - (bounds.y + bounds.height));
  return dx * dx + dy * dy;
}
