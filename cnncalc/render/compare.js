// Two networks: hides what is the same, sorts, shows formulas, links both diagrams with the table.
const sides = [["a", "A", read("report")], ["b", "B", read("other")]].map(([key, letter, report]) => {
  const layers = new Map(); // a layer and what is attached to it, by its name
  for (const layer of report.layers) {
    const name = layer.attached_to || layer.name;
    layers.set(name, [...layers.get(name) || [], layer]);
  }
  return { key, letter, layers };
});
const table = document.getElementById("layers"), body = table.tBodies[0];
const layersOf = (row, side) => side.layers.get(row.dataset[side.key]) || [];
const total = (row, side, figure) => layersOf(row, side).reduce((sum, layer) => sum + layer[figure], 0);
const STATUS = { added: "only in B", removed: "only in A" };
function made([, status, a, b, type, settings, outputs, marked]) { // a line that the file does not hold
  const row = document.createElement("tr"), head = document.createElement("th");
  row.className = status;
  if (a) row.dataset.a = a;
  if (b) row.dataset.b = b;
  head.scope = "row";
  head.textContent = [...new Set([a, b].filter(Boolean))].join(" → ");
  row.append(head);
  const cell = (text, mark, chosen) => {
    let inner = row.insertCell();
    for (const tag of [mark ? "mark" : "", chosen ? "button" : ""].filter(Boolean)) {
      const outer = inner;
      inner = document.createElement(tag);
      outer.append(inner);
    }
    inner.textContent = text;
  };
  cell(STATUS[status] || status);
  cell(type, marked.includes("type"));
  cell(settings, settings);
  cell(outputs[0]);
  cell(outputs[1], marked.includes("out"));
  for (const figure of ["params", "macs"]) {
    const counts = sides.map(side => row.dataset[side.key] ? total(row, side, figure) : null);
    counts.forEach((count, place) => cell(count === null ? "-" : grouped(count), place === 1 ? marked.includes(figure) : false, count));
    const change = (counts[1] || 0) - (counts[0] || 0);
    cell(change ? (change > 0 ? "+" : "-") + grouped(Math.abs(change)) : "");
  }
  return row;
}
const later = new Map((read("later") || []).map(line => [line[0], line])), written = [...body.rows];
const count = written.length + later.size;
const rows = Array.from({ length: count }, (_, place) => later.has(place) ? made(later.get(place)) : written.shift());
if (later.size) body.append(...rows);
const differing = document.getElementById("differing");
const FIGURES = { 6: ["params", 0], 7: ["params", 1], 9: ["macs", 0], 10: ["macs", 1] }; // by the place of the cell
function show() {
  for (const row of body.querySelectorAll("tr.formula")) row.remove();
  for (const row of rows) row.hidden = differing.checked ? row.classList.contains("same") : false;
}
body.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  const row = button.closest("tr"), [figure, place] = FIGURES[button.closest("td").cellIndex];
  const found = layersOf(row, sides[place]).filter(layer => layer[figure]);
  const texts = found.map(layer => layer.name + ": " + ((layer.formulas || {})[figure] || layer[figure] + ", stated"));
  below(row, figure + " " + sides[place].letter + ": " + grouped(texts.join("; ").replaceAll("*", "·")));
});
function value(row, figure) {
  const [key, place] = figure.split(" "), [a, b] = sides.map(side => total(row, side, key));
  return { A: a, B: b, change: b - a }[place];
}
sortable(table, rows, value, show);
choosable(box => {
  const place = document.querySelectorAll(".diagram")[1].contains(box) ? 1 : 0, key = sides[place].key, name = box.dataset.name;
  const own = row => row.dataset[key] || "";
  const row = rows.find(one => own(one) === name) || rows.find(one => own(one).startsWith(name + "."));
  if (!row) return;
  if (row.hidden) { differing.checked = false; show(); }
  highlight(row, [box]);
});
differing.addEventListener("change", show);
differing.checked = rows.length > 40 ? rows.some(row => !row.classList.contains("same")) : false;
show();
