/**
 * Which steps lead from the tables that there are to those that are wanted; the same for every database.
 *
 * Invariant: a plan goes one way, one number at a time; every step of it is preceded by a copy of the data.
 */
import { MyriadError } from "../kernel/errors.ts";

export interface Migration {
  /** Counts from 1 without gaps. */
  readonly number: number;
  readonly name: string;
  /** Statements that run in one transaction. */
  readonly up: string;
  /** Statements that undo `up`, in one transaction. */
  readonly down: string;
}

export interface Step {
  readonly direction: "up" | "down";
  readonly migration: Migration;
  /** The number that the data is at before the step. */
  readonly from: number;
  /** The number that the data is at after it. */
  readonly to: number;
}

/** Where a run is. */
export interface Position {
  /** Counts from 1. */
  readonly step: number;
  readonly steps: number;
}

/** What a migration reports while it runs. */
export interface MigrationProgress {
  /** A copy is about to be made. */
  readonly onCopy: (step: Step, position: Position) => void;
  /** The copy was made, named `copy`, or "" when there was nothing to keep; the step is about to run. */
  readonly onStep: (step: Step, position: Position, copy: string) => void;
  /** The last step was done. */
  readonly onDone: () => void;
}

export const silent: MigrationProgress = { onCopy: () => {}, onStep: () => {}, onDone: () => {} };

/** Throws MyriadError `data_newer_than_program` when the data is at a number that the program does not know. */
export function assertKnown(found: number, migrations: readonly Migration[]): void {
  const known = migrations.length;
  if (found <= known) return;
  throw new MyriadError(
    "data_newer_than_program",
    `its schema is ${found}, this program knows up to ${known}`,
  );
}

/** What an operator asks for. */
export interface Target {
  readonly direction: "up" | "down";
  /** The number to come to. @default the newest for up, one less than now for down */
  readonly to: number | undefined;
}

/** The steps that lead to a target; none when the data is there or beyond. */
export function stepsTo({ direction, to }: Target, found: number, migrations: readonly Migration[]): Step[] {
  const target =
    direction === "up"
      ? Math.max(found, Math.min(to ?? migrations.length, migrations.length))
      : Math.min(found, Math.max(to ?? found - 1, 0));
  return stepsBetween(found, target, migrations);
}

/** The steps from one number to another, in order; none when they are the same. */
export function stepsBetween(from: number, to: number, migrations: readonly Migration[]): Step[] {
  if (from <= to) {
    return migrations
      .slice(from, to)
      .map((migration) => ({ direction: "up", migration, from: migration.number - 1, to: migration.number }));
  }
  return migrations
    .slice(to, from)
    .toReversed()
    .map((migration) => ({ direction: "down", migration, from: migration.number, to: migration.number - 1 }));
}
