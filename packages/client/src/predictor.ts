/**
 * The player's own movement before the server has said so: the zone's movement function, run here with the held input,
 * and put right whenever a frame tells where the zone had the player.
 *
 * Inputs change between two steps only and are sent at that moment, so that with an even network the zone runs as many
 * steps with each of them as this side did; where they arrive just between two ticks, the phase of the steps is shifted. A frame says which intent it has applied and how many ticks ago: that
 * names the step that it speaks of. If the recorded state of that step differs, the steps after it are run again from
 * the zone's position, and the eye is led over the difference within `smoothMs`.
 *
 * Invariant: the state is the zone's plus the steps that the zone has not told yet; nothing else is ever added to it.
 * Source: Y. Bernier, 2001 (see track.ts); G. Fiedler, "Fix your timestep", 2004.
 */
import { finePositionStepsPerM } from "@myriad/protocol";
import { historySteps } from "./limits.ts";

/** Metres of a correction that counts: a step of the wire. */
const correctionM = 1 / 64;
/** Metres beyond which the eye is not led but moved: a teleport. */
const snapM = 8;
/** Steps that one advance may run; after a longer pause the next frame puts the player where the zone has it. */
const catchUpSteps = 10;
/** Steps between two changes of the phase: until the last one can have shown its effect. */
const shiftPauseSteps = 10;
/** `ticksSince` of a frame that counts no further. */
const ticksSinceMax = 255;

export interface PredictorOptions<S, I> {
  readonly state: S;
  /** The input held before the first one is set. */
  readonly input: I;
  /** One tick of movement: pure, and the same bits as the zone's. */
  readonly step: (state: S, input: I) => S;
  readonly position: (state: S) => { readonly x: number; readonly y: number };
  /** The same state at another place, metres. */
  readonly moved: (state: S, x: number, y: number) => S;
  readonly sameInput: (a: I, b: I) => boolean;
  /** Sends an input; answers the intent's number, or 0 when it could not be sent now. */
  readonly send: (input: I) => number;
  readonly tickRateHz: number;
  /** @default 120 */
  readonly smoothMs?: number;
}

/** What a frame says about the own entity. */
export interface Truth {
  readonly zone: number;
  readonly tick: number;
  readonly lastIntent: number;
  readonly ticksSince: number;
  /** 1/1024 m. */
  readonly x: number;
  readonly y: number;
}

/** An intent and the number of steps that were run before it was sent. */
interface Mark {
  readonly seq: number;
  readonly step: number;
  readonly isInput: boolean;
}

export class Predictor<S, I> {
  /** Corrections by more than 1/64 m. */
  corrections = 0;
  /** Metres of the newest one. */
  lastCorrectionM = 0;
  readonly #options: PredictorOptions<S, I>;
  readonly #states: S[];
  readonly #inputs: I[];
  /** Steps run so far; the state after step n stands at n modulo the history. */
  #step = 0;
  /** Oldest step whose state is recorded. */
  #oldest = 0;
  #fraction = 0;
  #input: I;
  #wanted: I;
  /** The zone may hold another input than this side knows of: say it again. */
  #unsure = false;
  /** The newest input could not be sent: the next step still runs with the old one. */
  #stuck = false;
  /** The state after the next step if nothing changes: what is drawn lies between. */
  #next: S;
  #marks: Mark[] = [];
  /** The input that the zone was last seen to hold, and the step that its tick 0 would be. */
  #anchor = { seq: -1, zone: -1, offset: 0 };
  #leadSteps = 0;
  #shiftedAt = 0;
  #offsetX = 0;
  #offsetY = 0;

  constructor(options: PredictorOptions<S, I>) {
    this.#options = options;
    this.#input = options.input;
    this.#wanted = options.input;
    this.#states = new Array<S>(historySteps).fill(options.state);
    this.#inputs = new Array<I>(historySteps).fill(options.input);
    this.#next = options.step(options.state, options.input);
  }

  /** The state after the newest step. */
  get state(): S {
    return this.#states[this.#step % historySteps]!;
  }

  /** Steps that this side is ahead of what the server told last. */
  get leadSteps(): number {
    return this.#leadSteps;
  }

