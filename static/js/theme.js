// Before the first paint: the theme that this person chose. Without a choice the system's preference counts.
document.documentElement.dataset.theme = localStorage.theme ?? "";
