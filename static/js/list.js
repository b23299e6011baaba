// The list: which row is open, which are selected, an address that brings it back; and the single keys.
import { all, at, listen, on, onClick, opened } from "./page.js";

const query = () => at("conversations").dataset.query;

// Selected rows, by id. Another list begins with none.
let picked = new Set();
let last;
let shown = query();

function showPicked() {
  const boxes = all(".pick");
  picked = new Set(boxes.map(({ value }) => value).filter((id) => picked.has(id)));
  for (const box of boxes) box.checked = picked.has(box.value);
  at("picked").value = [...picked].join();
  at("picked-unread").value = all(".pick:checked").map(({ dataset }) => dataset.shown).join();
  at("picked-count").textContent = picked.size;
  at("selected").hidden = !picked.size;
}
function unpick() {
  picked.clear();
  setPicking(false);
  showPicked();
}
function setPicking(isPicking) {
  document.querySelector(".list-pane").classList.toggle("is-picking", isPicking);
  at("select-rows")?.setAttribute("aria-pressed", isPicking);
}
onClick(".pick", (box, { shiftKey }) => {
  const boxes = all(".pick");
  const from = boxes.findIndex(({ value }) => value === last);
  const to = boxes.indexOf(box);
  const range = shiftKey && from >= 0 ? boxes.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
  for (const { value } of range) picked[box.checked ? "add" : "delete"](value);
  last = box.value;
  showPicked();
});
onClick("#select-none", unpick);
onClick("#select-rows", (button) => setPicking(button.ariaPressed !== "true"));

const showTab = () => document.querySelector(".tab[aria-current]")?.scrollIntoView({ block: "nearest" });
function keepAddress() {
  const parts = new URLSearchParams(query());
  const message = new URLSearchParams(location.search).get("message");
  if (message && opened()) parts.set("message", message);
  const search = parts.size ? `?${parts}` : "";
  if (location.search !== search) history.replaceState(history.state, "", location.pathname + search + location.hash);
}
function settle() {
  if (!at("conversations")) return;
  for (const row of all("#conversation-rows .conversation")) {
    row.ariaCurrent = row.parentElement.id === `conversation-${opened()}` ? "true" : null;
  }
  if (shown !== query()) {
    unpick();
    showTab();
  }
  shown = query();
  if (at("search") !== document.activeElement) at("search").value = at("conversations").dataset.q;
  showPicked();
  keepAddress();
}
on("before:settle", settle);
settle();
showTab();

on("before:swap", ({ sourceElement, response }) => {
  if (sourceElement.id !== "new-form" || response?.status !== 200) return;
  at("new-conversation").close();
  sourceElement.reset();
  at("new-state").replaceChildren();
});
on("after:swap", () => {
  // A row that changed its place while older ones were loaded: what came last is the newest.
  const rows = all("#conversation-rows > [id]");
  const newest = new Map(rows.map((row) => [row.id, row]));
  for (const row of rows) if (newest.get(row.id) !== row) row.remove();
});
on("finally:request", ({ sourceElement, response, request }) => {
  if (!sourceElement.closest("#selected") || request.method !== "POST" || response?.status !== 200) return;
  document.querySelector("#selected :popover-open")?.hidePopover();
  unpick();
});

// Single keys work where nothing else listens. What stands in the page with data-key does its work at that key.
const takesKeys = (element) => localStorage.keys !== "off" && element.matches("body, #conversations *, #thread, #main");
const isField = (element) => element.matches("input, textarea, select");
function move(step) {
  const rows = all("#conversation-rows .conversation");
  const focused = rows.indexOf(document.activeElement);
  const from = focused >= 0 ? focused : rows.findIndex((row) => row.ariaCurrent === "true");
  rows[Math.min(rows.length - 1, Math.max(0, from + step))]?.focus();
}
const keys = {
  j: () => move(1),
  k: () => move(-1),
  x: () => document.activeElement.closest(".list-row")?.querySelector(".pick").click(),
  "?": () => at("help").showModal(),
};
function use(key) {
  // Whoever has just chosen another conversation means that one.
  if (document.querySelector(".list-pane a.htmx-request")) return true;
  const control = all(`[data-key="${CSS.escape(key)}"]`).find((element) => element.checkVisibility());
  if (control) isField(control) ? control.focus() : control.click();
  return control;
}
function escape(field) {
  // What lies on top closes by itself.
  if (document.querySelector("dialog[open], :popover-open")) return;
  unpick();
  if (document.querySelector("#open.lead-open")) at("hide-lead").click();
  else if (isField(field)) field.blur();
}
// Whoever types words where no field is means no deed with them: neither with the letters that follow
// another, nor, where the composer should have been, with the first.
let typed = {};
let deed;
listen("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (key === "Escape") return escape(target);
  if (!takesKeys(target)) return;
  const isDeed = "aesu".includes(key);
  const former = typed;
  if (/^\p{L}$/u.test(key)) typed = event;
  clearTimeout(deed);
  if (isDeed && former.key !== key && event.timeStamp - former.timeStamp < 700) return;
  if (keys[key]) keys[key]();
  else if (isDeed && !at("message")?.checkVisibility()) {
    const id = opened();
    deed = setTimeout(() => id === opened() && use(key), 350);
  } else if (!use(key)) return;
  event.preventDefault();
});
