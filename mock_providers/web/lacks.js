// What a stack asked for that this server doesn't have: a button that appears with the first, and the list behind it.
import { visible } from "./visible.js";
const button = document.getElementById("lacks");
const dialog = document.getElementById("dialog");
let lacks = [];

export async function showLacks(api) {
  lacks = (await api("/unsupported")).unsupported;
  button.hidden = lacks.length === 0;
  button.textContent = `Not here (${lacks.length})`;
}

const cell = (text) => Object.assign(document.createElement("td"), { textContent: visible(text) });

button.addEventListener("click", () => {
  const form = Object.assign(document.createElement("form"), { method: "dialog" });
  const heading = Object.assign(document.createElement("h2"), { id: "dialog-title", textContent: "Not implemented by this mock" });
  const table = document.createElement("table");
  for (const one of lacks) {
    const row = document.createElement("tr");
    row.append(cell(one.count), cell(one.method), cell(one.path), cell(new Date(one.last_seen * 1000).toISOString().slice(11, 19)));
    table.append(row);
  }
  const list = Object.assign(document.createElement("div"), { className: "lacks" });
  list.append(table);
  const end = Object.assign(document.createElement("div"), { className: "end" });
  end.append(Object.assign(document.createElement("button"), { type: "submit", textContent: "Close" }));
  form.append(heading, list, end);
  dialog.replaceChildren(form);
  dialog.showModal();
});
