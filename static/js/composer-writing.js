// Help while writing: formatting, canned replies, emoji. All through the browser's own editing, so that
// Ctrl+Z takes it back.
import { all, ask, at, listen, onClick, opened } from "./page.js";

function insert(text) {
  at("message").focus();
  document.execCommand(text ? "insertText" : "delete", false, text);
}

// Formatting: put the marks around what is selected, or take them away.
function wrap(mark) {
  const box = at("message");
  box.focus();
  let { selectionStart: start, selectionEnd: end } = box;
  const { value } = box;
  // WhatsApp wants its marks right at the words.
  while (start < end && /\s/.test(value[start])) start += 1;
  while (start < end && /\s/.test(value[end - 1])) end -= 1;
  const size = mark.length;
  const has = (text) => text.length >= 2 * size && text.startsWith(mark) && text.endsWith(mark);
  if (has(value.slice(start - size, end + size))) [start, end] = [start - size, end + size];
  const old = value.slice(start, end);
  const isMarked = has(old);
  box.setSelectionRange(start, end);
  insert(isMarked ? old.slice(size, -size) : mark + old + mark);
  const from = isMarked ? start : start + size;
  box.setSelectionRange(from, from + old.length - (isMarked ? 2 * size : 0));
}

// Canned replies: what was typed after a slash at the start of a line.
let asked = null;
let isDismissed = false;
let timer;
const options = () => all("#canned [role=option]");
const chosen = () => options().find((option) => option.ariaSelected === "true");
const beforeCaret = () => at("message").value.slice(0, at("message").selectionStart);
const slashed = () => beforeCaret().match(/(?:^|\n)[^\S\n]*\/([^\s/]*)$/u)?.[1];

function close() {
  asked = null;
  if (!at("canned")) return;
  at("canned").hidden = true;
  at("message").removeAttribute("aria-activedescendant");
}
function choose(option) {
  for (const other of options()) other.ariaSelected = String(other === option);
  at("message").setAttribute("aria-activedescendant", option?.id ?? "");
  option?.scrollIntoView({ block: "nearest" });
}
function look() {
  const typed = slashed();
  clearTimeout(timer);
  if (typed === undefined) {
    isDismissed = false;
    close();
  } else if (!isDismissed && typed !== asked) {
    asked = typed;
    timer = setTimeout(offer, 80, opened(), typed);
  }
}
async function offer(id, typed) {
  const answer = await ask(id, `canned?q=${encodeURIComponent(typed)}`).catch(() => null);
  const html = answer?.ok && (await answer.text());
  if (!html || asked !== typed || id !== opened()) return;
  at("canned").innerHTML = html;
  at("canned").hidden = false;
  choose(options()[0]);
}
function take(option) {
  const box = at("message");
  const end = box.selectionStart;
  box.setSelectionRange(end - slashed().length - 1, end);
  insert(option.dataset.text);
  close();
  // What nobody could fill in is selected, so that one types over it.
  const hole = beforeCaret().search(/\{\{\s*\w+\s*\}\}/u);
  if (hole >= 0) box.setSelectionRange(hole, box.value.indexOf("}}", hole) + 2);
}
function steer({ key, shiftKey }) {
  const offered = options();
  const now = offered.indexOf(chosen());
  if (key === "Escape") {
    isDismissed = true;
    close();
  } else if (!offered.length || shiftKey) return false;
  else if (key === "ArrowDown") choose(offered[(now + 1) % offered.length]);
  else if (key === "ArrowUp") choose(offered[(now + offered.length - 1) % offered.length]);
  else if (key === "Enter" || key === "Tab") take(chosen());
  else return false;
  return true;
}

const shortcuts = { b: "*", i: "_", X: "~", x: "~" };
function pressed(event) {
  if (event.target.id !== "message" || event.isComposing) return;
  const mark = (event.ctrlKey || event.metaKey) && !event.altKey && shortcuts[event.key];
  const isMark = mark && (mark === "~") === event.shiftKey;
  if (isMark) wrap(mark);
  else if (at("canned").hidden || !steer(event)) return;
  event.preventDefault();
  event.stopPropagation();
}
listen("keydown", pressed, true);
listen("input", ({ target }) => target.id === "message" && look());
listen("focusout", ({ target }) => target.id === "message" && close());
// A press on a button leaves caret and selection where they are.
listen("mousedown", (event) => event.target.closest(".composer-tools button, #canned") && event.preventDefault());
onClick("[data-wrap]", ({ dataset }) => wrap(dataset.wrap));
onClick("#canned [role=option]", take);
onClick("[data-canned]", () => {
  at("message").focus();
  if (slashed() === undefined) insert(/(^|\n)\s*$/u.test(beforeCaret()) ? "/" : "\n/");
});

// Before the picker is there, and before one can type into it: "toggle" comes later.
listen("beforetoggle", ({ target }) => target.id === "emoji" && (at("emoji-search").value = ""), true);
const opens = async ({ target, newState }) => {
  if (target.id !== "emoji" || newState !== "open") return;
  const picker = await import(target.dataset.script);
  picker.open(target, insert);
};
listen("toggle", opens, true);
