// Makes the page live: when the server says that something changed, the lists are fetched and put in place.
// Forms, the caret and whatever is being typed stay untouched.
"use strict";

const LISTS = ["latest", "texts", "coded", "course"];
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
  for (const id of LISTS) {
    const now = document.getElementById(id);
    const next = fresh.getElementById(id);
    if (now && next && now.innerHTML !== next.innerHTML) now.innerHTML = next.innerHTML;
  }
  toLatest();
  announce();
  countDown();
}

// A screen reader is told the newest SMS once, not the whole conversation each time.
let announced = newest();
function newest() {
  const received = document.querySelectorAll("#texts .theirs p");
  return received.length ? `${received.length} ${received[received.length - 1].textContent}` : "";
}

function announce() {
  if (newest() === announced) return;
  announced = newest();
  document.getElementById("announce").textContent = announced.replace(/^\d+ /, "");
}

function countDown() {
  for (const place of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((new Date(place.dataset.until) - Date.now()) / 1000);
    place.textContent = left > 0 ? `(${left} ${place.dataset.words})` : "";
  }
}
setInterval(countDown, 1000);

function toLatest() {
  const texts = document.getElementById("texts");
  if (texts) texts.scrollTop = texts.scrollHeight;
}

async function sendByScript(form) {
  const input = form.querySelector("input[name=text]");
  const body = new URLSearchParams(new FormData(form));
  input.value = "";
  input.focus();
  await fetch(form.action, { method: "POST", body, redirect: "manual" });
  refresh();
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

document.addEventListener("change", (event) => {
  if (event.target.matches("form.pick select")) event.target.form.submit();
});

toLatest();
countDown();
const changes = new EventSource("/demo/live");
changes.addEventListener("changed", refresh);
changes.addEventListener("open", refresh);
