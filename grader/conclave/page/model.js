/*
 * model.js - the events of a test, made from the JSON in the page, and which
 * of them the filters let through. Times are microseconds. Nothing here draws.
 */
"use strict";

window.addEventListener("error", (event) => {
  document.documentElement.dataset.error = event.message;
});

const DATA = JSON.parse(document.getElementById("data").textContent);
const IDS = DATA.nodes.map((node) => node.id);
const PLACE = new Map(IDS.map((id, place) => [id, place]));
const END_US = Math.max(1, DATA.end_us);

/* Kinds that are no method of a frame; a method's name is a kind too. */
const CLIENT = "client", STEP = "steps", LIFE = "nodes", OUTPUT = "output",
  STREAM = "streams", WRONG = "wrong", KEEPALIVE = "keepalive";

/* A frame in two or three words, to stand on its arrow. */
function brief(frame) {
  const { method, type, fields, term } = frame;
  const inTerm = term === null ? "" : ` t${term}`;
  if (type === "CANCEL") return "cancel";
  if (type === "REPLY" && fields.outcome && fields.outcome !== "OK")
    return fields.outcome.replace("RPC_", "").toLowerCase();
  if (method === "RequestVote")
    return (type === "REQUEST" ? "vote?"
      : fields.granted === "yes" ? "granted" : "refused") + inTerm;
  if (method === "AppendEntries") {
    if (type === "REPLY")
      return (fields.success === "yes" ? "ok" : "no") + inTerm;
    const count = parseInt(fields.entries, 10) || 0;
    return (count ? `+${count}` : "heartbeat") + inTerm;
  }
  if (type === "REPLY") return "ok" + inTerm;
  return method + inTerm;
}

/* A frame's words without what most rows of the list would have in common. */
function shorter(words) {
  return words.replace(/^REQUEST +/, "").replace(/^REPLY +(\S+)/, "$1 reply")
    .replace(/ call \d+/, "").replace(/budget_ms \d+(, )?/, "");
}

function readFrame(row) {
  const [n, time, from, to, type, method, call, stream, arrivals, lost, words,
    term, fields] = row;
  const event = {
    what: "frame",
    kind: type === "PING" || type === "PONG" ? KEEPALIVE : method,
    n, time, from, to, type, method, call, stream, arrivals, lost, term, fields,
    end: arrivals.length ? Math.max(...arrivals) : time,
    nodes: [from, to], text: `${from} → ${to}  ${shorter(words)}`,
    search: `${from} -> ${to} ${words}`.toLowerCase(),
  };
  event.brief = brief(event);
  return event;
}

function readAll() {
  const events = DATA.frames.map(readFrame);
  const add = (what, kind, time, nodes, text, more) => events.push(
    Object.assign({ what, kind, time, end: time, nodes, text, term: null },
      more));

  for (const [node, began, ended, command, reply] of DATA.operations)
    add("operation", CLIENT, began, [node],
      `client → ${node}  ${command}` + (ended === null ? " (no answer)"
        : ` = ${reply}`),
      { end: ended === null ? END_US : ended, ended, command, reply });
  DATA.steps.forEach(([time, text], at) =>
    add("step", STEP, time, [], `${at + 1}. ${text}`, { number: at + 1 }));
  for (const [time, node, does, text] of DATA.lives)
    add("life", LIFE, time, [node], `node ${node} ${text}`, { does });
  for (const [time, node, text] of DATA.logs)
    add("log", OUTPUT, time, [node], `node ${node} says ${text}`);
  for (const [time, from, to, does] of DATA.streams)
    add("stream", STREAM, time, [from, to], `stream ${from} → ${to} ${does}`,
      { from, to, does });
  for (const [time, from, to, size] of DATA.garbage)
    add("stream", STREAM, time, [from, to],
      `${from} → ${to}  ${size} bytes that are no frame`,
      { from, to, does: "garbage" });
  if (DATA.wrong)
    add("wrong", WRONG, DATA.wrong.time,
      DATA.wrong.node === null ? [] : [DATA.wrong.node],
      (DATA.wrong.is_event ? "First wrong event: " : "The test failed here: ")
      + DATA.wrong.text);

  const rank = { wrong: 1 }; /* of what is at the same time, it comes last */
  events.forEach((event, at) => { event.order = at; });
  events.sort((a, b) => a.time - b.time
    || (rank[a.what] || 0) - (rank[b.what] || 0) || a.order - b.order);
  events.forEach((event, at) => {
    event.at = at;
    event.search = (event.search || "") + event.text.toLowerCase();
  });
  return events;
}

const EVENTS = readAll();
const FRAMES = EVENTS.filter((event) => event.what === "frame");
const WRONG_EVENT = EVENTS.find((event) => event.what === "wrong") || null;
const WRONG_FRAME = DATA.wrong && DATA.wrong.frame !== null
  ? FRAMES.find((frame) => frame.n === DATA.wrong.frame) || null : null;

