// The open thread: where it is scrolled, and what was read.
const at = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const opened = () => at("open")?.dataset.conversation;
const on = (name, listener) => document.addEventListener(`htmx:${name}`, ({ detail }) => listener(detail.ctx));

// The thread lays its content from the bottom up: 0 is its end, and what is above counts negative.
// Around a message far up only a part is loaded, which ends before the newest message.
const isAtEnd = () => !at("thread-end") && Math.abs(at("thread")?.scrollTop ?? 0) < 80;
// Not asked by the panel itself: its own requests give way to others.
function load(around) {
  const values = { around, unread: at("thread-unread").value };
  htmx.ajax("GET", at("thread").getAttribute("hx-get"), { source: "#new-messages", target: "#thread", swap: "innerHTML", values });
}
const toEnd = () => (at("thread-end") ? load("") : at("thread")?.scrollTo({ top: 0 }));
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
  const messages = all("#messages > [id^=message-]");
  const edge = at("thread")?.getBoundingClientRect().top;
  const held = messages.find((message) => message.getBoundingClientRect().bottom > edge);
  before = { atEnd: isAtEnd(), last: messages.at(-1)?.id, held, top: held?.getBoundingClientRect().top };
});
on("after:swap", ({ sourceElement }) => {
  // A day that two pages share was drawn by both.
  const days = all("#messages > .day-line");
  days.filter((line, index) => days.findIndex(({ id }) => id === line.id) < index).forEach((line) => line.remove());
  const thread = at("thread");
  const last = lastMessage();
  const target = at(at("messages")?.dataset.target);
  if (target) show(target);
  else if (sourceElement.id === "new-messages") toEnd();
  else if (last?.id !== before.last && (before.atEnd || sourceElement.id === "composer")) toEnd();
  // Whatever came or went, the reader's line stays where it was.
  else if (!before.atEnd && before.held?.isConnected) thread.scrollTop += before.held.getBoundingClientRect().top - before.top;
  settle();
});
function show(message) {
  delete at("messages").dataset.target;
  message.scrollIntoView({ block: "center" });
  message.animate([{ background: "var(--selected)" }, { background: "var(--selected)" }, {}], 2000);
}
function settle() {
  const jump = at("new-messages");
  if (!jump) return;
  const unread = Number(at("messages").dataset.unread);
  jump.hidden = isAtEnd();
  at("new-count").textContent = unread || "";
  tellRead();
}
const scrolled = ({ target }) => target.id === "thread" && settle();

// Pictures open large; the arrows lead through all that are loaded.
let viewed;
function view(picture) {
  if (!picture) return;
  viewed = picture;
  at("viewer-image").src = at("viewer-save").href = picture.href;
  at("viewer-image").alt = picture.firstElementChild.alt;
  if (!at("viewer").open) at("viewer").showModal();
  const pictures = all("#messages a.picture");
  for (const button of all("[data-look]")) button.disabled = !pictures[pictures.indexOf(viewed) + Number(button.dataset.look)];
}
function look(step) {
  const pictures = all("#messages a.picture");
  view(pictures[pictures.indexOf(viewed) + Number(step)]);
}

// Recordings: one speed for all.
const speeds = [1, 1.5, 2];
const speed = () => Number(localStorage.getItem("speed")) || 1;
function hurry() {
  document.documentElement.dataset.speed = speed();
  for (const audio of all("#thread audio")) audio.playbackRate = speed();
}

document.addEventListener("click", (event) => {
  const { target } = event;
  const quote = target.closest("[data-jump]");
  const picture = target.closest("#messages a.picture");
  if (target.closest("#new-messages")) toEnd();
  else if (quote) {
    event.preventDefault();
    const message = document.querySelector(quote.hash);
    message ? show(message) : load(quote.hash.slice("#message-".length));
  } else if (picture && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    view(picture);
  } else if (target.closest("[data-look]")) look(target.closest("[data-look]").dataset.look);
  else if (target.closest("[data-faster]")) {
    localStorage.setItem("speed", speeds[(speeds.indexOf(speed()) + 1) % speeds.length]);
    hurry();
  }
});
document.addEventListener("keydown", ({ key }) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (step && at("viewer")?.open) look(step);
});
document.addEventListener("play", hurry, true);
hurry();
document.addEventListener("htmx:before:settle", tellRead);
document.addEventListener("scroll", scrolled, true);
document.addEventListener("visibilitychange", tellRead);
const first = at(at("messages")?.dataset.target);
if (first) show(first);
settle();
