import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cosStep, finePositionStepsPerM, sinStep } from "@myriad/protocol";
import fc from "fast-check";
import { Predictor, type Truth } from "./predictor.ts";

/** A movement function like a game's: held direction, a wall, positions on the lattice of 1/1024 m. */
interface Place {
  readonly x: number;
  readonly y: number;
}
interface Held {
  readonly direction: number;
  readonly moving: boolean;
}
const still: Held = { direction: 0, moving: false };
const stepM = 0.25;
const lattice = (metres: number) => Math.round(metres * finePositionStepsPerM) / finePositionStepsPerM;
const step = ({ x, y }: Place, { direction, moving }: Held): Place => {
  if (!moving) return { x, y };
  const nextX = Math.min(40, lattice(x + stepM * cosStep(direction)));
  return { x: nextX, y: lattice(y + stepM * sinStep(direction)) };
};
const sameInput = (a: Held, b: Held) => a.moving === b.moving && a.direction === b.direction;

/** The zone: applies each input at the first tick after it arrives, runs one step a tick, tells its state after a delay. */
class Zone {
  place: Place = { x: 0, y: 0 };
  held = still;
  tick = 100;
  lastIntent = 0;
  ticksSince = 0;
  readonly arriving: { atMs: number; seq: number; held: Held | undefined }[] = [];

  run(nowMs: number): Truth {
    this.tick++;
    while (this.arriving.length > 0 && this.arriving[0]!.atMs <= nowMs) {
      const { seq, held } = this.arriving.shift()!;
      this.held = held ?? this.held;
      this.lastIntent = seq;
      this.ticksSince = 0;
    }
    this.ticksSince = Math.min(255, this.ticksSince + 1);
    this.place = step(this.place, this.held);
    return this.truth();
  }

  truth(): Truth {
    const { tick, lastIntent, ticksSince, place } = this;
    const [x, y] = [place.x * finePositionStepsPerM, place.y * finePositionStepsPerM];
    return { zone: 1, tick, lastIntent, ticksSince, x, y };
  }
}

interface Play {
  readonly zone: Zone;
  readonly predictor: Predictor<Place, Held>;
  nowMs: number;
  /** Metres by which the drawn position jumped at most between two pictures. */
  jumpM: number;
  /** Plays `ms` at 60 pictures a second. */
  run(ms: number): void;
  /** An intent that is no movement. */
  shout(): void;
}

/** A client and a zone with a network between them. */
function play(network: {
  upMs: () => number;
  downMs: () => number;
  phaseMs?: number;
  isSent?: () => boolean;
  /** Milliseconds between two pictures. */
  pictureMs?: () => number;
}): Play {
  const zone = new Zone();
  const frames: { atMs: number; truth: Truth }[] = [];
  let seq = 0;
  let lastUpMs = 0;
  let lastDownMs = 0;
  let nextTickMs = network.phaseMs ?? 20;
  const dispatch = (held: Held | undefined) => {
    lastUpMs = Math.max(lastUpMs, game.nowMs + network.upMs());
    zone.arriving.push({ atMs: lastUpMs, seq: ++seq, held });
    return seq;
  };
  const predictor = new Predictor<Place, Held>({
    state: { x: 0, y: 0 },
    input: still,
    step,
    position: (place) => place,
    moved: (_, x, y) => ({ x, y }),
    sameInput,
    send: (held) => (network.isSent?.() === false ? 0 : dispatch(held)),
    tickRateHz: 20,
  });
  const drawn = { x: 0, y: 0 };
  /** Frames are events: the walk is brought up to the moment at which each arrives. */
  const advanceTo = (nowMs: number) => {
    predictor.advance(((nowMs - game.nowMs) * 20) / 1000);
    game.nowMs = nowMs;
  };
  const game: Play = {
    zone,
    predictor,
    nowMs: 0,
    jumpM: 0,
    run(ms) {
      const endMs = this.nowMs + ms;
      while (this.nowMs < endMs) {
        const pictureMs = this.nowMs + Math.min(network.pictureMs?.() ?? 1000 / 60, endMs - this.nowMs);
        const before = { ...drawn };
        for (;;) {
          const frameMs = frames[0]?.atMs ?? Number.POSITIVE_INFINITY;
          if (Math.min(frameMs, nextTickMs) > pictureMs) break;
          if (nextTickMs <= frameMs) {
            lastDownMs = Math.max(lastDownMs, nextTickMs + network.downMs());
            frames.push({ atMs: lastDownMs, truth: zone.run(nextTickMs) });
            nextTickMs += 50;
          } else {
            advanceTo(frameMs);
            predictor.reconcile(frames.shift()!.truth);
          }
        }
        advanceTo(pictureMs);
        predictor.drawn(drawn);
        this.jumpM = Math.max(this.jumpM, Math.hypot(drawn.x - before.x, drawn.y - before.y));
      }
    },
    shout() {
      predictor.note(dispatch(undefined));
    },
  };
  return game;
}

