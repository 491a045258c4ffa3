/*
 * view.js - moves the view, keeps the selection, and answers mouse and keys.
 * It runs last and starts everything.
 */
"use strict";

const LEAST_US = 20;      /* the shortest time that the chart can show */
const TYPICAL_FRAMES = 60; /* in sight at first, of a long record */
const scroll = document.getElementById("scroll");
const stage = document.getElementById("stage");
const map = document.getElementById("map");
const tip = document.getElementById("tip");
const legend = document.getElementById("legend");
const search = document.getElementById("search");

/* ---- Painting, at most once a frame of the screen ----------------------- */

let asked = null; /* what the screen's next frame paints */

function ask(what = paintAll) {
  if (asked === null)
    requestAnimationFrame(() => {
      const act = asked;
      asked = null;
      act();
    });
  if (asked !== paintAll) asked = asked && asked !== what ? paintAll : what;
}

function paintSide() {
  paintOver();
  paintList();
}

function paintAll() {
  paint();
  paintList();
  const room = view.width - GUTTER - 12;
  const box = document.getElementById("window");
  box.style.left = `${GUTTER + view.from / END_US * room}px`;
  box.style.width =
    `${Math.max(4, (view.to - view.from) / END_US * room)}px`;
}

function resize() {
  measure(scroll.clientWidth, scroll.clientHeight);
  paintOverview(map.clientWidth, map.clientHeight);
  paintAll(); /* at once, so that nothing flickers */
}

/* ---- The view ---------------------------------------------------------- */

const margin = () => END_US * 0.01;

function setView(from, to) {
  const whole = END_US + 2 * margin();
  const span = Math.min(whole, Math.max(LEAST_US, to - from));
  const middle = (from + to) / 2;
  view.from = Math.max(-margin(),
    Math.min(END_US + margin() - span, middle - span / 2));
  view.to = view.from + span;
  ask();
}

const fit = () => setView(-margin(), END_US + margin());

/* Zooms by a factor around a time. */
function zoom(factor, around) {
  const at = around === undefined
    ? selected && selected.time >= view.from && selected.time <= view.to
      ? selected.time : (view.from + view.to) / 2
    : around;
  const span = Math.min(END_US + 2 * margin(),
    Math.max(LEAST_US, (view.to - view.from) * factor));
  const part = (at - view.from) / (view.to - view.from);
  setView(at - part * span, at - part * span + span);
}

function pan(part) {
  const by = (view.to - view.from) * part;
  setView(view.from + by, view.to + by);
}

/* Moves just so far that a time is in sight. */
function reveal(time) {
  const span = view.to - view.from;
  if (time < view.from + span * 0.03 || time > view.to - span * 0.03)
    setView(time - span / 2, time + span / 2);
}

/* The neighbourhood of where it went wrong: some frames before, few after. */
function goWrong() {
  const centre = WRONG_FRAME || WRONG_EVENT;
  if (!centre) return fit();
  const time = WRONG_EVENT.time;
  const at = firstFrom(FRAMES, time);
  const before = FRAMES[Math.max(0, at - Math.round(TYPICAL_FRAMES * 0.7))];
  const after = FRAMES[Math.min(FRAMES.length - 1,
    at + Math.round(TYPICAL_FRAMES * 0.3))];
  const from = Math.min(before ? before.time : 0, centre.time);
  const to = Math.max(after ? after.time : time, time);
  const span = Math.max(to - from, LEAST_US * 5);
  setView(from - span * 0.04, Math.max(to, time + span * 0.12) + span * 0.04);
  select(WRONG_EVENT, false);
}

/* ---- The selection ----------------------------------------------------- */

function select(event, shouldReveal) {
  selected = event;
  if (event && shouldReveal && event.at !== undefined) reveal(event.time);
  if (event && event.shown) revealRow();
  showDetail();
  ask();
}

/* The next (1) or previous (-1) event that passes the filters. */
function step(way) {
  if (!shown.length) return;
  let at = selected ? shown.indexOf(selected) : -1;
  if (at < 0) {
    at = firstFrom(shown, selected ? selected.time : view.from);
    if (way > 0) at--;
  }
  at = Math.max(0, Math.min(shown.length - 1, at + way));
  select(shown[at], true);
}

/* ---- Filters ----------------------------------------------------------- */

