// Sends a large file in parts straight to the storage: three at a time, a failed one again, the rest on demand.

const AT_ONCE = 3;
const TRIES = 5;
const FIRST_PAUSE = 1000; // milliseconds before a failed part is sent again; doubled each time

const form = document.querySelector("form[data-upload]");
const find = (selector) => form.querySelector(selector);
const progress = document.getElementById("upload-progress");
const errors = document.getElementById("upload-errors");
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

class Upload {
  constructor(file, plan) {
    Object.assign(this, { file, plan });
    this.sent = new Array(plan.urls.length).fill(0);
    this.done = new Set();
    this.requests = new Set();
    this.round = { over: true };
    this.given_up = false;
  }

  piece(number) {
    return this.file.slice(number * this.plan.part_size, (number + 1) * this.plan.part_size);
  }

  // Every part that is not there yet; throws when one cannot be sent, and then sends nothing more.
  async send() {
    const round = (this.round = { over: false });
    const left = this.plan.urls.map((_, number) => number).filter((number) => !this.done.has(number));
    const one_after_another = async () => {
      while (left.length && !round.over) await this.insist(left.shift(), round);
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, one_after_another));
    } finally {
      this.stop();
    }
  }

  async insist(number, round) {
    for (let tried = 1; !round.over; tried += 1) {
      try {
        await this.put(number);
        this.done.add(number);
        return;
      } catch (error) {
        this.sent[number] = 0;
        if (tried === TRIES || round.over) throw error;
        say(form.dataset.again);
        await pause(FIRST_PAUSE * 2 ** (tried - 1));
      }
    }
  }

  put(number) {
    const url = this.plan.urls[number];
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    // A part of a directory storage goes to the console itself, which wants to know that we come from its page.
    if (url.startsWith("/")) request.setRequestHeader("X-CSRFToken", find("[name=csrfmiddlewaretoken]").value);
    this.requests.add(request);
    return new Promise((done, fail) => {
      request.upload.addEventListener("progress", (event) => this.tell(number, event.loaded));
      request.addEventListener("load", () => (request.status === 200 ? done() : fail(new Error(request.status))));
      for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => fail(new Error(name)));
      request.send(this.piece(number));
    }).finally(() => this.requests.delete(request));
  }

  tell(number, bytes) {
    this.sent[number] = bytes;
    show(Math.min(100, (100 * this.sent.reduce((sum, one) => sum + one, 0)) / this.file.size));
  }

  stop() {
    this.round.over = true;
    this.requests.forEach((request) => request.abort());
  }

  giveUp() {
    this.given_up = true;
    this.stop();
  }
}

function say(words) {
  const line = progress.querySelector("[role=status]");
  if (line.textContent !== words) line.textContent = words;
}

// The bar moves with every byte; the words every tenth, so that a screen reader is not kept busy.
function show(percent) {
  progress.querySelector("progress").value = percent;
  say(form.dataset.sending.replace("{percent}", Math.floor(percent / 10) * 10));
}

function refuse(found) {
  const lines = found.map(({ field, anchor, words }) => {
    const line = document.createElement("li");
    if (anchor) {
      const link = document.createElement("a");
      link.href = `#${anchor}`;
      link.textContent = field;
      line.append(link, ": ");
    }
    line.append(words);
    return line;
  });
  errors.querySelector("ul").replaceChildren(...lines);
  errors.hidden = lines.length === 0;
  if (lines.length) errors.focus();
}

async function post(url, fields) {
  const headers = { Accept: "application/json", "X-CSRFToken": find("[name=csrfmiddlewaretoken]").value };
  const answer = await fetch(url, { method: "POST", body: fields, headers });
  if (answer.status !== 200 && answer.status !== 422) throw new Error(answer.status);
  return answer.json();
}

// What can be pressed: before, while sending, and after the connection broke off.
function stage(name) {
  find("[data-go]").hidden = name !== "ready";
  find("[data-back]").hidden = name !== "ready";
  find("[data-stop]").hidden = name === "ready";
  find("[data-resume]").hidden = name !== "broken";
  progress.hidden = name === "ready";
  for (const field of form.querySelectorAll(".field input, .field select, .field textarea")) field.disabled = name !== "ready";
}

let upload = null;
let beginning = false;
const warn = (event) => event.preventDefault();

async function begin() {
  const file = find("[name=file]").files[0];
  if (!file) return refuse([{ field: "", anchor: "", words: form.dataset.choose }]);
  const fields = new FormData(form);
  fields.delete("file");
  fields.set("file_name", file.name);
  fields.set("size", file.size);
  const plan = await post(form.action, fields);
  refuse(plan.errors ?? []);
  if (plan.errors) return undefined;
  upload = new Upload(file, plan);
  progress.querySelector("strong").textContent = file.name;
  return carryOn();
}

async function carryOn() {
  stage("sending");
  show(0);
  window.addEventListener("beforeunload", warn);
  try {
    await upload.send();
    await finish();
  } catch {
    if (upload.given_up) return;
    stage("broken");
    say(form.dataset.stopped);
    find("[data-resume]").focus();
  }
}

async function finish() {
  if (upload.given_up) return;
  const answer = await post(upload.plan.finish, new FormData());
  window.removeEventListener("beforeunload", warn);
  refuse(answer.errors ?? []);
  if (answer.errors) return stage("ready");
  say(form.dataset.sent);
  window.location.assign(answer.location);
}

async function giveUp() {
  upload.giveUp();
  window.removeEventListener("beforeunload", warn);
  await post(upload.plan.discard, new FormData()).catch(() => {});
  stage("ready");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (beginning) return; // a second press while the first is on its way
  beginning = true;
  begin()
    .catch(() => refuse([{ field: "", anchor: "", words: form.dataset.nothing }]))
    .finally(() => (beginning = false));
});
find("[data-resume]").addEventListener("click", carryOn);
find("[data-stop]").addEventListener("click", giveUp);
