/*
 * list.js - the failure in words at the top, the list of events beside the
 * chart (only the rows in sight exist), and what is known of one event.
 */
"use strict";

const ROW_H = 24, SPARE_ROWS = 12;
const list = document.getElementById("list");
const rows = document.getElementById("rows");

/* An element with a class, attributes and children (text or elements). */
function make(tag, name, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  for (const child of children)
    if (child !== null && child !== undefined) element.append(child);
  return element;
}

function button(text, act) {
  const element = make("button", "", text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

/* ---- The failure ------------------------------------------------------- */

function showFailure() {
  const test = DATA.test;
  const passed = test.status === "passed";
  const top = make("div", "top",
    make("span", passed ? "badge passed" : "badge",
      test.status.replace("_", " ")),
    make("h1", "mono", test.name), make("span", "claim", test.title),
    make("span", "facts", `${test.seed === null ? "secret seed" : `seed ${test.seed}`} · ${DATA.is_virtual
      ? "simulated" : "real"} time ${spanText(END_US)} · `
      + `${FRAMES.length.toLocaleString("en")} frames`
      + (DATA.left_out.frames ? ` (the last ones: ${DATA.left_out.frames
        .toLocaleString("en")} before them are not shown)` : "")));
  const why = make("dl", "");
  why.id = "why";
  const part = (name, title, text) => {
    if (!text) return;
    why.append(make("div", name, make("dt", "", title), make("dd", "", text)));
  };
  if (!passed) {
    part("expected", "Expected", test.expected);
    part("seen", "Seen", test.observed);
  }
  part("rule", "Rule", test.rule);
  if (!passed) part("hint", "Hint", test.hint);
  if (test.replay) {
    const code = make("code", "", test.replay);
    const copy = button("Copy", () => copyText(code, copy));
    why.append(make("div", "replay", make("dt", "", "Replay"),
      make("dd", "", code, copy)));
  }
  document.getElementById("head").append(top, why);
}

function copyText(code, copy) {
  const range = document.createRange();
  range.selectNodeContents(code);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch (error) { /* the text stays selected: copy it by hand */ }
  copy.textContent = done ? "Copied" : "Selected";
  setTimeout(() => { copy.textContent = "Copy"; }, 1500);
}

/* ---- One event --------------------------------------------------------- */

function table(pairs) {
  const body = make("tbody", "");
  for (const [name, text] of pairs)
    body.append(make("tr", "", make("td", "", name), make("td", "", text)));
  return make("table", "", body);
}

/* When something was, and how long after the event before it of its kind. */
function when(time) {
  return timeText(time, 1);
}

function fate(frame) {
  if (!frame.arrivals.length)
    return [frame.lost !== null ? `lost: ${frame.lost}`
      : "not delivered before the end", frame.lost !== null];
  const late = frame.arrivals.map((time) => spanText(time - frame.time));
  return [`arrives after ${late[0]}` + (late.length > 1
    ? `; again after ${late.slice(1).join(", ")}` : ""), false];
}

/* Everything about an event, as an element. */
function describe(event, isLong) {
  const what = make("div", "what");
  if (event.what === "frame") {
    const word = event.kind === KEEPALIVE ? event.type
      : `${event.method} ${event.type.toLowerCase()}`;
    what.append(make("h2", "", `${event.from} → ${event.to}  ${word}`));
    const [text, isLost] = fate(event);
    what.append(make("p", isLost ? "lost" : "quiet",
      `${when(event.time)}, ${text}`));
    what.append(table(Object.entries(event.fields)));
    if (isLong) what.append(related(event));
    else what.append(make("p", "quiet", `call ${event.call}`));
  } else if (event.what === "operation") {
    what.append(make("h2", "", `client → node ${event.nodes[0]}`),
      make("p", "mono", event.command));
    what.append(table([["asked", when(event.time)],
      ["answered", event.ended === null ? "never"
        : `${when(event.ended)}, after ${spanText(event.ended - event.time)}`],
      ...(event.reply ? [["reply", event.reply]] : [])]));
  } else if (event.what === "band") {
    what.append(make("h2", "", event.text), make("p", "quiet",
      `${when(event.time)} to ${when(event.end)}`),
    make("p", "", `links: ${event.links.map((one) => one.join(" → "))
      .join(", ")}`));
  } else if (event.what === "role") {
    const { role, term, from, to, frame } = event.stretch;
    what.append(make("h2", "", `node ${event.node.id}: ${role}`
      + (term === null || role === "down" ? "" : `, term ${term}`)));
    what.append(make("p", "quiet", `${when(from)} to ${when(to)}`));
    if (frame !== null)
      what.append(make("p", "quiet", `shown by its frame ${frame}`));
  } else {
    const titles = { step: `step ${event.number}`, log: "output",
      life: "node", stream: "stream",
      wrong: DATA.wrong && DATA.wrong.is_event ? "first wrong event"
        : "the test failed here" };
    what.append(make("h2", event.what === "wrong" ? "lost" : "",
      titles[event.what]), make("p", "", event.what === "wrong"
      ? DATA.wrong.text : event.text),
    make("p", "quiet", when(event.time)));
    if (isLong && event === WRONG_EVENT && WRONG_FRAME)
      what.append(make("div", "more",
        button("Its frame", () => select(WRONG_FRAME, true))));
  }
  return what;
}

/* Buttons to the other frames of a call. */
function related(frame) {
  const more = make("div", "more", make("span", "quiet",
    `call ${frame.call} · stream ${frame.stream} · frame ${frame.n}`));
  for (const other of frame.calls.slice(0, 12))
    if (other !== frame)
      more.append(button(`${other.type.toLowerCase()} at ${when(other.time)}`,
        () => select(other, true)));
  return more;
}

function showDetail() {
  const detail = document.getElementById("detail");
  detail.replaceChildren(selected ? describe(selected, true)
    : make("p", "quiet", "Point at anything for its contents, click to keep "
      + "them here. Wheel zooms, drag pans."));
}

/* ---- The list ---------------------------------------------------------- */

function rowOf(event, at) {
  const row = make("div", `row ${event.what}`,
    make("time", "", timeText(event.time, END_US >= 10e6 ? 100 : 10)),
    make("i", ""), make("span", "", event.text));
  row.lastChild.title = event.text;
  row.id = `row-${at}`;
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", String(event === selected));
  row.style.top = `${at * ROW_H}px`;
  row.children[1].style.setProperty("--c", `var(--${event.what === "frame"
    && event.lost !== null ? "bad" : kindVariable(event.kind)})`);
  if (event.time < view.from || event.time > view.to)
    row.classList.add("outside");
  row.addEventListener("click", () => select(event, true));
  return row;
}

function paintList() {
  if (!shown.length) {
    rows.style.height = "";
    rows.replaceChildren(make("p", "empty", "No event passes the filters."));
    return;
  }
  rows.style.height = `${shown.length * ROW_H}px`;
  const first = Math.max(0,
    Math.floor(list.scrollTop / ROW_H) - SPARE_ROWS);
  const last = Math.min(shown.length, Math.ceil(
    (list.scrollTop + list.clientHeight) / ROW_H) + SPARE_ROWS);
  rows.replaceChildren(...shown.slice(first, last)
    .map((event, at) => rowOf(event, first + at)));
  const at = selected ? shown.indexOf(selected) : -1;
  if (at >= first && at < last)
    list.setAttribute("aria-activedescendant", `row-${at}`);
  else list.removeAttribute("aria-activedescendant");
}

/* Brings the selected event's row into sight. */
function revealRow() {
  const at = shown.indexOf(selected);
  if (at < 0) return;
  const top = at * ROW_H;
  if (top < list.scrollTop || top + ROW_H > list.scrollTop + list.clientHeight)
    list.scrollTop = top - list.clientHeight / 2;
}
