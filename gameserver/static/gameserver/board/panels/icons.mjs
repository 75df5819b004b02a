// Icons, drawn in strokes of the text's colour on a field of 24 by 24. Reads no messages, sends none.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = Object.freeze({
  select: "M5 3l14 8-6.2 1.6L9.6 19z",
  hand: "M8 12V5.5a1.5 1.5 0 0 1 3 0V11m0-6.5a1.5 1.5 0 0 1 3 0V11m0-5a1.5 1.5 0 0 1 3 0v7.5c0 4-2.4 7-6 7-2.8 0-4.3-1.4-5.6-3.6L4 13.4a1.5 1.5 0 0 1 2.4-1.7L8 13.5",
  rect: "M4 6.5h16v11H4z",
  ellipse: "M12 5.5c5 0 8.5 2.9 8.5 6.5s-3.5 6.5-8.5 6.5S3.5 15.6 3.5 12 7 5.5 12 5.5z",
  line: "M5 19L19 5",
  arrow: "M5 19L19 5M10 5h9v9",
  pen: "M4 20l1.2-4.8L16.5 3.9a1.7 1.7 0 0 1 2.4 0l1.2 1.2a1.7 1.7 0 0 1 0 2.4L8.8 18.8zM14.5 6l3.5 3.5",
  text: "M5 7V5h14v2M12 5v14M9 19h6",
  note: "M4.5 4.5h15v9l-6 6h-9zM13.5 19.5v-6h6",
  undo: "M9 7L4.5 11.5 9 16M5 11.5h9a5 5 0 0 1 0 10h-2",
  redo: "M15 7l4.5 4.5L15 16M19 11.5h-9a5 5 0 0 0 0 10h2",
  menu: "M4 7h16M4 12h16M4 17h16",
  minus: "M6 12h12",
  plus: "M6 12h12M12 6v12",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  duplicate: "M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4",
  delete: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.2 11v5.5M13.8 11v5.5",
  front: "M12 20V9M7.5 13.5L12 9l4.5 4.5M5 4.5h14",
  forward: "M12 19V6M7 11l5-5 5 5",
  backward: "M12 5v13M7 13l5 5 5-5",
  back: "M12 4v11M7.5 10.5L12 15l4.5-4.5M5 19.5h14",
  style: "M12 3.5a8.5 8.5 0 1 0 0 17c1.5 0 2-1 1.6-2-.5-1.3.2-2.5 1.7-2.5h1.7c2 0 3.5-1.5 3.5-3.7 0-4.9-3.8-8.8-8.5-8.8zM7.5 12h.01M9.8 8h.01M14.3 8h.01",
  close: "M6 6l12 12M18 6L6 18",
  left: "M19 12H6M11 7l-5 5 5 5",
  right: "M5 12h13M13 7l5 5-5 5",
  share: "M12 15V4M8 7.5L12 3.5l4 4M5.5 12.5v7h13v-7",
});

/** An icon by its name; it says nothing to screen readers: the button does. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false", class: "board-icon" })) svg.setAttribute(key, value);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