function filtersChanged() {
  applyFilter();
  const all = EVENTS.length, some = shown.length;
  document.getElementById("count").textContent = some === all
    ? `${all.toLocaleString("en")} events`
    : `${some.toLocaleString("en")} of ${all.toLocaleString("en")} events`;
  paintOverview(map.clientWidth, map.clientHeight);
  if (selected) revealRow();
  ask();
}

function chip(text, isOn, variable, count, toggle) {
  const element = button("", () => {
    element.setAttribute("aria-pressed", String(toggle()));
    filtersChanged();
  });
  element.className = "chip";
  if (variable) {
    element.append(make("i", ""));
    element.style.setProperty("--c", `var(--${variable})`);
  }
  element.append(text);
  if (count) element.append(make("small", "", count.toLocaleString("en")));
  element.setAttribute("aria-pressed", String(isOn));
  return element;
}

function toggleIn(set, value) {
  if (!set.delete(value)) set.add(value);
  return set.has(value);
}

function makeFilters() {
  const nodes = document.getElementById("nodes");
  for (const node of NODES) {
    const element = chip(`node ${node.id}`, false, "", 0,
      () => toggleIn(FILTER.nodes, node.id));
    element.title = "One: all that touches it; several: what passes among them";
    nodes.append(element);
  }
  const counts = new Map();
  let replies = 0;
  for (const event of EVENTS) {
    if (event.what === "wrong") continue;
    counts.set(event.kind, (counts.get(event.kind) || 0) + 1);
    if (event.type === "REPLY") replies++;
  }
  const order = (kind) => [CLIENT, STEP, LIFE, STREAM, OUTPUT].indexOf(kind);
  const kinds = document.getElementById("kinds");
  for (const kind of [...counts.keys()].sort((a, b) => order(a) - order(b)
    || counts.get(b) - counts.get(a)))
    kinds.append(chip(kind, true, kindVariable(kind), counts.get(kind),
      () => !toggleIn(FILTER.hidden, kind)));
  if (replies)
    kinds.append(chip("replies", true, "", replies,
      () => (FILTER.replies = !FILTER.replies)));
  makeTerms();
  search.addEventListener("input", () => {
    FILTER.text = search.value.trim().toLowerCase();
    filtersChanged();
  });
}

function makeTerms() {
  const terms = [...new Set(FRAMES.map((one) => one.term))]
    .filter((term) => term !== null).sort((a, b) => a - b);
  const choice = document.getElementById("term");
  if (!terms.length) {
    choice.parentElement.hidden = true;
    return;
  }
  choice.append(new Option("all", ""));
  for (const term of terms) choice.append(new Option(String(term), term));
  choice.addEventListener("change", () => {
    FILTER.term = choice.value === "" ? null : Number(choice.value);
    filtersChanged();
  });
}

/* ---- Mouse ------------------------------------------------------------- */

