// Where a room's world stands on the page: beside the chat where there is room for both, else one of the two, by a switch.
// Reads no messages, sends none.

/** Returns {show(name, problem), heard()}. `heard`: somebody said something, perhaps out of sight. */
export function mountStage({ room, element, views, line }) {
  const [toWorld, toChat] = views.querySelectorAll("button");
  const select = (view) => {
    room.dataset.view = view;
    toWorld.setAttribute("aria-pressed", String(view === "world"));
    toChat.setAttribute("aria-pressed", String(view === "chat"));
    if (view === "chat") delete toChat.dataset.heard;
  };
  toWorld.addEventListener("click", () => select("world"));
  toChat.addEventListener("click", () => select("chat"));

  return {
    /** Give the element for a world; with a problem, or without a name, leave the chat alone. */
    show(name, problem) {
      const hasWorld = Boolean(name) && !problem;
      const title = name.charAt(0).toUpperCase() + name.slice(1);
      element.replaceChildren();
      element.hidden = views.hidden = !hasWorld;
      line.textContent = problem;
      toWorld.textContent = title;
      element.setAttribute("aria-label", title);
      if (hasWorld) select("world");
      else delete room.dataset.view;
      return element;
    },
    heard() {
      if (room.dataset.view === "world") toChat.dataset.heard = "true";
    },
  };
}
