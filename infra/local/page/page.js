// The local page: workflows, runs, the live graph of a run, open gates with their buttons. A client of the REST API and of the live connection.
// All text from workflows, runs and models goes into the page as text nodes, never as markup.
import { layout } from "/layout.js";
import { authorized, session, signIn, signOut } from "/sign_in.js";

const state = { shown: null, node: null, events: new Map(), texts: new Map(), socket: null, spec: null };
const $ = (id) => document.getElementById(id);

function showPerson() {
  const kept = session();
  $("person").replaceChildren(...(kept ? [`${kept.person} `, make("button", { onclick: async () => { await signOut(); askToSignIn(); } }, "Sign out")] : []));
}

// Asked for once, however many requests are refused at the same time.
function askToSignIn() {
  leave();
  showPerson();
  for (const list of ["gates", "workflows", "runs"]) $(list).replaceChildren();
  if (document.getElementById("sign-in")) return;
  const problem = make("p", { class: "problem", role: "alert" });
  const name = make("input", { autocomplete: "username", required: true }), password = make("input", { type: "password", autocomplete: "current-password", required: true });
  const enter = async (submitted) => {
    submitted.preventDefault();
    try {
      await signIn(name.value.trim(), password.value);
      $("detail").replaceChildren(make("p", { class: "hint" }, "Choose a workflow to start it, or a run to watch it."));
      showPerson();
      refresh();
    } catch (fault) { problem.textContent = fault.message; password.value = ""; password.focus(); }
  };
  $("detail").replaceChildren(make("form", { id: "sign-in", onsubmit: enter }, make("h3", {}, "Sign in"),
    make("p", { class: "hint" }, "The first start of the stack told the passwords of admin and user, once. ", make("code", {}, "sluice users reset admin"), " makes another."),
    make("p", {}, make("label", {}, "Name ", name)), make("p", {}, make("label", {}, "Password ", password)), make("div", { class: "actions" }, make("button", { class: "main" }, "Sign in")), problem));
  name.focus();
}

