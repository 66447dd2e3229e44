// On the page that asks for a sign-in: nobody works here now, so this browser forgets the desk's page
// and who worked at it. What was not sent stays, until the same person has signed in again.

import { forget } from "./store.js";

if ("caches" in self) {
  for (const name of await caches.keys()) {
    if (name.startsWith("desk-") && name !== "desk-caught") await caches.delete(name);
  }
}
await forget("person");
await forget("kept_for");
