// Colours of the field: those of the style sheet, worlds/arena.css, and those that are made of a player's. Reads no messages, sends none.

/** Names here and in the style sheet. */
const NAMES = {
  ...{ space: "space", outside: "outside", dot: "dot", wall: "wall", star: "star", cloudA: "cloud-a", cloudB: "cloud-b" },
  ...{ rock: "rock", rockLit: "rock-lit", rockShade: "rock-shade", rockEdge: "rock-edge" },
  ...{ crystal: "crystal", crystalLit: "crystal-lit", crystalShade: "crystal-shade" },
  ...{ ink: "ink", label: "label", halo: "halo", flame: "flame", flameCore: "flame-core", shield: "shield", bolt: "bolt", glint: "glint", hurt: "hurt" },
};
/** Ships' colours that are kept; more than fly at once in sight. */
const MOST_KEPT = 256;
/** A ship of whom nothing is known yet. */
export const UNKNOWN = "#8a93a8";

const COLOUR = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i;

/** A colour between two of them, pure. @param {string} one `#rrggbb` @param {string} other `#rrggbb` @param {number} part 0 is `one` */
export function mixed(one, other, part) {
  const [from, to] = [one, other].map((text) => (COLOUR.exec(text) ?? COLOUR.exec(UNKNOWN)).slice(1).map((digits) => parseInt(digits, 16)));
  return `#${from.map((value, index) => Math.round(value + (to[index] - value) * part).toString(16).padStart(2, "0")).join("")}`;
}

/** How bright a colour is to the eye, 0 to 1, pure. */
function brightness(colour) {
  const [red, green, blue] = (COLOUR.exec(colour) ?? COLOUR.exec(UNKNOWN)).slice(1).map((digits) => parseInt(digits, 16) / 255);
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/**
 * The colours of a ship, pure: its own is brought away from the ground, so that nobody is invisible by choice.
 * @returns {{hull: string, lit: string, shade: string, edge: string}}
 */
export function paintsOf(colour, isDark) {
  const given = COLOUR.test(colour) ? colour : UNKNOWN;
  const light = brightness(given);
  const hull = isDark && light < 0.42 ? mixed(given, "#ffffff", 0.42 - light) : !isDark && light > 0.62 ? mixed(given, "#000000", light - 0.62) : given;
  const edge = isDark ? mixed(hull, "#ffffff", 0.72) : mixed(hull, "#000000", 0.55);
  return { hull, lit: mixed(hull, "#ffffff", 0.34), shade: mixed(hull, "#000000", 0.36), edge };
}

export class Palette {
  isDark = true;
  #paints = new Map();

  /** Read the colours of an element as they are now. */
  read(element) {
    const style = getComputedStyle(element);
    this.isDark = style.colorScheme.includes("dark") && !style.colorScheme.includes("light");
    for (const [name, given] of Object.entries(NAMES)) this[name] = style.getPropertyValue(`--arena-${given}`).trim();
    this.font = style.fontFamily;
    this.#paints.clear();
  }

  /** Of a ship by its player's colour. */
  paints(colour) {
    const known = this.#paints.get(colour);
    if (known) return known;
    if (this.#paints.size >= MOST_KEPT) this.#paints.clear();
    const made = paintsOf(colour, this.isDark);
    this.#paints.set(colour, made);
    return made;
  }
}

/** Call back whenever the page gets other colours. Returns a function that ends it. */
export function watchColours(media, callback) {
  const query = media("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  query.addEventListener("change", callback);
  return () => {
    observer.disconnect();
    query.removeEventListener("change", callback);
  };
}
