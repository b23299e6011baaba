// News: the unread count in the title and the icon, and for those who asked for it a sound and notifications.
const at = (id) => document.getElementById(id);
const wants = (what) => localStorage.getItem(what) === "on";
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
const ask = () => (asking ??= askNow().finally(() => (asking = null)));
async function askNow() {
  const isWanted = wants("sound") || wants("notifications");
  const response = isWanted && (await fetch(`/inbox/unread?after=${newest ?? ""}`).catch(() => null));
  if (!response?.ok) return;
  const { newest: last, unread, message } = await response.json();
  newest = last;
  const shown = unread > 99 ? "99+" : unread;
  others.postMessage(shown);
  mark(shown);
  const isSeen = !document.hidden && at("open")?.dataset.conversation === String(message?.conversation);
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
function chime() {
  const audio = new AudioContext();
  const [tone, volume, now] = [audio.createOscillator(), audio.createGain(), audio.currentTime];
  tone.frequency.setValueAtTime(660, now);
  tone.frequency.setValueAtTime(880, now + 0.12);
  volume.gain.setValueAtTime(0.08, now);
  volume.gain.exponentialRampToValueAtTime(0.001, now + 0.4);
  tone.connect(volume).connect(audio.destination);
  tone.onended = () => audio.close();
  tone.start();
  tone.stop(now + 0.4);
}

let leads = false;
const lead = () => {
  leads = true;
  ask();
  setInterval(ask, 15000);
  return new Promise(() => {}); // for as long as the tab lives
};
navigator.locks ? navigator.locks.request("news", lead) : lead();

// What the list says is newer than what was asked; where it changed there may be news.
function follow(event) {
  const tab = at("tab-unread");
  if (!tab) return;
  mark(tab.querySelector(".tab-count")?.textContent);
  if (leads && event?.target.id === "conversations") ask();
}
document.addEventListener("htmx:before:settle", follow);
follow();

for (const box of document.querySelectorAll("[data-alert]")) box.checked = wants(box.dataset.alert);
document.addEventListener("change", async ({ target }) => {
  const what = target.dataset.alert;
  if (!what) return;
  if (what === "notifications" && target.checked) {
    target.checked = (await globalThis.Notification?.requestPermission()) === "granted";
    at("alerts-refused").hidden = target.checked;
  }
  localStorage.setItem(what, target.checked ? "on" : "off");
  if (what === "sound" && target.checked) chime();
  ask();
});
