// The emoji picker: its names are fetched when it opens for the first time.
import { at } from "./page.js";

const COLUMNS = 8;

const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
const recent = () => JSON.parse(localStorage.emoji ?? "[]");

let groups;
let byEmoji;
// A line: the emoji, its English name, its Spanish name. A line with # alone begins the next group.
async function load(address) {
  const answer = await fetch(address);
  groups = (await answer.text()).split("#\n").map((part) => part.trim().split("\n").map((line) => line.split("\t")));
  byEmoji = new Map(groups.flat().map((entry) => [entry[0], entry]));
}

function button([emoji, english, spanish]) {
  const element = document.createElement("button");
  element.type = "button";
  element.tabIndex = -1;
  element.textContent = emoji;
  element.title = document.documentElement.lang === "es" ? spanish : english;
  element.dataset.emoji = emoji;
  return element;
}
function section(name, entries) {
  const element = document.createElement("section");
  const title = document.createElement("h3");
  const grid = document.createElement("div");
  title.textContent = name;
  grid.className = "emoji-grid";
  grid.append(...entries.map(button));
  element.append(title, grid);
  return element;
}
function draw(panel, typed) {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  const names = [...panel.querySelectorAll(".emoji-groups button")].map(({ title }) => title);
  const known = recent().map((emoji) => byEmoji.get(emoji)).filter(Boolean);
  const matches = (entry) => words.every((word) => ` ${plain(entry.join(" "))}`.includes(` ${word}`));
  const parts = words.length
    ? [section("", groups.flat().filter(matches).slice(0, 120))]
    : [known, ...groups].map((entries, index) => section(names[index], entries));
  at("emoji-found").replaceChildren(...parts);
  at("emoji-found").scrollTop = 0;
  const first = at("emoji-found").querySelector("button");
  if (first) first.tabIndex = 0;
}

function pick(panel, emoji, insert) {
  localStorage.emoji = JSON.stringify([emoji, ...recent().filter((other) => other !== emoji)].slice(0, 24));
  panel.hidePopover();
  insert(emoji);
}
function move(event) {
  const all = [...at("emoji-found").querySelectorAll("button")];
  const now = all.indexOf(document.activeElement);
  const isSearch = event.target.id === "emoji-search";
  const steps = { ArrowDown: COLUMNS, ArrowUp: -COLUMNS, ArrowRight: 1, ArrowLeft: -1 };
  if (isSearch && event.key === "Enter") all[0]?.click();
  else if (isSearch && event.key === "ArrowDown") all[0]?.focus();
  else if (now < 0 || !steps[event.key]) return;
  else if (now + steps[event.key] < 0) at("emoji-search").focus();
  else all[Math.min(all.length - 1, now + steps[event.key])].focus();
  event.preventDefault();
}

export async function open(panel, insert) {
  if (!groups) await load(panel.dataset.names);
  const search = at("emoji-search");
  draw(panel, search.value);
  if (panel.dataset.isReady) return;
  panel.dataset.isReady = "yes";
  search.addEventListener("input", () => draw(panel, search.value));
  panel.addEventListener("keydown", move);
  panel.addEventListener("click", ({ target }) => {
    const { emoji } = target.dataset;
    if (emoji) pick(panel, emoji, insert);
    const group = [...panel.querySelectorAll(".emoji-groups button")].indexOf(target);
    if (group < 0) return;
    if (search.value) draw(panel, (search.value = ""));
    at("emoji-found").children[group].scrollIntoView({ block: "start" });
  });
}
