// "3 minutes ago" keeps counting while the page stays open. The exact time is in the title.

const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });

function tell(time) {
  const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
  const [unit, length] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? STEPS.at(-1);
  const text = words.format(Math.trunc(seconds / length), unit);
  if (time.textContent !== text) time.textContent = text;
}

const tellAll = () => document.querySelectorAll("time[data-relative]").forEach(tell);

tellAll();
setInterval(tellAll, 5000);
document.addEventListener("htmx:after:swap", tellAll);
