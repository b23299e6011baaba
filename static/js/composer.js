// The composer: it is free for the next message at once, and no word written in it is lost.
import { all, ask, at, listen, on, onClick, opened } from "./page.js";

// What stands in the composer, here until the server has it. Of this person: the next one on a shared
// computer starts with an empty box. saved: when the server had it.
const place = (id) => `written-${document.body.dataset.user}-${id}`;
const kept = (id) => JSON.parse(sessionStorage.getItem(place(id)) ?? "null");
const keep = (id, words) => sessionStorage.setItem(place(id), JSON.stringify(words));
const quoted = () => document.querySelector("#reply [name=reply_to]")?.value ?? "";
const isNote = () => at("as-note").checked;
// key: of the message that it becomes, so that a draft saved late loses against what was sent.
const inBox = () => ({ text: at("message").value, as: isNote() ? "note" : "reply", reply_to: quoted(), key: at("composer-key").value });

const unsaved = new Set();
let timer;
let line = Promise.resolve();
function saveSoon(id, milliseconds = 600) {
  unsaved.add(id);
  clearTimeout(timer);
  timer = setTimeout(saveAll, milliseconds);
}
// One after the other, so that an older state never overtakes a newer one.
function saveAll() {
  clearTimeout(timer);
  for (const id of unsaved) line = line.then(() => unsaved.has(id) && save(id));
}
async function save(id, keepalive = false) {
  const words = kept(id);
  if (!words) return unsaved.delete(id);
  const { saved, ...body } = words;
  try {
    const answer = await ask(id, "draft", body, { method: "PUT", keepalive });
    if (answer.status >= 500) throw answer;
    if (sessionStorage.getItem(place(id)) !== JSON.stringify(words)) return;
    unsaved.delete(id);
    if (!answer.ok) return;
    keep(id, { ...body, saved: Date.now() });
    if (id === opened()) at("composer").dataset.draft = answer.headers.get("X-Draft");
  } catch {
    saveSoon(id, 5000);
  }
}
const leave = () => unsaved.forEach((id) => save(id, true));

function count() {
  const box = at("message");
  if (!CSS.supports("field-sizing", "content")) box.rows = Math.min(8, box.value.split("\n").length);
  const limit = Number(at("composer").dataset.limit);
  const length = [...box.value].length;
  const shown = at("composer-count");
  shown.hidden = length < limit * 0.9;
  shown.textContent = `${length} / ${limit}`;
  shown.classList.toggle("is-over", length > limit);
}
function written() {
  count();
  keep(opened(), inBox());
  saveSoon(opened());
}
// strip: what is shown of the message to answer; without it the server draws it.
function put({ text, as, reply_to }, strip) {
  at("message").value = text;
  at(`as-${as}`).checked = true;
  if (reply_to === quoted()) return;
  at("reply").replaceChildren(...(strip ?? []));
  if (reply_to && !strip) htmx.ajax("GET", `/inbox/messages/${reply_to}/reply`, { target: "#reply", swap: "innerHTML" });
}

// What was sent and is not answered yet; messages wait in line, each with its own text and key.
const sent = new Map();
// By conversation: what came back and still stands first in the box, and the key of the last of it.
const returned = new Map();

on("before:request", (ctx) => (ctx.startedAt = Date.now()));
// At the submit itself: a message in line leaves much later, when other words stand in the box.
on("config:request", ({ sourceElement, request: { body } }) => {
  if (sourceElement.id !== "composer") return;
  const id = opened();
  const message = { id, ...inBox(), strip: [...at("reply").childNodes] };
  const former = returned.get(id);
  // The same text keeps its key: if it did arrive after all, it is not sent twice. Other words are a new message.
  const isSame = former?.text === message.text && former.key;
  if (isSame) message.key = former.key;
  body.set("key", message.key);
  at("composer-key").value = crypto.getRandomValues(new Uint32Array(4)).join("-");
  sent.set(message.key, message);
  returned.delete(id);
  at("message").value = "";
  at("message").ariaInvalid = null;
  at("composer-error").replaceChildren();
  at("reply").replaceChildren();
  written();
  typed(false);
});
on("finally:request", ({ request, response, sourceElement }) => {
  const message = sourceElement.id === "composer" && sent.get(request.body.get("key"));
  if (!message) return;
  sent.delete(message.key);
  if (response?.status !== 200) giveBack(message, response?.status === 422);
});

