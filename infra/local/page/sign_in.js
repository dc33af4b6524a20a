// Who sits at this page: signs in, sends an access token with each request, exchanges it before it lapses, signs out.
// Tokens live in this tab alone (sessionStorage): they are gone when it is closed, and no other page of this machine is sent them.
const PLACE = "sluice-session", SPARE_SECONDS = 60;
let renewing = null;

export const session = () => JSON.parse(sessionStorage.getItem(PLACE) ?? "null");

function keep(told) {
  const kept = { person: told.person, token: told.access_token, refresh: told.refresh_token, until: Date.now() / 1000 + told.expires_in };
  sessionStorage.setItem(PLACE, JSON.stringify(kept));
  return kept;
}

export function forget() { sessionStorage.removeItem(PLACE); }

async function post(path, body) {
  const answer = await fetch(`/api/v1/auth/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail ?? told.title), { status: answer.status });
  return told;
}

export const signIn = async (username, password) => keep(await post("login/json", { username, password }));

// Several requests at once exchange the token once.
async function fresh() {
  const kept = session();
  if (kept === null || kept.until - Date.now() / 1000 > SPARE_SECONDS) return kept;
  renewing ??= post("refresh", { refresh_token: kept.refresh }).then(keep, (fault) => { if (fault.status === 401) forget(); throw fault; }).finally(() => { renewing = null; });
  return renewing;
}

// `fetch` as whoever has signed in; where nobody has, or has no longer, `onout` is called.
export async function authorized(url, options, onout) {
  const kept = await fresh().catch(() => session());
  const answer = kept && await fetch(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${kept.token}` } });
  if (answer && answer.status !== 401) return answer;
  forget();
  onout();
  throw new Error("sign in first");
}

export async function signOut() {
  const kept = session();
  forget();
  if (kept) await fetch("/api/v1/auth/logout", { method: "POST", headers: { Authorization: `Bearer ${kept.token}`, "Content-Type": "application/json" }, body: "{}" }).catch(() => {});
}
