// The composer: it is free for the next message at once, and no word written in it is lost.
const at = (id) => document.getElementById(id);
const on = (name, listener) => document.addEventListener(`htmx:${name}`, ({ detail }) => listener(detail.ctx));
const opened = () => at("open")?.dataset.conversation;
// Of this person: the next one on a shared computer starts with an empty box.
const draftKey = () => `draft-${document.body.dataset.user}-${opened()}`;
const freshKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
const keepDraft = (draft, text) => (text ? sessionStorage.setItem(draft, text) : sessionStorage.removeItem(draft));

function written() {
  const { value } = at("message");
  keepDraft(draftKey(), value);
  if (!CSS.supports("field-sizing", "content")) at("message").rows = Math.min(8, value.split("\n").length);
  const limit = Number(at("composer").dataset.limit);
  const length = [...value].length;
  const count = at("composer-count");
  count.hidden = length < limit * 0.9;
  count.textContent = `${length} / ${limit}`;
  count.classList.toggle("is-over", length > limit);
}

// What was sent and is not answered yet; messages wait in line, each with its own text and key.
const sent = new Map();
// By draft: what came back and still stands first in the box, and the key of the last of it.
const returned = new Map();

// At the submit itself: a message in line leaves much later, when other words stand in the box.
on("config:request", ({ sourceElement, request: { body } }) => {
  if (sourceElement.id !== "composer") return;
  const draft = draftKey();
  const text = body.get("message");
  const former = returned.get(draft);
  // The same text keeps its key: if it did arrive after all, it is not sent twice. Other words are a new message.
  const key = former?.text === text && former.key ? former.key : freshKey();
  body.set("key", key);
  sent.set(body.get("key"), { draft, text, key });
  returned.delete(draft);
  at("message").value = "";
  at("message").ariaInvalid = null;
  at("composer-error").replaceChildren();
  written();
});
on("finally:request", ({ request, response, sourceElement }) => {
  const message = sourceElement.id === "composer" && sent.get(request.body.get("key"));
  if (!message) return;
  sent.delete(message.key);
  if (response?.status !== 200) giveBack(message, response?.status === 422);
});

function giveBack({ draft, text, key }, isRefused) {
  const isShown = draft === draftKey() && at("message");
  const now = isShown ? at("message").value : sessionStorage.getItem(draft) ?? "";
  const former = returned.get(draft)?.text ?? "";
  const first = now.startsWith(former) ? former : "";
  // In the order in which it was written: what came back before, this, and what was typed since.
  const back = [first, text].filter(Boolean).join("\n");
  const value = [back, now.slice(first.length).replace(/^\n/, "")].filter(Boolean).join("\n");
  returned.set(draft, { text: back, key: isRefused || first ? null : key });
  if (!isShown) return keepDraft(draft, value);
  at("message").value = value;
  at("message").ariaInvalid = isRefused ? "true" : null;
  written();
}

// A composer that was drawn anew: its draft, its size, and the keyboard.
let box = null;
let shown;
function settle(ctx) {
  const former = box;
  box = at("message");
  if (box === former) return;
  const isSame = shown === opened() && former;
  shown = opened();
  if (!box) return;
  // The same conversation: a text came back into it, and what was typed meanwhile comes after.
  if (isSame) box.value += former.value.slice(ctx.request.body?.get("message")?.length ?? 0);
  else box.value ||= sessionStorage.getItem(draftKey()) ?? "";
  written();
  if (matchMedia("(min-width: 48rem)").matches) box.focus({ preventScroll: true });
}

const submitted = (event) => {
  if (event.target.id !== "composer" || at("message").value.trim()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
};
const pressed = (event) => {
  const { key, target } = event;
  if (target.id !== "message" || key !== "Enter" || event.shiftKey || event.isComposing) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  target.form.requestSubmit();
};

on("after:swap", settle);
document.addEventListener("input", ({ target }) => target.id === "message" && written());
document.addEventListener("submit", submitted, true);
document.addEventListener("keydown", pressed);
settle();
