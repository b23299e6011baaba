// What every page needs: times in the business's zone, quiet polls, toasts, lost connections, choices, news.
import { all, at, listen, on, onClick, opened } from "./page.js";

const root = document.documentElement;
const words = navigator.languages.find((code) => code.startsWith(root.lang)) ?? root.lang;
// The page's language for words; the viewer's own habit for 12 or 24 hours.
const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
const timeZone = root.dataset.zone;
const format = (options) => new Intl.DateTimeFormat(words, { hourCycle, timeZone, ...options });
const clock = format({ hour: "2-digit", minute: "2-digit" });
const date = format({ day: "numeric", month: "short", year: "numeric" });
const thisYear = format({ day: "numeric", month: "short" });
const weekday = format({ weekday: "long" });
const full = format({ dateStyle: "long", timeStyle: "short" });

// Swedish dates are ISO 8601, so that days can be counted.
const isoDay = new Intl.DateTimeFormat("sv", { timeZone, dateStyle: "short" });
const relative = new Intl.RelativeTimeFormat(words, { numeric: "auto" });
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

const daysAgo = (when, now) => (Date.parse(isoDay.format(now)) - Date.parse(isoDay.format(when))) / 864e5;
const isRecent = (when, now) => [0, 1].includes(daysAgo(when, now));
const dayName = (when, now) => {
  const ago = daysAgo(when, now);
  if (isRecent(when, now)) return capital(relative.format(-ago, "day"));
  if (ago > 1 && ago < 7) return capital(weekday.format(when));
  return (isoDay.format(when).slice(0, 4) === isoDay.format(now).slice(0, 4) ? thisYear : date).format(when);
};
const shows = {
  clock: (when) => clock.format(when),
  day: dayName,
  list: (when, now) => (daysAgo(when, now) ? dayName(when, now) : clock.format(when)),
  full: (when, now) => `${dayName(when, now)}, ${clock.format(when)}`,
  within: (when, now) => (isRecent(when, now) ? shows.full(when, now).toLowerCase() : shows.full(when, now)),
  left: (when, now) => {
    const minutes = Math.max(0, Math.ceil((when - now) / 6e4));
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  },
};

function drawTimes() {
  const now = new Date();
  for (const element of all("time[data-show]")) {
    const when = new Date(element.dateTime);
    if (isNaN(when)) continue;
    const text = shows[element.dataset.show](when, now);
    if (element.textContent !== text) element.textContent = text;
    element.title = full.format(when);
  }
  for (const element of all("[data-show-from]")) element.hidden = new Date(element.dataset.showFrom) > now;
  for (const { classList, dataset } of all("[data-closes-at]")) {
    const left = new Date(dataset.closesAt) - now;
    classList.toggle("is-open", left > 0);
    classList.toggle("is-closed", left <= 0);
    classList.toggle("is-soon", left > 0 && left < (dataset.soonHours ?? 1) * 36e5);
  }
}
drawTimes();
setInterval(drawTimes, 20000);

// What scripts say by themselves stands in the page. The style sheet knows how long a toast stays.
const said = at("toasts").dataset;
function toast(text, isError) {
  const box = document.createElement("div");
  box.className = isError ? "toast toast-error" : "toast";
  box.textContent = text;
  // The same thing is said once, however often it happens.
  all("#toasts .toast").find(({ textContent }) => textContent === text)?.remove();
  at("toasts").append(box);
}
listen("animationend", ({ animationName, target }) => animationName === "overlay-out" && target.remove());

const panels = () => all("[hx-ptag]");
const isPoll = (ctx) => ctx.sourceEvent?.type === "every";
function pollNow() {
  restsUntil = 0;
  for (const panel of panels()) htmx.trigger(panel, "every", {}, false);
}

// While the connection is lost polls rest 5, 10, then 20 s, or until there is hope; then all catch up at once.
let tries = 0;
let restsUntil = 0;
function lose(isLost) {
  const wasLost = tries > 0;
  if (!isLost) tries = restsUntil = 0;
  else if (panels().length && Date.now() >= restsUntil) {
    restsUntil = Date.now() + Math.min(20, 5 * 2 ** tries) * 1000;
    tries += 1;
  }
  root.classList.toggle("connection-lost", tries > 0);
  at("connection").hidden = !tries;
  at("connection-tries").textContent = tries;
  if (wasLost && !tries) pollNow();
}

