// The numbers of the board: multiples of 1/8, and bounds. Pure; reads no messages, sends none.

/** The nearest multiple of 1/8, halves upwards: the same in Python and here, to the last bit. */
export function q(value) {
  return Math.floor(8 * value + 0.5) / 8;
}

/** `value`, or the bound that it passes. */
export function within(value, least, most) {
  return value < least ? least : value > most ? most : value;
}

/** Degrees as they are kept: 0 ≤ rotation < 360. */
export function turned(degrees) {
  const rest = degrees % 360;
  // -360 % 360 is -0, which is not what Python has.
  return rest < 0 ? rest + 360 : rest + 0;
}
