// The open conversation: where its thread is scrolled and what was read, pictures, recordings, head and lead.
import { all, ask, at, listen, on, onClick, opened } from "./page.js";

// The thread lays its content from the bottom up: 0 is its end, and what is above counts negative.
// Around a message far up only a part is loaded, which ends before the newest message.
const isAtEnd = () => !at("thread-end") && Math.abs(at("thread")?.scrollTop ?? 0) < 80;
// Not asked by the panel itself: its own requests give way to others.
function load(around) {
  const values = { around, unread: at("thread-unread").value };
  htmx.ajax("GET", at("thread").getAttribute("hx-get"), { source: "#new-messages", target: "#thread", swap: "innerHTML", values });
}
const toEnd = () => (at("thread-end") ? load("") : at("thread")?.scrollTo({ top: 0 }));
const messages = () => all("#messages > [id^=message-]");

// Reading: the last message shown, once, when a person can see it.
let told;
async function tellRead() {
  const unread = at("messages")?.dataset.unread;
  const last = messages().at(-1);
  const sign = `${opened()} ${last?.id} ${unread}`;
  if (!last || document.hidden || !isAtEnd() || unread === "0" || sign === told) return;
  told = sign;
  const answer = await ask(opened(), "read", { message: last.id.slice("message-".length) }).catch(() => null);
  if (!answer?.ok) told = null; // told again with the next poll
}
on("finally:request", tellRead);
listen("visibilitychange", tellRead);

// The place in the thread. It counts from the end, so that scrolling does not change it.
const place = (message) => message.getBoundingClientRect().top + at("thread").scrollTop;
let before;
on("before:swap", ({ sourceElement: { id }, target }) => {
  // What has the focus is costly to remove: the browser lays the page out once more for it.
  if (target?.id === "open") document.activeElement.blur();
  // Read aloud is what is new; not what was always there and is loaded only now.
  at("thread")?.setAttribute("aria-live", /^(thread|composer)$/.test(id) ? "polite" : "off");
  const edge = at("thread")?.getBoundingClientRect().top;
  const held = messages().find((message) => message.getBoundingClientRect().bottom > edge);
  before = { isAtEnd: isAtEnd(), last: messages().at(-1)?.id, held, place: held && place(held) };
});
on("before:settle", () => {
  // A day that two pages share was drawn by both.
  const days = all("#messages > .day-line");
  for (const line of days) if (days.find(({ id }) => id === line.id) !== line) line.remove();
  // Whatever came or went, the reader's line stays where it was.
  if (before.isAtEnd || !before.held?.isConnected) return;
  const moved = place(before.held) - before.place;
  before.place += moved;
  at("thread").scrollTop += moved;
});
on("after:swap", ({ sourceElement }) => {
  const isNew = messages().at(-1)?.id !== before.last;
  if (showTarget()) return settle();
  if (sourceElement.id === "new-messages" || (isNew && (before.isAtEnd || sourceElement.id === "composer"))) toEnd();
  settle();
});
function show(message) {
  message.scrollIntoView({ block: "center" });
  message.animate([{ background: "var(--selected)" }, { background: "var(--selected)" }, {}], 2000);
}
function showTarget() {
  const target = at(at("messages")?.dataset.target);
  if (target) {
    delete at("messages").dataset.target;
    show(target);
  }
  return target;
}
function settle() {
  if (!at("new-messages")) return;
  at("new-messages").hidden = isAtEnd();
  at("new-count").textContent = Number(at("messages").dataset.unread) || "";
  tellRead();
}
listen("scroll", ({ target }) => target.id === "thread" && settle(), true);
onClick("#new-messages", toEnd);
onClick("[data-jump]", ({ hash }, event) => {
  event.preventDefault();
  const message = document.querySelector(hash);
  message ? show(message) : load(hash.slice("#message-".length));
});
showTarget();
settle();

// Pictures open large; the arrows lead through all that are loaded.
let viewed;
function beside(step) {
  const pictures = all("#messages a.picture");
  return pictures[pictures.indexOf(viewed) + Number(step)];
}
function view(picture) {
  if (!picture) return;
  viewed = picture;
  at("viewer-image").src = at("viewer-save").href = picture.href;
  at("viewer-image").alt = picture.firstElementChild.alt;
  if (!at("viewer").open) at("viewer").showModal();
  for (const button of all("[data-look]")) button.disabled = !beside(button.dataset.look);
}
onClick("#messages a.picture", (picture, event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  view(picture);
});
onClick("[data-look]", ({ dataset }) => view(beside(dataset.look)));
listen("keydown", ({ key }) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (step && at("viewer")?.open) view(beside(step));
});

// Recordings: one speed for all.
const speeds = [1, 1.5, 2];
const speed = () => Number(localStorage.speed) || 1;
function hurry() {
  document.documentElement.dataset.speed = speed();
  for (const audio of all("#thread audio")) audio.playbackRate = speed();
}
onClick("[data-faster]", () => {
  localStorage.speed = speeds[(speeds.indexOf(speed()) + 1) % speeds.length];
  hurry();
});
listen("play", hurry, true);
hurry();

// Notes of the lead: what is being written is neither replaced by a poll nor saved over what others wrote.
let notes;
let mine;
on("before:swap", ({ sourceElement, request, response }, { detail: { tasks } }) => {
  notes = at("lead-notes");
  if (!notes) return;
  const isAboutNotes = sourceElement.closest("#lead-notes, #lead-error");
  const known = isAboutNotes ? request.body.get("notes") : notes.defaultValue;
  const isSettled = response?.status === 200 && notes.value === known;
  mine = isSettled ? null : notes.value;
  if (isSettled || isAboutNotes) return;
  // The panel waits until the notes are saved: it remembers which notes were shown to the one who writes.
  const panel = tasks.findIndex(({ target }) => target?.id === "lead");
  if (panel >= 0) tasks.splice(panel, 1);
});
on("after:swap", () => {
  if (notes?.isConnected) notes.value = mine ?? notes.defaultValue;
});
on("before:request", ({ sourceElement, request }) => {
  // Saved twice in a row: the second time what the first one saved is what was shown.
  if (sourceElement.id === "lead-notes") request.body.set("notes_shown", at("notes-shown").value);
});

// Menus: what was chosen closes them, and a keyboard that stood on a button stands on what took its place.
let twin;
on("before:swap", () => {
  twin = document.activeElement.matches("#thread-head :focus-visible") && document.activeElement.dataset.twin;
});
on("after:swap", ({ sourceElement, response }) => {
  const isLost = twin && document.activeElement === document.body;
  if (isLost) document.querySelector(`#thread-head [data-twin=${twin}]`)?.focus();
  if (response?.status !== 200) return;
  if (sourceElement.id === "tag-form") sourceElement.reset();
  if (sourceElement.matches(".snooze-form")) at("snooze-menu").hidePopover();
  sourceElement.closest(".toast")?.remove();
});
const closeMore = ({ target, newState }) => {
  if (newState === "closed" && target.matches(".head-menu")) at("more-menu")?.hidePopover();
};
listen("toggle", closeMore, true);

// Where there is no room for the lead beside the thread, it opens over it.
onClick("[data-toggle-lead]", () => {
  const isOpen = at("open").classList.toggle("lead-open");
  at(isOpen ? "hide-lead" : "show-lead")?.focus();
});