async function api(method, path, body, headers = {}) {
  const options = { method, headers: { "Content-Type": "application/json", ...headers }, body: body === undefined ? undefined : JSON.stringify(body) };
  const answer = await authorized(`/api/v1${path}`, options, askToSignIn);
  const document_ = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error([document_.detail ?? document_.title, ...(document_.errors ?? []).map((each) => `${each.field}: ${each.message}`), ...Object.entries(document_.fields ?? {}).map(([at, why]) => `${at}: ${why}`)].join("\n"));
  return document_;
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
const text = (value) => typeof value === "string" ? value : JSON.stringify(value, null, 2);
const ago = (at) => { const seconds = (Date.now() - Date.parse(at)) / 1000; return seconds < 60 ? "just now" : seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : new Date(at).toLocaleString(); };
const badge = (status) => make("span", { class: `badge ${status}` }, status.replace("_", " "));

function fill(list, items, entry, empty) {
  $(list).replaceChildren(...(items.length ? items.map((item) => make("li", {}, entry(item))) : [make("li", { class: "hint" }, empty)]));
}

async function refresh() {
  if (!session()) { askToSignIn(); return; }
  try {
    const [workflows, runs, gates] = await Promise.all([api("GET", "/workflows?limit=200"), api("GET", "/workflows/runs?limit=30"), api("GET", "/gates")]);
    fill("workflows", workflows.workflows, (each) => make("button", { onclick: () => showWorkflow(each) }, each.title || each.name, make("small", {}, ` v${each.latest_version ?? "–"}`)), "none yet: sluice publish FILE");
    fill("runs", runs.runs, (each) => make("button", { onclick: () => showRun(each.id), "aria-current": state.shown === each.id ? "true" : null }, `${each.workflow_name} `, badge(each.status), make("br"), make("small", {}, `${ago(each.created_at)} by ${each.started_by}`)), "none yet");
    fill("gates", gates.gates, (each) => make("button", { onclick: () => showRun(each.run_id) }, each.ask, make("br"), make("small", {}, `${each.workflow_name}, ${ago(each.opened_at)}`)), "nobody is asked anything");
    $("link").textContent = "";
  } catch (fault) { $("link").textContent = `not reachable: ${fault.message}`; }
}

async function showWorkflow(workflow) {
  leave();
  const version = workflow.latest_version ? await api("GET", `/workflows/${workflow.id}/versions/${workflow.latest_version}`) : null;
  const problem = make("p", { class: "problem", role: "alert" });
  const input = make("textarea", { "aria-label": "Input as JSON", spellcheck: "false" }, version ? JSON.stringify(sample(version.spec.input), null, 2) : "{}");
  const start = make("button", { class: "main", disabled: !version, onclick: async () => {
    start.disabled = true;
    try { const run = await api("POST", `/workflows/${workflow.id}/run`, { input: JSON.parse(input.value) }, { "Idempotency-Key": crypto.randomUUID() }); await showRun(run.id); refresh(); }
    catch (fault) { problem.textContent = fault.message; } finally { start.disabled = false; }
  } }, "Start a run");
  const graph = make("div", { class: "graph" });
  $("detail").replaceChildren(make("h3", {}, workflow.title || workflow.name), make("p", { class: "hint" }, workflow.description ?? ""), graph, make("h2", {}, "Input"), input, make("div", { class: "actions" }, start), problem);
  if (version) draw(graph, version.spec, new Map(), () => {});
}

function sample(schema) {
  const fields = schema?.properties ?? {};
  return Object.fromEntries(Object.entries(fields).filter(([name]) => (schema.required ?? []).includes(name) || "default" in fields[name]).map(([name, field]) => [name, field.default ?? { string: "", number: 0, integer: 0, boolean: false, array: [], object: {} }[field.type] ?? null]));
}

function leave() { state.shown = null; state.node = null; state.texts = new Map(); state.socket?.close(); state.socket = null; }

async function showRun(runId) {
  leave();
  state.shown = runId;
  state.events = new Map();
  state.spec = null;
  watch(runId); // at once: a model's words are streamed to those who listen before it is asked
  const run = await api("GET", `/workflows/runs/${runId}`);
  state.spec = (await api("GET", `/workflows/${run.workflow_id}/versions/${run.version}`)).spec;
  await catchUp(runId);
}

// What would be kept and what would run is shown first; what was shown is what runs.
async function resumeRun(runId) {
  const plan = await api("POST", `/workflows/runs/${runId}/resume/plan`, {});
  const told = plan.nodes.map((each) => `${each.node}: ${each.fate}, ${each.why}`);
  if (!confirm([`Resume the run?`, "", ...told, "", ...plan.warnings].join("\n"))) return;
  await api("POST", `/workflows/runs/${runId}/resume`, { plan: plan.plan });
  await catchUp(runId);
}

async function catchUp(runId) {
  let since = highest();
  for (;;) {
    const page = await api("GET", `/workflows/runs/${runId}/events?since=${since}`);
    for (const event of page.events) state.events.set(event.number, event);
    if (!page.events.length) break;
    since = page.next_since;
  }
  await render(runId);
}
const highest = () => Math.max(0, ...state.events.keys());

async function watch(runId) {
  if (state.shown !== runId) return;
  try {
    const ticket = await api("POST", "/live/tickets", {});
    const socket = new WebSocket(ticket.url);
    state.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ action: "subscribe", run_id: runId, since: highest() }));
    socket.onmessage = (message) => take(runId, JSON.parse(message.data));
    socket.onclose = () => { if (state.shown === runId) setTimeout(() => catchUp(runId).catch(() => {}).then(() => watch(runId)), 1000); };
  } catch { setTimeout(() => watch(runId), 2000); }
}

let pending = false;
function take(runId, event) {
  if (state.shown !== runId || !event.number) return;
  if (event.type === "text") { hear(event); return; } // no event: its number counts the frames of one call
  const gap = event.number > highest() + 1;
  state.events.set(event.number, event);
  if (gap) { catchUp(runId); return; }
  if (!pending) { pending = true; setTimeout(() => { pending = false; render(runId); }, 60); }
}

// A model's words as they come, by node and item: the end of what it says in its latest call, until the node ends.
const HEARD = 4000, ENDED = new Set(["succeeded", "failed", "skipped", "continued"]);
const placeOf = (event) => `${event.node} ${event.item_path ?? ""}`;
function hear(frame) {
  const place = placeOf(frame), before = state.texts.get(place), same = before?.call === frame.call;
  if (hasEnded(place) || (same && frame.number <= before.number)) return;
  const gap = frame.number === (same ? before.number : 0) + 1 ? "" : " … ";
  state.texts.set(place, { node: frame.node, item: frame.item_path ?? "", call: frame.call, number: frame.number, text: ((same ? before.text : "") + gap + frame.text).slice(-HEARD) });
  showWords();
}

