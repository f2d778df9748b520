"use strict";

const POLL_MS = 500;
const HEALTH_MS = 3000;
const byId = (id) => document.getElementById(id);
const form = byId("form");
const here = location.href.replace(/[^/]*$/, "");
let current = null;

function headers() {
  const key = form.key.value.trim();
  return key ? { authorization: `Key ${key}` } : {};
}

function sentence(body) {
  if (Array.isArray(body.detail)) {
    return body.detail.map((item) => `${item.loc.slice(1).join(".")}: ${item.msg}`).join("; ");
  }
  return body.detail || body.status || "The worker gave no reason.";
}

async function ask(method, path, body) {
  const answer = await fetch(here + path, {
    method,
    headers: { ...headers(), ...(body ? { "content-type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(sentence(said));
  return said;
}

function input() {
  const values = { prompt: form.prompt.value, video_size: form.size.value };
  if (form.motion.value) values.motions = [form.motion.value];
  if (form.frames.value) values.num_frames = Number(form.frames.value);
  if (form.seed.value) values.seed = Number(form.seed.value);
  return values;
}

function show(text, fraction) {
  byId("told").textContent = text;
  byId("told").className = "";
  if (fraction === undefined) byId("progress").removeAttribute("value");
  else byId("progress").value = fraction;
}

function complain(error) {
  show(error.message, 0);
  byId("told").className = "bad";
}

function left(step, steps, began) {
  if (step < 2) return "";
  const seconds = Math.ceil(((Date.now() - began) / step) * (steps - step) / 1000);
  return seconds > 0 ? `, about ${seconds} s left` : "";
}

function showPreview(status) {
  const image = byId("preview");
  image.hidden = !status.look_url;
  if (status.look_url) image.src = here + status.look_url.replace(/^.*\/(?=files\/)/, "");
}

function showStatus(status, began) {
  showPreview(status);
  if (status.status === "IN_QUEUE") {
    return show(status.queue_position ? `${status.queue_position} ahead in the queue` : "Next in the queue");
  }
  const { step, steps } = (status.logs || []).at(-1)?.labels || {};
  if (!steps) return show("Beginning …");
  return show(`Step ${step} of ${steps}${left(Number(step), Number(steps), began)}`, step / steps);
}

async function watch(request) {
  let began = null;
  for (;;) {
    const status = await ask("GET", `${request}/status?logs=1`);
    if (status.status === "COMPLETED") return showPreview(status);
    if (status.status === "IN_PROGRESS") began ||= Date.now();
    showStatus(status, began);
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

function play(result) {
  const address = `${here}files/${result.video.url.split("/").pop()}`;
  byId("clip").src = address;
  byId("clip").hidden = false;
  byId("download").href = address;
  byId("download").download = result.video.file_name;
  byId("again").value = result.seed;
  byId("after").hidden = false;
  show(`Seed ${result.seed}`, 1);
}

async function make() {
  const endpoint = form.endpoint.value;
  const { request_id: id } = await ask("POST", endpoint, input());
  current = `${endpoint.split("/").slice(0, 2).join("/")}/requests/${id}`;
  byId("cancel").hidden = false;
  await watch(current);
  play(await ask("GET", current));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  byId("progress").hidden = false;
  for (const id of ["clip", "after"]) byId(id).hidden = true;
  show("Submitting …");
  try {
    await make();
  } catch (error) {
    complain(error);
  } finally {
    button.disabled = false;
    byId("cancel").hidden = true;
    byId("preview").hidden = true;
    current = null;
  }
});

byId("cancel").addEventListener("click", async () => {
  if (current) await ask("PUT", `${current}/cancel`).catch(complain);
});

byId("again").addEventListener("click", () => {
  form.seed.value = byId("again").value;
  form.prompt.focus();
});

function state(text, kind) {
  byId("state").textContent = text;
  byId("state").className = `pill ${kind}`;
}

async function health() {
  try {
    const is = await (await fetch(`${here}health`)).json();
    state(is.status, is.status === "ready" ? "ready" : "");
    byId("engine").textContent = is.engine;
    byId("device").textContent = is.gpu || "no GPU";
    byId("queue").textContent = `${is.active} rendering, ${is.queue_length} waiting`;
    byId("version").textContent = is.version;
    byId("reason").textContent = `Why this engine: ${is.engine_reason}.`;
  } catch {
    state("does not answer", "away");
  }
  setTimeout(health, HEALTH_MS);
}

byId("example").textContent = [
  `curl ${here}fal-ai/fast-animatediff/text-to-video -H 'Authorization: Key id:secret' \\`,
  `  -H 'Content-Type: application/json' -d '{"prompt": "a red fox in snow"}'`,
  `curl -N '${here}fal-ai/fast-animatediff/requests/REQUEST_ID/status/stream?logs=1' -H 'Authorization: Key id:secret'`,
].join("\n");
health();
