{
  const form = document.getElementById("choose");
  const cells = [...document.querySelectorAll("article.cell")];
  const shown = document.getElementById("shown");
  const MOST = 4e6; // steps of one difference; texts of 2,000 words each
  const CHANCE = 3; // letters
  const segmenters = new Map();

  const segmenter = (language) => {
    if (!segmenters.has(language)) {
      let found = null;
      try { found = new Intl.Segmenter(language || undefined, { granularity: "word" }); } catch { /* no such language */ }
      segmenters.set(language, found ?? (language ? segmenter("") : null));
    }
    return segmenters.get(language);
  };

  // How much it says that both texts have a word: its letters, of which a Chinese character is worth three.
  const weight = (word) => word.length + 2 * (word.match(/[\p{sc=Han}\p{sc=Katakana}]/gu) ?? []).length;

  // The words of a text with where they stand; of a script without spaces, its words or else its characters.
  const words = (text, language) => {
    const cut = segmenter(language);
    const found = cut
      ? [...cut.segment(text)].filter((one) => one.isWordLike).map((one) => [one.segment, one.index])
      : [...text.matchAll(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]|[\p{L}\p{M}\p{N}]+/gu)].map((one) => [one[0], one.index]);
    return found.map(([word, start]) => ({ word: word.toLowerCase(), start, end: start + word.length, weight: weight(word) }));
  };

  // Which words of one and of the other belong to the most that both say in the same order.
  const common = (one, other) => {
    const [n, m] = [one.length, other.length];
    const same = [new Uint8Array(n), new Uint8Array(m)];
    if (n * m > MOST) return same;
    const wide = m + 1;
    const most = new Uint32Array((n + 1) * wide);
    for (let i = n - 1; i >= 0; i--) {
      for (let j = m - 1; j >= 0; j--) {
        most[i * wide + j] = one[i].word === other[j].word
          ? most[(i + 1) * wide + j + 1] + one[i].weight
          : Math.max(most[(i + 1) * wide + j], most[i * wide + j + 1]);
      }
    }
    let [i, j, run, worth] = [0, 0, 0, 0];
    const end = () => {
      // A short word that both have amid what differs is chance.
      if (worth <= CHANCE) for (; run; run--) same[0][i - run] = same[1][j - run] = 0;
      [run, worth] = [0, 0];
    };
    while (i < n && j < m) {
      if (one[i].word === other[j].word) {
        worth += one[i].weight;
        same[0][i++] = same[1][j++] = 1;
        run++;
        continue;
      }
      end();
      if (most[(i + 1) * wide + j] >= most[i * wide + j + 1]) i++; else j++;
    }
    return same;
  };

  const ranges = (found, same) => {
    const made = [];
    found.forEach((word, place) => {
      if (same[place]) return;
      if (place && !same[place - 1] && made.length) made[made.length - 1][1] = word.end;
      else made.push([word.start, word.end]);
    });
    return made;
  };

  const plain = new WeakMap();
  const reset = (element) => {
    if (!plain.has(element)) plain.set(element, [...element.childNodes].map((node) => node.cloneNode(true)));
    element.replaceChildren(...plain.get(element).map((node) => node.cloneNode(true)));
  };

  // Marks stretches of an element's text, whatever elements are in it already.
  const mark = (element, stretches) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    let from = 0;
    for (const node of nodes) {
      const text = node.data;
      const parts = [];
      let at = 0;
      for (const [start, end] of stretches) {
        const [first, last] = [Math.max(start - from, at), Math.min(end - from, text.length)];
        if (first >= last) continue;
        const span = document.createElement("span");
        span.className = "differs";
        span.textContent = text.slice(first, last);
        parts.push(text.slice(at, first), span);
        at = last;
      }
      from += text.length;
      if (parts.length) node.replaceWith(...parts, text.slice(at));
    }
  };

  const drawn = new Map(); // by cell, the pair whose differences are marked
  const near = new Set();
  const pair = () => [form.elements.left.value, form.elements.right.value];
  const draw = (cell) => {
    const [left, right] = pair();
    if (drawn.get(cell) === `${left} ${right}`) return;
    drawn.set(cell, `${left} ${right}`);
    const texts = [left, right].map((writer) => cell.querySelector(`.text[data-writer="${writer}"] .words`));
    texts.forEach((text) => text && reset(text));
    if (left === right || texts.includes(null)) return;
    const found = texts.map((text) => words(text.textContent, text.lang));
    const same = common(...found);
    texts.forEach((text, side) => mark(text, ranges(found[side], same[side])));
  };

  const outcome = (cell, left, right) => {
    const judged = cell.querySelector(`.judged[data-pair="${left} ${right}"], .judged[data-pair="${right} ${left}"]`);
    const won = judged?.dataset.won;
    return [judged, won === undefined ? "unanswered" : won === left ? "won" : won === right ? "lost" : won];
  };

  const has = (cell, writer, fault) => cell.querySelector(`.text[data-writer="${writer}"] mark.${fault}, .text[data-writer="${writer}"] .lost.${fault}`) !== null;
  const faulty = (cell, wanted, left, right) => {
    if (!wanted) return true;
    const [first, second] = [has(cell, left, "invention"), has(cell, right, "invention")];
    return { left: first, right: second, either: first || second, neither: !first && !second,
             reader: has(cell, left, "reader") || has(cell, right, "reader") }[wanted];
  };

  const show = () => {
    const [left, right] = pair();
    let count = 0;
    for (const cell of cells) {
      const [judged, ended] = outcome(cell, left, right);
      const fits = ["culture", "kind", "family"].every((name) => {
        const wanted = form.elements[name].value;
        return wanted === "" || cell.dataset[name] === wanted;
      }) && [ended, ""].includes(form.elements.outcome.value) && faulty(cell, form.elements.faults.value, left, right);
      cell.hidden = !fits;
      if (!fits) continue;
      count++;
      const texts = [...cell.querySelectorAll(".text")];
      for (const text of texts) text.hidden = ![left, right].includes(text.dataset.writer);
      // What is on the left comes first when the page is read aloud, too.
      for (const writer of [left, right]) cell.querySelector(".texts").append(...texts.filter((text) => text.dataset.writer === writer));
      for (const each of cell.querySelectorAll(".judged")) each.hidden = each !== judged;
      cell.querySelector(".unjudged").hidden = judged !== null;
      if (near.has(cell)) draw(cell);
    }
    shown.textContent = `${count} of ${cells.length} shown.`;
  };

  if (form) {
    form.hidden = false;
    const watching = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) { near.delete(entry.target); continue; }
        near.add(entry.target);
        draw(entry.target);
      }
    }, { rootMargin: "800px" });
    cells.forEach((cell) => watching.observe(cell));
    form.addEventListener("change", show);
    form.elements.marked.addEventListener("change", (event) => {
      document.getElementById("cells").classList.toggle("unmarked", !event.target.checked);
    });
    // A cell that is linked to is shown, whatever was chosen.
    window.addEventListener("hashchange", () => {
      const cell = document.getElementById(location.hash.slice(1));
      if (!cell?.matches("article.cell[hidden]")) return;
      for (const name of ["outcome", "culture", "kind", "family", "faults"]) form.elements[name].value = "";
      show();
      cell.scrollIntoView();
    });
    window.addEventListener("beforeprint", () => cells.filter((cell) => !cell.hidden).forEach(draw));
    show();
  }
}