const walk = (direction: number): Held => ({ direction, moving: true });

describe("prediction", () => {
  test("moves at once, and soon agrees with the zone exactly when the network is even", () => {
    // With this phase inputs arrive well between two ticks; at the edge, one picture more or less decides the tick.
    for (const delayMs of [0, 30, 80, 200, 450]) {
      const game = play({ upMs: () => delayMs / 2, downMs: () => delayMs / 2, phaseMs: 18 });
      game.predictor.hold(walk(10));
      game.run(60);
      assert.ok(game.predictor.state.x > 0, "the player moves before the server knows");
      for (const [direction, ms] of [
        [10, 900],
        [70, 450],
        [200, 300],
        [30, 1200],
      ] as const) {
        game.predictor.hold(walk(direction));
        game.run(ms);
      }
      game.predictor.hold(still);
      game.run(2000);
      assert.deepEqual(game.predictor.state, game.zone.place);
      assert.ok(
        game.predictor.corrections <= 1,
        `${game.predictor.corrections} corrections at ${delayMs} ms`,
      );
      assert.ok(game.jumpM < 0.2, `a jump of ${game.jumpM} m`);
    }
  });

  test("ends where the zone is, whatever the network does", () => {
    const moves = fc.array(
      fc.record({
        direction: fc.integer({ min: 0, max: 255 }),
        moving: fc.boolean(),
        ms: fc.integer({ min: 10, max: 900 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    const delays = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(moves, delays, fc.integer({ min: 1, max: 50 }), (held, delaysMs, phaseMs) => {
        let i = 0;
        const delay = () => delaysMs[i++ % delaysMs.length]!;
        const game = play({ upMs: delay, downMs: delay, phaseMs });
        for (const { direction, moving, ms } of held) {
          game.predictor.hold({ direction, moving });
          game.run(ms);
          if (direction % 3 === 0) game.shout();
        }
        game.predictor.hold(still);
        game.run(2500);
        assert.deepEqual(game.predictor.state, game.zone.place);
        const drawn = { x: 0, y: 0 };
        game.predictor.drawn(drawn);
        assert.ok(
          Math.hypot(drawn.x - game.zone.place.x, drawn.y - game.zone.place.y) < 0.01,
          "the eye arrived too",
        );
      }),
      { numRuns: 200 },
    );
  });

  test("needs few and small corrections when the network jitters", () => {
    let seed = 7;
    const jitter = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return 40 + ((seed >>> 16) % 30);
    };
    const game = play({ upMs: jitter, downMs: jitter });
    let worstM = 0;
    for (let i = 0; i < 60; i++) {
      game.predictor.hold(walk((i * 37) & 255));
      game.run(400);
      worstM = Math.max(worstM, game.predictor.lastCorrectionM);
    }
    assert.ok(game.predictor.corrections < 60, `${game.predictor.corrections} corrections of 60 turns`);
    assert.ok(worstM <= 2.1 * stepM, `a correction of ${worstM} m`);
  });

  test("finds the phase in which inputs do not fall between two ticks", () => {
    for (const delayMs of [0, 15, 40, 100]) {
      for (let phaseMs = 1; phaseMs < 50; phaseMs += 4) {
        const game = play({ upMs: () => delayMs, downMs: () => delayMs, phaseMs });
        for (let i = 0; i < 40; i++) {
          game.predictor.hold(walk((i * 37) & 255));
          game.run(100 + ((i * 173) % 500));
        }
        const { corrections } = game.predictor;
        assert.ok(
          corrections <= 8,
          `${corrections} corrections of 40 turns at ${delayMs} ms, phase ${phaseMs}`,
        );
      }
    }
  });

  test("stays exact on a machine that draws five pictures a second, and not even evenly", () => {
    let i = 0;
    const game = play({
      upMs: () => 30,
      downMs: () => 30,
      phaseMs: 18,
      pictureMs: () => 120 + ((i++ * 7919) % 180),
    });
    for (let turn = 0; turn < 60; turn++) {
      game.predictor.hold(walk((turn * 37) & 255));
      game.run(700);
    }
    const { corrections } = game.predictor;
    assert.ok(corrections <= 60, `${corrections} corrections of 60 turns`);
  });

  test("does not drift in a minute of walking without another word", () => {
    const game = play({ upMs: () => 40, downMs: () => 40, phaseMs: 18 });
    game.predictor.hold(walk(64));
    game.run(60_000);
    assert.equal(game.zone.ticksSince, 255);
    assert.ok(game.predictor.corrections <= 1);
    assert.ok(game.predictor.leadSteps <= 3, `a lead of ${game.predictor.leadSteps}`);
  });

  test("an intent that is no movement does not disturb it", () => {
    const game = play({ upMs: () => 40, downMs: () => 40, phaseMs: 18 });
    game.predictor.hold(walk(0));
    for (let i = 0; i < 20; i++) {
      game.run(130);
      game.shout();
    }
    assert.equal(game.predictor.corrections, 0);
  });

  test("a wall that only the zone knows is believed", () => {
    const game = play({ upMs: () => 40, downMs: () => 40 });
    game.predictor.hold(walk(0));
    game.run(500);
    game.zone.place = { x: 0, y: 3 };
    game.predictor.hold(still);
    game.run(1500);
    assert.deepEqual(game.predictor.state, game.zone.place);
    assert.ok(game.predictor.corrections >= 1);
  });

  test("a teleport moves the eye at once", () => {
    const game = play({ upMs: () => 40, downMs: () => 40 });
    game.run(500);
    game.zone.place = { x: 30, y: 500 };
    game.run(200);
    const drawn = { x: 0, y: 0 };
    game.predictor.drawn(drawn);
    assert.deepEqual(drawn, game.zone.place);
  });

  test("a page that slept is put where the zone has it", () => {
    const game = play({ upMs: () => 20, downMs: () => 20 });
    game.predictor.hold(walk(64));
    game.run(300);
    for (let i = 0; i < 400; i++) game.zone.run(game.nowMs);
    game.predictor.advance(400);
    game.predictor.reconcile(game.zone.truth());
    assert.deepEqual(game.predictor.state, game.zone.place);
  });

  test("an input that cannot be sent moves nobody, and is sent when it can be", () => {
    let isOpen = false;
    const game = play({ upMs: () => 10, downMs: () => 10, isSent: () => isOpen });
    game.predictor.hold(walk(0));
    game.run(500);
    assert.deepEqual(game.predictor.state, { x: 0, y: 0 });
    isOpen = true;
    game.run(500);
    assert.ok(game.predictor.state.x > 1);
  });

  test("after a reset the held input is said again, even to stand still", () => {
    const sent: Held[] = [];
    const predictor = new Predictor<Place, Held>({
      state: { x: 0, y: 0 },
      input: still,
      step,
      position: (place) => place,
      moved: (_, x, y) => ({ x, y }),
      sameInput,
      send: (held) => sent.push(held),
      tickRateHz: 20,
      smoothMs: 50,
    });
    predictor.advance(1);
    predictor.advance(Number.NaN);
    assert.equal(sent.length, 0);
    predictor.reset({ x: 5, y: 6 });
    predictor.advance(1);
    assert.deepEqual(sent, [still]);
    assert.deepEqual(predictor.state, { x: 5, y: 6 });
  });

  test("a frame from before the history and one without any intent are answered with the zone's place", () => {
    const game = play({ upMs: () => 10, downMs: () => 10 });
    const at = (parts: Partial<Truth>) => ({ ...game.zone.truth(), ...parts });
    assert.equal(game.predictor.reconcile(at({ x: 1024, y: 2048 })), true);
    assert.deepEqual(game.predictor.state, { x: 1, y: 2 });
    assert.equal(game.predictor.reconcile(at({ x: 1024, y: 2048 })), false);
    for (let i = 0; i < 600; i++) game.predictor.advance(1);
    assert.equal(game.predictor.reconcile(at({ x: 4096, y: 0 })), true);
    assert.deepEqual(game.predictor.state, { x: 4, y: 0 });
  });

  test("marks are bounded", () => {
    const game = play({ upMs: () => 1e9, downMs: () => 10 });
    for (let i = 0; i < 2000; i++) game.shout();
    game.predictor.hold(walk(3));
    game.run(1000);
    assert.ok(game.predictor.state.x > 0);
  });
});
