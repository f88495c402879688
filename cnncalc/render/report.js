"use strict";
// Folds, sorts, shows formulas, links the diagram with the table, moves the field. The page is
// whole without it. It holds no angle bracket to the left and no ampersand, so that the page is XML.
const data = JSON.parse(document.getElementById("report").textContent);
const layers = new Map(data.layers.map(layer => [layer.name, layer]));
const body = document.querySelector("#layers tbody");
const rows = [...body.rows];
const named = new Map(rows.map(row => [row.dataset.name, row]));
const hidden = row => {
  for (let above = named.get(row.dataset.part); above; above = named.get(above.dataset.part))
    if (above.dataset.open === "0") return true;
  return false;
};
let sorted = "", falling = true;
function show() {
  for (const row of body.querySelectorAll("tr.formula")) row.remove();
  for (const row of rows) row.hidden = sorted ? row.classList.contains("group") : hidden(row);
}
function open(row, wanted) {
  row.dataset.open = wanted ? "1" : "0";
  const button = row.querySelector("button.fold");
  button.setAttribute("aria-expanded", String(wanted));
  button.firstElementChild.textContent = wanted ? "▾ " : "▸ ";
}
const grouped = text => text.replace(/\d{4,}/g, digits => BigInt(digits).toLocaleString("en"));
function formula(row, figure) {
  const next = row.nextElementSibling;
  if (next !== null) if (next.classList.contains("formula")) {
    next.remove();
    if (next.dataset.figure === figure) return;
  }
  const layer = layers.get(row.dataset.name);
  let text;
  if (layer) text = (layer.formulas || {})[figure] || "no formula: the figure was stated";
  else {
    const inside = data.layers.filter(one => one.name.startsWith(row.dataset.name + "."));
    const parts = inside.map(one => one[figure]).filter(Boolean);
    text = parts.join(" + ") + " = " + parts.reduce((sum, part) => sum + BigInt(part), 0n);
  }
  const line = document.createElement("tr");
  line.className = "formula";
  line.dataset.figure = figure;
  const cell = line.insertCell();
  cell.colSpan = row.cells.length;
  cell.textContent = figure + ": " + grouped(text.replaceAll("*", "·"));
  row.after(line);
}
body.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  const row = button.closest("tr");
  if (button.classList.contains("fold")) { open(row, row.dataset.open === "0"); show(); }
  else formula(row, button.dataset.figure);
});
for (const button of document.querySelectorAll("#layers thead button")) button.addEventListener("click", () => {
  const figure = button.dataset.figure;
  for (const head of document.querySelectorAll("#layers thead th")) head.removeAttribute("aria-sort");
  falling = sorted === figure ? !falling : true;
  sorted = figure;
  if (figure) button.parentNode.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const order = [...rows];
  const value = row => Number(row.dataset[figure] || 0);
  if (figure) order.sort((a, b) => falling ? value(b) - value(a) : value(a) - value(b));
  body.append(...order);
  show();
});
function choose(name) {
  for (const one of document.querySelectorAll(".chosen")) one.classList.remove("chosen");
  for (const box of document.querySelectorAll(".diagram g[data-name]")) if (box.dataset.name === name) box.classList.add("chosen");
  const row = named.get(name) || rows.find(one => one.dataset.name.startsWith(name + "."));
  if (!row) return;
  for (let above = named.get(row.dataset.part); above; above = named.get(above.dataset.part)) open(above, true);
  show();
  row.classList.add("chosen");
  row.scrollIntoView({ block: "nearest" });
}
for (const box of document.querySelectorAll(".diagram g[data-name]")) {
  box.setAttribute("tabindex", "0");
  box.setAttribute("role", "button");
  box.setAttribute("aria-label", box.dataset.name);
  box.addEventListener("click", () => choose(box.dataset.name));
  box.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(box.dataset.name); }
  });
}
const slider = document.getElementById("field-of");
if (slider) {
  const seeing = data.layers.filter(layer => layer.receptive_field ? layer.receptive_field.jump.some(Boolean) : false);
  const size = data.inputs[0].shape, high = size.h || 1, wide = size.w || size.l;
  const scale = 240 / Math.max(high, wide), seen = document.querySelector(".seen");
  slider.max = String(seeing.length - 1);
  const move = () => {
    const layer = seeing[Number(slider.value)], field = layer.receptive_field;
    const out = layer.out, flat = field.size.length === 1;
    const middle = (flat ? [out.l || out.w || 1] : [out.h || 1, out.w || 1]).map(length => Math.floor(length / 2));
    const spans = field.size.map((length, axis) => {
      const centre = field.start[axis] + middle[axis] * field.jump[axis];
      return [centre - length / 2, centre + length / 2];
    });
    if (flat) spans.unshift([0, 1]);
    const cut = (place, most) => Math.max(0, Math.min(most, place)) * scale;
    const [top, bottom] = spans[0].map(place => cut(place, high)), [left, right] = spans[1].map(place => cut(place, wide));
    seen.setAttribute("x", left); seen.setAttribute("y", top);
    seen.setAttribute("width", right - left); seen.setAttribute("height", bottom - top);
    document.getElementById("field-text").textContent = layer.name + ", unit " + middle.join(", ") + ": sees " +
      field.size.join("×") + " of " + (flat ? wide : high + "×" + wide) + "; its neighbour sees " + field.jump.join("×") + " further on";
    slider.setAttribute("aria-valuetext", layer.name);
  };
  slider.addEventListener("input", move);
  move();
}
for (const row of rows) if (row.dataset.open === "0") open(row, false);
show();