let busy = 0;
let opening;
on("config:request", (ctx, event) => {
  // Hidden tabs rest. While something else is under way a poll would bring back what was before it.
  if (isPoll(ctx) && (document.hidden || busy || Date.now() < restsUntil)) event.preventDefault();
});
on("before:request", (ctx) => {
  if (isPoll(ctx)) return;
  // Who clicks on another conversation wants that one, whichever answer comes last.
  if (ctx.target?.id === "open") {
    opening?.request.abort();
    opening = ctx;
  }
  busy += 1;
  ctx.isCounted = true;
  for (const panel of panels()) if (panel !== ctx.sourceElement) panel.dispatchEvent(new Event("htmx:abort"));
});
on("finally:request", (ctx) => {
  if (ctx.isCounted) busy -= 1;
});
on("after:request", (ctx) => {
  const { status, headers } = ctx.response;
  if (status < 500 || isPoll(ctx)) lose(status >= 500);
  const release = headers.get("Kiaai-Release");
  if (release) at("new-release").hidden = release === document.body.dataset.release;
  const isShown = status === 401 || (status === 422 && ctx.sourceElement.hasAttribute("hx-status:422"));
  if (status < 400 || isPoll(ctx) || isShown) return;
  toast(ctx.text && ctx.text.length < 300 ? ctx.text : said.failedText, true);
});
on("error", (ctx) => {
  if (!ctx) return;
  lose(true);
  if (!isPoll(ctx)) toast(said.offlineText, true);
});
on("before:swap", ({ sourceElement }, event) => {
  // An answer to a form that is no longer on the screen has nothing to replace.
  if (sourceElement.matches("form") && !sourceElement.isConnected) event.preventDefault();
});
on("before:settle", (_ctx, { target }) => {
  drawTimes();
  // A control that somebody used no longer follows its attribute: what the server says counts.
  for (const select of target.querySelectorAll("select")) {
    const chosen = select.querySelector("option[selected]");
    if (chosen && select !== document.activeElement) select.value = chosen.value;
  }
  for (const box of target.querySelectorAll("input[type=checkbox]")) box.checked = box.defaultChecked;
});
// By itself htmx begins a moment later, and would not hear who types at once.
htmx.initialize();
addEventListener("online", pollNow);
onClick("[data-retry]", pollNow);
listen("visibilitychange", () => {
  if (document.hidden) return;
  drawTimes();
  pollNow();
});

onClick("[data-copy]", async ({ dataset: { copy } }) => {
  try {
    await navigator.clipboard.writeText(copy);
    toast(said.copiedText);
  } catch {
    toast(copy); // without a secure connection browsers forbid copying: show it instead
  }
});
// What cannot be taken back asks first.
listen("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
onClick("[data-theme-toggle]", () => {
  const isLight = root.dataset.theme ? root.dataset.theme === "light" : matchMedia("(prefers-color-scheme: light)").matches;
  localStorage.theme = root.dataset.theme = isLight ? "dark" : "light";
});

// News: the unread count in the title and the icon, and for those who asked for it a sound and notifications.
const wants = (what) => localStorage[what] === "on";
const icon = document.querySelector("link[rel=icon]");
const calm = icon.getAttribute("href");
const others = new BroadcastChannel("unread");

function mark(count) {
  document.title = document.title.replace(/^(\(\S+\) )?/, count ? `(${count}) ` : "");
  const href = count ? icon.dataset.unread : calm;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}
others.onmessage = ({ data }) => mark(data);

// One tab of this browser asks: while it is hidden no list is polled in it.
let newest;
let asking;
const askNews = () => (asking ??= askNow().finally(() => (asking = null)));
async function askNow() {
  const isWanted = wants("sound") || wants("notifications");
  const response = isWanted && (await fetch(`/inbox/unread?after=${newest ?? ""}`).catch(() => null));
  if (!response?.ok) return;
  const { newest: last, unread, message } = await response.json();
  newest = last;
  const shown = unread > 99 ? "99+" : unread;
  others.postMessage(shown);
  mark(shown);
  const isSeen = !document.hidden && opened() === String(message?.conversation);
  if (message && !isSeen) tell(message);
}
function tell({ conversation, name, text }) {
  // Before the first click in a page browsers keep it silent.
  if (wants("sound") && navigator.userActivation?.hasBeenActive) chime();
  if (!wants("notifications") || globalThis.Notification?.permission !== "granted") return;
  const note = new Notification(name, { body: text, tag: `conversation-${conversation}`, icon: calm });
  note.onclick = () => {
    focus();
    note.close();
    const row = document.querySelector(`#conversation-${conversation} a`);
    row ? row.click() : location.assign(`/inbox/conversations/${conversation}`);
  };
}
const chime = () => new Audio(at("alerts").dataset.chime).play().catch(() => {});

let isFirst = false;
const begin = () => {
  isFirst = true;
  askNews();
  setInterval(askNews, 15000);
  return new Promise(() => {}); // for as long as the tab lives
};
if (at("alerts")) navigator.locks ? navigator.locks.request("news", begin) : begin();

// What the list says is newer than what was asked; where it changed there may be news.
function follow(_ctx, event) {
  const tab = at("tab-unread");
  if (!tab) return;
  mark(tab.querySelector(".tab-count")?.textContent);
  if (isFirst && event?.target.id === "conversations") askNews();
}
on("before:settle", follow);
follow();

// Choices that this browser keeps; without one the page says what is on.
for (const box of all("[data-choice]")) {
  const kept = localStorage[box.dataset.choice];
  if (kept) box.checked = kept === "on";
}
listen("change", async ({ target }) => {
  const { choice } = target.dataset;
  if (!choice) return;
  if (choice === "notifications" && target.checked) {
    target.checked = (await globalThis.Notification?.requestPermission()) === "granted";
    at("alerts-refused").hidden = target.checked;
  }
  localStorage[choice] = target.checked ? "on" : "off";
  if (choice === "sound" && target.checked) chime();
  askNews();
});

// Keeps a page for when there is no connection; browsers have workers only where it is secure.
navigator.serviceWorker?.register("/service-worker.js").catch(() => {});
