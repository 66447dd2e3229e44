// What every page may do when scripts run. Nothing here is needed to give: each page works without it.

const LATIN = /[۰-۹٠-٩]/g;
const SEPARATORS = /[\s,،٬.\u200c\u200e\u200f]/g;
const persian = document.documentElement.lang !== "en";

const toLatin = (text) =>
  text.replace(LATIN, (digit) => String(digit.charCodeAt(0) & 0xf));

const grouped = (number) => {
  const text = number.toString().replace(/\B(?=(\d{3})+$)/g, persian ? "٬" : ",");
  return persian ? text.replace(/\d/g, (digit) => "۰۱۲۳۴۵۶۷۸۹"[digit]) : text;
};

const UNITS = ["", "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه", "ده", "یازده",
  "دوازده", "سیزده", "چهارده", "پانزده", "شانزده", "هفده", "هجده", "نوزده"];
const TENS = ["", "", "بیست", "سی", "چهل", "پنجاه", "شصت", "هفتاد", "هشتاد", "نود"];
const HUNDREDS = ["", "صد", "دویست", "سیصد", "چهارصد", "پانصد", "ششصد", "هفتصد", "هشتصد", "نهصد"];
const SCALES = ["", " هزار", " میلیون", " میلیارد", " هزار میلیارد"];

function belowThousand(number) {
  const rest = number % 100;
  const parts = [HUNDREDS[Math.floor(number / 100)]];
  if (rest < 20) parts.push(UNITS[rest]);
  else parts.push(TENS[Math.floor(rest / 10)], UNITS[rest % 10]);
  return parts.filter(Boolean).join(" و ");
}

function inWords(amount) {
  const parts = [];
  for (let scale = 0, rest = amount; rest > 0n; scale += 1, rest /= 1000n) {
    const group = Number(rest % 1000n);
    if (group) parts.unshift((scale === 1 && group === 1 ? "هزار" : belowThousand(group) + SCALES[scale]));
  }
  return parts.join(" و ");
}

/** What an amount in rials means to a person: tomans first, because that is how people count. */
function meaning(text) {
  const digits = toLatin(text).replace(SEPARATORS, "");
  if (!/^\d{1,15}$/.test(digits) || /^0+$/.test(digits)) return "";
  const rial = BigInt(digits);
  if (!persian) return `= ${grouped(rial / 10n)} toman`;
  const toman = rial / 10n;
  return rial % 10n ? `${inWords(rial)} ریال` : `برابر با ${grouped(toman)} تومان (${inWords(toman)} تومان)`;
}

function repeatAmounts() {
  for (const echo of document.querySelectorAll("[data-amount-echo]")) {
    const input = document.getElementById(echo.dataset.amountEcho);
    if (!input) continue;
    const show = () => { echo.textContent = meaning(input.value); };
    input.addEventListener("input", show);
    input.addEventListener("blur", () => {
      const digits = toLatin(input.value).replace(SEPARATORS, "");
      if (/^\d{1,15}$/.test(digits)) input.value = grouped(BigInt(digits));
    });
    show();
  }
  for (const preset of document.querySelectorAll("[data-sets]")) {
    preset.addEventListener("change", () => {
      const input = document.getElementById(preset.dataset.sets);
      input.value = /^\d+$/.test(preset.value) ? grouped(BigInt(preset.value)) : "";
      input.dispatchEvent(new Event("input"));
      if (!input.value) input.focus();
    });
  }
}

function showWhatApplies() {
  for (const block of document.querySelectorAll("[data-shows]")) {
    const [name, values] = block.dataset.shows.split("=");
    const form = block.closest("form");
    const show = () => {
      const chosen = new FormData(form).getAll(name);
      block.hidden = !values.split(",").some((value) => chosen.includes(value));
    };
    form.addEventListener("change", show);
    show();
  }
}

function submitOnce() {
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-disabled", "true"));
    });
    // The page may come back from the browser's memory: then it may be sent again.
    window.addEventListener("pageshow", () => {
      delete form.dataset.sent;
      form.querySelectorAll("button").forEach((button) => button.removeAttribute("aria-disabled"));
    });
  }
}

function offerButtons() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.copied;
      button.setAttribute("role", "status");
    });
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}

repeatAmounts();
showWhatApplies();
submitOnce();
offerButtons();
document.querySelector("[data-focus]")?.focus();
document.querySelector("form[data-submit]")?.requestSubmit();
const reload = document.querySelector("[data-reload]");
if (reload) setTimeout(() => location.reload(), 1000 * Number(reload.dataset.reload));
