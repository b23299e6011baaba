// What every page needs: times in the business's zone, quiet polls, toasts, copying, lost connections.
const language = document.documentElement.lang;
const words = navigator.languages.find((code) => code.startsWith(language)) ?? language;
// The page's language for words; the viewer's own habit for 12 or 24 hours.
const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
const timeZone = document.documentElement.dataset.zone;
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

const daysAgo = (at, now) => (Date.parse(isoDay.format(now)) - Date.parse(isoDay.format(at))) / 864e5;
const isRecent = (at, now) => [0, 1].includes(daysAgo(at, now));
const dayName = (at, now) => {
  const ago = daysAgo(at, now);
  if (isRecent(at, now)) return capital(relative.format(-ago, "day"));
  if (ago > 1 && ago < 7) return capital(weekday.format(at));
  return (isoDay.format(at).slice(0, 4) === isoDay.format(now).slice(0, 4) ? thisYear : date).format(at);
};
const shows = {
  clock: (at) => clock.format(at),
  day: dayName,
  list: (at, now) => (daysAgo(at, now) ? dayName(at, now) : clock.format(at)),
  full: (at, now) => `${dayName(at, now)}, ${clock.format(at)}`,
  within: (at, now) => (isRecent(at, now) ? shows.full(at, now).toLowerCase() : shows.full(at, now)),
  left: (at, now) => {
    const minutes = Math.max(0, Math.ceil((at - now) / 6e4));
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  },
};

function drawTimes(root) {
  const now = new Date();
  for (const element of root.querySelectorAll("time[data-show]")) {
    const at = new Date(element.dateTime);
    if (isNaN(at)) continue;
    const text = shows[element.dataset.show](at, now);
    if (element.textContent !== text) element.textContent = text;
    element.title = full.format(at);
  }
  for (const element of root.querySelectorAll("[data-show-from]")) {
    element.hidden = new Date(element.dataset.showFrom) > now;
  }
  for (const { classList, dataset } of root.querySelectorAll("[data-closes-at]")) {
    const left = new Date(dataset.closesAt) - now;
    classList.toggle("is-open", left > 0);
    classList.toggle("is-closed", left <= 0);
    classList.toggle("is-soon", left > 0 && left < (dataset.soonHours ?? 1) * 36e5);
  }
}

// What this script says by itself.
const said = () => document.getElementById("toasts").dataset;
const fade = (box) => setTimeout(() => box.remove(), 5000);
function toast(text, isError) {
  const box = document.createElement("div");
  box.className = isError ? "toast toast-error" : "toast";
  box.textContent = text;
  document.getElementById("toasts").append(box);
  fade(box);
}

// A control that somebody used no longer follows its attribute: what the server says counts.
function followServer(root) {
  for (const select of root.querySelectorAll("select")) {
    const chosen = select.querySelector("option[selected]");
    if (chosen && select !== document.activeElement) select.value = chosen.value;
  }
  for (const box of root.querySelectorAll("input[type=checkbox]")) box.checked = box.defaultChecked;
}

const on = (name, listener) => document.addEventListener(`htmx:${name}`, ({ detail, target }) => listener(detail.ctx, target));
const panels = () => document.querySelectorAll("[hx-ptag]");
const isPoll = (ctx) => ctx.sourceEvent?.type === "every";
const at = (id) => document.getElementById(id);
const pollNow = () => {
  restsUntil = 0;
  for (const panel of panels()) htmx.trigger(panel, "every", {}, false);
};
let busy = 0;
let opening;

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
  document.documentElement.classList.toggle("connection-lost", tries > 0);
  at("connection").hidden = !tries;
  at("connection-tries").textContent = tries;
  if (wasLost && !tries) pollNow();
}

document.addEventListener("htmx:config:request", (event) => {
  // Hidden tabs rest. While something else is under way a poll would bring back what was before it.
  if (isPoll(event.detail.ctx) && (document.hidden || busy || Date.now() < restsUntil)) event.preventDefault();
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
  for (const panel of panels()) panel.dispatchEvent(new Event("htmx:abort"));
});
on("finally:request", (ctx) => {
  if (ctx.isCounted) busy -= 1;
});
on("after:request", (ctx) => {
  const { status } = ctx.response;
  if (status < 500 || isPoll(ctx)) lose(status >= 500);
  const release = ctx.response.headers.get("Kiaai-Release");
  if (release) at("new-release").hidden = release === document.body.dataset.release;
  const isShown = status === 401 || (status === 422 && ctx.sourceElement.hasAttribute("hx-status:422"));
  if (status >= 400 && !isPoll(ctx) && !isShown) {
    toast(ctx.text && ctx.text.length < 300 ? ctx.text : said().failedText, true);
  }
});
on("error", (ctx) => {
  if (!ctx) return;
  lose(true);
  if (!isPoll(ctx)) toast(said().offlineText, true);
});
document.addEventListener("htmx:before:swap", (event) => {
  // An answer to a form that is no longer on the screen has nothing to replace.
  const source = event.detail.ctx.sourceElement;
  if (source.matches("form") && !source.isConnected) event.preventDefault();
});
on("before:settle", (_ctx, target) => {
  drawTimes(target);
  followServer(target);
  if (target.id === "toasts") [...target.children].forEach(fade);
});

document.addEventListener("click", async ({ target }) => {
  const text = target.closest("[data-copy]")?.dataset.copy;
  if (!text) return;
  try {
    await navigator.clipboard.writeText(text);
    toast(said().copiedText);
  } catch {
    toast(text); // without a secure connection browsers forbid copying: show it instead
  }
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  drawTimes(document);
  pollNow();
});
addEventListener("online", pollNow);
document.addEventListener("click", ({ target }) => target.closest("[data-retry]") && pollNow());

drawTimes(document);
setInterval(() => drawTimes(document), 20000);

// What cannot be taken back asks first.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
