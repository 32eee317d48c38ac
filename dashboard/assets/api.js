// What the server says, and an Error with its own words when it refuses.
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// The server's clock, which in a twin is another than this machine's.
let ahead = 0;
export const serverNow = () => new Date(Date.now() + ahead);

async function answer(response) {
  const now = Number(response.headers.get("Sluice-Now"));
  if (now > 0) ahead = now - Date.now();
  if (response.status === 401) {
    location.reload(); // the server shows where to sign in
    throw new Problem(401, "signed out");
  }
  const body = await response.json().catch((e) => {
    if (response.ok) throw e; // what was asked for came torn, or nobody waits for it any more
    return {};
  });
  if (!response.ok) throw new Problem(response.status, body.detail || response.statusText);
  return body;
}

export const get = async (path, signal) => answer(await fetch("/api/v1" + path, { signal, headers: { Accept: "application/json" } }));

// All of a list, which comes a page at a time, and what the first page says besides.
export async function list(path, name, signal) {
  const first = await get(path, signal), all = [...first[name]];
  for (let { next } = first; next; ) {
    const more = await get(`${path}?after=${encodeURIComponent(next)}`, signal);
    all.push(...more[name]);
    next = more.next;
  }
  return { ...first, [name]: all };
}

export const post = async (path, body) =>
  answer(await fetch("/api/v1" + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) }));

export const jobPath = (job) => `/jobs/${encodeURIComponent(job.cluster)}/${encodeURIComponent(job.job)}`;
