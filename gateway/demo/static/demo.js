// Makes the page live: when the server says that something changed, the lists are fetched and put in place.
// Forms, the caret and whatever is being typed stay untouched.
"use strict";

const LISTS = ["latest", "texts", "coded", "course"];
const drift = Date.parse(document.body.dataset.now) - Date.now(); // the office's clock counts, not this machine's
let fetching = false;
let again = false;

async function refresh() {
  if (fetching) { again = true; return; }
  fetching = true;
  try {
    const answer = await fetch(document.body.dataset.here, { headers: { Accept: "text/html" } });
    if (answer.ok) place(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { /* the next event or the reconnection tries again */ } finally {
    fetching = false;
    if (again) { again = false; refresh(); }
  }
}

function place(fresh) {
  const texts = document.getElementById("texts");
  const reading = texts && texts.scrollHeight - texts.scrollTop - texts.clientHeight > 60 ? texts.scrollTop : null;
  for (const id of LISTS) {
    const now = document.getElementById(id);
    const next = fresh.getElementById(id);
    // the countdown is ours, so the server's own words are what is compared
    if (now && next && (shown.get(id) ?? now.innerHTML) !== next.innerHTML) swap(now, next);
    if (next) shown.set(id, next.innerHTML);
  }
  placeActs(fresh);
  countDown();
  if (reading === null) toLatest(); else texts.scrollTop = reading;
  announce();
}
const shown = new Map();
for (const id of LISTS) shown.set(id, document.getElementById(id)?.innerHTML);

// What the asking system may do changes with the state only; a new wording that is being typed stays.
function placeActs(fresh) {
  const now = document.getElementById("acts");
  const next = fresh.getElementById("acts");
  if (now && next && now.dataset.state !== next.dataset.state) {
    swap(now, next);
    now.dataset.state = next.dataset.state;
  }
}

// The same link or button keeps the focus when its list is replaced.
function swap(now, next) {
  const held = now.contains(document.activeElement) ? document.activeElement : null;
  const name = (one) => one.getAttribute("href") ?? one.dataset.reply ?? one.textContent;
  now.innerHTML = next.innerHTML;
  if (!held || held === now) return;
  const same = [...now.querySelectorAll("a, button")].find((one) => name(one) === name(held));
  (same ?? now.closest("section").querySelector("#text, a, input")).focus({ preventScroll: true });
}

// A screen reader is told the newest SMS and the new state once, not the whole page each time.
let announced = [newest(), state()];
function newest() {
  const received = document.querySelectorAll("#texts .theirs p");
  return received.length ? `${received.length} ${received[received.length - 1].textContent}` : "";
}

function state() {
  return [...document.querySelectorAll("#state, #course .decisions .chip")].map((one) => one.textContent).join(" ");
}

function announce() {
  const now = [newest(), state()];
  const told = now.filter((one, at) => one !== announced[at]).map((one) => one.replace(/^\d+ /, ""));
  announced = now;
  if (told.length) document.getElementById("announce").textContent = told.join(" · ");
}

function countDown() {
  for (const place of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((Date.parse(place.dataset.until) - Date.now() - drift) / 1000);
    place.textContent = left > 0 ? `${left} ${place.dataset.words}` : "";
  }
}
setInterval(countDown, 1000);

function toLatest() {
  const texts = document.getElementById("texts");
  if (texts) texts.scrollTop = texts.scrollHeight;
}

async function sendByScript(form) {
  const input = form.querySelector("input[name=text]");
  const text = input.value;
  const body = new URLSearchParams(new FormData(form));
  input.value = "";
  input.focus();
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
    if (answer.type === "opaqueredirect") refresh();
    else { input.value = text; form.submit(); } // the server's page says what is wrong
  } catch {
    input.value = text;
    offline(true);
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("form.reply")) {
    event.preventDefault();
    sendByScript(event.target);
  }
});

document.addEventListener("click", (event) => {
  const suggestion = event.target.closest("[data-reply]");
  if (suggestion) {
    const input = document.getElementById("text");
    input.value = suggestion.dataset.reply;
    input.focus();
  }
});

// A handset chosen from the list opens at once.
document.addEventListener("input", (event) => {
  if (!event.target.matches("input[name=find]")) return;
  const wanted = event.target.value;
  if ([...event.target.list.options].some((one) => one.value === wanted)) event.target.form.requestSubmit();
});

function offline(lost) {
  document.getElementById("offline").hidden = !lost;
}

toLatest();
countDown();
const changes = new EventSource("/demo/live");
changes.addEventListener("changed", refresh);
changes.addEventListener("open", () => { offline(false); refresh(); });
changes.addEventListener("error", () => offline(true));
