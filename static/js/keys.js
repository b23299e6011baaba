// The keyboard. What stands in the page with data-key does its work at that key, too.
const all = (selector) => [...document.querySelectorAll(selector)];
const isTyping = (element) => element.matches("input, textarea, select");

function move(step) {
  const rows = all("#conversation-rows .conversation");
  const focused = rows.indexOf(document.activeElement);
  const from = focused >= 0 ? focused : rows.findIndex((row) => row.ariaCurrent === "true");
  rows[Math.min(rows.length - 1, Math.max(0, from + step))]?.focus();
}
function use(key) {
  const control = all(`[data-key="${CSS.escape(key)}"]`).find((element) => element.checkVisibility());
  if (!control) return false;
  if (isTyping(control)) control.focus();
  else control.click();
  return true;
}

// Single keys do something only where nothing else listens, and nothing once they are turned off.
const areKeysOff = () => localStorage.getItem("keys") === "off";
const takesKeys = (element) => !areKeysOff() && (element === document.body || element.matches("#conversations :not(input), #thread, #main"));
function showKeys() {
  for (const button of all("[data-toggle-keys]")) button.textContent = areKeysOff() ? button.dataset.onText : button.dataset.offText;
}
const keys = { j: () => move(1), k: () => move(-1), "?": () => document.getElementById("help").showModal() };
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (key === "Escape") {
    // What lies on top closes by itself.
    if (document.querySelector("dialog[open], :popover-open")) return;
    if (document.querySelector("#open.lead-open")) document.getElementById("hide-lead").click();
    else if (isTyping(target)) target.blur();
  } else if (takesKeys(target)) {
    if (keys[key] ? (keys[key](), true) : use(key)) event.preventDefault();
  }
});
document.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-toggle-keys]")) return;
  localStorage.setItem("keys", areKeysOff() ? "on" : "off");
  showKeys();
});
document.addEventListener("htmx:before:settle", showKeys);
showKeys();
