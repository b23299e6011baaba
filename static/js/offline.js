// Stands in for a page that did not load: asks whether the server is back, and then for that page again.
const tried = document.getElementById("tried");

async function tryAgain() {
  if (document.hidden) return;
  draw();
  const answer = await fetch("/healthz", { signal: AbortSignal.timeout(4000) }).catch(() => null);
  if (answer?.ok) location.reload();
}
function draw() {
  tried.textContent = new Date().toLocaleTimeString(document.documentElement.lang);
  tried.parentElement.hidden = false;
}

// Opened under its own address it stands in for nothing.
if (location.pathname !== "/offline") {
  draw();
  setInterval(tryAgain, 3000);
  addEventListener("online", tryAgain);
  document.addEventListener("visibilitychange", tryAgain);
}
