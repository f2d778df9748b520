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
  const values = { prompt: form.prompt.value };
  if (form.motion.value) values.motions = [form.motion.value];
  if (form.seed.value) values.seed = Number(form.seed.value);
  return values;
}

function show(text, fraction) {
  byId("state").textContent = text;
  if (fraction === undefined) byId("progress").removeAttribute("value");
  else byId("progress").value = fraction;
}

function look(status) {
  const seen = byId("look");
  seen.hidden = !status.look_url;
  if (status.look_url) seen.src = here + status.look_url.replace(/^.*\/(?=files\/)/, "");
}

function told(status) {
  look(status);
  const last = (status.logs || []).at(-1);
  if (status.status === "IN_QUEUE") return show(`${status.queue_position} ahead in the queue`);
  if (!last || !last.labels.steps) return show("Beginning …");
  return show(`Step ${last.labels.step} of ${last.labels.steps}`, last.labels.step / last.labels.steps);
}

async function watch(request) {
  for (;;) {
    const status = await ask("GET", `${request}/status?logs=1`);
    if (status.status === "COMPLETED") return look(status);
    told(status);
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

async function make() {
  const endpoint = form.endpoint.value;
  const { request_id: id } = await ask("POST", endpoint, input());
  current = `${endpoint.split("/").slice(0, 2).join("/")}/requests/${id}`;
  byId("cancel").hidden = false;
  await watch(current);
  const result = await ask("GET", current);
  const clip = byId("clip");
  clip.src = `${here}files/${result.video.url.split("/").pop()}`;
  clip.hidden = false;
  show(`Seed ${result.seed}`, 1);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  byId("watch").hidden = false;
  byId("clip").hidden = true;
  show("Submitting …");
  try {
    await make();
  } catch (error) {
    show(error.message, 0);
  } finally {
    button.disabled = false;
    byId("cancel").hidden = true;
    byId("look").hidden = true;
    current = null;
  }
});

byId("cancel").addEventListener("click", async () => {
  if (current) await ask("PUT", `${current}/cancel`).catch((error) => show(error.message, 0));
});

async function health() {
  try {
    const is = await (await fetch(`${here}health`)).json();
    const gpu = is.gpu ? ` on ${is.gpu}` : "";
    byId("about").textContent =
      `Version ${is.version}, ${is.status}: ${is.engine} engine${gpu}, ${is.active} rendering, ${is.queue_length} waiting.`;
    byId("about").title = is.engine_reason;
  } catch {
    byId("about").textContent = "The worker does not answer.";
  }
  setTimeout(health, HEALTH_MS);
}

byId("example").textContent = [
  `curl ${here}fal-ai/fast-animatediff/text-to-video -H 'Authorization: Key id:secret' \\`,
  `  -H 'Content-Type: application/json' -d '{"prompt": "a red fox in snow"}'`,
  `curl -N ${here}fal-ai/fast-animatediff/requests/REQUEST_ID/status/stream?logs=1 -H 'Authorization: Key id:secret'`,
].join("\n");
health();
