"""A figure to explore, by Bokeh; a static figure beside it shows the same to readers without JavaScript.

The figure is HTML for a notebook's output and contains its data; the book adds Bokeh's scripts (`lib.pages`) to the page.
Elsewhere, such as in a downloaded notebook, a sentence takes its place.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bokeh.document import Document
from bokeh.models import CheckboxGroup, ColumnDataSource, CustomJS, HoverTool, Model, Select
from bokeh.plotting import figure

from lib.analysis.evidence import classes, raw_slopes, slopes
from lib.analysis.published import PREDICTOR_NAMES, SPACE_NAMES
from lib.measures.regression import CLASS_ONE
from lib.report.layout import Summaries
from lib.report.style import BLUE, GREY, NAVY, ORANGE
from lib.runs import Summary

NAME = "explore-slopes"
SPACE_OPTIONS = {space: SPACE_NAMES[space] for space in ("latent", "input")}  # the paper's J_L is offered first
LABEL = "Test slopes against the latent dimension, of all points and class by class."
ABSENT = "A figure to explore stands here in the book; the static figures beside it show the same."
HINT = "Hover over a line, or touch it, for its slopes and numbers of images; those of all images have 95 % intervals."
FIRST = (-1, CLASS_ONE)  # the lines shown at first: all images, and class 1
EXPLORER_HTML = """<div class="explore" id="{name}" role="group" aria-label="{label}"><p>{absent}</p>
<div>{hint}</div><div class="explore-controls" role="group" aria-label="Choices: run, predictor, space, lines">{controls}</div>
<div class="explore-plots">{plot}</div>
<script>
addEventListener("DOMContentLoaded", () => {{
  if (!window.Bokeh) return;
  document.querySelector("#{name} > p").remove();
  Bokeh.embed.embed_items({documents}, {items});
}});
</script></div>"""


@dataclass(frozen=True)
class Explorer:
    """A figure to explore: what a notebook shows, as HTML and in words."""

    html: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"{LABEL} {ABSENT}"


def _explorer(controls: Sequence[Model], plot: Model) -> Explorer:
    document = Document()
    places: dict[str, str] = {}
    for number, root in enumerate((*controls, plot)):
        document.add_root(root)
        places[root.id] = f"{NAME}-{number}"
    items = [{"docid": NAME, "roots": places, "root_ids": list(places)}]
    data = {"documents": {NAME: document.to_json(deferred=False)}, "items": items}
    html = EXPLORER_HTML.format(
        name=NAME,
        label=LABEL,
        absent=ABSENT,
        hint=HINT,
        controls="".join(f'<div id="{places[control.id]}"></div>' for control in controls),
        plot=f'<div id="{places[plot.id]}" role="img" aria-label="{LABEL}"></div>',
        # a "</script>" inside a string of the data would end the script
        **{key: json.dumps(value).replace("</", "<\\/") for key, value in data.items()},
    )
    return Explorer(html)


def class_slopes(summaries: Summaries) -> Explorer:
    """Test slopes against d, of all points and by class, at the depth of the tables: run, predictor and space to choose."""
    labels = [-1, *sorted({label for summary in summaries.values() for label in classes(summary)})]
    table = {
        f"{run} {predictor} {space}": [_columns(summary, predictor, space, label) for label in labels]
        for run, summary in summaries.items()
        for predictor in PREDICTOR_NAMES
        for space in SPACE_OPTIONS
    }
    choices = {"run": {name: name for name in summaries}, "predictor": PREDICTOR_NAMES, "space": SPACE_OPTIONS}
    selects = [
        Select(title=name, value=next(iter(options)), options=[*options.items()], width=120)
        for name, options in choices.items()
    ]
    plot = figure(
        x_axis_label="latent dimension d",
        y_axis_label="test slope, standard deviations",
        sizing_mode="stretch_width",
        height=380,
        toolbar_location=None,
        tools="",
    )
    plot.outline_line_color, plot.grid.grid_line_color = None, "#dddddd"
    plot.y_range.only_visible = True  # pyright: ignore[reportAttributeAccessIssue]
    sources = [ColumnDataSource(data) for data in table[" ".join(str(select.value) for select in selects)]]
    drawn = []
    for label, source in zip(labels, sources, strict=True):
        color, width = {-1: (BLUE, 2.5), CLASS_ONE: (ORANGE, 2.5)}.get(label, ("#6b6b6b", 1))
        shared = {"source": source, "visible": label in FIRST}
        line = plot.line("d", "slope", color=color, line_width=width, hover_line_color=NAVY, **shared)
        look = {"text_align": "center", "text_baseline": "middle", "text_font_size": "13px", "text_color": color}
        drawn.append([line, plot.text("d", "slope", "name", background_fill_color="white", **look, **shared)])
    tips = [("class", "@name"), ("d", "@d"), ("slope", "@told"), ("images", "@points{0,0}")]
    plot.add_tools(HoverTool(renderers=[line for line, _ in drawn], tooltips=tips))
    plot.hspan(y=0, line_color=GREY, line_width=0.8)
    shown = CheckboxGroup(
        labels=["all images" if label < 0 else f"class {label}" for label in labels],
        active=[place for place, label in enumerate(labels) if label in FIRST],
        inline=True,
        sizing_mode="stretch_width",
        stylesheets=[".bk-input-group.bk-inline { flex-wrap: wrap; }"],
    )
    change = CustomJS(
        args={"table": json.dumps(table), "selects": selects, "sources": sources, "drawn": drawn, "shown": shown},
        code="""
        const chosen = JSON.parse(table)[selects.map((one) => one.value).join(" ")];
        sources.forEach((source, place) => { source.data = chosen[place]; });
        drawn.forEach((parts, place) => parts.forEach((one) => { one.visible = shown.active.includes(place); }));""",
    )
    for control in (*selects, shown):
        control.js_on_change("active" if control is shown else "value", change)
    return _explorer([*selects, shown], plot)


def _columns(summary: Summary, predictor: str, space: str, label: int) -> dict[str, list]:
    """The data of a line; a slope of all images is told with its 95 % interval, that of a class has none robust to variances."""
    rows = slopes(summary, predictor, space=space, label=label)
    told = [f"{slope:.2f}" for slope in rows["test_slope"]]
    if label < 0:
        fits = raw_slopes(summary, predictor=predictor, space=space)
        told = [f"{slope:.2f} ± {high - slope:.2f}" for slope, high in zip(fits["slope"], fits["high"], strict=True)]
    columns = {"d": rows["latent_dim"].astype(int), "slope": rows["test_slope"].round(4)}
    columns |= {"points": rows["points"].astype(int)}
    columns = {name: values.tolist() for name, values in columns.items()}
    return columns | {"told": told, "name": ["all" if label < 0 else str(label)] * len(rows)}
