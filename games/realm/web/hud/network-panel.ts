/** How the connection is: key N. */
import type { Session } from "../game/session.ts";
import { el, setText } from "./dom.ts";

export class NetworkPanel {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #values = new Map<string, HTMLElement>();
  #pictures = 0;
  #countedMs = 0;
  #fps = 0;

  constructor(session: Session) {
    this.#session = session;
    const list = el("dl", {});
    for (const name of [
      "tick",
      "zone",
      "ping",
      "jitter",
      "data",
      "frames",
      "entities",
      "corrections",
      "lead",
      "dilation",
      "pictures",
    ]) {
      const value = el("dd", {}, "–");
      this.#values.set(name, value);
      list.append(el("dt", {}, name), value);
    }
    this.element = el(
      "section",
      { class: "panel network", "aria-label": "Network" },
      el("h2", {}, "Network"),
      list,
    );
    this.element.hidden = true;
  }

  /** A picture was drawn. */
  picture(): void {
    this.#pictures++;
  }

  update(): void {
    const { connection, world, nowMs } = this.#session;
    const { stats } = connection;
    if (nowMs - this.#countedMs >= 1000) {
      this.#fps = Math.round((this.#pictures * 1000) / (nowMs - this.#countedMs));
      this.#pictures = 0;
      this.#countedMs = nowMs;
    }
    if (this.element.hidden) return;
    const clock = world?.clock();
    const tickMs = 1000 / (world?.tickRateHz ?? 20);
    this.#set("tick", String(stats.tick));
    this.#set("zone", String(world?.homeZone ?? "–"));
    this.#set("ping", `${Math.round(stats.rttMs)} ms`);
    this.#set("jitter", `${Math.round((clock?.jitterTicks ?? 0) * tickMs)} ms`);
    this.#set("data", `${(stats.bytesPerSecond / 1024).toFixed(1)} KiB/s`);
    this.#set("frames", `${stats.framesPerSecond.toFixed(0)} /s`);
    this.#set("entities", String(world?.size ?? 0));
    this.#set("corrections", String(stats.corrections));
    this.#set("lead", `${this.#session.leadSteps} ticks`);
    this.#set("dilation", `${stats.dilation} %`);
    this.#set("pictures", `${this.#fps} /s`);
  }

  #set(name: string, text: string): void {
    const value = this.#values.get(name);
    if (value !== undefined) setText(value, text);
  }
}
