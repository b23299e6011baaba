// The phones: polls for changes while the page is seen, and posts forms without losing what is typed.
"use strict";

const lost = document.getElementById("lost");

async function ask(address, options = {}) {
  const limited = { signal: AbortSignal.timeout(10000), ...options };
  limited.headers = { "X-Requested-With": "fetch" };
  try {
    const answer = await fetch(address, limited);
    lost.hidden = true;
    return answer.ok ? answer : null;
  } catch {
    lost.hidden = false;
    return null;
  }
}

// Whoever reads the end stays there, also when a picture above arrives late.
function stayAtEnd(chat) {
  const end = () => { if (chat.dataset.end !== "no") chat.scrollTop = chat.scrollHeight; };
  chat.addEventListener("scroll", () => {
    chat.dataset.end = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 80 ? "yes" : "no";
  });
  chat.addEventListener("load", end, true);
  new ResizeObserver(end).observe(chat);
  end();
}

// Newer messages go before the typing dots; a changed one takes the place of its older self.
function show(chat, html) {
  const page = new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html");
  for (const item of page.querySelectorAll("li[data-id]")) {
    const old = document.getElementById(item.id);
    if (!old) chat.insertBefore(item, chat.querySelector(".typing"));
    else if (!old.querySelector("details[open]")) old.replaceWith(item);
    else old.querySelector(".bubble")?.replaceWith(item.querySelector(".bubble") ?? "");
  }
}

async function pollPhone(phone) {
  const chat = phone.querySelector(".chat");
  const answer = await ask(`/phones/${phone.dataset.person}/changes?since=${phone.dataset.since}`);
  if (!answer) return;
  const isTyping = answer.headers.get("X-Typing") === "1";
  phone.querySelector(".typing").hidden = !isTyping;
  const doing = phone.querySelector(".doing");
  doing.textContent = isTyping ? doing.dataset.typingText : doing.dataset.restingText;
  if (answer.status === 200) {
    show(chat, await answer.text());
    phone.dataset.since = answer.headers.get("X-Since");
  }
  if (chat.dataset.end !== "no") chat.scrollTop = chat.scrollHeight;
  await noteSeen(phone);
}

async function noteSeen(phone) {
  if (!phone.offsetParent) return;
  const last = [...phone.querySelectorAll("li.theirs")].pop()?.dataset.id;
  if (!last || last === phone.dataset.seen) return;
  const answer = await ask(`/phones/${phone.dataset.person}/seen`, {
    method: "POST", body: new URLSearchParams({ message_id: last }),
  });
  if (answer) phone.dataset.seen = last;
}

async function pollPeople() {
  const people = document.getElementById("people");
  const answer = await ask(`/people?open=${people.dataset.open}`);
  if (!answer) return;
  const html = await answer.text();
  if (people.dataset.html === html) return;
  const focused = people.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  people.innerHTML = people.dataset.html = html;
  if (focused) people.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

// Each waits for its own answer before it asks again: a slow sandbox is not flooded.
function every(milliseconds, poll) {
  const turn = async () => {
    if (!document.hidden) await poll();
    setTimeout(turn, milliseconds);
  };
  turn();
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!except || !menu.contains(except)) menu.open = false;
  }
}

function quote(composer, words, replyTo, action) {
  composer.elements.reply_to.value = replyTo;
  composer.action = action || composer.dataset.action;
  const line = composer.querySelector(".quoting");
  line.hidden = !words;
  line.querySelector("span").textContent = words;
  composer.elements.text.focus();
}

function fit(text) {
  text.rows = Math.min(5, Math.max(1, text.value.split("\n").length));
}

async function sendComposer(composer, button) {
  const phone = composer.closest(".phone");
  const text = composer.elements.text;
  const fields = new FormData(composer);
  const isText = !button || button.value === "text";
  if (!isText) { fields.set(button.name, button.value); fields.delete("file"); fields.set("text", ""); }
  if (isText && !text.value.trim() && !composer.elements.file.files.length) return;
  const draft = text.value;
  if (isText) { text.value = ""; fit(text); }
  composer.elements.file.value = "";
  const answer = await ask(composer.action, { method: "POST", body: fields });
  if (!answer && isText) { text.value = draft + text.value; return; }
  quote(composer, "", "", "");
  const chat = phone.querySelector(".chat");
  await pollPhone(phone);
  chat.scrollTop = chat.scrollHeight;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.matches(".composer")) {
    event.preventDefault();
    closeMenus();
    await sendComposer(form, button);
  } else if (form.matches("[data-quiet]")) {
    event.preventDefault();
    closeMenus();
    if (await ask(form.action, { method: "POST", body: new FormData(form, button) })) form.reset();
    await pollPhone(form.closest(".phone"));
  } else if (form.matches("[data-panel]")) {
    event.preventDefault();
    const fields = new FormData(form, button);
    panelTurn = panelTurn.then(() => changePanel(form.action, fields));
  }
});

// One change after the other: a late answer must not draw an older state.
let panelTurn = Promise.resolve();

async function changePanel(address, fields) {
  const answer = await ask(address, { method: "POST", body: fields });
  if (!answer) return;
  const focused = document.activeElement?.value;
  const panel = document.getElementById("panel");
  panel.innerHTML = await answer.text();
  [...panel.querySelectorAll("button, input, select")].find((field) => field.value === focused)?.focus();
}

document.addEventListener("change", (event) => {
  if (event.target.matches("input[type=file]")) {
    closeMenus();
    sendComposer(event.target.form, null);
  } else if (event.target.form?.matches("[data-panel]")) {
    event.target.form.requestSubmit();
  }
});

document.addEventListener("click", (event) => {
  closeMenus(event.target);
  const button = event.target.closest("button");
  const composer = button?.closest(".phone")?.querySelector(".composer");
  if (!composer) return;
  if (button.dataset.reply) {
    closeMenus();
    quote(composer, button.dataset.quotingText, button.dataset.reply, "");
  } else if (button.dataset.edit) {
    closeMenus();
    composer.elements.text.value = button.dataset.draft;
    quote(composer, button.dataset.quotingText, "", button.dataset.edit);
  } else if (button.closest(".quoting")) {
    quote(composer, "", "", "");
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.activeElement?.closest("details.menu[open]");
    closeMenus();
    open?.querySelector("summary").focus();
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("textarea")) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector(".send"));
  }
});

document.addEventListener("input", (event) => {
  if (event.target.matches("textarea")) fit(event.target);
});

for (const phone of document.querySelectorAll(".phone")) {
  stayAtEnd(phone.querySelector(".chat"));
  every(1000, () => pollPhone(phone));
}
every(2000, pollPeople);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.querySelectorAll(".phone").forEach(pollPhone);
});