function hasEnded(place) {
  let last = null;
  for (const event of state.events.values()) if (event.node && STATUS[event.type] && placeOf(event) === place && event.number > (last?.number ?? 0)) last = event;
  return last !== null && ENDED.has(STATUS[last.type]);
}

function showWords() {
  for (const place of state.texts.keys()) if (hasEnded(place)) state.texts.delete(place);
  const box = document.getElementById("words");
  if (!box || !state.spec) return;
  for (const old of [...box.children]) if (!state.texts.has(old.dataset.place)) old.remove();
  for (const [place, heard] of state.texts) {
    let panel = [...box.children].find((each) => each.dataset.place === place);
    if (!panel) box.append(panel = make("section", { class: "words", "data-place": place }, make("h2", {}, `${state.spec.nodes[heard.node]?.title ?? heard.node} ${heard.item}`), make("p", {})));
    const words = panel.lastChild;
    words.textContent = heard.text;
    words.scrollTop = words.scrollHeight;
    if (!heard.item) ticker(heard.node, heard.text);
  }
}

// The last words in the node's own box.
function ticker(node, words) {
  const kind = document.querySelector(`svg .node[data-node="${CSS.escape(node)}"] .kind`), line = words.replace(/\s+/g, " ").trim();
  if (kind) kind.textContent = line.length > 22 ? `…${line.slice(-21)}` : line;
}

const STATUS = { node_started: "running", node_waiting: "waiting", gate_opened: "waiting", node_resumed: "running", node_retrying: "retrying", node_succeeded: "succeeded", node_failed: "failed", node_skipped: "skipped" };
function nodeStates() {
  const found = new Map();
  for (const number of [...state.events.keys()].sort((a, b) => a - b)) {
    const event = state.events.get(number);
    const status = event.data?.continued || event.data?.details?.continued ? "continued" : STATUS[event.type]; // it failed, and the run goes on
    if (status && event.node) found.set(event.node, { status, event, items: (found.get(event.node)?.items ?? 0) + (event.item_path && event.type === "node_succeeded" ? 1 : 0) });
  }
  return found;
}

async function render(runId) {
  if (state.shown !== runId || !state.spec) return;
  const [run, gates] = await Promise.all([api("GET", `/workflows/runs/${runId}`), api("GET", `/gates?run_id=${runId}`)]);
  if (state.shown !== runId) return;
  const graph = make("div", { class: "graph" }), before = $("detail").querySelector(`.graph[data-run="${runId}"]`);
  graph.dataset.run = runId;
  const scrolled = before?.scrollLeft ?? 0, nodeBox = make("div");
  const kept = new Map([...$("detail").querySelectorAll("form[data-dirty]")].map((form) => [form.dataset.gate, form]));
  const panels = gates.gates.map((gate) => kept.get(gate.id) ?? gatePanel(gate));
  const replies = unanswered().map((event) => kept.get(event.data.reference) ?? replyPanel(runId, event));
  const ended = ["succeeded", "failed", "timed_out", "cancelled"].includes(run.status);
  $("detail").replaceChildren(...[make("h3", {}, `${run.title || run.workflow_name} `, badge(run.status)), make("small", {}, `${run.id}, version ${run.version}, started by ${run.started_by}${run.resume ? `, resumed ${run.resume}×` : ""}`), graph, make("div", { id: "words", "aria-live": "off" }), ...panels, ...(ended ? [] : replies), nodeBox,
    run.error ? make("p", { class: "problem" }, `${run.failed_node ?? ""} ${run.error.name}: ${run.error.message}`) : null, ended && run.output !== null ? make("div", {}, make("h2", {}, "Output"), make("pre", {}, text(run.output))) : null,
    ended ? (run.status === "succeeded" || run.parent ? null : make("div", { class: "actions" }, make("button", { onclick: () => resumeRun(runId) }, "Resume the run"))) : make("div", { class: "actions" }, make("button", { onclick: () => api("POST", `/workflows/runs/${runId}/cancel`, {}).then(() => catchUp(runId)) }, "Cancel the run"))].filter((each) => each !== null));
  draw(graph, state.spec, nodeStates(), (node) => { state.node = node; showNode(runId, node, nodeBox); });
  graph.scrollLeft = scrolled;
  showWords();
  if (state.node) showNode(runId, state.node, nodeBox);
  refresh();
}

