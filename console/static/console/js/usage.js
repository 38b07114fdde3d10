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

function axis(write) {
  return {
    stroke: colour("--ink-quiet"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font: "12px Figtree, sans-serif",
    ...(write ? { size: 64, values: (_, ticks) => ticks.map(write) } : {}),
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

function draw(target, told, write, lines, columns) {
  const time = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: "short", timeStyle: "short", timeZone: told.zone,
  });
  const options = {
    width: target.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), told.zone),
    scales: { y: { range: (_, low, high) => [0, Math.max(high, 1) * 1.1] } },
    axes: [axis(), axis(write)],
    series: [{ label: told.words.time, value: (_, at) => (at ? time.format(at * 1000) : "–") }, ...lines],
    cursor: { drag: { x: false, y: false } },
  };
  const chart = new uPlot(options, [told.at, ...columns], target);
  new ResizeObserver(() => chart.setSize({ width: target.clientWidth, height: HEIGHT })).observe(target);
}

const place = document.querySelector("[data-usage]");
if (place) {
  const told = JSON.parse(place.dataset.usage);
  draw(place.querySelector("[data-chart=traffic]"), told, size, [
    line(told.words.downloaded, "--accent", undefined, size),
    line(told.words.uploaded, "--busy", [6, 4], size),
  ], [told.downloaded, told.uploaded]);
  draw(place.querySelector("[data-chart=clients]"), told, count, [
    line(told.words.clients, "--good", undefined, count),
  ], [told.clients]);
}
