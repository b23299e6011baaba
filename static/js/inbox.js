// The inbox: where the thread is scrolled, what was read, and the keyboard.
const at = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const opened = () => at("open")?.dataset.conversation;
const on = (name, listener) => document.addEventListener(`htmx:${name}`, ({ detail }) => listener(detail.ctx));

// The thread lays its content from the bottom up: 0 is its end, and what is above counts negative.
const isAtEnd = () => Math.abs(at("thread")?.scrollTop ?? 0) < 80;
const toEnd = () => at("thread")?.scrollTo({ top: 0 });
const lastMessage = () => all("#messages > [id^=message-]").at(-1);

// Reading: the last message shown, once, when a person can see it.
let told;
function tellRead() {
  const unread = at("messages")?.dataset.unread;
  const last = lastMessage();
  const sign = `${opened()} ${last?.id} ${unread}`;
  if (!last || document.hidden || !isAtEnd() || unread === "0" || sign === told) return;
  told = sign;
  const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
  const body = new URLSearchParams({ message: last.id.slice("message-".length) });
  fetch(`/inbox/conversations/${opened()}/read`, { method: "POST", body, headers })
    .then(({ ok }) => ok || (told = null))
    .catch(() => (told = null));
}
// What did not arrive is told again with the next poll.
on("finally:request", tellRead);

// The place in the thread.
let before;
on("before:swap", () => {
  const thread = at("thread");
  before = thread && { atEnd: isAtEnd(), last: lastMessage()?.id, height: thread.scrollHeight, top: thread.scrollTop };
});
on("after:swap", ({ sourceElement }) => {
  // A day that two pages share was drawn by both.
  const days = all("#messages > .day-line");
  days.filter((line, index) => days.findIndex(({ id }) => id === line.id) < index).forEach((line) => line.remove());
  const thread = at("thread");
  const last = lastMessage();
  if (thread && before && last?.id !== before.last) {
    if (before.atEnd || sourceElement.id === "composer") toEnd();
    else {
      // What came at the end pushes the rest up: take the reader back to where they were.
      thread.scrollTop = before.top - (thread.scrollHeight - before.height);
      at("new-messages").hidden = last?.dataset.direction !== "incoming";
    }
  }
  tellRead();
});
const scrolled = ({ target }) => {
  if (target.id !== "thread" || !isAtEnd()) return;
  at("new-messages").hidden = true;
  tellRead();
};

// The keyboard.
const isTyping = (element) => element.matches("input, textarea, select");
function move(step) {
  const rows = all("#conversation-rows .conversation");
  const focused = rows.indexOf(document.activeElement);
  const from = focused >= 0 ? focused : rows.findIndex((row) => row.ariaCurrent === "true");
  rows[Math.min(rows.length - 1, Math.max(0, from + step))]?.focus();
}
function toggleLead() {
  const isOpen = at("open").classList.toggle("lead-open");
  at(isOpen ? "hide-lead" : "show-lead")?.focus();
}
// Single keys do something only where nothing else listens, and nothing once they are turned off.
const areKeysOff = () => localStorage.getItem("keys") === "off";
const takesKeys = (element) => !areKeysOff() && (element === document.body || element.matches("#conversations :not(input)"));
function toggleKeys() {
  localStorage.setItem("keys", areKeysOff() ? "on" : "off");
  showKeys();
}
function showKeys() {
  const button = document.querySelector("[data-toggle-keys]");
  if (button) button.textContent = areKeysOff() ? button.dataset.onText : button.dataset.offText;
}
const keys = { "/": () => at("search")?.focus(), j: () => move(1), k: () => move(-1) };
const pressed = (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (key === "Escape") {
    if (at("open")?.matches(".lead-open")) toggleLead();
    else if (isTyping(target)) target.blur();
  } else if (takesKeys(target) && keys[key]) {
    event.preventDefault();
    keys[key]();
  }
};
const clicked = (event) => {
  if (event.target.closest("#new-messages")) toEnd();
  if (event.target.closest("[data-toggle-lead]")) toggleLead();
  if (event.target.closest("[data-toggle-keys]")) toggleKeys();
  const quote = event.target.closest("[data-jump]");
  if (!quote) return;
  event.preventDefault();
  document.querySelector(quote.hash)?.scrollIntoView({ block: "center", behavior: "smooth" });
};

// After each change: mark the open row, count in the title, and tell what is read.
function settle() {
  for (const row of all("#conversation-rows .conversation")) {
    row.ariaCurrent = row.parentElement.id === `conversation-${opened()}` ? "true" : null;
  }
  const count = document.querySelector("#tab-unread .tab-count")?.textContent;
  document.title = document.title.replace(/^(\(\S+\) )?/, count ? `(${count}) ` : "");
  showKeys();
  tellRead();
}

document.addEventListener("htmx:before:settle", settle);
document.addEventListener("keydown", pressed);
document.addEventListener("click", clicked);
document.addEventListener("scroll", scrolled, true);
document.addEventListener("visibilitychange", tellRead);
settle();
