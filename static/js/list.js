// The list: which row is open, which are selected, and an address that brings it back after a reload.
const at = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const opened = () => at("open")?.dataset.conversation;
const query = () => at("conversations").dataset.query;
const boxes = () => all(".pick");

// Selected rows, by id. Another list begins with none.
let picked = new Set();
let last;
let shown = query();

function pick() {
  const there = boxes();
  picked = new Set(there.map(({ value }) => value).filter((id) => picked.has(id)));
  for (const box of there) box.checked = picked.has(box.value);
  at("picked").value = [...picked].join();
  at("picked-count").textContent = picked.size;
  at("selected").hidden = !picked.size;
}
function unpick() {
  picked.clear();
  isPicking(false);
  pick();
}
function isPicking(is) {
  document.querySelector(".list-pane").classList.toggle("is-picking", is);
  at("select-rows")?.setAttribute("aria-pressed", is);
}
function picks(box, toLast) {
  const there = boxes();
  const from = there.findIndex(({ value }) => value === last);
  const to = there.indexOf(box);
  const range = toLast && from >= 0 ? there.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
  for (const { value } of range) picked[box.checked ? "add" : "delete"](value);
  last = box.value;
  pick();
}

const showTab = () =>
  document.querySelector(".tab[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

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
  const count = document.querySelector("#tab-unread .tab-count")?.textContent;
  document.title = document.title.replace(/^(\(\S+\) )?/, count ? `(${count}) ` : "");
  if (shown !== query()) {
    unpick();
    showTab();
  }
  shown = query();
  if (at("search") !== document.activeElement) at("search").value = at("conversations").dataset.q;
  pick();
  keepAddress();
}

// A row that changed its place while older ones were loaded: what came last is the newest.
function once() {
  const rows = all("#conversation-rows > [id]");
  const newest = new Map(rows.map((row) => [row.id, row]));
  rows.filter((row) => newest.get(row.id) !== row).forEach((row) => row.remove());
}

const on = (name, listener) => document.addEventListener(`htmx:${name}`, ({ detail }) => listener(detail.ctx));
on("before:swap", ({ sourceElement, response }) => {
  if (sourceElement.id !== "new-form" || response?.status !== 200) return;
  at("new-conversation").close();
  sourceElement.reset();
  at("new-state").replaceChildren();
});
on("after:swap", ({ sourceElement }) => {
  if (sourceElement.id === "conversations-end" || sourceElement.closest("#conversation-rows")) once();
});
on("finally:request", ({ sourceElement, response, request }) => {
  if (!sourceElement.closest("#selected") || request.method !== "POST" || response?.status !== 200) return;
  document.querySelector("#selected :popover-open")?.hidePopover();
  unpick();
});
document.addEventListener("htmx:before:settle", settle);
document.addEventListener("click", ({ target, shiftKey }) => {
  const box = target.closest(".pick");
  if (box) picks(box, shiftKey);
  if (target.closest("#select-none")) unpick();
  if (target.closest("#select-rows")) isPicking(target.closest("#select-rows").ariaPressed !== "true");
});
document.addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
  if (key === "Escape" && !document.querySelector(":popover-open, dialog[open]")) unpick();
  if (key !== "x" || ctrlKey || metaKey || altKey || localStorage.getItem("keys") === "off") return;
  target.closest(".list-row")?.querySelector(".pick").click();
});
settle();
showTab();
