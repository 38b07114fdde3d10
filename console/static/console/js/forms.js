// What makes filling in easier; every form can be sent without it.

const WORDS = 4;
// Letters and digits that cannot be mistaken for one another when read from a card by the till.
const LETTERS = "abcdefghkmnpqrstuvwxyz23456789";

function generated() {
  const drawn = crypto.getRandomValues(new Uint32Array(WORDS * 4));
  const letters = Array.from(drawn, (n) => LETTERS[n % LETTERS.length]);
  return Array.from({ length: WORDS }, (_, n) => letters.slice(n * 4, n * 4 + 4).join("")).join("-");
}

function setUpSecret(group) {
  const input = group.querySelector("input");
  const toggle = group.querySelector("[data-secret-toggle]");
  const generate = group.querySelector("[data-secret-generate]");
  const show = (visible) => {
    input.type = visible ? "text" : "password";
    toggle.textContent = visible ? toggle.dataset.hide : toggle.dataset.show;
    toggle.setAttribute("aria-pressed", String(visible));
  };
  toggle.hidden = false;
  toggle.setAttribute("aria-controls", input.id);
  toggle.addEventListener("click", () => show(input.type === "password"));
  show(true);
  if (!generate) return;
  generate.hidden = false;
  generate.addEventListener("click", () => {
    input.value = generated();
    show(true);
  });
}

// The browser knows its time zone; whoever fills in the form need not.
function setZone(select) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!select.value && select.querySelector(`option[value="${CSS.escape(zone)}"]`)) select.value = zone;
}

function setUpCopy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.querySelector("span").textContent = button.dataset.done;
  });
}

// A form sent twice by an impatient double click is sent once.
function sendOnce(event) {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
}

document.querySelectorAll("[data-secret]").forEach(setUpSecret);
document.querySelectorAll("select[data-browser-zone]").forEach(setZone);
document.querySelectorAll("[data-copy]").forEach(setUpCopy);
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
document.querySelectorAll("select[data-send]").forEach((select) => {
  select.addEventListener("change", () => select.form.requestSubmit());
});
document.addEventListener("submit", sendOnce);
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

const errors = document.getElementById("errors");
if (errors) errors.focus();

// A form sent twice from one page is done once. Whoever went back to the page and sends it again means it again.
const wentBack = () => performance.getEntriesByType("navigation")[0]?.type === "back_forward";

function sendAnew() {
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.querySelector("input[name=sent_anew]")?.remove();
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "sent_anew" });
    field.value = String(Date.now());
    form.append(field);
  }
}

if (wentBack()) sendAnew();
addEventListener("pageshow", (event) => event.persisted && sendAnew());