/* Frames of one call: its request, replies and cancels. */
const CALLS = new Map();
for (const frame of FRAMES) {
  const key = `${frame.stream}/${frame.call}/${frame.kind}`;
  frame.calls = CALLS.get(key) || [];
  frame.calls.push(frame);
  CALLS.set(key, frame.calls);
}

/* The usual time of a frame on its way: how far a lost one is drawn. */
const USUAL_US = (() => {
  const times = FRAMES.filter((one) => one.arrivals.length)
    .map((one) => one.arrivals[0] - one.time).sort((a, b) => a - b);
  return times.length ? times[times.length >> 1] : 1000;
})();

/* ---- What a node was, over time ---------------------------------------- */

/*
 * Stretches {from, to, role, term, frame} of a node's life; role "down" while
 * no process runs, "up" when nothing tells more.
 */
function stretches(id) {
  const turns = (DATA.roles[id] || []).map(([time, role, term, frame]) =>
    ({ time, role, term, frame }));
  const lives = DATA.lives.filter(([, node, does]) => node === id
    && does !== "pause" && does !== "resume")
    .map(([time, , does]) => ({ time, does }));
  const first = lives.find((life) => life.does === "start");
  let now = { from: 0, role: first ? "down" : "up", term: null, frame: null };
  const found = [];
  const become = (time, change) => {
    const next = Object.assign({}, now, { from: time, frame: null }, change);
    if (next.role === now.role && next.term === now.term) return;
    if (time > now.from) found.push(Object.assign({ to: time }, now));
    now = next;
  };
  for (const one of turns.concat(lives).sort((a, b) => a.time - b.time)) {
    if (one.role) become(one.time, one);
    else if (one.does === "start")
      become(one.time, { role: now.term === null ? "up" : "follower" });
    else become(one.time, { role: "down" });
  }
  if (END_US > now.from) found.push(Object.assign({ to: END_US }, now));
  return found;
}

/* [from, to] while a node was paused. */
function pauses(id) {
  const found = [];
  let since = null;
  for (const [time, node, does] of DATA.lives) {
    if (node !== id) continue;
    if (does === "pause") since = since === null ? time : since;
    else if (since !== null) {
      found.push([since, time]);
      since = null;
    }
  }
  if (since !== null) found.push([since, END_US]);
  return found;
}

const NODES = DATA.nodes.map((node) => Object.assign({}, node,
  { stretches: stretches(node.id), pauses: pauses(node.id) }));

/* What a node was at a time: "leader t3". */
function stateAt(node, time) {
  const one = node.stretches.find((it) => it.from <= time && time < it.to)
    || node.stretches[node.stretches.length - 1];
  if (!one) return "";
  const paused = node.pauses.some(([from, to]) => from <= time && time < to);
  return (paused ? "paused " : "") + one.role
    + (one.term !== null && one.role !== "down" ? ` t${one.term}` : "");
}

/* ---- Filters ----------------------------------------------------------- */

const FILTER = {
  nodes: new Set(), /* empty: all; one: what touches it; more: among them */
  hidden: new Set(), /* kinds */
  replies: true,
  term: null,
  text: "",
};

function passes(event) {
  if (event.what === "wrong") return true;
  if (FILTER.hidden.has(event.kind)) return false;
  if (!FILTER.replies && event.type === "REPLY") return false;
  if (FILTER.nodes.size === 1 && event.nodes.length
      && !event.nodes.some((id) => FILTER.nodes.has(id))) return false;
  if (FILTER.nodes.size > 1
      && !event.nodes.every((id) => FILTER.nodes.has(id))) return false;
  if (FILTER.term !== null && event.what === "frame"
      && event.term !== FILTER.term) return false;
  return !FILTER.text || event.search.includes(FILTER.text);
}

let shown = []; /* events that pass, in order of time */

function applyFilter() {
  shown = EVENTS.filter((event) => (event.shown = passes(event)));
}

/* The place in `list` of the first event at or after a time. */
function firstFrom(list, time) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].time < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* ---- Words ------------------------------------------------------------- */

/* A time, with as many digits as a scale (microseconds a step) needs. */
function timeText(us, step) {
  const inSeconds = END_US >= 10e6;
  const unit = inSeconds ? 1e6 : 1e3;
  const digits = Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9));
  const number = (us / unit).toFixed(Math.min(digits, 6));
  return `${number} ${inSeconds ? "s" : "ms"}`;
}

/* A span of time: "12.3 ms". */
function spanText(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${(us / 1000).toPrecision(3)} ms`;
  return `${(us / 1e6).toPrecision(3)} s`;
}
