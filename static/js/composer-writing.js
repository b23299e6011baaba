// Help while writing: formatting, canned replies, and the way to the emoji. All through the browser's own
// editing, so that Ctrl+Z takes it back.
const at = (id) => document.getElementById(id);
const opened = () => at("open")?.dataset.conversation;

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
const shortcuts = { b: "*", i: "_", X: "~", x: "~" };

// Canned replies: what was typed after a slash at the start of a line.
let asked = null;
let isDismissed = false;
let timer;
const list = () => at("canned");
const options = () => [...list().querySelectorAll("[role=option]")];
const chosen = () => options().find((option) => option.ariaSelected === "true");
const slashed = () => at("message").value.slice(0, at("message").selectionStart).match(/(?:^|\n)[^\S\n]*\/([^\s/]*)$/u)?.[1];

function close() {
  asked = null;
  if (!list()) return;
  list().hidden = true;
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
    return close();
  }
  if (isDismissed || typed === asked) return;
  asked = typed;
  timer = setTimeout(async () => {
    const id = opened();
    const answer = await fetch(`/inbox/conversations/${id}/canned?q=${encodeURIComponent(typed)}`).catch(() => null);
    const html = answer?.ok ? await answer.text() : "";
    if (!html || asked !== typed || id !== opened()) return;
    list().innerHTML = html;
    list().hidden = false;
    choose(options()[0]);
  }, 80);
}
function take(option) {
  const box = at("message");
  const end = box.selectionStart;
  box.setSelectionRange(end - slashed().length - 1, end);
  insert(option.dataset.text);
  close();
  // What nobody could fill in is selected, so that one types over it.
  const hole = box.value.slice(0, box.selectionStart).search(/\{\{\s*\w+\s*\}\}/u);
  if (hole >= 0) box.setSelectionRange(hole, box.value.indexOf("}}", hole) + 2);
}
function steer(event) {
  const { key, target } = event;
  if (target.id !== "message" || event.isComposing || list().hidden) return false;
  const all = options();
  const now = all.indexOf(chosen());
  if (key === "Escape") {
    isDismissed = true;
    close();
  } else if (!all.length || event.shiftKey) return false;
  else if (key === "ArrowDown") choose(all[(now + 1) % all.length]);
  else if (key === "ArrowUp") choose(all[(now + all.length - 1) % all.length]);
  else if (key === "Enter" || key === "Tab") take(chosen());
  else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  const mark = (event.ctrlKey || event.metaKey) && !event.altKey && event.target.id === "message" && shortcuts[event.key];
  const isMark = mark && (mark === "~") === event.shiftKey;
  if (isMark) wrap(mark);
  if (!isMark && !steer(event)) return;
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("input", ({ target }) => target.id === "message" && look());
document.addEventListener("focusout", ({ target }) => target.id === "message" && close());
// A press on a button leaves caret and selection where they are.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest(".composer-tools button, #canned")) event.preventDefault();
});
document.addEventListener("click", ({ target }) => {
  const { wrap: mark } = target.closest("[data-wrap]")?.dataset ?? {};
  if (mark) wrap(mark);
  const option = target.closest("#canned [role=option]");
  if (option) take(option);
  if (target.closest("[data-canned]")) {
    at("message").focus();
    const before = at("message").value.slice(0, at("message").selectionStart);
    if (slashed() === undefined) insert(/(^|\n)\s*$/u.test(before) ? "/" : "\n/");
  }
});
document.addEventListener("toggle", async ({ target, newState }) => {
  if (target.id !== "emoji") return;
  // At once, as one types on while the names are on their way.
  if (newState === "open") at("emoji-search").focus();
  else at("emoji-search").value = "";
  const picker = await import(target.dataset.script);
  if (newState === "open") picker.open(target, insert);
}, true);
