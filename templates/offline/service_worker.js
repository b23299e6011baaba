// Shows a page of its own while there is no connection. It keeps that page and its files, and nothing else.
const cacheName = {{ cache|tojson }};
const page = {{ page|tojson }};
const files = {{ files|tojson }};
const offline = new Set();

addEventListener("install", (event) => {
  skipWaiting();
  // What scripts ask for, such as polls, need not pass here, where a browser can be told so.
  event.addRoutes?.({ condition: { requestDestination: "" }, source: "network" });
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll([page, ...files])));
});
addEventListener("activate", (event) => {
  const forget = (names) => Promise.all(names.map((name) => name === cacheName || caches.delete(name)));
  event.waitUntil(caches.keys().then(forget));
});
addEventListener("fetch", (event) => {
  const { request, clientId, resultingClientId } = event;
  const kept = (what) => caches.match(what, { ignoreSearch: true, ignoreVary: true });
  // A form that did not arrive must not be sent again by a reload: the browser says so itself.
  if (request.mode === "navigate" && request.method === "GET") {
    const standIn = () => {
      offline.add(resultingClientId);
      return kept(page);
    };
    event.respondWith(fetch(request).catch(standIn));
  } else if (offline.has(clientId)) {
    event.respondWith(kept(request).then((answer) => answer ?? fetch(request)));
  }
});
