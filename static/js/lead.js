// The notes of a lead: what is being written in them is neither replaced by a poll nor saved over what others wrote.
const at = (id) => document.getElementById(id);
const on = (name, listener) => document.addEventListener(`htmx:${name}`, ({ detail }) => listener(detail));
const isAboutNotes = ({ sourceElement }) => Boolean(sourceElement.closest?.("#lead-notes, #lead-error"));

let box;
let mine;
on("before:swap", ({ ctx, tasks }) => {
  box = at("lead-notes");
  if (!box) return;
  const known = isAboutNotes(ctx) ? ctx.request.body.get("notes") : box.defaultValue;
  const isSettled = ctx.response?.status === 200 && box.value === known;
  mine = isSettled ? null : box.value;
  if (isSettled || isAboutNotes(ctx)) return;
  // The panel waits until the notes are saved: it remembers which notes were shown to the one who writes.
  const panel = tasks.findIndex(({ target }) => target?.id === "lead");
  if (panel >= 0) tasks.splice(panel, 1);
});
on("after:swap", () => {
  if (box?.isConnected) box.value = mine ?? box.defaultValue;
});
on("before:request", ({ ctx: { sourceElement, request } }) => {
  // Saved twice in a row: the second time what the first one saved is what was shown.
  if (sourceElement.id === "lead-notes") request.body.set("notes_shown", at("notes-shown").value);
});

// Menus: what was chosen closes them, and a keyboard that stood on a button stands on what took its place.
let twin;
on("before:swap", () => {
  twin = document.activeElement.matches("#thread-head :focus-visible") && document.activeElement.dataset.twin;
});
on("after:swap", ({ ctx: { sourceElement, response } }) => {
  const isLost = twin && document.activeElement === document.body;
  if (isLost) document.querySelector(`#thread-head [data-twin=${twin}]`)?.focus();
  if (response?.status !== 200) return;
  if (sourceElement.id === "tag-form") sourceElement.reset();
  if (sourceElement.matches(".snooze-form")) at("snooze-menu").hidePopover();
  sourceElement.closest(".toast")?.remove();
});
const toggled = ({ target, newState }) => {
  if (newState === "closed" && target.matches(".head-menu")) at("more-menu")?.hidePopover();
};
document.addEventListener("toggle", toggled, true);

// Where there is no room for it beside the thread, it opens over it.
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-toggle-lead]")) return;
  const isOpen = at("open").classList.toggle("lead-open");
  at(isOpen ? "hide-lead" : "show-lead")?.focus();
});
