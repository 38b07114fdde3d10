// Ctrl+K searches, / filters, ? lists the keys. The single keys can be switched off in that list.

const OFF = "aerie.single-keys-off";
const dialog = document.getElementById("keys");
const choice = document.getElementById("single-keys");

const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
const search = () => document.getElementById("find");
const filter = () => document.querySelector("[data-filter]") ?? search();

function go(input) {
  input.focus();
  input.select();
}

choice.checked = localStorage.getItem(OFF) === null;
choice.addEventListener("change", () => {
  if (choice.checked) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "yes");
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k" && search()) {
    event.preventDefault();
    go(search());
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || !choice.checked || typing(event.target)) return;
  if (event.key === "/" && filter()) {
    event.preventDefault();
    go(filter());
  } else if (event.key === "?" && !dialog.open) {
    event.preventDefault();
    dialog.showModal();
  }
});
