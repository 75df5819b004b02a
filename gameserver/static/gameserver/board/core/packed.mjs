// A board as a newcomer gets it: unpacked, and brought up to date. Reads welcome.state.board. Sends none.

import { reduce } from "./reduce.mjs";
import { Scene } from "./scene.mjs";

/**
 * The Scene of `{packed, since}` (docs/board.md section 4); an empty one of nothing. Rejects when `packed` is not what it should be.
 * @param {{packed: string, since?: any[]} | undefined} given
 */
export async function start(given) {
  if (!given) return new Scene();
  const scene = new Scene(JSON.parse(await inflated(given.packed)));
  for (const event of given.since ?? []) reduce(scene, event);
  scene.drain();
  return scene;
}

async function inflated(packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}
