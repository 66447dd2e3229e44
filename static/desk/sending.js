// Sending what waits: in order, each once. The server knows an entry by its key, so that whatever
// is sent a second time, because an answer was lost or a second window sends too, stays one entry.

import { about, change, device, drop, entries, keep, keepBlock, tell } from "./store.js";

const PATIENCE_MS = 30000;
const CAUGHT = "desk-caught";
const channel = new BroadcastChannel("desk");

export const onChange = (listener) => { channel.addEventListener("message", (event) => listener(event.data)); };

/** The Jalali year it is in Tehran by this browser's clock. */
export const yearNow = () => Number(
  new Intl.DateTimeFormat("en-u-ca-persian-nu-latn", { timeZone: "Asia/Tehran", year: "numeric" })
    .formatToParts(new Date()).find((part) => part.type === "year").value,
);

/** Ask the server; `null` when there is no line, `{ signedOut }` when nobody is signed in any more. */
export async function ask(path, fields = null, token = "") {
  const headers = { "X-Device": await device(), Accept: "application/json" };
  const body = fields && new URLSearchParams(fields);
  if (body) headers["X-CSRFToken"] = token;
  let response;
  try {
    response = await fetch(path, {
      method: body ? "POST" : "GET", body, headers, redirect: "manual", cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.type === "opaqueredirect" || response.status === 401) return { signedOut: true };
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    return { status: response.status, told: isJson ? await response.json() : null };
  } catch {
    return null;
  }
}

/** Who is signed in here, with the token for sending; remembers the block that this browser holds. */
export async function standing() {
  const answer = await ask("/desk/offline/standing");
  if (answer?.told && answer.status === 200) {
    await keepBlock(answer.told.block);
    const { staff_id: id, name, office } = answer.told;
    await tell("person", { id, name, office });
  }
  return answer;
}

/** When each form was made that the service worker caught and nobody has taken over; nothing else. */
export async function caughtForms() {
  if (!("caches" in self) || !(await caches.has(CAUGHT))) return [];
  const cache = await caches.open(CAUGHT);
  const held = await Promise.all((await cache.keys()).map((request) => cache.match(request)));
  return Promise.all(held.filter(Boolean).map(async (form) => ({ made_at: (await form.json()).made_at })));
}

/** Take over the forms that the service worker caught when a page could not be sent. */
export async function takeOver() {
  if (!("caches" in self) || !(await caches.has(CAUGHT))) return [];
  const cache = await caches.open(CAUGHT);
  const taken = [];
  for (const request of await cache.keys()) {
    const held = await cache.match(request);
    if (!held) continue; // another window was faster
    const caught = await held.json();
    const person = await about("person");
    if (!person || String(person.id) !== caught.made_by) continue; // it stays, for whose it is
    const { fields, made_at } = caught;
    const key = fields.find(([name]) => name === "request_key")[1];
    taken.push(await keep({ key, fields, made_at, person }, yearNow()));
    await cache.delete(request);
  }
  return taken;
}

function fieldsOf(entry) {
  const about = [["made_at", entry.made_at], ["made_by", String(entry.person.id)]];
  if (entry.number) about.push(["block", String(entry.number.block)], ["serial", String(entry.number.serial)]);
  if (entry.of_today) about.push(["of_today", "y"]);
  if (entry.paper) about.push(["paper_block", String(entry.paper.block)], ["paper_serial", String(entry.paper.serial)]);
  return [...entry.fields, ...about];
}

function refusal(answer) {
  const { code, text, errors } = answer.told;
  return { code, texts: errors ? errors.map((one) => (one.label ? `${one.label}: ${one.text}` : one.text)) : [text] };
}

/** Whether an answer is the server's last word on an entry, rather than trouble on the way. */
const isRefused = (answer) => answer.told?.code && answer.status < 500 && answer.status !== 429;

async function sendMine(report) {
  const here = await standing();
  if (here?.status !== 200) return report({ stopped: here?.signedOut ? "signed-out" : "no-line" });
  let troubled = false;
  for (const entry of await entries()) {
    if (entry.state !== "waiting" || entry.person.id !== here.told.staff_id) continue;
    const answer = await ask("/desk/offline/entries", fieldsOf(entry), here.told.csrf_token);
    if (answer?.status === 200 && answer.told) {
      await drop(entry);
      report({ confirmed: { key: entry.key, kept: (entry.number ?? entry.paper)?.text, ...answer.told } });
    } else if (answer && isRefused(answer)) {
      await change({ ...entry, state: "refused", refusal: refusal(answer) });
      report({ refused: entry.key });
    } else if (answer && !answer.signedOut && answer.status >= 500) {
      troubled = true; // it stays and is sent again; what comes after it does not wait for it
    } else {
      return report({ stopped: answer?.signedOut ? "signed-out" : "no-line" });
    }
  }
  return report({ stopped: troubled ? "trouble" : "done" });
}

/** Send what waits of the person who is signed in. One window sends at a time. */
export async function sendAll() {
  const report = (told) => { channel.postMessage(told); dispatchEvent(new CustomEvent("desk", { detail: told })); };
  await takeOver();
  if (!navigator.locks) return sendMine(report); // the server sees to it that nothing is booked twice
  return navigator.locks.request("desk-sending", () => sendMine(report));
}

/** Give an entry up: its number is void, with the reason. Returns whether the server agreed. */
export async function giveUp(entry, reason) {
  const here = await standing();
  if (here?.status !== 200) return here;
  const fields = [["request_key", entry.key], ["reason", reason]];
  if (entry.number) fields.push(["block", String(entry.number.block)], ["serial", String(entry.number.serial)]);
  const answer = await ask("/desk/offline/given-up", fields, here.told.csrf_token);
  if (answer?.status === 200) await drop(entry);
  return answer;
}

/** Take a block of numbers from the server. */
export async function takeNumbers() {
  const here = await standing();
  if (here?.status !== 200) return here;
  const block = await about("block"); // all its numbers may be used, though not all are sent
  const used = block && block.used >= block.size ? [["used_up", String(block.id)]] : [];
  const answer = await ask("/desk/offline/numbers", used, here.told.csrf_token);
  if (answer?.status === 200 && answer.told) await keepBlock(answer.told);
  return answer;
}
