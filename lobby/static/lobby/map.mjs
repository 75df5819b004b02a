// The map of the lobby: regions as dots, the way from where you stand to each. Draws; reads no messages.

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 360;

/** Where a place lies on the map: x 0 to 360, y 0 at 80° north; one unit is one degree. */
export function place({ lat, lon }) {
  return { x: lon + 180, y: 80 - lat };
}

/** A curve from a to b that rises above both; across the Pacific when that is shorter, then it leaves the map and is drawn twice. */
export function arcs(a, b) {
  const away = b.x - a.x;
  if (Math.abs(away) <= WIDTH / 2) return [curve(a, b)];
  const shift = away > 0 ? -WIDTH : WIDTH;
  return [curve(a, { x: b.x + shift, y: b.y }), curve({ x: a.x - shift, y: a.y }, b)];
}

function curve(a, b) {
  const rise = Math.min(30, 8 + Math.abs(b.x - a.x) / 6);
  return `M${a.x.toFixed(1)} ${a.y.toFixed(1)}Q${((a.x + b.x) / 2).toFixed(1)} ${(Math.min(a.y, b.y) - rise).toFixed(1)} ${b.x.toFixed(1)} ${b.y.toFixed(1)}`;
}

function svg(tag, attributes, text = "") {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

/** Draw regions, and where you stand if it is known. `chosen`: the code of the region that is pointed at. */
export function drawMap(figure, regions, edge, chosen) {
  const root = svg("svg", { viewBox: "0 0 360 138", preserveAspectRatio: "none" });
  const shown = regions.filter((region) => region.enabled);
  for (const region of edge ? shown.filter((one) => one.code !== edge.code) : []) {
    for (const path of arcs(place(edge), place(region))) root.append(svg("path", { d: path, class: region.code === chosen ? "arc chosen" : "arc" }));
  }
  for (const region of shown) {
    const { x, y } = place(region);
    const up = region.state === "up";
    if (up) root.append(svg("circle", { cx: x, cy: y, r: 4 + Math.min(5, region.players), class: "halo" }));
    root.append(svg("circle", { cx: x, cy: y, r: 2.4, class: region.code === edge?.code ? "dot you" : up ? "dot up" : "dot" }));
    const end = x > 300;
    root.append(svg("text", { x: end ? x - 5 : x + 5, y: y + 2, "text-anchor": end ? "end" : "start" }, region.code === edge?.code ? `${region.name} · you` : region.name));
  }
  figure.querySelector("svg")?.remove();
  figure.append(root);
}
