// The form that works without a line: read, looked over, filled in again. The server has the last
// word; here only what nobody could put right once the visitor has left is asked for at once.

const DIGITS = /[۰-۹٠-٩]/g;
const SEPARATORS = /[\s,،٬.\u200c\u200e\u200f]/g;
const MONEY = /^\d{1,16}$/;
const plain = (text) => text.replace(DIGITS, (digit) => String(digit.charCodeAt(0) & 0xf));

/** An amount as a whole number of rials; nothing where it cannot be read. */
export function rial(text) {
  const digits = plain(text ?? "").replace(SEPARATORS, "");
  return MONEY.test(digits) && BigInt(digits) > 0n ? BigInt(digits) : null;
}

export const fieldsOf = (form) => [...new FormData(form)].map(([name, value]) => [name, String(value)]);
const valueOf = (fields, name) => fields.find(([key]) => key === name)?.[1].trim() ?? "";

// The rows of a kind that are filled in: [{ description, quantity, unit }, …].
function rowsOf(fields, kind, names) {
  const rows = new Map();
  for (const [key, value] of fields) {
    const [, place, name] = new RegExp(`^${kind}(\\d+)_(\\w+)$`).exec(key) ?? [];
    if (!names.includes(name) || !value.trim()) continue;
    if (!rows.has(place)) rows.set(place, {});
    rows.get(place)[name] = value;
  }
  return new Map([...rows].filter(([, row]) => isBegun(row)));
}

// "Other goods" alone says nothing of a row: the form had it chosen in every one once.
const isBegun = (row) => Object.entries(row).some(([name, value]) => name !== "category" || value !== "other");

const TOLD = ["description", "quantity", "unit"];
const GOODS = [...TOLD, "category"];
const SEEN = [...GOODS, "condition"];
const HOURS = ["skill", "hours"];
// Rules may hold for every category but this one; they need to know what was seen.
const ofGoods = (row) => (row.category === "other" ? GOODS : SEEN);

/** Which field is missing or cannot be read, and why: `[name, reason]`; nothing when all is well. */
export function trouble(fields) {
  const amount = valueOf(fields, "amount");
  if (amount && rial(amount) === null) return ["amount", "amount"];
  const goods = rowsOf(fields, "goods", SEEN);
  const hours = rowsOf(fields, "service", HOURS);
  for (const [kind, rows, names] of [["goods", goods, ofGoods], ["service", hours, () => HOURS]]) {
    for (const [place, row] of rows) {
      const missing = names(row).find((name) => !row[name]);
      if (missing) return [`${kind}${place}_${missing}`, "row"];
    }
  }
  if (!amount && !goods.size && !hours.size) return ["amount", "nothing"];
  const needed = { cheque: "cheque_number", card_terminal: "trace_number" }[valueOf(fields, "tender")];
  return amount && needed && !valueOf(fields, needed) ? [needed, "missing"] : null;
}

/** What was brought, a line each, in the words of the page. */
export function lines(fields, words) {
  const grouped = (number) => number.toLocaleString(words.language);
  const amount = rial(valueOf(fields, "amount"));
  const found = amount === null ? [] : [`${grouped(amount)} ${words.rial}`];
  for (const row of rowsOf(fields, "goods", TOLD).values()) found.push(`${row.quantity} ${row.unit} ${row.description}`);
  for (const row of rowsOf(fields, "service", HOURS).values()) found.push(`${row.hours} ${words.hours} ${row.skill}`);
  return found;
}

export const donorOf = (fields) => valueOf(fields, "name");
export const amountOf = (fields) => rial(valueOf(fields, "amount"));

/** Put what was typed back into the form, to be mended. */
export function fill(form, fields) {
  form.reset();
  for (const [name, value] of fields) {
    const field = form.elements[name];
    if (!field) continue;
    if (field instanceof RadioNodeList) field.value = value;
    else if (field.type === "checkbox") field.checked = true;
    else field.value = value;
  }
  form.dispatchEvent(new Event("change"));
}
