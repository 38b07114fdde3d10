// A network's usage, drawn from the figures in the page. Without this, the table has them all.

const UNITS = ["bytes", "KB", "MB", "GB", "TB", "PB"];
const HEIGHT = 200;

// As Django's filesizeformat writes it in the table.
function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  const value = bytes / 1024 ** unit;
  return `${value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} ${UNITS[unit]}`;
}

const count = (number) => (number === null || number === undefined ? "–" : String(number));
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Round in the units that are written: 512 MB and 1 GB, not 476.8 MB and 953.7.
const STEPS = UNITS.flatMap((_, unit) => [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map((n) => n * 1024 ** unit));
const PEOPLE = [1, 2, 5].flatMap((n) => [1, 10, 100, 1000, 10000].map((by) => n * by)).sort((a, b) => a - b);

// The day where it begins, else the time, as the reader's language writes them.
function times(zone) {
  const language = document.documentElement.lang;
  const time = new Intl.DateTimeFormat(language, { timeStyle: "short", timeZone: zone });
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: zone });
  const hour = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: zone });
  return (_, ticks) => ticks.map((at) => (hour.format(at * 1000) === "00:00" ? day : time).format(at * 1000));
}

function axis(more) {
  return {
    stroke: colour("--ink-quiet"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font: "12px Figtree, sans-serif",
    ...more,
  };
}

const line = (label, name, dash, write) => ({
  label,
  stroke: colour(name),
  fill: dash ? undefined : `color-mix(in srgb, ${colour(name)} 15%, transparent)`,
  width: 2,
  dash,
  points: { show: false },
  value: (_, number) => write(number),
});

const upright = (write, incrs) => axis({ size: 80, incrs, values: (_, ticks) => ticks.map(write) });

function draw(target, told, y, lines, columns) {
  const time = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: "short", timeStyle: "short", timeZone: told.zone,
  });
  const options = {
    width: target.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), told.zone),
    scales: { y: { range: (_, low, high) => [0, Math.max(high, 1) * 1.1] } },
    axes: [axis({ space: 72, values: times(told.zone) }), y],
    series: [{ label: told.words.time, value: (_, at) => (at ? time.format(at * 1000) : "–") }, ...lines],
    cursor: { drag: { x: false, y: false } },
  };
  const chart = new uPlot(options, [told.at, ...columns], target);
  new ResizeObserver(() => chart.setSize({ width: target.clientWidth, height: HEIGHT })).observe(target);
}

const place = document.querySelector("[data-usage]");
if (place) {
  const told = JSON.parse(place.dataset.usage);
  draw(place.querySelector("[data-chart=traffic]"), told, upright(size, STEPS), [
    line(told.words.downloaded, "--accent", undefined, size),
    line(told.words.uploaded, "--busy", [6, 4], size),
  ], [told.downloaded, told.uploaded]);
  draw(place.querySelector("[data-chart=clients]"), told, upright(count, PEOPLE), [
    line(told.words.clients, "--good", undefined, count),
  ], [told.clients]);
}
