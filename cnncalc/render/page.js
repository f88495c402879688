"use strict";
// What all pages do: a box of a diagram chooses its line, a heading sorts. The page is whole
// without it. No script holds an angle bracket to the left or an ampersand, so that the page is XML.
const read = id => {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : null;
};
const grouped = text => String(text).replace(/\d{4,}/g, digits => BigInt(digits).toLocaleString("en"));
const boxes = [...document.querySelectorAll(".diagram g[data-name]")];
function choosable(choose) {
  for (const box of boxes) {
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "button");
    const lines = [...box.querySelectorAll("text")].map(text => text.lastChild.textContent);
    box.setAttribute("aria-label", lines.join(", ")); // as it is written, without the tip
    box.addEventListener("click", () => choose(box));
    box.addEventListener("keydown", event => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(box); }
    });
  }
}
function highlight(row, chosen) {
  for (const one of document.querySelectorAll(".chosen")) one.classList.remove("chosen");
  for (const box of chosen) box.classList.add("chosen");
  row.classList.add("chosen");
  row.scrollIntoView({ block: "nearest" });
}
const order = { figure: "", falling: true }; // by which figure the rows stand, "" for the network's order
function sortable(table, rows, value, show) {
  for (const button of table.querySelectorAll("thead button")) button.addEventListener("click", () => {
    const figure = button.dataset.figure;
    for (const head of table.querySelectorAll("thead th")) head.removeAttribute("aria-sort");
    order.falling = order.figure === figure ? !order.falling : true;
    order.figure = figure;
    if (figure) button.parentNode.setAttribute("aria-sort", order.falling ? "descending" : "ascending");
    const sign = order.falling ? -1 : 1, sorted = [...rows];
    if (figure) sorted.sort((a, b) => sign * (value(a, figure) - value(b, figure)));
    table.tBodies[0].append(...sorted);
    show();
  });
}
function below(row, text) { // opens a line of text under a row; again, closes it
  const next = row.nextElementSibling;
  if (next !== null) if (next.classList.contains("formula")) {
    next.remove();
    if (next.textContent === text) return;
  }
  const line = document.createElement("tr"), cell = line.insertCell();
  line.className = "formula";
  cell.colSpan = row.cells.length;
  cell.textContent = text;
  row.after(line);
}