function place(event) {
  const box = chart.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function showTip(event, what) {
  if (!what) {
    tip.hidden = true;
    return;
  }
  tip.replaceChildren(describe(what, false));
  tip.hidden = false;
  const box = stage.getBoundingClientRect();
  const x = event.clientX - box.left, y = event.clientY - box.top;
  const left = x + 16 + tip.offsetWidth > box.width
    ? x - 16 - tip.offsetWidth : x + 16;
  const top = y + 14 + tip.offsetHeight > box.height
    ? y - 14 - tip.offsetHeight : y + 14;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, top)}px`;
}

function listenToMouse() {
  let drag = null; /* {x, from, to, moved} */
  chart.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x] = place(event);
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    const unit = event.deltaMode === 1 ? 20 : 1;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY))
      pan(sideways * unit / plotW());
    else
      zoom(Math.exp(Math.max(-120, Math.min(120, event.deltaY * unit))
        * 0.003), timeOf(Math.max(GUTTER, x)));
    tip.hidden = true;
  }, { passive: false });
  chart.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    chart.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, from: view.from, to: view.to, moved: false };
  });
  chart.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (drag) {
      const by = (drag.x - event.clientX) / scale();
      if (drag.moved || Math.abs(drag.x - event.clientX) > 3) {
        drag.moved = true;
        chart.classList.add("drag");
        tip.hidden = true;
        setView(drag.from + by, drag.to + by);
      }
      return;
    }
    view.cursor = x >= GUTTER ? timeOf(x) : null;
    const what = under(x, y);
    chart.style.cursor = what ? "pointer" : "";
    showTip(event, what);
    ask(paintOver);
  });
  chart.addEventListener("pointerup", (event) => {
    const wasClick = drag && !drag.moved;
    drag = null;
    chart.classList.remove("drag");
    if (wasClick) select(under(...place(event)), false);
  });
  chart.addEventListener("pointercancel", () => { drag = null; });
  chart.addEventListener("pointerleave", () => {
    tip.hidden = true;
    view.cursor = null;
    ask(paintOver);
  });
  chart.addEventListener("dblclick", (event) =>
    zoom(0.4, timeOf(place(event)[0])));
  listenToMap();
  list.addEventListener("scroll", () => ask(paintSide));
}

function listenToMap() {
  const move = (event) => {
    const box = map.getBoundingClientRect();
    const time = (event.clientX - box.left - GUTTER)
      / (box.width - GUTTER - 12) * END_US;
    const half = (view.to - view.from) / 2;
    setView(time - half, time + half);
  };
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    move(event);
  });
  map.addEventListener("pointermove", (event) => {
    if (event.buttons) move(event);
  });
  map.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, (view.from + view.to) / 2);
  }, { passive: false });
}

/* ---- Keys -------------------------------------------------------------- */

function toggleLegend() {
  legend.hidden = !legend.hidden;
  document.getElementById("help")
    .setAttribute("aria-expanded", String(!legend.hidden));
}

const KEYS = {
  "+": () => zoom(0.7), "=": () => zoom(0.7), "-": () => zoom(1 / 0.7),
  "0": fit, "w": goWrong, "n": () => step(1), "p": () => step(-1),
  "j": () => step(1), "k": () => step(-1), "?": toggleLegend,
  "/": () => search.focus(),
  "Escape": () => {
    if (!legend.hidden) toggleLegend();
    else select(null, false);
  },
};
const CHART_KEYS = {
  "ArrowLeft": () => pan(-0.15), "ArrowRight": () => pan(0.15),
  "ArrowUp": () => zoom(0.7), "ArrowDown": () => zoom(1 / 0.7),
  "PageUp": () => pan(-0.9), "PageDown": () => pan(0.9),
  "Home": () => setView(0, view.to - view.from),
  "End": () => setView(END_US - view.to + view.from, END_US),
};
const LIST_KEYS = {
  "ArrowUp": () => step(-1), "ArrowDown": () => step(1),
  "PageUp": () => step(-15), "PageDown": () => step(15),
  "Home": () => step(-shown.length), "End": () => step(shown.length),
};

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    if (target === search && event.key === "Escape") {
      search.value = FILTER.text = "";
      filtersChanged();
      chart.focus();
      return;
    }
    if (target === search || target.tagName === "SELECT") return;
    const near = target === list ? LIST_KEYS[event.key]
      : target.tagName === "BUTTON" ? undefined : CHART_KEYS[event.key];
    const act = near || KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/* ---- The beginning ------------------------------------------------------ */

/* Whether messages fill only a small part of the whole time. */
function isLateToBegin() {
  return FRAMES.length > 0 && END_US - FRAMES[0].time < END_US * 0.45;
}

function start() {
  showFailure();
  readColours();
  makeFilters();
  makeLegend();
  applyFilter();
  resize();
  fit();
  /* What is drawn when all is in sight: what the self-test counts. */
  const drawn = paint();
  filtersChanged();
  select(WRONG_EVENT, false);
  if (FRAMES.length > 2 * TYPICAL_FRAMES || isLateToBegin()) goWrong();

  document.getElementById("zoom-in").onclick = () => zoom(0.7);
  document.getElementById("zoom-out").onclick = () => zoom(1 / 0.7);
  document.getElementById("fit").onclick = fit;
  document.getElementById("wrong").onclick = goWrong;
  document.getElementById("wrong").hidden = !WRONG_EVENT;
  document.getElementById("help").onclick = toggleLegend;
  listenToMouse();
  listenToKeys();
  new ResizeObserver(resize).observe(scroll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColours();
    resize();
  });
  paintAll();
  revealRow();
  document.documentElement.dataset.ready = String(drawn);
}

start();
