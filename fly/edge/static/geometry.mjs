// Where things are on the map: an equirectangular projection that keeps to what is in use, cards that do not hide each other. Pure.

const WORLD = { north: 82, south: -58, wide: 360 };
const MARGIN = 24;
const AIR = 7;
const EDGE = 9;

/** How a map of that size shows these places (`lat`, `lon` in degrees): all of them, no wider than the earth, cut where nobody is. */
export function frame(places, width, height) {
  const lons = places.map((place) => mod(place.lon + 180)).sort((a, b) => a - b);
  if (lons.length === 0) lons.push(180);
  const gaps = lons.map((lon, index) => mod((lons[index + 1] ?? lons[0] + WORLD.wide) - lon) || WORLD.wide);
  const widest = gaps.indexOf(Math.max(...gaps));
  const span = WORLD.wide - gaps[widest];
  const middle = mod(lons[(widest + 1) % lons.length] + span / 2);
  const cover = Math.max(width / WORLD.wide, height / (WORLD.north - WORLD.south));
  const scale = Math.min(Math.max(cover, width / Math.max(span + 3 * MARGIN, 150)), width / (span + 2 * MARGIN));
  const tall = height / scale;
  const lats = places.map((place) => place.lat);
  const centre = places.length ? (Math.max(...lats) + Math.min(...lats)) / 2 : 12;
  const top = Math.max(Math.min(centre + tall / 2, WORLD.north), WORLD.south + tall);
  return { width, height, scale, west: mod(middle - width / 2 / scale), top: tall > WORLD.north - WORLD.south ? 12 + tall / 2 : top };
}

/** The pixel of a place; beyond the right border if it is not shown. */
export function at({ lat, lon }, view) {
  return { x: mod(lon + 180 - view.west) * view.scale, y: (view.top - lat) * view.scale };
}

function mod(degrees) {
  return ((degrees % WORLD.wide) + WORLD.wide) % WORLD.wide;
}

/** The lines of the graticule, `{d, isMain}`: the equator and the meridian of Greenwich are the main ones. */
export function graticule(view) {
  const step = view.scale > 8 ? 10 : 30;
  const lines = [];
  for (let lat = -90; lat <= 90; lat += step) {
    const { y } = at({ lat, lon: 0 }, view);
    if (y > 0 && y < view.height) lines.push({ d: `M0 ${px(y)}H${px(view.width)}`, isMain: lat === 0 });
  }
  for (let lon = -180; lon < 180; lon += step) {
    const { x } = at({ lat: 0, lon }, view);
    if (x > 0 && x < view.width) lines.push({ d: `M${px(x)} 0V${px(view.height)}`, isMain: lon === 0 });
  }
  return lines;
}

/** The land as one path of dots, from rows of bits as in land.mjs. */
export function land(rows, first, step, view) {
  const parts = [];
  rows.forEach((row, index) => {
    const lat = first.lat - step.lat * index;
    [...row].forEach((digit, place) => {
      for (let bit = 0; bit < 4; bit += 1) {
        if (!(parseInt(digit, 16) & (8 >> bit))) continue;
        const { x, y } = at({ lat, lon: first.lon[index % 2] + step.lon * (4 * place + bit) }, view);
        if (x >= 0 && x <= view.width && y >= 0 && y <= view.height) parts.push(`M${px(x)} ${px(y)}h0`);
      }
    });
  });
  return parts.join("");
}

/** Boxes `{x, y, width, height}` by their middle, moved as little as it takes so that none hides another or leaves the map. */
export function spread(boxes, width, height, turns = 120) {
  const moved = boxes.map((box) => ({ ...box }));
  for (let turn = 0; turn < turns; turn += 1) {
    let isDone = true;
    for (let a = 0; a < moved.length; a += 1) {
      for (let b = a + 1; b < moved.length; b += 1) isDone = !pushed(moved[a], moved[b]) && isDone;
    }
    for (const box of moved) {
      box.x = Math.min(Math.max(box.x, box.width / 2 + EDGE), width - box.width / 2 - EDGE);
      box.y = Math.min(Math.max(box.y, box.height / 2 + EDGE), height - box.height / 2 - EDGE);
    }
    if (isDone) break;
  }
  return moved;
}

/** Push two boxes apart the short way; whether they were too near. */
function pushed(a, b) {
  const tooWide = (a.width + b.width) / 2 + AIR - Math.abs(a.x - b.x);
  const tooTall = (a.height + b.height) / 2 + AIR - Math.abs(a.y - b.y);
  if (tooWide <= 0.01 || tooTall <= 0.01) return false;
  const axis = tooTall <= tooWide ? "y" : "x";
  const half = Math.min(tooTall, tooWide) / 2;
  const sign = a[axis] < b[axis] || (a[axis] === b[axis] && axis === "y") ? -1 : 1;
  a[axis] += sign * half;
  b[axis] -= sign * half;
  return true;
}

/** A curve from a to b: `bend` above 0 rises, below 0 sags, so that ways there and back, and of another kind, lie beside each other. */
export function arc(a, b, bend = 1) {
  const away = Math.hypot(b.x - a.x, b.y - a.y);
  const top = control(a, b, bend * Math.min(90, 10 + away / 5));
  return `M${px(a.x)} ${px(a.y)}Q${px(top.x)} ${px(top.y)} ${px(b.x)} ${px(b.y)}`;
}

/** The middle of that curve: for what is written on it. */
export function crest(a, b, bend = 1) {
  const away = Math.hypot(b.x - a.x, b.y - a.y);
  const top = control(a, b, bend * Math.min(90, 10 + away / 5));
  return { x: (a.x + 2 * top.x + b.x) / 4, y: (a.y + 2 * top.y + b.y) / 4 };
}

function control(a, b, rise) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 - rise };
}

function px(value) {
  return String(Math.round(value * 10) / 10);
}
