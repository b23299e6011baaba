// The inbox: where the thread is scrolled, the draft, what was read, and the keyboard.
(() => {
  const at = (id) => document.getElementById(id);
  const opened = () => at("open")?.dataset.conversation;
  const NEAR_END = 80;

  // The thread lays its content from the bottom up, so 0 is its end and what is above counts negative.
  const isAtEnd = () => Math.abs(at("thread")?.scrollTop ?? 0) < NEAR_END;
  const toEnd = () => at("thread")?.scrollTo({ top: 0 });
  const lastMessage = () => [...document.querySelectorAll("#messages > [id^=message-]")].at(-1);

  // --- reading -----------------------------------------------------------------------------------
  let told = "";
  function tellRead() {
    const messages = at("messages");
    const last = lastMessage();
    if (!messages || !last || document.hidden || !isAtEnd() || messages.dataset.unread === "0") return;
    const sign = `${opened()} ${last.id} ${messages.dataset.unread}`;
    if (sign === told) return;
    told = sign;
    const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
    const body = new URLSearchParams({ message: last.id.replace("message-", "") });
    fetch(`/inbox/conversations/${opened()}/read`, { method: "POST", body, headers: token }).catch(() => {
      told = "";
    });
  }

  // --- the end of the thread -----------------------------------------------------------------------
  let before = null;
  function remember() {
    const thread = at("thread");
    before = thread && { atEnd: isAtEnd(), last: lastMessage()?.id, height: thread.scrollHeight, top: thread.scrollTop };
  }
  function keepPlace(ctx) {
    const thread = at("thread");
    if (!thread || !before) return;
    const last = lastMessage();
    if (last?.id === before.last) return;
    const isMine = ctx.sourceElement.id === "composer";
    if (before.atEnd || isMine) return toEnd();
    // What came at the end pushes the rest up: take the reader back to where they were.
    thread.scrollTop = before.top - (thread.scrollHeight - before.height);
    if (last?.dataset.direction === "incoming") at("new-messages").hidden = false;
  }
  function dropDoubledDays() {
    const seen = new Set();
    for (const line of document.querySelectorAll("#messages > .day-line")) {
      if (seen.has(line.id)) line.remove();
      seen.add(line.id);
    }
  }

  // --- the composer ----------------------------------------------------------------------------------
  const draftKey = () => `draft-${opened()}`;
  const sent = new WeakMap();
  const freshKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

  function fit() {
    const box = at("message");
    if (!box) return;
    if (!CSS.supports("field-sizing", "content")) box.rows = Math.min(8, box.value.split("\n").length);
    const limit = Number(at("composer").dataset.limit);
    const length = [...box.value].length;
    const count = at("composer-count");
    count.hidden = length < limit * 0.9;
    count.textContent = `${length} / ${limit}`;
    count.classList.toggle("is-over", length > limit);
  }
  function keepDraft() {
    const box = at("message");
    if (box?.value) sessionStorage.setItem(draftKey(), box.value);
    else sessionStorage.removeItem(draftKey());
  }
  function openConversation() {
    const box = at("message");
    if (box && !box.value) box.value = sessionStorage.getItem(draftKey()) ?? "";
    fit();
    if (box && matchMedia("(min-width: 48rem)").matches) box.focus({ preventScroll: true });
    tellRead();
  }

  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement.id !== "composer") return;
    // The box is free for the next message at once; this one comes back if it is refused.
    sent.set(ctx, { text: at("message").value, key: at("composer-key").value, draft: draftKey() });
    at("message").value = "";
    at("composer-key").value = freshKey();
    at("composer-error")?.remove();
    keepDraft();
    fit();
  });
  function takeBack(ctx) {
    const lost = sent.get(ctx);
    const box = at("message");
    if (!lost) return;
    sent.delete(ctx);
    if (!box || lost.draft !== draftKey()) return sessionStorage.setItem(lost.draft, lost.text);
    // The same text keeps its key: if it did arrive after all, it is not sent twice.
    if (!box.value) at("composer-key").value = lost.key;
    box.value = box.value ? `${lost.text}\n${box.value}` : lost.text;
    keepDraft();
    fit();
  }
  document.addEventListener("htmx:finally:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement.id === "composer" && ctx.response?.status !== 200) takeBack(ctx);
  });

  document.addEventListener("input", (event) => {
    if (event.target.id !== "message") return;
    keepDraft();
    fit();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id === "composer" && !at("message").value.trim()) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  // --- the keyboard ------------------------------------------------------------------------------------
  const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");
  function move(step) {
    const rows = [...document.querySelectorAll("#conversation-rows .conversation")];
    const focused = rows.indexOf(document.activeElement);
    const from = focused >= 0 ? focused : rows.findIndex((row) => row.ariaCurrent === "true");
    rows[Math.min(rows.length - 1, Math.max(0, from + step))]?.focus();
  }
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (target.id === "message" && key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      target.form.requestSubmit();
    } else if (key === "Escape") {
      if (at("open")?.classList.contains("lead-open")) toggleLead();
      else if (isTyping(target)) target.blur();
    } else if (isTyping(target)) {
      return;
    } else if (key === "/") {
      event.preventDefault();
      at("search")?.focus();
    } else if (key === "j") {
      move(1);
    } else if (key === "k") {
      move(-1);
    }
  });

  // --- buttons -------------------------------------------------------------------------------------------
  function toggleLead() {
    const isOpen = at("open").classList.toggle("lead-open");
    (isOpen ? at("hide-lead") : at("show-lead"))?.focus();
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("#new-messages")) toEnd();
    if (event.target.closest("[data-toggle-lead]")) toggleLead();
    const quote = event.target.closest("[data-jump]");
    if (quote) {
      event.preventDefault();
      document.querySelector(quote.hash)?.scrollIntoView({ block: "center", behavior: "smooth" });
    }
  });
  document.addEventListener("scroll", (event) => {
    if (event.target.id !== "thread" || !isAtEnd()) return;
    at("new-messages").hidden = true;
    tellRead();
  }, true);

  // --- after each change -----------------------------------------------------------------------------------
  function mark() {
    for (const row of document.querySelectorAll("#conversation-rows .conversation")) {
      const isOpen = row.parentElement.id === `conversation-${opened()}`;
      row.ariaCurrent = isOpen ? "true" : null;
    }
    for (const tab of document.querySelectorAll("#tab-unread")) {
      const count = tab.querySelector(".tab-count")?.textContent;
      document.title = document.title.replace(/^(\(\S+\) )?/, count ? `(${count}) ` : "");
    }
  }
  let shown;
  function settle() {
    mark();
    if (shown !== at("composer")?.action) {
      shown = at("composer")?.action;
      openConversation();
    }
  }
  document.addEventListener("htmx:before:swap", remember);
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.sourceElement.id === "thread-start") dropDoubledDays();
    keepPlace(event.detail.ctx);
    tellRead();
  });
  document.addEventListener("htmx:before:settle", settle);
  document.addEventListener("visibilitychange", tellRead);
  settle();
})();
