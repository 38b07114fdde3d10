// Menus are <details>: they work without this. Here they close on Escape and on a click elsewhere.

const open = () => document.querySelectorAll("details[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// On a phone the tabs go on beyond the edge: the one that is open is brought into view.
for (const tab of document.querySelectorAll("nav [aria-current=page]")) {
  const tabs = tab.parentElement;
  tabs.scrollLeft += tab.getBoundingClientRect().right - tabs.getBoundingClientRect().right + 24;
}
