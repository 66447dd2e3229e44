// The desk's page without a line: takes an entry, keeps it, prints what may be given to the donor,
// and sends everything when the line is back.

import { about, change, keep, left, tell } from "./store.js";
import { onChange, sendAll, standing, takeNumbers, takeOver, yearNow } from "./sending.js";
import { amountOf, donorOf, fieldsOf, fill, lines, trouble } from "./entry.js";
import { listen, show, shown, spoken, when } from "./listing.js";

const form = document.getElementById("entry");
const paper = document.getElementById("provisional");
const beside = document.getElementById("entry-trouble");
const put = (name, text) => { paper.querySelector(`[data-${name}]`).textContent = text; };
const only = (attribute, value) => {
  for (const part of document.querySelectorAll(`[${attribute}]`)) part.hidden = part.getAttribute(attribute) !== value;
};
let mending = null;
let isSaving = false; // a second press of the key is not a second gift

// The form

function freshForm() {
  form.reset();
  mending = null;
  form.dispatchEvent(new Event("change", { bubbles: true }));
  form.elements.amount.dispatchEvent(new Event("input"));
  form.elements.amount.focus();
}

function complain([name, reason]) {
  beside.textContent = beside.dataset[reason];
  form.elements[name]?.focus();
}

async function save(event) {
  event.preventDefault();
  if (isSaving) return;
  isSaving = true;
  try {
    if (!(await saved())) return;
  } finally {
    isSaving = false; // the form is empty again; what is sent takes its time
  }
  paper.hidden = false;
  paper.focus();
  await showAll();
  await sendAll();
}

// Keep what the form holds; whether it could be kept.
async function saved() {
  const fields = fieldsOf(form);
  const wrong = trouble(fields);
  beside.textContent = "";
  if (wrong) return complain(wrong);
  const person = await about("person");
  if (!person) return complain(["amount", "nobody"]);
  printable(mending ? await mended(fields) : await kept(fields, person));
  freshForm();
  return true;
}

async function kept(fields, person) {
  const key = crypto.randomUUID();
  const told = { key, fields: [...fields, ["request_key", key]], made_at: new Date().toISOString(), person };
  return keep(told, yearNow());
}

async function mended(fields) {
  // What this page has no field for, such as a fourth row of goods, stays as it was typed.
  const others = mending.fields.filter(([name]) => name !== "request_key" && !form.elements[name]);
  const entry = {
    ...mending, fields: [...fields, ...others, ["request_key", mending.key]], state: "waiting", refusal: undefined,
  };
  await change(entry);
  return entry;
}

function mend(entry) {
  mending = entry;
  fill(form, entry.fields);
  form.elements.amount.focus();
}

// The paper

function printable(entry) {
  put("number", entry.number ? shown(entry.number.text) : spoken.noNumber);
  put("when", when(entry));
  put("office", entry.person.office);
  put("clerk", entry.person.name);
  put("donor", donorOf(entry.fields) || spoken.unnamed);
  paper.querySelector("[data-lines]").replaceChildren(...lines(entry.fields, spoken).map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
  const amount = document.getElementById("provisional-amount");
  amount.value = String(amountOf(entry.fields) ?? "");
  amount.dispatchEvent(new Event("input")); // the page's own script writes it in words
}

function print(entry) {
  printable(entry);
  paper.hidden = false;
  window.print();
}

// The line, the numbers and the list

async function showNumbers() {
  const remaining = left(await about("block"), yearNow());
  document.querySelector("[data-left]").textContent = remaining.toLocaleString(spoken.language);
  document.querySelector("[data-low]").hidden = remaining > 10;
}

async function showAll() {
  only("data-prepared", (await about("is_prepared")) ? "yes" : "no");
  await showNumbers();
  await show();
}

function confirmed({ number, kept: given, url }) {
  const list = document.querySelector("[data-confirmed]");
  const link = Object.assign(document.createElement("a"), { href: url, textContent: shown(number), dir: "ltr" });
  const item = document.createElement("li");
  item.append(link, given && given !== number ? ` (${spoken.instead} ${shown(given)})` : "");
  list.prepend(item);
  list.closest("section").hidden = false;
}

async function heard(told) {
  if (told.confirmed) confirmed(told.confirmed);
  if (told.stopped) only("data-line", told.stopped);
  await showAll();
}

async function prepare() {
  await navigator.storage?.persist?.(); // what waits is money: the browser may not clear it away
  await tell("is_prepared", true);
  const answer = await takeNumbers();
  document.querySelector("[data-numbers-trouble]").textContent = answer?.told?.text ?? "";
  if (navigator.serviceWorker) {
    await navigator.serviceWorker.register("/desk/worker.js", { scope: "/desk" });
    (await navigator.serviceWorker.ready).active.postMessage("prepare");
  }
  await showAll();
}

navigator.serviceWorker?.addEventListener("message", (event) => {
  if (event.data.is_ready) document.documentElement.dataset.ready = "yes";
});
listen(mend, print);
onChange(heard);
addEventListener("desk", (event) => heard(event.detail));
addEventListener("online", sendAll);
form.addEventListener("submit", save);
for (const button of document.querySelectorAll("[data-send]")) button.addEventListener("click", sendAll);
for (const button of document.querySelectorAll("[data-prepare]")) button.addEventListener("click", prepare);
document.querySelector("[data-next]").addEventListener("click", freshForm);

form.hidden = false;
form.elements.amount.focus();
const [caught] = (await takeOver()).slice(-1);
if (caught) {
  printable(caught);
  paper.hidden = false;
  paper.focus();
}
await showAll();
const here = await standing();
if (here?.status === 200 && (await about("is_prepared"))) await prepare();
await sendAll();
document.documentElement.dataset.offline = "ready";
