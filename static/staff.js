// Keys for people who work here all day. Every act has a visible button; a key only presses it.

const DIGIT_CODES = /^(?:Digit|Numpad)(\d)$/;
const SCAN_LENGTH = 10;
const SCAN_PAUSE_MS = 120; // slow scanners send a key about every 100 ms

const isTyping = (target) =>
  target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=submit])");

// The name of what was pressed, independent of the keyboard layout: "a", "alt+1", "ctrl+enter", "f2".
function pressed(event) {
  const physical = /^Key([A-Z])$/.exec(event.code)?.[1] ?? DIGIT_CODES.exec(event.code)?.[1];
  const name = (physical ?? event.key).toLowerCase();
  return [event.ctrlKey && "ctrl", event.altKey && "alt", name].filter(Boolean).join("+");
}

const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")];
const rowOf = (element) => element.closest("[data-row]");

function move(step) {
  const all = rows();
  if (!all.length) return;
  const next = all.indexOf(rowOf(document.activeElement)) + step;
  all[Math.min(Math.max(next, 0), all.length - 1)].focus();
}

function inRow(row, key) {
  if (key === "x") row.querySelector("input[type=checkbox]")?.click();
  else if (key === "enter" && document.activeElement === row) row.querySelector("[data-main]")?.click();
  else return press(row, key);
  return true;
}

function press(scope, key) {
  const target = [...scope.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key === key && !element.closest("[hidden]"),
  );
  target?.click();
  return Boolean(target);
}

function onKey(event) {
  const key = pressed(event);
  const plain = key.length === 1 || key.startsWith("arrow") || key === "enter";
  const isChoosing = key.startsWith("arrow") && event.target.matches("input");
  if (event.defaultPrevented || (plain && (isTyping(event.target) || isChoosing || event.metaKey))) return;
  const row = rowOf(document.activeElement);
  const moves = { j: 1, k: -1, arrowdown: 1, arrowup: -1 };
  if (event.key === "?" || event.key === "؟") document.getElementById("keys")?.toggleAttribute("open");
  else if (key in moves && rows().length) move(moves[key]);
  else if (!(row && inRow(row, key)) && !press(document, key)) return;
  event.preventDefault();
}

function enterGoesOn() {
  for (const form of document.querySelectorAll("form[data-enter-next]")) {
    form.addEventListener("keydown", (event) => {
      const isOurs = event.key === "Enter" && !event.ctrlKey && !event.altKey;
      if (!isOurs || event.target.matches("textarea, button, a, summary")) return;
      event.preventDefault();
      const fields = [...form.elements].filter(
        (field) => !field.disabled && field.type !== "hidden" && field.tabIndex >= 0 && field.checkVisibility()
          && (field.type !== "radio" || field.checked) // a group is one stop; the arrows choose in it
          && (!field.matches("button") || field.dataset.key === "ctrl+enter"),
      );
      fields[fields.indexOf(event.target) + 1]?.focus();
    });
  }
}

// A choice that brings further questions opens them: they stand right behind its field.
function openWhatIsAsked() {
  document.addEventListener("change", ({ target }) => {
    const asked = target.matches("[data-asks-unless]") && target.closest(".field").nextElementSibling;
    if (asked && target.value && target.value !== target.dataset.asksUnless) asked.open = true;
  });
}

// A scanner is a fast keyboard. It may write in any layout, so the physical keys count.
function listenToScanner() {
  const field = document.querySelector("[data-scan]");
  if (!field) return;
  let digits = "";
  let last = 0;
  document.addEventListener("keydown", (event) => {
    const digit = DIGIT_CODES.exec(event.code)?.[1];
    const inTime = event.timeStamp - last < SCAN_PAUSE_MS;
    last = event.timeStamp;
    if (digit !== undefined) { digits = inTime ? digits + digit : digit; return; }
    const isScan = inTime && digits.length >= SCAN_LENGTH && ["Enter", "Tab"].includes(event.key);
    if (isScan && event.target !== field && !isTyping(event.target)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      field.value = digits;
      field.focus();
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    digits = "";
  }, true);
}

// The list of this page's keys, made from the page itself.
function listKeys() {
  const keyed = [...document.querySelectorAll("[data-key]")];
  const main = document.getElementById("content");
  if (!keyed.length || !main) return;
  const details = document.createElement("details");
  details.id = "keys";
  details.className = "no-print";
  const summary = document.createElement("summary");
  summary.textContent = document.body.dataset.keysTitle;
  const list = document.createElement("ul");
  const seen = new Set();
  for (const element of keyed) {
    if (seen.has(element.dataset.key)) continue;
    seen.add(element.dataset.key);
    const item = document.createElement("li");
    const key = document.createElement("kbd");
    key.dir = "ltr";
    key.textContent = element.dataset.key;
    const words = element.cloneNode(true);
    words.querySelectorAll("kbd").forEach((shown) => shown.remove());
    item.append(key, " ", words.textContent.trim());
    list.append(item);
  }
  details.append(summary, list);
  main.append(details);
}

// On a narrow screen the menu scrolls sideways: where one is stands in its middle.
function showWhereOneIs() {
  for (const current of document.querySelectorAll(".staff-nav [aria-current]")) {
    const list = current.closest("ul");
    const [here, all] = [current.getBoundingClientRect(), list.getBoundingClientRect()];
    list.scrollLeft += here.left + here.width / 2 - (all.left + all.width / 2);
  }
}

showWhereOneIs();
enterGoesOn();
openWhatIsAsked();
listenToScanner();
listKeys();
document.addEventListener("keydown", onKey);
