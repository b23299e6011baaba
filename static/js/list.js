// The list: which row is open, and how many are unread.
const opened = () => document.getElementById("open")?.dataset.conversation;

function settle() {
  for (const row of document.querySelectorAll("#conversation-rows .conversation")) {
    row.ariaCurrent = row.parentElement.id === `conversation-${opened()}` ? "true" : null;
  }
  const count = document.querySelector("#tab-unread .tab-count")?.textContent;
  document.title = document.title.replace(/^(\(\S+\) )?/, count ? `(${count}) ` : "");
}
document.addEventListener("htmx:before:settle", settle);
settle();
