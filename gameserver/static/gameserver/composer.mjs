// Where one writes: Enter sends, Shift+Enter breaks the line, the counter appears near the limit. Sends nothing itself.

import { MAX_TEXT, lengthOf } from "./protocol.mjs";

const SHOW_FROM = MAX_TEXT - 80;

/** Call `say(text)` for what is written. Returns {put(text)} to give a text back. */
export function mountComposer({ form, text, count, say }) {
  const fit = () => {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight + 2}px`;
    const length = lengthOf(text.value);
    count.textContent = length >= SHOW_FROM ? String(MAX_TEXT - length) : "";
    count.classList.toggle("over", length > MAX_TEXT);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const length = lengthOf(text.value);
    if (!length || length > MAX_TEXT) return text.focus();
    say(text.value.trim());
    text.value = "";
    fit();
    text.focus();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  text.addEventListener("input", fit);
  return {
    put(value) {
      text.value = value;
      fit();
      text.focus();
    },
  };
}
