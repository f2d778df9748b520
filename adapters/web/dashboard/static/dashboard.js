// Live fragments, forms without a new page, times in the reader's zone. Without it every page and form still works.
"use strict";

const form_token = document.body.dataset.formToken;
const toast = document.getElementById("toast");

function say(text) {
  toast.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { toast.textContent = ""; }, 8000);
}

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const when = new Date(time.dateTime);
    time.textContent = when.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    time.title = when.toISOString();
  }
}

// Changes an element into another one in place: what is the same stays, with its focus, its open menus and its scroll.
function morph(old, now) {
  if (old.isEqualNode(now)) return;
  if (old.nodeName !== now.nodeName || !(old instanceof Element)) { old.replaceWith(now.cloneNode(true)); return; }
  for (const { name } of [...old.attributes]) if (!now.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of now.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  morphChildren(old, now);
}

function morphChildren(old, now) {
  const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = old.firstChild;
  for (const wanted of [...now.childNodes]) {
    const kept = wanted.id ? known.get(wanted.id) : at && !at.id ? at : null;
    if (!kept || kept.nodeName !== wanted.nodeName) {
      old.insertBefore(wanted.cloneNode(true), at);
      continue;
    }
    if (kept === at) at = at.nextSibling; else old.insertBefore(kept, at);
    morph(kept, wanted);
  }
  while (at) { const next = at.nextSibling; at.remove(); at = next; }
}

function show(part, html) {
  const now = document.createElement("div");
  now.innerHTML = html;  // rendered by our own templates, which escape
  localTimes(now);
  morphChildren(part, now);
}

function live(part) {
  const badge = document.getElementById("live");
  const tell = (text, isLost) => { if (badge) { badge.textContent = text; badge.classList.toggle("lost", isLost); } };
  const source = new EventSource(part.dataset.live);
  source.onmessage = (event) => { tell("live", false); show(part, event.data); };
  source.onerror = () => {
    tell("connecting again", true);
    if (source.readyState !== EventSource.CLOSED) return;
    source.close();  // too many look, or the session is over
    const timer = setInterval(async () => {
      const answer = await fetch(part.dataset.fragment, { headers: { accept: "text/html" } }).catch(() => null);
      if (answer && answer.redirected) { clearInterval(timer); location.reload(); return; }
      if (answer && answer.ok) { tell("every 5 seconds", false); show(part, await answer.text()); } else tell("no answer", true);
    }, 5000);
  };
}

async function send(form, button) {
  const question = button?.dataset.confirm || form.dataset.confirm;
  if (question && !confirm(question)) return;
  const body = new URLSearchParams(new FormData(form, button));
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "x-flipbook-form": form_token } });
    const type = answer.headers.get("content-type") || "";
    say(type.includes("json") ? (await answer.json()).said : await answer.text());
    if (!answer.ok) return;
    const gone = form.dataset.removes && form.closest(form.dataset.removes);
    if (gone) gone.remove();
    else if (form.dataset.reload !== undefined) setTimeout(() => location.reload(), 900);
  } catch {
    say("No answer from Flipbook. Nothing may have been done.");
  } finally {
    form.removeAttribute("aria-busy");
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post" || event.target.dataset.plain !== undefined) return;
  event.preventDefault();
  send(event.target, event.submitter);
});

// A clip plays while it is pointed at or has the focus, and gets controls when it is pressed; never by itself.
const still = matchMedia("(prefers-reduced-motion: reduce)");
for (const [name, plays] of [["pointerenter", true], ["pointerleave", false], ["focusin", true], ["focusout", false]]) {
  document.addEventListener(name, (event) => {
    const video = event.target instanceof Element && event.target.closest("video");
    if (!video || video.controls || still.matches) return;
    if (plays) video.play().catch(() => {}); else video.pause();
  }, true);
}
document.addEventListener("click", (event) => {
  const video = event.target instanceof Element && event.target.closest("video");
  if (video && !video.controls) { video.controls = true; video.play().catch(() => {}); }
});

// where the list of pages is a bar that scrolls, the page's own link is in sight
document.querySelector(".rail [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
localTimes(document);
for (const part of document.querySelectorAll("[data-live]")) live(part);
