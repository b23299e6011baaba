// What the scripts share: finding things, listening, asking. Addressed without its hash, as modules import it.
export const at = (id) => document.getElementById(id);
export const all = (selector) => [...document.querySelectorAll(selector)];
export const opened = () => at("open")?.dataset.conversation;

export const listen = (name, listener, isCaptured) => document.addEventListener(name, listener, isCaptured);
// Events of htmx, by what it knows of the request.
export const on = (name, listener) => listen(`htmx:${name}`, (event) => listener(event.detail.ctx, event));
export const onClick = (selector, listener) =>
  listen("click", (event) => {
    const found = event.target.closest(selector);
    if (found) listener(found, event);
  });

const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
// About a conversation; with fields it is a POST.
export const ask = (id, path, fields, options) =>
  fetch(`/inbox/conversations/${id}/${path}`, {
    method: fields ? "POST" : "GET",
    body: fields && new URLSearchParams(fields),
    headers,
    signal: AbortSignal.timeout(15000),
    ...options,
  });
