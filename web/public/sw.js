// Keeps the shell of the phone pages at hand: the page itself and the files it names. Nothing that anybody told passes through here; what
// waits to be sent lies in IndexedDB and is sent by the page. Without this worker all is the same, but for opening the page without network.
const SHELL = 'chengyun-shell-1';
const PATIENCE_MS = 3000;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.add('/m')).catch(() => {}).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const others = caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name))));
  event.waitUntil(others.then(() => self.clients.claim()));
});

async function page() {
  const cache = await caches.open(SHELL);
  const asked = fetch('/m').then(async (answer) => {
    if (answer.ok) await cache.put('/m', answer.clone());
    return answer;
  });
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS); });
  const kept = () => cache.match('/m');
  try {
    return (await Promise.race([asked, late])) ?? (await kept()) ?? (await asked);
  } catch {
    return (await kept()) ?? Response.error();
  }
}

// Their names change with their content.
async function file(request) {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(request);
  if (kept !== undefined) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate' && (url.pathname === '/m' || url.pathname === '/m/i')) event.respondWith(page());
  else if (url.pathname.startsWith('/assets/')) event.respondWith(file(request));
});
