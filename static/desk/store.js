// What this browser keeps for the desk: its own name, who works here, its block of numbers, and the
// entries that have not been sent. Nothing else is kept, and an entry only until it is sent.

const NAME = "desk";
const ENTRIES = "entries";
const ABOUT = "about";
const DURABLE = { durability: "strict" }; // what is said to be saved is on the disk

let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(ENTRIES, { keyPath: "place", autoIncrement: true })
        .createIndex("key", "key", { unique: true });
      request.result.createObjectStore(ABOUT);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

const answer = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// Run `work` on both stores, all or nothing; done when the browser has written it down.
async function inOne(mode, work) {
  const transaction = (await database()).transaction([ENTRIES, ABOUT], mode, DURABLE);
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
  const result = await work(transaction.objectStore(ENTRIES), transaction.objectStore(ABOUT));
  await done;
  return result;
}

export const about = (name) => inOne("readonly", (_entries, told) => answer(told.get(name)));
export const tell = (name, value) => inOne("readwrite", (_entries, told) => answer(told.put(value, name)));
export const forget = (name) => inOne("readwrite", (_entries, told) => answer(told.delete(name)));

/** The name that this browser gave itself, long and random; by it the server knows its numbers. */
export function device() {
  return inOne("readwrite", async (_entries, told) => {
    const known = await answer(told.get("device"));
    if (known) return known;
    const made = crypto.randomUUID() + crypto.randomUUID();
    await answer(told.put(made, "device"));
    return made;
  });
}

/** The block that the server gave, without forgetting which of its numbers are used here already. */
export function keepBlock(block) {
  return inOne("readwrite", async (kept, told) => {
    if (!block) return answer(told.delete("block"));
    const known = await answer(told.get("block"));
    // Another person's block may have stood here meanwhile: what waits still bears its numbers.
    const waiting = (await answer(kept.getAll())).filter((entry) => entry.number?.block === block.id);
    const given = waiting.map((entry) => entry.number.serial);
    const used = Math.max(0, ...block.spent, ...given, known?.id === block.id ? known.used : 0);
    return answer(told.put({ ...block, used, spent: undefined }, "block"));
  });
}

export const left = (block, year) => (block && block.year === year ? block.size - block.used : 0);

/** Keep an entry, with the next number of the block, in one step; the same key is kept once. */
export function keep(entry, year) {
  return inOne("readwrite", async (entries, told) => {
    const known = await answer(entries.index("key").get(entry.key));
    if (known) return known;
    const block = await answer(told.get("block"));
    const kept = { ...entry, state: "waiting" };
    if (left(block, year) > 0) {
      block.used += 1;
      kept.number = { block: block.id, serial: block.used, text: block.prefix + String(block.used).padStart(6, "0") };
      await answer(told.put(block, "block"));
    }
    kept.place = await answer(entries.add(kept));
    return kept;
  });
}

export const entries = () => inOne("readonly", (kept) => answer(kept.getAll()));
export const change = (entry) => inOne("readwrite", (kept) => answer(kept.put(entry)));
export const drop = (entry) => inOne("readwrite", (kept) => answer(kept.delete(entry.place)));
