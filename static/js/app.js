// What every page needs: times in the viewer's zone, quiet polls, toasts, copying, and lost connections.
(() => {
  const language = document.documentElement.lang;
  const words = navigator.languages.find((code) => code.startsWith(language)) ?? language;
  // The page's language for words; the viewer's own habit for 12 or 24 hours.
  const hours = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions().hourCycle;
  const format = (options) => new Intl.DateTimeFormat(words, { hourCycle: hours, ...options });
  const clock = format({ hour: "2-digit", minute: "2-digit" });
  const date = format({ day: "numeric", month: "short", year: "numeric" });
  const thisYear = format({ day: "numeric", month: "short" });
  const weekday = format({ weekday: "long" });
  const full = format({ dateStyle: "long", timeStyle: "short" });

  const daysAgo = (at, now) => Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 864e5);

  const dayName = (at, now) => {
    const ago = daysAgo(at, now);
    if (ago === 0) return "Today";
    if (ago === 1) return "Yesterday";
    if (ago > 1 && ago < 7) return weekday.format(at);
    return (at.getFullYear() === now.getFullYear() ? thisYear : date).format(at);
  };

  const left = (at, now) => {
    const minutes = Math.max(0, Math.ceil((at - now) / 6e4));
    return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes} min`;
  };

  const shows = {
    clock: (at) => clock.format(at),
    day: dayName,
    list: (at, now) => (daysAgo(at, now) === 0 ? clock.format(at) : dayName(at, now)),
    full: (at, now) => `${dayName(at, now)}, ${clock.format(at)}`,
    within: (at, now) => shows.full(at, now).replace(/^(Today|Yesterday)/, (word) => word.toLowerCase()),
    left,
  };

  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  function drawTimes(root) {
    const now = new Date();
    for (const element of root.querySelectorAll("time[data-show]")) {
      const at = new Date(element.dateTime);
      if (isNaN(at)) continue;
      write(element, shows[element.dataset.show](at, now));
      element.title = full.format(at);
    }
    for (const element of root.querySelectorAll("[data-show-from]")) {
      element.hidden = new Date(element.dataset.showFrom) > now;
    }
    for (const element of root.querySelectorAll("[data-closes-at]")) {
      const isOpen = new Date(element.dataset.closesAt) > now;
      element.classList.toggle("is-open", isOpen);
      element.classList.toggle("is-closed", !isOpen);
      element.classList.toggle("is-soon", isOpen && new Date(element.dataset.closesAt) - now < 36e5);
    }
  }

  function toast(text, isError) {
    const box = document.createElement("div");
    box.className = isError ? "toast toast-error" : "toast";
    box.textContent = text;
    document.getElementById("toasts").append(box);
  }

  // A control that somebody used no longer follows its attribute: what the server says counts.
  function followServer(root) {
    for (const select of root.querySelectorAll("select")) {
      const chosen = select.querySelector("option[selected]");
      if (chosen && select !== document.activeElement) select.value = chosen.value;
    }
    for (const box of root.querySelectorAll("input[type=checkbox]")) box.checked = box.defaultChecked;
  }

  const isPoll = (ctx) => ctx.sourceEvent?.type === "every";
  let busy = 0;
  const lost = () => document.documentElement.classList.add("connection-lost");
  const found = () => document.documentElement.classList.remove("connection-lost");

  document.addEventListener("htmx:config:request", (event) => {
    // Hidden tabs rest. While something else is under way a poll would bring back what was before it.
    if (isPoll(event.detail.ctx) && (document.hidden || busy)) event.preventDefault();
  });
  document.addEventListener("htmx:before:request", (event) => {
    if (isPoll(event.detail.ctx)) return;
    busy += 1;
    event.detail.ctx.isCounted = true;
    for (const panel of document.querySelectorAll("[hx-ptag]")) panel.dispatchEvent(new Event("htmx:abort"));
  });
  document.addEventListener("htmx:finally:request", (event) => {
    if (event.detail.ctx.isCounted) busy -= 1;
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const { status } = ctx.response;
    if (status < 500) found();
    else if (isPoll(ctx)) lost();
    const isShown = status === 422 && ctx.sourceElement.hasAttribute("hx-status:422");
    if (status >= 400 && status !== 401 && !isPoll(ctx) && !isShown) {
      toast(ctx.text && ctx.text.length < 300 ? ctx.text : "That did not work. Try again.", true);
    }
  });
  document.addEventListener("htmx:error", (event) => {
    if (!event.detail.ctx) return;
    lost();
    if (!isPoll(event.detail.ctx)) toast("No connection. Nothing was changed; try again.", true);
  });
  document.addEventListener("htmx:before:swap", (event) => {
    // An answer to what is no longer on the screen has nothing to replace.
    const source = event.detail.ctx.sourceElement;
    if (source.matches("form") && !source.isConnected) event.preventDefault();
  });
  document.addEventListener("htmx:before:settle", (event) => {
    drawTimes(event.target);
    followServer(event.target);
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      toast("Copied");
    } catch {
      toast(button.dataset.copy); // without a secure connection browsers forbid copying: show it instead
    }
  });

  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) setTimeout(() => node.remove(), 5000);
  }).observe(document.getElementById("toasts"), { childList: true });

  drawTimes(document);
  setInterval(() => drawTimes(document), 20000);
  document.addEventListener("visibilitychange", () => document.hidden || drawTimes(document));
})();
