// The board's core, without a picture: what worlds/board.mjs and the interface take from it. Reads no messages, sends none.

export { Board } from "./board.mjs";
export { start } from "./packed.mjs";
export { reduce } from "./reduce.mjs";
