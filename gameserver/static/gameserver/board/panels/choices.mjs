// What the properties panel offers and shows: for the next shape while a tool is in hand that makes one, else for the selection. Pure; reads no messages, sends none.

import { kindOf } from "../desk.mjs";

/** Widths of strokes that are offered, in pixels, with their names. */
export const WIDTHS = Object.freeze([
  { width: 2, title: "Thin" },
  { width: 4, title: "Medium" },
  { width: 8, title: "Thick" },
  { width: 16, title: "Very thick" },
]);

const FIELDS = Object.freeze(["fill", "stroke", "width", "opacity"]);
const HAS = Object.freeze({
  rect: ["fill", "stroke", "width", "opacity"],
  ellipse: ["fill", "stroke", "width", "opacity"],
  line: ["stroke", "width", "opacity"],
  arrow: ["stroke", "width", "opacity"],
  stroke: ["stroke", "width", "opacity"],
  text: ["fill", "opacity"],
  note: ["fill", "opacity"],
});
/** Kinds that are seen by their stroke alone, or are nothing without a fill: for these there is no “none”. */
const NEEDS = Object.freeze({ stroke: new Set(["line", "arrow", "stroke"]), fill: new Set(["text", "note"]) });

/** Whether a kind of shape has a field. */
export function hasField(kind, field) {
  return HAS[kind]?.includes(field) ?? false;
}

function common(values) {
  return values.every((value) => value === values[0]) ? values[0] : undefined;
}

function titleOf(field, kinds) {
  if (field !== "fill") return "Line";
  return kinds.every((kind) => kind === "text") ? "Colour" : "Fill";
}

/**
 * What there is to choose.
 * @param {{shapes: any[], tool: string, styles: Record<string, any>}} now the selected shapes, the tool, the styles of the desk
 * @returns {null | {ofSelection: boolean, kinds: string[], fields: Record<string, {value: any, canBeNone: boolean, title: string}>}}
 *   null: nothing; `value` is undefined where shapes differ; fields that none of them has are left out
 */
export function choices({ shapes, tool, styles }) {
  const kind = kindOf(tool);
  const ofSelection = !kind && shapes.length > 0;
  if (!ofSelection && !kind) return null;
  const things = ofSelection ? shapes : [{ kind, ...styles[kind] }];
  const kinds = [...new Set(things.map((thing) => thing.kind))];
  const fields = {};
  for (const field of FIELDS) {
    const those = things.filter((thing) => hasField(thing.kind, field));
    if (!those.length) continue;
    const canBeNone = (field === "fill" || field === "stroke") && !those.some((thing) => NEEDS[field].has(thing.kind));
    fields[field] = { value: common(those.map((thing) => thing[field])), canBeNone, title: titleOf(field, kinds) };
  }
  return { ofSelection, kinds, fields };
}

/**
 * The steps that set a field of the selected shapes to a value; those that have no such field, or that value, are left alone.
 * A line that becomes visible needs a width, too.
 */
export function steps(shapes, field, value) {
  const meant = shapes.filter((shape) => hasField(shape.kind, field));
  const ids = meant.filter((shape) => shape[field] !== value).map((shape) => shape.id);
  const thin = field === "stroke" && value ? meant.filter((shape) => shape.width === 0).map((shape) => shape.id) : [];
  return [
    ...(ids.length ? [{ do: "change", ids, set: { [field]: value } }] : []),
    ...(thin.length ? [{ do: "change", ids: thin, set: { width: 2 } }] : []),
  ];
}