async function showNode(runId, node, box) {
  const found = (await api("GET", `/workflows/runs/${runId}/nodes?node=${encodeURIComponent(node)}`)).nodes;
  if (state.shown !== runId) return;
  box.replaceChildren(make("h2", {}, state.spec.nodes[node]?.title ? `${node}: ${state.spec.nodes[node].title}` : node), ...(found.length ? found.map(nodeRun) : [make("p", { class: "hint" }, "has not run")]));
}

function nodeRun(each) {
  const details = each.details ?? {};
  return make("div", {}, badge(details.continued ? "continued" : each.status), each.item_path ? ` ${each.item_path}` : "", facts(details, each.usage),
    table(["call", "tool", "came", "on whose word"], (details.calls ?? []).map((call) => [call.number, call.name, call.came, wordOf(call)])),
    table(["candidate", "outcome", "took", "why"], (details.trail ?? []).map((step) => [step.candidate, step.outcome, step.milliseconds === undefined ? "" : `${step.milliseconds} ms`, because(step.why, step.kind && `${step.kind}: ${step.fault ?? ""}`)])),
    make("pre", {}, text({ input: each.input, output: each.output, error: each.error })));
}

const because = (what, why) => !what ? "" : why ? `${what} (${why})` : String(what);
const money = (micro) => micro === null || micro === undefined ? "unpriced" : `$${(micro / 1e6).toFixed(6).replace(/\.?0+$/, "")}`;
const wordOf = (call) => [(call.by ?? []).join(", "), call.edited && "edited", because(call.policy, call.why)].filter(Boolean).join("; ");

// Who answered, why, from the cache or not, at what cost. A model without a price is said to have none.
function facts(details, usage) {
  const tokens = (usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0);
  const known = { agent: because(details.agent, details.agent_why), model: details.model && because(details.offline ? "offline" : `${details.provider}:${details.model}`, details.why), turns: details.calls?.length ? details.turns : null,
    cache: details.cache && because(details.cache.came, details.cache.saved_micro_dollars ? `saved ${money(details.cache.saved_micro_dollars)}` : ""), stopped: details.stopped,
    cost: tokens ? `${money(details.cost_micro_dollars === null && !usage.cost ? null : usage.cost)}, ${usage.input_tokens} tokens in, ${usage.output_tokens} out` : null };
  const shown = Object.entries(known).filter(([, value]) => value);
  return shown.length ? make("dl", {}, ...shown.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))])) : null;
}

function table(headings, rows) {
  if (!rows.length) return null;
  return make("table", {}, make("thead", {}, make("tr", {}, ...headings.map((each) => make("th", {}, each)))), make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, String(cell ?? "")))))));
}

function gatePanel(gate) {
  const problem = make("p", { class: "problem", role: "alert" });
  const fields = Object.entries(gate.form?.properties ?? {}).map(([name, field]) => [name, field, field.type === "object" ? make("textarea", { name, rows: Math.min(16, text(field.default ?? {}).split("\n").length + 1), cols: 60, spellcheck: "false" }, text(field.default ?? {})) : make("input", { name, size: 40, type: { number: "number", integer: "number", boolean: "checkbox" }[field.type] ?? "text", step: "any" })]);
  const reason = gate.reason_rule === "none" ? null : make("input", { placeholder: gate.reason_rule === "required" ? "Reason" : "Reason (may be empty)", size: 40 });
  const typed = (field, input) => field.type === "object" ? JSON.parse(input.value) : input.type === "checkbox" ? input.checked : input.type === "number" ? Number(input.value) : input.value;
  const decide = async ({ choice, fields: wanted }) => {
    let form;
    try {
      form = Object.fromEntries(fields.filter(([name, , input]) => (!wanted || wanted.includes(name)) && (input.type === "checkbox" || input.value !== "")).map(([name, field, input]) => [name, typed(field, input)]));
    } catch (fault) { problem.textContent = `This is no JSON: ${fault.message}`; return; }
    panel.querySelectorAll("button").forEach((button) => { button.disabled = true; });
    try {
      const decision = await api("POST", `/gates/${gate.id}/decision`, { choice, channel: "web", ...(reason?.value ? { reason: reason.value } : {}), ...(gate.form ? { form } : {}) });
      delete panel.dataset.dirty;
      if (!decision.is_final) panel.querySelector(".votes").textContent = `Noted. ${decision.missing_count} more must agree.`;
    } catch (fault) { problem.textContent = fault.message; }
    panel.querySelectorAll("button").forEach((button) => { button.disabled = false; });
    refresh();
  };
  const details = gate.details && typeof gate.details === "object" && !Array.isArray(gate.details) ? make("dl", {}, ...Object.entries(gate.details).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value === null ? "–" : text(value))])) : gate.details === null ? null : make("pre", {}, text(gate.details));
  const panel = make("form", { class: "gate", "data-gate": gate.id, onsubmit: (event) => event.preventDefault(), oninput: () => { panel.dataset.dirty = "1"; } }, make("h3", {}, gate.ask), details,
    gate.at_least > 1 ? make("p", { class: "hint votes" }, `${gate.at_least} people must agree; so far: ${gate.votes.map((vote) => `${vote.person}: ${vote.choice}`).join(", ") || "nobody"}`) : null,
    ...fields.map(([name, field, input]) => make("p", {}, make("label", {}, `${field.title ?? name} `, make("small", {}, goesWith(gate, name)), " ", input))),
    make("div", { class: "actions" }, ...gate.choices.map((each) => make("button", { type: "button", class: each.approves && !each.fields?.length ? "main" : null, onclick: () => decide(each) }, each.title || each.choice)), reason), problem);
  return panel;
}

