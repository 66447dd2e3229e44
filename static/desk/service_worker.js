// Keeps the desk's page for the time without a line, and catches a form that could not be sent.
// The server writes SHELL in front: its version, the page and its files. Only these are kept;
// a page with anybody's name or gift on it never is.

const CACHE = `desk-${SHELL.version}`;
const CAUGHT = "desk-caught"; // forms on their way into the list of what waits
const FORM = "/desk/walk-in";
const PATIENCE_MS = 15000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const before = (await caches.keys()).filter((name) => name.startsWith("desk-") && name !== CACHE && name !== CAUGHT);
    // Without a line the page of before stays: an older page is better than none.
    if (before.length && !(await prepare())) return self.clients.claim();
    await Promise.all(before.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});
self.addEventListener("message", (event) => {
  if (event.data !== "prepare") return;
  event.waitUntil(prepare().then((is_ready) => event.source?.postMessage({ is_ready })));
});

// The page comes last, so that where it is everything is. Of somebody signed out there is none.
async function prepare() {
  try {
    const page = await fetch(SHELL.page, { credentials: "same-origin", cache: "no-store" });
    if (!page.ok || page.redirected) return false;
    const cache = await caches.open(CACHE);
    for (const file of SHELL.files) {
      if (!(await cache.match(file))) await cache.add(new Request(file, { cache: "reload" }));
    }
    await cache.put(SHELL.page, page);
    return true;
  } catch {
    return false;
  }
}

const shell = () => caches.match(SHELL.page);

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (request.method === "GET") event.respondWith(page(request));
    else if (request.method === "POST" && address.pathname === FORM) event.respondWith(form(request));
  } else if (SHELL.files.includes(address.pathname + address.search)) {
    event.respondWith(file(request));
  }
});

// A page's own request takes no signal; whatever it does later, its key sees to it that it is one entry.
const inTime = (answer) => Promise.race([
  answer,
  new Promise((_resolve, reject) => { setTimeout(() => reject(new Error("no answer")), PATIENCE_MS); }),
]);

async function file(request) {
  return (await caches.match(request)) || fetch(request);
}

async function page(request) {
  try {
    return await inTime(fetch(request));
  } catch (trouble) {
    const kept = await shell();
    if (kept) return kept;
    throw trouble;
  }
}

// Whether the server got the form nobody knows: it goes into the list with its own key, under which
// the server finds it again if it did.
async function form(request) {
  const copy = request.clone();
  try {
    return await inTime(fetch(request));
  } catch (trouble) {
    const typed = await copy.formData();
    const is_to_be_saved = (typed.get("do") ?? "save") === "save" && typed.get("request_key") && typed.get("made_by");
    if (!is_to_be_saved || !(await shell())) throw trouble;
    const fields = [...typed].filter(([name]) => !["csrf_token", "made_by", "do"].includes(name));
    const caught = { fields, made_by: typed.get("made_by"), made_at: new Date().toISOString() };
    const cache = await caches.open(CAUGHT);
    await cache.put(`${SHELL.page}/caught/${typed.get("request_key")}`, new Response(JSON.stringify(caught)));
    return Response.redirect(`${SHELL.page}#kept`, 303);
  }
}
