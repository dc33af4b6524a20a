// Where each node of a workflow stands: levels from left to right, the order within a level by where its predecessors stand.
// Pure: a spec in, coordinates out.
const WIDTH = 168, HEIGHT = 46, GAP_X = 104, GAP_Y = 26, MARGIN = 12;

export function edgesOf(spec) {
  const edges = (spec.edges ?? []).map((edge) => ({ from: edge.from, to: edge.to, label: edge.when === undefined || edge.when === null ? "" : String(edge.when) }));
  for (const [id, node] of Object.entries(spec.nodes)) {
    for (const source of node.after ?? []) edges.push({ from: source, to: id, label: "" });
    if (node.on_error?.goto) edges.push({ from: id, to: node.on_error.goto, label: "error" });
  }
  const merged = new Map();
  for (const edge of edges.filter((each) => each.from in spec.nodes && each.to in spec.nodes)) {
    const key = `${edge.from} ${edge.to}`, known = merged.get(key);
    merged.set(key, known ? { ...known, label: [known.label, edge.label].filter(Boolean).join(", ") } : edge);
  }
  return [...merged.values()];
}

export function levelsOf(ids, edges) {
  const level = Object.fromEntries(ids.map((id) => [id, 0]));
  for (let round = 0; round < ids.length; round += 1) {
    let moved = false;
    for (const { from, to } of edges) if (level[to] < level[from] + 1) { level[to] = level[from] + 1; moved = true; }
    if (!moved) break;
  }
  return level;
}

export function layout(spec) {
  const ids = Object.keys(spec.nodes);
  const edges = edgesOf(spec);
  const level = levelsOf(ids, edges);
  const columns = [];
  for (const id of ids) (columns[level[id]] ??= []).push(id);
  const row = {};
  for (const column of columns) {
    const wish = (id) => { const before = edges.filter((edge) => edge.to === id && row[edge.from] !== undefined).map((edge) => row[edge.from]); return before.length ? before.reduce((sum, each) => sum + each, 0) / before.length : 0; };
    column.sort((a, b) => wish(a) - wish(b));
    column.forEach((id, index) => { row[id] = index - (column.length - 1) / 2; });
  }
  const least = Math.min(0, ...Object.values(row));
  const place = (id) => ({ x: MARGIN + level[id] * (WIDTH + GAP_X), y: MARGIN + (row[id] - least) * (HEIGHT + GAP_Y) });
  const nodes = ids.map((id) => ({ id, type: spec.nodes[id].type, width: WIDTH, height: HEIGHT, ...place(id) }));
  const lines = edges.map((edge) => {
    const from = place(edge.from), to = place(edge.to);
    const x1 = from.x + WIDTH, y1 = from.y + HEIGHT / 2, x2 = to.x, y2 = to.y + HEIGHT / 2, half = Math.max((x2 - x1) / 2, 24);
    const bow = level[edge.to] - level[edge.from] > 1 ? HEIGHT + GAP_Y : 0; // past the nodes between
    return { path: `M${x1} ${y1} C${x1 + half} ${y1 + bow} ${x2 - half} ${y2 + bow} ${x2} ${y2}`, label: edge.label.length > 22 ? `${edge.label.slice(0, 21)}…` : edge.label, x: bow ? (x1 + x2) / 2 : x2 - GAP_X / 2, y: bow ? (y1 + y2) / 2 + bow * 0.75 - 4 : y2 + (y1 - y2) * 0.18 - 4 };
  });
  const bows = edges.some((edge) => level[edge.to] - level[edge.from] > 1);
  return { nodes, edges: lines, width: MARGIN * 2 + columns.length * (WIDTH + GAP_X) - GAP_X, height: MARGIN + Math.max(...nodes.map((node) => node.y + HEIGHT)) + (bows ? HEIGHT : 0) };
}