  /** Sets the held input; it is sent with the next step. What is drawn follows at once. */
  hold(input: I): void {
    if (this.#options.sameInput(input, this.#wanted)) return;
    this.#redrawn(() => {
      this.#wanted = input;
    });
  }

  /** An intent that is no movement was sent: frames may count from it. */
  note(seq: number): void {
    if (seq > 0) this.#mark({ seq, step: this.#step, isInput: false });
  }

  /** Time passed: `ticks` of the zone's, with fractions. Runs the steps that are due. */
  advance(ticks: number): void {
    if (!(ticks > 0)) return;
    this.#fraction += Math.min(ticks, catchUpSteps);
    while (this.#fraction >= 1) {
      this.#fraction -= 1;
      // Of several steps at once only the last one may change the input: it is sent now, not when the others were due.
      this.#simulate(this.#fraction < 1);
    }
    const { smoothMs = 120, tickRateHz } = this.#options;
    // Three time constants: 5 % of the difference is left after smoothMs.
    const keep = Math.exp((-3 * ticks * 1000) / (tickRateHz * smoothMs));
    this.#offsetX *= keep;
    this.#offsetY *= keep;
  }

  /** Compares a frame with the step that it speaks of and puts the later ones right. Returns whether the state changed. */
  reconcile(truth: Truth): boolean {
    const target = this.#stepOf(truth);
    this.#leadSteps = Math.max(0, this.#step - target);
    const x = truth.x / finePositionStepsPerM;
    const y = truth.y / finePositionStepsPerM;
    const { position } = this.#options;
    if (target > this.#step || target < this.#oldest) {
      const here = position(this.state);
      if (target <= this.#step && here.x === x && here.y === y) return false;
      this.#redrawn(() => this.#restartAt(Math.max(target, this.#step), x, y));
      this.#count(Math.hypot(here.x - x, here.y - y));
      return true;
    }
    const recorded = this.#states[target % historySteps]!;
    const there = position(recorded);
    if (there.x === x && there.y === y) return false;
    this.#redrawn(() => this.#replay(target, this.#options.moved(recorded, x, y)));
    this.#count(Math.hypot(there.x - x, there.y - y));
    return true;
  }

  /** Begins anew: another session, or a place that no step leads to. The held input is sent again. */
  reset(state: S): void {
    this.#marks = [];
    this.#anchor = { seq: -1, zone: -1, offset: 0 };
    this.#oldest = this.#step;
    this.#states[this.#step % historySteps] = state;
    this.#input = this.#options.input;
    this.#unsure = true;
    this.#offsetX = 0;
    this.#offsetY = 0;
    this.#foresee();
  }

  /** Writes where to draw the player, metres. */
  drawn(out: { x: number; y: number }): void {
    const from = this.#options.position(this.state);
    const to = this.#options.position(this.#next);
    out.x = from.x + (to.x - from.x) * this.#fraction + this.#offsetX;
    out.y = from.y + (to.y - from.y) * this.#fraction + this.#offsetY;
  }

  #simulate(maySend: boolean): void {
    const isNews = this.#unsure || !this.#options.sameInput(this.#wanted, this.#input);
    if (isNews && maySend) this.#sendInput();
    const state = this.#options.step(this.state, this.#input);
    this.#step++;
    this.#states[this.#step % historySteps] = state;
    this.#inputs[this.#step % historySteps] = this.#input;
    this.#oldest = Math.max(this.#oldest, this.#step - historySteps + 1);
    this.#foresee();
  }

  #sendInput(): void {
    const seq = this.#options.send(this.#wanted);
    this.#stuck = seq === 0;
    if (this.#stuck) return;
    this.#unsure = false;
    this.#input = this.#wanted;
    this.#mark({ seq, step: this.#step, isInput: true });
  }

  /** The local step after which the state must be what the frame tells. */
  #stepOf({ zone, tick, lastIntent, ticksSince }: Truth): number {
    const applied = this.#marks.findLast((mark) => mark.seq <= lastIntent);
    const input = this.#marks.findLast((mark) => mark.isInput && mark.seq <= lastIntent);
    const waiting = this.#marks.find((mark) => mark.isInput && mark.seq > lastIntent);
    const seq = input?.seq ?? this.#anchor.seq;
    if (seq !== this.#anchor.seq || zone !== this.#anchor.zone) {
      const isCounted = applied !== undefined && applied.seq === lastIntent && ticksSince < ticksSinceMax;
      const step = isCounted ? applied.step + ticksSince : this.#step - this.#leadSteps;
      this.#anchor = { seq, zone, offset: step - tick };
    }
    // Of a mark, only the newest input that was applied is needed again, and what waits.
    if (input !== undefined) this.#marks = this.#marks.filter((mark) => mark.seq >= input.seq);
    const step = tick + this.#anchor.offset;
    // The zone ran on with the old input while the new one was on its way: it is as if the new one had been held later.
    return waiting === undefined ? step : Math.min(step, waiting.step);
  }

  #restartAt(step: number, x: number, y: number): void {
    const state = this.#options.moved(this.state, x, y);
    this.#step = step;
    this.#oldest = step;
    this.#states[step % historySteps] = state;
    this.#inputs[step % historySteps] = this.#input;
  }

  #replay(from: number, state: S): void {
    let at = state;
    this.#states[from % historySteps] = at;
    for (let step = from + 1; step <= this.#step; step++) {
      at = this.#options.step(at, this.#inputs[step % historySteps]!);
      this.#states[step % historySteps] = at;
    }
    // What was recorded before belongs to another past.
    this.#oldest = Math.max(this.#oldest, from);
  }

  #count(errorM: number): void {
    if (errorM <= correctionM) return;
    this.corrections++;
    this.lastCorrectionM = errorM;
    if (errorM < snapM && this.#step - this.#shiftedAt >= shiftPauseSteps) this.#shiftPhase();
  }

  /**
   * Inputs that reach the zone just when a tick begins fall before or after it by chance, and each such fall is a
   * correction by one step. Running the steps a third of a tick later or earlier takes them out of that moment.
   */
  #shiftPhase(): void {
    this.#shiftedAt = this.#step;
    this.#redrawn(() => {
      this.#fraction = (this.#fraction + 1 / 3) % 1;
    });
  }

  /** Does what moves the player and leads the eye from where it was drawn before. */
  #redrawn(change: () => void): void {
    const before = { x: 0, y: 0 };
    const after = { x: 0, y: 0 };
    this.drawn(before);
    change();
    this.#foresee();
    this.drawn(after);
    this.#offsetX += before.x - after.x;
    this.#offsetY += before.y - after.y;
    if (Math.hypot(this.#offsetX, this.#offsetY) > snapM) {
      this.#offsetX = 0;
      this.#offsetY = 0;
    }
  }

  #foresee(): void {
    this.#next = this.#options.step(this.state, this.#stuck ? this.#input : this.#wanted);
  }

  #mark(mark: Mark): void {
    this.#marks.push(mark);
    if (this.#marks.length > historySteps) this.#marks.shift();
  }
}
