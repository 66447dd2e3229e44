// A scanner is a keyboard that types fast and ends with Enter. It may write in any layout, so the
// physical keys count; it may strike while a field has the focus, so what it typed there is taken back.

const DIGIT = /^(?:Digit|Numpad)(\d)$/;
const PAUSE_MS = 120; // slow scanners send a key about every 100 ms
const PAUSE_IN_FIELD_MS = 45; // nobody types so fast, though some type faster than a slow scanner
const SHORTEST = 8; // a charity box
const SHORTEST_IN_FIELD = 10;

let digits = "";
let last = 0;
let where = null; // what has the focus: a scan does not run on from one field into the next
let before = null; // that field, with what stood in it

const isField = (target) => target.matches("textarea, input:not([type=checkbox], [type=radio], [type=submit])");

function begin(event) {
  where = event.target;
  before = isField(event.target) ? { field: event.target, value: event.target.value } : null;
  digits = "";
}

// A form that somebody has begun is not left: the way is offered, and one key takes it.
function isBegun() {
  return [...document.querySelectorAll("main form[method=post] input, main form[method=post] textarea, #entry input")]
    .some((field) => !["hidden", "checkbox", "radio", "submit"].includes(field.type) && field.value !== field.defaultValue);
}

function offer(address, text) {
  document.getElementById("scanned")?.remove();
  const link = Object.assign(document.createElement("a"), { href: address, textContent: text });
  const notice = Object.assign(document.createElement("p"), { id: "scanned", className: "notice notice--info" });
  notice.setAttribute("role", "status");
  notice.append(link);
  document.getElementById("content").prepend(notice);
  link.focus();
}

function go(code) {
  const address = `/desk/scan?code=${code}`;
  if (isBegun()) offer(address, code);
  else location.assign(address);
}

document.addEventListener("keydown", (event) => {
  if (document.querySelector("[data-scan], dialog[open]")) return; // that page or dialog reads it itself
  const digit = DIGIT.exec(event.code)?.[1];
  const pause = event.timeStamp - last;
  const inTime = pause < (isField(event.target) ? PAUSE_IN_FIELD_MS : PAUSE_MS);
  last = event.timeStamp;
  if (digit !== undefined) {
    if (!inTime || !digits || where !== event.target) begin(event);
    digits += digit;
    return;
  }
  const shortest = isField(event.target) ? SHORTEST_IN_FIELD : SHORTEST;
  const isScan = inTime && digits.length >= shortest && ["Enter", "Tab"].includes(event.key);
  const code = digits;
  digits = "";
  if (!isScan) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (before) before.field.value = before.value;
  go(code);
}, true);
