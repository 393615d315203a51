// A box that is wider than its place scrolls: by keyboard, too, and with an edge that says so.
const boxes = "article table, article pre, article p, article dd, article div.math, article mjx-container[display], article figure";
const slack = (box) => (box.tagName === "P" ? 12 : 1); // a formula at the end of a line sticks out a little
function mark() {
  for (const box of document.querySelectorAll(boxes)) {
    const more = box.scrollWidth - box.clientWidth;
    box.classList.toggle("scrolls", more > slack(box));
    box.classList.toggle("scrolled", more > slack(box) && box.scrollLeft >= more - 1);
    if (more > 0) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("load", () => {
  (window.MathJax?.startup?.promise ?? Promise.resolve()).then(mark);
  addEventListener("resize", mark);
  document.addEventListener("scroll", mark, {capture: true, passive: true});
  document.addEventListener("toggle", mark, {capture: true});
});
