// The board as files: PNG, SVG and JSON out, JSON in. Reads no messages; the board sends what is read.

import { el } from "../../page.mjs";
import * as file from "../file.mjs";
import { toSvg } from "../svg.mjs";
import { count, sentence } from "./words.mjs";

/** A picture has at most so many pixels in a side: browsers draw no larger canvas everywhere. */
export const SIDE_MAX = 8000;
/** Pixels of a picture for one of the board, where there is room: sharp on the screens of today. */
const SHARP = 2;
/** Around the shapes, as `exportPng` of the stage has it. */
const MARGIN = 24;
/** A file that is larger is not read: a full board has less. */
const FILE_MAX = 32 * 1024 * 1024;

/** How large a picture of these bounds becomes, pure. @param {number[]} bounds left, top, right, bottom @returns {{scale: number, isReduced: boolean}} */
export function pictureScale([left, top, right, bottom]) {
  const side = Math.max(right - left, bottom - top) + 2 * MARGIN;
  const most = SIDE_MAX / side;
  return { scale: Math.min(SHARP, most), isReduced: most < 1 };
}

function download(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  // Some browsers read it only after the click has been dealt with.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** What can be done: {png, svg, json, open}. Each says what came of it. */
export function transfers({ board, desk, stage, room, say, measure, background, isDark }) {
  const guarded = (act) => async () => {
    if (!board.size) return say("There is nothing on the board.");
    try {
      return await act();
    } catch (error) {
      console.error(error);
      return say("That did not work: your browser could not make the file.");
    }
  };
  const named = (kind) => `${room.slug || "board"}.${kind}`;

  async function png() {
    const { scale, isReduced } = pictureScale(stage.contentBounds());
    const blob = await stage.exportPng({ scale, background: true });
    download(named("png"), blob);
    say(isReduced ? `The board is large: the picture is at ${Math.max(1, Math.round(scale * 100))} % of its size. SVG has all of it.` : `${named("png")} is on its way to your downloads.`);
  }

  function svg() {
    download(named("svg"), new Blob([toSvg(board.shapes(), { measure, background: background(), isDark: isDark() })], { type: "image/svg+xml" }));
    say(`${named("svg")} is on its way to your downloads.`);
  }

  function json() {
    download(named("json"), new Blob([file.write(board.shapes())], { type: "application/json" }));
    say(`${named("json")} is on its way to your downloads.`);
  }

  return { png: guarded(png), svg: guarded(svg), json: guarded(json), open: () => choose((chosen) => take(chosen, { board, desk, stage, say })) };
}

function choose(act) {
  const input = el("input", { type: "file", accept: ".json,application/json" });
  input.addEventListener("change", () => input.files[0] && act(input.files[0]));
  input.click();
}

/** Put the shapes of a file on the board, and select them. Says what is wrong with a file that is none. */
export async function take(chosen, { board, desk, stage, say }) {
  if (chosen.size > FILE_MAX) return say("This file is too large to be a board.");
  let shapes;
  try {
    shapes = file.read(await chosen.text());
  } catch (error) {
    if (!(error instanceof file.Wrong)) throw error;
    return say(error.message);
  }
  const progress = (part) => say(`Importing ${count(shapes.length)}: ${Math.round(part * 100)} %`, { stays: true });
  const { ids, done } = board.paste(shapes, { progress, label: "import" });
  desk.set({ tool: "select" });
  desk.select(ids);
  stage.fit();
  const reply = await done;
  return say(reply.ok ? sentence(`${count(shapes.length)} imported.`) : reply.text);
}
