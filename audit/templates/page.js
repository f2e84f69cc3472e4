for (const holder of document.querySelectorAll("script.chart-spec")) {
  const target = document.getElementById(holder.dataset.target);
  // `ast` runs expressions without eval, which the page's policy forbids.
  vegaEmbed(target, JSON.parse(holder.textContent), { renderer: "svg", actions: false, ast: true })
    .then(() => { target.dataset.drawn = "yes"; })
    .catch((error) => { target.textContent = "This chart could not be drawn: " + error.message; console.error(error); });
}
window.addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
});
