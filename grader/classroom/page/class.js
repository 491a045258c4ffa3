// class.js - a click on a heading sorts its table.
"use strict";
for (const table of document.querySelectorAll("table.sorts")) {
  const heads = [...table.tHead.rows[0].cells];
  const read = (row, at) => {
    const text = row.cells[at].textContent.trim();
    const number = Number.parseFloat(text);
    return heads[at].className.includes("n") && text !== "" ? number : text;
  };
  heads.forEach((head, at) => head.addEventListener("click", () => {
    const isNumber = head.classList.contains("n");
    const down = head.classList.contains("down") ? false
      : head.classList.contains("up") ? true : isNumber;
    for (const one of heads) one.classList.remove("up", "down");
    head.classList.add(down ? "down" : "up");
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => {
      const x = read(a, at), y = read(b, at);
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = isNumber ? x - y : String(x).localeCompare(String(y));
      return down ? -order : order;
    });
    table.tBodies[0].append(...rows);
  }));
}
