// A long table that stays quick: only the rows in sight are in the page. A click or the arrow keys choose a row, the
// space bar or a tick marks it for something done to several. Filter and order are kept here, not on the server.
// Everything from a file arrives in `data` and leaves as textContent or title: never as markup.

const ROW = 33;
const BEYOND = 12; // rows drawn above and below what is in sight
const SEARCHED_FROM = 13; // rows from which a filter is worth its space

const element = (name, text = "", title = "") => {
  const made = document.createElement(name);
  made.textContent = text;
  if (title) made.title = title;
  return made;
};

const bar = (cell) => {
  const made = element("td", "", cell.title);
  const box = element("div");
  const length = element("b");
  box.className = "severity";
  length.style.width = `${cell.by}%`;
  box.append(element("i"), element("span", cell.text));
  box.firstChild.append(length);
  made.append(box);
  return made;
};

// The rows of `data`, whose columns tell each of their different cells once.
const unpacked = ({ ids, quiet, columns }) => {
  const faint = new Set(quiet);
  return ids.map((id, row) => ({ id, quiet: faint.has(row), cells: columns.map(({ cells, at }) => cells[at[row]]) }));
};

class Table {
  constructor(root) {
    this.root = root;
    this.frame = root.querySelector(".frame");
    this.head = root.querySelector("thead");
    this.body = root.querySelector("tbody");
    this.search = root.querySelector("input");
    this.count = root.querySelector(".count");
    this.order = { column: -1, descending: false }; // -1: as given
    this.marked = new Set();
    this.frame.onscroll = () => this.draw();
    this.search.oninput = () => {
      this.arrange();
      this.frame.scrollTop = 0;
      this.draw();
    };
    this.search.onkeydown = (event) => event.stopPropagation(); // letters typed here are no shortcuts of the page
    this.body.onkeydown = (event) => this.pressed(event);
  }

  take({ data, setTriggerValue, setStateValue }) {
    this.data = data;
    this.all = unpacked(data);
    this.tell = setTriggerValue;
    this.keep = setStateValue;
    this.frame.style.maxHeight = `${data.height}px`;
    this.chosen = data.chosen;
    const ids = new Set(data.ids);
    this.marked = new Set([...this.marked].filter((id) => ids.has(id)));
    this.search.parentElement.hidden = this.all.length < SEARCHED_FROM;
    this.arrange();
    this.headings();
    this.bringIntoSight();
    this.draw();
  }

  arrange() {
    const wanted = this.search.parentElement.hidden ? [] : this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const { column, descending } = this.order;
    const sign = descending ? -1 : 1;
    const by = (row) => (column < 0 ? 0 : row.cells[column].by ?? row.cells[column].text);
    this.rows = this.all.filter((row) => {
      row.text ??= row.cells.map((cell) => `${cell.text} ${cell.title ?? ""}`).join(" ").toLowerCase();
      return wanted.every((word) => row.text.includes(word));
    });
    const place = new Map(this.all.map((row, i) => [row, i]));
    this.rows.sort((a, b) => (by(a) < by(b) ? -sign : by(a) > by(b) ? sign : place.get(a) - place.get(b)));
    const all = this.all.length;
    this.count.textContent = wanted.length ? `${this.rows.length.toLocaleString("en")} of ${all.toLocaleString("en")}` : "";
  }

  headings() {
    const line = element("tr");
    if (this.data.many) {
      const cell = element("th");
      const tick = this.tick("Mark all that are listed", this.rows.length > 0 && this.rows.every((r) => this.marked.has(r.id)));
      tick.onclick = (event) => {
        event.stopPropagation();
        this.rows.forEach((row) => (tick.checked ? this.marked.add(row.id) : this.marked.delete(row.id)));
        this.changed();
      };
      cell.append(tick);
      line.append(cell);
    }
    this.data.columns.forEach(({ head, says, wide }, i) => {
      const heading = element("th", head, says);
      heading.scope = "col";
      if (wide) heading.className = "wide";
      if (i === this.order.column) heading.ariaSort = this.order.descending ? "descending" : "ascending";
      heading.onclick = () => {
        const again = this.order.column === i;
        this.order = { column: i, descending: again ? !this.order.descending : Boolean(this.data.columns[i].bar) };
        this.arrange();
        this.headings();
        this.draw();
      };
      line.append(heading);
    });
    this.head.replaceChildren(line);
  }