// Of a field that belongs to some of the choices: to which.
function goesWith(gate, name) {
  const choices = gate.choices.filter((each) => each.fields?.includes(name));
  return choices.length ? `goes with “${choices.map((each) => each.title || each.choice).join("”, “")}”` : "";
}

// The messages that wait for a reply: what was last told of their node (and item) is that it waits.
function unanswered() {
  const last = new Map();
  for (const number of [...state.events.keys()].sort((a, b) => a - b)) {
    const event = state.events.get(number);
    if (STATUS[event.type] && event.node) last.set(`${event.node} ${event.item_path ?? ""}`, event);
  }
  return [...last.values()].filter((event) => event.type === "node_waiting" && event.data?.waiting_for === "reply");
}

function replyPanel(runId, event) {
  const problem = make("p", { class: "problem", role: "alert" });
  const reply = make("input", { placeholder: "Your reply", "aria-label": "Your reply", size: 40 });
  const send = async (submitted) => {
    submitted.preventDefault();
    try { await api("POST", `/runs/${runId}/replies`, { text: reply.value, node: event.node }); delete panel.dataset.dirty; await catchUp(runId); }
    catch (fault) { problem.textContent = fault.message; }
  };
  const panel = make("form", { class: "gate", "data-gate": event.data.reference, onsubmit: send, oninput: () => { panel.dataset.dirty = "1"; } }, make("h3", {}, `${state.spec.nodes[event.node]?.title ?? event.node} waits for a reply`),
    make("div", { class: "actions" }, reply, make("button", { class: "main" }, "Reply")), problem);
  return panel;
}

const SVG = "http://www.w3.org/2000/svg";
function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function draw(box, spec, states, onchoose) {
  const placed = layout(spec);
  const picture = svg("svg", { width: placed.width, height: placed.height, role: "img", "aria-label": "The workflow's graph" });
  for (const edge of placed.edges) {
    picture.append(svg("path", { class: "edge", d: edge.path }));
    if (edge.label) { const label = svg("text", { class: "when", x: edge.x, y: edge.y, "text-anchor": "middle" }); label.textContent = edge.label; picture.append(label); }
  }
  for (const node of placed.nodes) {
    const seen = states.get(node.id);
    const name = svg("text", { x: 10, y: 19 }); name.textContent = node.id.length > 20 ? `${node.id.slice(0, 19)}…` : node.id;
    const kind = svg("text", { class: "kind", x: 10, y: 35 }); kind.textContent = node.type.replace("_", " ") + (seen?.items ? `, ${seen.items} done` : seen ? `, ${seen.status}` : "");
    const title = svg("title", {}); title.textContent = spec.nodes[node.id].title ?? node.id;
    const group = svg("g", { class: `node ${seen?.status ?? "queued"}`, "data-node": node.id, transform: `translate(${node.x} ${node.y})`, tabindex: "0", role: "button" }, title, svg("rect", { width: node.width, height: node.height, rx: 8 }), name, kind);
    group.addEventListener("click", () => onchoose(node.id));
    group.addEventListener("keydown", (event) => { if (event.key === "Enter") onchoose(node.id); });
    picture.append(group);
  }
  box.replaceChildren(picture);
}

showPerson();
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 5000);