function giveBack(message, isRefused) {
  const { id, text, key } = message;
  const isShown = id === opened() && at("message");
  const now = (isShown ? inBox() : kept(id)) ?? { text: "", as: "reply", reply_to: "" };
  const former = returned.get(id)?.text ?? "";
  const first = now.text.startsWith(former) ? former : "";
  // In the order in which it was written: what came back before, this, and what was typed since.
  const back = [first, text].filter(Boolean).join("\n");
  const value = [back, now.text.slice(first.length).replace(/^\n/, "")].filter(Boolean).join("\n");
  returned.set(id, { text: back, key: isRefused || first ? null : key });
  // Words for the team never become words for the customer.
  const as = message.as === "note" || (now.text && now.as === "note") ? "note" : "reply";
  const words = { text: value, as, reply_to: now.reply_to || message.reply_to };
  if (!isShown) {
    keep(id, words);
    return saveSoon(id);
  }
  put(words, now.reply_to ? undefined : message.strip);
  at("message").ariaInvalid = isRefused ? "true" : null;
  written();
}

// A composer that was drawn anew: its draft, its size, and the keyboard.
let box = null;
let shown;
function settle(ctx) {
  const undone = at("undone")?.firstElementChild;
  if (undone) {
    undone.remove();
    const reply_to = undone.querySelector("[name=reply_to]")?.value ?? "";
    giveBack({ id: opened(), text: undone.dataset.text, as: "reply", reply_to, strip: [...undone.childNodes] });
    at("message").focus();
  }
  const former = box;
  box = at("message");
  if (box === former) return;
  const isSame = shown === opened() && former;
  shown = opened();
  saveAll();
  if (!box) return;
  if (isSame) {
    // The same conversation: a text came back into it, and what was typed meanwhile comes after.
    box.value += former.value.slice(ctx.request.body?.get("message")?.length ?? 0);
    written();
  } else recall(ctx);
  box.setSelectionRange(box.value.length, box.value.length);
  beatSoon(1000);
  if (matchMedia("(min-width: 48rem)").matches) box.focus({ preventScroll: true });
}
// What the server has, unless this tab knows more: not saved yet, or saved after the page was asked for.
function recall(ctx) {
  const words = kept(shown);
  const isNewer = words && !(words.saved < (ctx?.startedAt ?? performance.timeOrigin));
  if (isNewer) put(words);
  else keep(shown, { ...inBox(), saved: Date.now() });
  if (isNewer && !words.saved) saveSoon(shown);
  count();
}

// Another tab of the same person wrote on: this one, with nothing of its own, takes it over.
async function takeOver() {
  const id = opened();
  const known = at("composer")?.dataset.draft;
  const isMine = () => document.hidden || id !== opened() || known !== at("composer")?.dataset.draft || unsaved.size || sent.size;
  if (known === undefined || isMine()) return;
  const answer = await ask(id, `draft?known=${known}`).catch(() => null);
  const html = answer?.status === 200 && (await answer.text());
  if (!html || isMine()) return;
  const isFocused = document.activeElement === box;
  at("composer").outerHTML = html;
  htmx.process(at("composer"));
  box = at("message");
  keep(id, { ...inBox(), saved: Date.now() });
  count();
  if (isFocused) box.focus({ preventScroll: true });
}

// Colleagues see who has the conversation open, and who writes to the customer.
let toldAt = 0;
let beating;
const tell = (fields) => ask(opened(), "presence", fields).catch(() => {});
function typed(isTyping) {
  if (isTyping && (isNote() || Date.now() - toldAt < 3000)) return;
  if (isTyping || toldAt) tell({ typing: Number(isTyping) });
  toldAt = isTyping ? Date.now() : 0;
}
function beatSoon(milliseconds = 10000) {
  clearTimeout(beating);
  beating = setTimeout(beat, milliseconds);
}
function beat() {
  if (opened() && !document.hidden) tell({});
  beatSoon();
}

function submitted(event) {
  if (event.target.id !== "composer") return;
  const isClosed = !isNote() && document.querySelector("#window-state.is-closed");
  if (at("message").value.trim() && !isClosed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}
listen("submit", submitted, true);
listen("keydown", (event) => {
  const { key, target } = event;
  if (target.id !== "message" || event.isComposing) return;
  const isUndo = key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !target.value;
  const undo = isUndo && all("[data-undo]").at(-1);
  const isSend = key === "Enter" && !(event.shiftKey || event.ctrlKey || event.metaKey || event.altKey);
  if (undo) undo.click();
  else if (isSend) target.form.requestSubmit();
  else return;
  event.preventDefault();
});
listen("input", ({ target }) => {
  if (target.id !== "message") return;
  written();
  typed(true);
});

// Whom it is for, and what it answers.
function turn() {
  written();
  at("message").focus();
}
listen("change", ({ target }) => target.name === "as" && turn());
onClick("[data-unreply]", () => {
  at("reply").replaceChildren();
  turn();
});
on("after:swap", settle);
on("after:swap", ({ sourceElement }) => {
  if (!sourceElement?.matches(".reply-button")) return;
  at("as-reply").checked = true;
  turn();
});

addEventListener("pagehide", leave);
addEventListener("focus", takeOver);
listen("visibilitychange", () => {
  if (document.hidden) return leave();
  takeOver();
  beatSoon(0);
});
settle();