  draw() {
    const focused = this.body.contains(this.root.getRootNode().activeElement);
    const height = this.frame.clientHeight || this.data.height;
    const inSight = Math.ceil(height / ROW);
    // Of a list that has just become shorter, its end: it may be scrolled to where it has no rows any more.
    const top = Math.min(Math.floor(this.frame.scrollTop / ROW), Math.max(0, this.rows.length - inSight));
    const first = Math.max(0, top - BEYOND);
    const last = Math.min(this.rows.length, top + inSight + 1 + BEYOND);
    this.body.replaceChildren(
      this.space(first), ...this.rows.slice(first, last).map((row) => this.line(row)), this.space(this.rows.length - last),
    );
    if (focused) this.body.querySelector('[aria-selected="true"]')?.focus({ preventScroll: true });
  }

  space(rows) {
    const line = element("tr");
    const cell = element("td");
    line.className = "space";
    line.ariaHidden = "true";
    cell.style.height = `${rows * ROW}px`;
    cell.colSpan = this.data.columns.length + (this.data.many ? 1 : 0);
    line.append(cell);
    line.hidden = rows === 0;
    return line;
  }

  line(row) {
    const line = element("tr");
    if (this.data.many) {
      const cell = element("td");
      const tick = this.tick("Mark", this.marked.has(row.id));
      tick.onclick = (event) => {
        event.stopPropagation();
        tick.checked ? this.marked.add(row.id) : this.marked.delete(row.id);
        this.changed();
      };
      cell.append(tick);
      line.append(cell);
    }
    line.append(...row.cells.map((cell, i) => {
      const column = this.data.columns[i];
      const made = column.bar ? bar(cell) : element("td", cell.text, cell.title);
      if (column.wide) made.className = "wide";
      if (column.number) made.classList.add("number");
      return made;
    }));
    line.ariaSelected = String(row.id === this.chosen);
    if (row.quiet) line.classList.add("quiet");
    line.tabIndex = row.id === this.chosen ? 0 : -1;
    line.onclick = () => this.choose(row);
    return line;
  }

  tick(label, on) {
    const tick = element("input");
    tick.type = "checkbox";
    tick.ariaLabel = label;
    tick.checked = on;
    return tick;
  }

  changed() {
    this.keep("marked", [...this.marked]);
    this.headings();
    this.draw();
  }

  choose(row) {
    this.chosen = row.id;
    this.bringIntoSight();
    this.draw();
    this.body.querySelector('[aria-selected="true"]')?.focus({ preventScroll: true });
    this.tell("chosen", row.id);
  }

  pressed(event) {
    const at = this.rows.findIndex((row) => row.id === this.chosen);
    if (event.key === " " && this.data.many && at >= 0) {
      event.preventDefault();
      this.marked.has(this.chosen) ? this.marked.delete(this.chosen) : this.marked.add(this.chosen);
      this.changed();
      return;
    }
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.rows.length - 1 }[event.key];
    if (to === undefined || !this.rows[to] || to === at) return;
    event.preventDefault();
    this.choose(this.rows[to]);
  }

  bringIntoSight() {
    const at = this.rows.findIndex((row) => row.id === this.chosen);
    if (at < 0) return;
    const room = (this.frame.clientHeight || this.data.height) - this.head.offsetHeight;
    if (at * ROW < this.frame.scrollTop) this.frame.scrollTop = at * ROW;
    if ((at + 1) * ROW > this.frame.scrollTop + room) {
      if (!this.body.offsetHeight || this.body.offsetHeight < this.rows.length * ROW) this.draw(); // room to scroll in
      this.frame.scrollTop = (at + 1) * ROW - room;
    }
  }
}

export default function (given) {
  const root = given.parentElement.querySelector(".events");
  root.table ??= new Table(root);
  root.table.take(given);
}
