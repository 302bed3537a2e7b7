/**
 * Types that are the same at run time and different to the compiler: an account's number is not a character's number.
 *
 * Invariant: a brand is given in one place only, by the function that checked the value.
 */

declare const brand: unique symbol;

/** `Value` that only the holder of a matching `Name` accepts. Costs nothing at run time. */
export type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };
