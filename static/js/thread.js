// The open thread: where it is scrolled, and what was read.
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
document.addEventListener("click", (event) => {
  if (event.target.closest("#new-messages")) toEnd();
  const quote = event.target.closest("[data-jump]");
  if (!quote) return;
  event.preventDefault();
  document.querySelector(quote.hash)?.scrollIntoView({ block: "center", behavior: "smooth" });
});
document.addEventListener("htmx:before:settle", tellRead);
document.addEventListener("scroll", scrolled, true);
document.addEventListener("visibilitychange", tellRead);
tellRead();
