"""A figure to explore, by Bokeh; a static figure beside it shows the same to readers without JavaScript.

The figure is HTML for a notebook's output and contains its data; the book adds Bokeh's scripts (`lib.pages`) to the page.
Elsewhere, such as in a downloaded notebook, a sentence takes its place.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from bokeh.document import Document
from bokeh.models import CheckboxGroup, ColumnDataSource, CustomJS, HoverTool, Model, Select
from bokeh.plotting import figure

from lib.analysis.evidence import classes, slopes
from lib.analysis.intervals import Z
from lib.analysis.published import PREDICTOR_NAMES, SPACE_NAMES
from lib.measures.regression import CLASS_ONE
from lib.report.layout import Summaries
from lib.report.style import BLACK, BLUE, ORANGE

NAME = "explore-slopes"
SPACE_OPTIONS = {space: SPACE_NAMES[space] for space in ("latent", "input")}  # the paper's J_L is offered first
LABEL = "Test slopes against the latent dimension, of all points and class by class."
ABSENT = "A figure to explore stands here in the book; the static figure beside it shows the same."
EXPLORER_HTML = """<div class="explore" id="{name}" role="group" aria-label="{label}"><p>{absent}</p>
<div class="explore-controls">{controls}</div><div class="explore-plots">{plot}</div>
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
        f"{run} {predictor} {space}": [
            _columns(slopes(summary, predictor, space=space, depth=summary.run.table_depth, label=label), label)
            for label in labels
        ]
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
        color, width = {-1: (BLACK, 2.5), CLASS_ONE: (ORANGE, 2.5)}.get(label, ("#6b6b6b", 1))
        line = plot.line("d", "slope", source=source, color=color, line_width=width, hover_line_color=BLUE)
        look = {"text_align": "center", "text_baseline": "middle", "text_font_size": "13px", "text_color": color}
        drawn.append([line, plot.text("d", "slope", "name", source=source, background_fill_color="white", **look)])
    tips = [("class", "@name"), ("d", "@d"), ("slope", "@slope{0.00} ± @half{0.00} (95 %)"), ("points", "@points{0,0}")]
    plot.add_tools(HoverTool(renderers=[line for line, _ in drawn], tooltips=tips))
    plot.hspan(y=0, line_color="#888888", line_width=0.8)
    shown = CheckboxGroup(
        labels=["all points" if label < 0 else f"class {label}" for label in labels],
        active=list(range(len(labels))),
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


def _columns(rows: pd.DataFrame, label: int) -> dict[str, list]:
    columns = {"d": rows["latent_dim"].astype(int), "slope": rows["test_slope"].round(4)}
    columns |= {"half": (Z * rows["test_slope_se"]).round(4), "points": rows["points"].astype(int)}
    names = ["all" if label < 0 else str(label)] * len(rows)
    return {name: values.tolist() for name, values in columns.items()} | {"name": names}
