/**
 * The union for failures that are expected: a name is taken, a row has a newer version.
 *
 * Invariant: whoever gets a Result must look at `ok` before the value can be read; nothing is thrown.
 */

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Err<E> {
  readonly ok: false;
  readonly error: E;
}

export type Result<T, E> = Ok<T> | Err<E>;

/** The successful result that carries `value`. Never throws. */
export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

/** The failed result that carries `error`, usually a code. Never throws. */
export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}
