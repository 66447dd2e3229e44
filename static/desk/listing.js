// What waits in this browser, row by row, with what can be done about what the server refused.

import { about, change, entries } from "./store.js";
import { caughtForms, giveUp, sendAll } from "./sending.js";
import { lines } from "./entry.js";

const list = document.querySelector("[data-waiting]");
const template = document.getElementById("waiting-row");
const words = { ...list.dataset };
const moment = new Intl.DateTimeFormat(words.language, {
  calendar: "persian", timeZone: "Asia/Tehran", dateStyle: "medium", timeStyle: "short",
});
export const when = (entry) => moment.format(new Date(entry.made_at));
export const spoken = words;

/** A number as people of this page's language read it. */
export const shown = (text) =>
  (words.language === "en" ? text : text.replace(/\d/g, (digit) => "۰۱۲۳۴۵۶۷۸۹"[digit]));

// Which act helps against which refusal; mending and giving up always may.
const ACTS = {
  "offline.perhaps_the_same": "another",
  "entry.seen_before": "another",
  "offline.unlikely_moment": "of_today",
  "number_block.closed": "renumber",
  "number_block.other_browser": "renumber",
  "number_block.other_year": "renumber",
  "number_block.number_spent": "renumber",
};

const again = async (entry, changed) => {
  await change({ ...entry, ...changed, state: "waiting", refusal: undefined });
  await sendAll();
};
const DOES = {
  again: (entry) => again(entry, {}),
  another: (entry) => again(entry, { fields: [...entry.fields.filter(([name]) => name !== "is_another"), ["is_another", "y"]] }),
  of_today: (entry) => again(entry, { of_today: true }),
  // The number on the donor's paper goes with it: by that the donor asks for the gift, and its desk
  // is known where the clerk works elsewhere by now.
  renumber: (entry) => again(entry, { number: undefined, paper: entry.number ?? entry.paper }),
};

async function gaveUp(row, entry) {
  const reason = row.querySelector("[name=reason]");
  if (!reason.value.trim()) return reason.focus();
  const answer = await giveUp(entry, reason.value);
  if (answer?.status !== 200) row.querySelector("[data-trouble]").textContent = answer?.told?.text ?? words.noLine;
  else await show();
}

function rowOf(entry, person, onMend, onPrint) {
  const row = template.content.firstElementChild.cloneNode(true);
  const is_mine = !person || person.id === entry.person.id;
  row.dataset.state = entry.state;
  row.querySelector("[data-number]").textContent = entry.number ? shown(entry.number.text) : words.noNumber;
  row.querySelector("[data-when]").textContent = `${when(entry)} · ${entry.person.name}`;
  row.querySelector("[data-what]").textContent = is_mine ? lines(entry.fields, words).join("، ") : words.ofAnother;
  row.querySelector("[data-state]").textContent = entry.state === "refused" ? words.refused : words.kept;
  row.querySelector("[data-trouble]").textContent = entry.refusal?.texts.join(" ") ?? "";
  const act = ACTS[entry.refusal?.code];
  for (const button of row.querySelectorAll("[data-act]")) {
    const name = button.dataset.act;
    const fits = name === "again" || name === "mend" ? entry.state === "refused" : name === act || name === "print";
    button.hidden = !is_mine || !fits;
    button.addEventListener("click", () => (name === "mend" ? onMend(entry) : name === "print" ? onPrint(entry) : DOES[name](entry)));
  }
  const giving = row.querySelector("[data-giving-up]");
  giving.hidden = !is_mine || entry.state !== "refused";
  giving.querySelector("button").addEventListener("click", () => gaveUp(row, entry));
  return row;
}

let handlers = [];

// A form of somebody else that was caught on its way: it waits until that person signs in.
function caughtRow(caught) {
  const row = template.content.firstElementChild.cloneNode(true);
  row.dataset.state = "caught";
  row.querySelector("[data-number]").textContent = words.noNumber;
  row.querySelector("[data-when]").textContent = when(caught);
  row.querySelector("[data-what]").textContent = words.ofAnother;
  row.querySelector("[data-state]").textContent = words.kept;
  for (const part of row.querySelectorAll("[data-act], [data-giving-up]")) part.hidden = true;
  return row;
}

export async function show() {
  const [waiting, person, caught] = [await entries(), await about("person"), await caughtForms()];
  list.replaceChildren(...waiting.map((entry) => rowOf(entry, person, ...handlers)), ...caught.map(caughtRow));
  document.querySelector("[data-nothing-waits]").hidden = waiting.length + caught.length > 0;
}

export function listen(onMend, onPrint) {
  handlers = [onMend, onPrint];
}
