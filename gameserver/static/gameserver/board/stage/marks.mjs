// Paints what lies over the shapes and is nobody's shape: frames, guides, outlines, ends of lines. Reads no messages, sends none.
//
// All of it is in pixels of the screen, so that lines are as thin at every zoom.

const GUIDE_OVER_PX = 6;
const END_PX = 6;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {object} marks
 *   others: {points, colour, name}[] outlines of what others have selected; own: points[] of what oneself has; hover, focus: points or
 *   null; frame: {x, y, w, h} or null; guides: {x1, y1, x2, y2}[]; ends: {x, y}[] of a selected line. Points are those of the screen
 * @param {{accent: string, ground: string, guide: string, font: string}} look
 */
export function paintMarks(context, marks, look) {
  for (const { points, colour, name } of marks.others) paintOther(context, points, colour, name, look);
  for (const points of marks.own) outline(context, points, look.accent, 1.5);
  if (marks.hover) outline(context, marks.hover, look.accent, 1.5, 0.7);
  if (marks.focus) {
    outline(context, marks.focus, look.ground, 6);
    outline(context, marks.focus, look.accent, 3);
  }
  if (marks.frame) paintFrame(context, marks.frame, look);
  for (const guide of marks.guides) paintGuide(context, guide, look);
  for (const end of marks.ends) paintEnd(context, end, look);
}

function outline(context, points, colour, width, opacity = 1) {
  context.save();
  context.globalAlpha = opacity;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.beginPath();
  for (const [at, { x, y }] of points.entries()) {
    if (at) context.lineTo(x, y);
    else context.moveTo(x, y);
  }
  if (points.length > 2) context.closePath();
  context.stroke();
  context.restore();
}

function paintOther(context, points, colour, name, look) {
  outline(context, points, colour, 2, 0.9);
  if (!name) return;
  const top = points.reduce((best, point) => (point.y < best.y || (point.y === best.y && point.x < best.x) ? point : best));
  context.font = `600 11px ${look.font}`;
  context.textBaseline = "middle";
  context.textAlign = "left";
  const width = context.measureText(name).width + 12;
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(top.x - 1, top.y - 19, width, 17, 4);
  context.fill();
  context.fillStyle = look.onColour;
  context.fillText(name, top.x + 5, top.y - 10);
}

function paintFrame(context, { x, y, w, h }, { accent }) {
  context.fillStyle = context.strokeStyle = accent;
  context.globalAlpha = 0.1;
  context.fillRect(x, y, w, h);
  context.globalAlpha = 0.9;
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, y + 0.5, w, h);
  context.globalAlpha = 1;
}

function paintGuide(context, { x1, y1, x2, y2 }, { guide }) {
  const [overX, overY] = x1 === x2 ? [0, GUIDE_OVER_PX] : [GUIDE_OVER_PX, 0];
  context.strokeStyle = guide;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x1 - overX, y1 - overY);
  context.lineTo(x2 + overX, y2 + overY);
  context.stroke();
}

function paintEnd(context, { x, y }, { accent, ground }) {
  context.beginPath();
  context.arc(x, y, END_PX, 0, 2 * Math.PI);
  context.fillStyle = ground;
  context.strokeStyle = accent;
  context.lineWidth = 2;
  context.fill();
  context.stroke();
}
