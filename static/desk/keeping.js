// On every page of a desk: say how many entries wait in this browser, send them, and keep the page
// for the time without a line where this browser was prepared for it.

import { about, entries, tell } from "./store.js";
import { onChange, sendAll, takeOver } from "./sending.js";

const AGAIN_MS = 600000;
const notice = document.getElementById("kept");

async function show() {
  const waiting = await entries();
  notice.hidden = waiting.length === 0;
  for (const form of document.querySelectorAll("[data-needs-all-sent]")) {
    form.querySelector("[data-not-sent]").hidden = waiting.length === 0;
    for (const button of form.querySelectorAll("button")) button.disabled = waiting.length > 0;
  }
  const count = notice.querySelector("[data-count]");
  count.textContent = waiting.length.toLocaleString(document.documentElement.lang);
}

async function keepThePage() {
  if (!navigator.serviceWorker || !(await about("is_prepared"))) return;
  const told = await about("kept_for");
  const registration = await navigator.serviceWorker.register("/desk/worker.js", { scope: "/desk" });
  const is_fresh = told && told.id === Number(notice.dataset.person) && Date.now() - told.at < AGAIN_MS;
  if (is_fresh && (await caches.keys()).some((name) => name.startsWith("desk-") && name !== "desk-caught")) return;
  (await navigator.serviceWorker.ready).active.postMessage("prepare");
  await tell("kept_for", { id: Number(notice.dataset.person), at: Date.now() });
  await registration.update().catch(() => {});
}

await tell("person", { id: Number(notice.dataset.person), name: notice.dataset.name, office: notice.dataset.office });
onChange(show);
addEventListener("desk", show);
addEventListener("online", sendAll);
await keepThePage();
await takeOver();
await show();
if ((await entries()).length) await sendAll();
