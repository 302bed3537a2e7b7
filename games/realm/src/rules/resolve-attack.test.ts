import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type AttackContext, resolveAttack } from "./resolve-attack.ts";

const even: AttackContext = {
  attackerLevel: 5,
  power: 40,
  defenderLevel: 5,
  armour: 25,
  dodge: 0.05,
  fromBehind: false,
};

/** Rolls from a list. */
function rolls(...numbers: number[]): { float(): number; drawn: number } {
  return {
    drawn: 0,
    float() {
      const number = numbers[this.drawn] ?? 0;
      this.drawn++;
      return number;
    },
  };
}

const outcomes = [
  // On the line from 0 to 1: miss 0.05, dodge 0.05, glance 0.1, critical 0.1, then hits.
  { roll: 0, outcome: "miss", damage: 0 },
  { roll: 0.049, outcome: "miss", damage: 0 },
  { roll: 0.051, outcome: "dodge", damage: 0 },
  { roll: 0.11, outcome: "glance", damage: 16 },
  { roll: 0.21, outcome: "critical", damage: 56 },
  { roll: 0.31, outcome: "hit", damage: 32 },
  { roll: 0.999, outcome: "hit", damage: 32 },
] as const;

for (const { roll, outcome, damage } of outcomes) {
  test(`among equals a roll of ${roll} is a ${outcome} for ${damage}`, () => {
    const trace = resolveAttack(even, rolls(roll, 0.5));
    deepEqual([trace.outcome, trace.damage], [outcome, damage]);
  });
}

test("the trace explains itself", () => {
  deepEqual(resolveAttack({ ...even, attackerLevel: 8, fromBehind: true }, rolls(0.2, 1 / 3)), {
    outcome: "critical",
    damage: 64,
    chances: { miss: 0.05 - 0.012 * 3, dodge: 0, glance: 0.1 - 0.02 * 3, critical: 0.1 + 0.01 * 3 + 0.1 },
    roll: 0.2,
    spread: 0.85 + 0.3 / 3,
    through: 0.8,
  });
});

const level = fc.integer({ min: 0, max: 127 });
const chance = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const context = fc.record({
  attackerLevel: level,
  power: fc.double(),
  defenderLevel: level,
  armour: fc.double(),
  dodge: fc.double(),
  fromBehind: fc.boolean(),
});

test("damage is a whole number of 12 bits whatever comes in, and exactly two rolls are drawn", () => {
  fc.assert(
    fc.property(context, chance, chance, (anything, first, second) => {
      const dice = rolls(first, second);
      const { damage, outcome, chances } = resolveAttack(anything, dice);
      equal(dice.drawn, 2);
      ok(Number.isInteger(damage) && damage >= 0 && damage <= 4095);
      equal(damage === 0, outcome === "miss" || outcome === "dodge");
      for (const each of Object.values(chances)) ok(each >= 0 && each <= 0.4);
    }),
  );
});

test("more armour never hurts more, more power never less", () => {
  const points = fc.integer({ min: 0, max: 500 });
  fc.assert(
    fc.property(chance, chance, points, points, (first, second, a, b) => {
      const [less, more] = [Math.min(a, b), Math.max(a, b)];
      const damageOf = (change: Partial<AttackContext>) =>
        resolveAttack({ ...even, ...change }, rolls(first, second)).damage;
      ok(damageOf({ armour: less }) >= damageOf({ armour: more }));
      ok(damageOf({ power: less }) <= damageOf({ power: more }));
    }),
  );
});

test("nobody dodges what comes from behind", () => {
  fc.assert(
    fc.property(context, chance, (anything, roll) => {
      equal(resolveAttack({ ...anything, fromBehind: true }, rolls(roll, 0)).outcome === "dodge", false);
    }),
  );
});
