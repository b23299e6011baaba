// The table and the board: rows that are selected, and cards that are moved by hand or by keys.
import { all, at, listen, on, onClick } from "./page.js";

let last;
function show() {
  const boxes = all(".person-pick");
  const count = boxes.filter(({ checked }) => checked).length;
  if (!at("picked")) return;
  // The way back of the keyboard, as the buttons are about to go.
  if (!count && at("picked").contains(document.activeElement)) at("pick-all").focus();
  at("picked").hidden = !count;
  at("picked-count").textContent = count;
  at("pick-all").checked = count && count === boxes.length;
  at("pick-all").indeterminate = count && count < boxes.length;
}
function pick(boxes, isPicked) {
  for (const box of boxes) box.checked = isPicked;
  show();
}
onClick(".person-pick", (box, { shiftKey }) => {
  const boxes = all(".person-pick");
  const [from, to] = [boxes.findIndex(({ value }) => value === last), boxes.indexOf(box)];
  last = box.value;
  pick(shiftKey && from >= 0 ? boxes.slice(Math.min(from, to), Math.max(from, to) + 1) : [box], box.checked);
});
onClick("#pick-all", ({ checked }) => pick(all(".person-pick"), checked));
onClick("#pick-none", () => pick(all(".person-pick"), false));

const columnOf = (element) => element.closest(".board-column");
let moved = [];
function move(card, column) {
  if (!column || column === columnOf(card)) return;
  const { ids, lead_status } = at("move").elements;
  ids.value = card.dataset.lead;
  lead_status.value = column.dataset.status;
  at("move").requestSubmit();
}

let dragged;
const mark = (column) => all(".board-column").forEach((each) => each.classList.toggle("is-over", each === column));
listen("dragstart", ({ target, dataTransfer }) => {
  dragged = target.closest?.(".person-card");
  dragged?.classList.add("is-dragged");
  dataTransfer.effectAllowed = "move";
});
listen("dragover", (event) => {
  const column = dragged && columnOf(event.target);
  mark(column);
  if (column) event.preventDefault();
});
listen("drop", (event) => {
  if (!dragged) return;
  event.preventDefault();
  move(dragged, columnOf(event.target));
});
listen("dragend", () => {
  dragged?.classList.remove("is-dragged");
  dragged = mark();
});

// Arrows go from card to card; with Shift the card itself goes to the next column.
listen("keydown", (event) => {
  const card = event.target.closest?.(".person-card");
  const { key, shiftKey } = event;
  const side = { ArrowLeft: -1, ArrowRight: 1 }[key];
  const step = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (!card || !(side || step) || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const columns = all(".board-column");
  const column = columns[columns.indexOf(columnOf(card)) + (side ?? 0)];
  if (side && shiftKey) {
    // The card may land behind "More": then its neighbour has the keyboard next.
    moved = [card, card.nextElementSibling, card.previousElementSibling].map((each) => each?.id);
    return move(card, column);
  }
  const cards = (within) => [...(within?.querySelectorAll(".person-card") ?? [])];
  const place = cards(columnOf(card)).indexOf(card) + (step ?? 0);
  const there = cards(column);
  there[Math.max(0, Math.min(place, there.length - 1))]?.querySelector("a").focus();
});

on("finally:request", ({ sourceElement, request, response }) => {
  if (request.method !== "POST" || response?.status !== 200) return;
  sourceElement.closest(":popover-open")?.hidePopover();
});
on("before:settle", show);
on("after:settle", () => {
  moved.map(at).find((each) => each?.matches(".person-card"))?.querySelector("a").focus();
  moved = [];
});
