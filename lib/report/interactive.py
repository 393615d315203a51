"""Figures to explore, by Bokeh: each stands beside a static one, which shows the same to who cannot use it.

A figure is HTML for a notebook's output. Its data are in it; the book brings Bokeh's scripts (`lib.pages`) to the pages
that have such a figure. Elsewhere, in a notebook that was downloaded, say, a sentence takes its place.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from bokeh.document import Document
from bokeh.models import CheckboxGroup, ColumnDataSource, CustomJS, Div, HoverTool, Model, Select, Slider
from bokeh.plotting import figure

from lib.analysis.evidence import classes, slopes
from lib.analysis.intervals import Z
from lib.analysis.published import PREDICTOR_NAMES, SPACE_NAMES
from lib.measures.controls import CLASS_ONE
from lib.report.layout import Summaries
from lib.report.style import BLACK, BLUE, ORANGE

SPACES = {space: SPACE_NAMES[space] for space in ("latent", "input")}  # the paper's J_L is offered first
ABSENT = "A figure to explore stands here in the book; the static figure beside it shows the same."
HTML = """<div class="explore" id="{name}" role="group" aria-label="{label}"><p>{absent}</p>
<div class="explore-controls">{controls}</div><div class="explore-plots">{plots}</div>
<script>
addEventListener("DOMContentLoaded", () => {{
  if (!window.Bokeh) return;
  document.querySelector("#{name} > p").remove();
  Bokeh.embed.embed_items({documents}, {items});
}});
</script></div>"""


@dataclass(frozen=True)
class Explorer:
    """A figure to explore: what a notebook shows of it, as HTML and in words."""

    html: str
    label: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"{self.label} {ABSENT}"


def _explorer(name: str, label: str, controls: Sequence[Model], plots: Sequence[Model]) -> Explorer:
    document = Document()
    places: dict[str, str] = {}
    for number, root in enumerate((*controls, *plots)):
        document.add_root(root)
        places[root.id] = f"{name}-{number}"
    items = [{"docid": name, "roots": places, "root_ids": list(places)}]
    data = {"documents": {name: document.to_json(deferred=False)}, "items": items}
    html = HTML.format(
        name=name,
        label=label,
        absent=ABSENT,
        controls="".join(f'<div id="{places[one.id]}"></div>' for one in controls),
        plots="".join(f'<div id="{places[one.id]}" role="img" aria-label="{label}"></div>' for one in plots),
        **{key: json.dumps(one).replace("</", "<\\/") for key, one in data.items()},
    )
    return Explorer(html, label)


def _plot(x: str, y: str, **options: Any) -> Any:
    shape = {"sizing_mode": "stretch_width", "height": 380, "toolbar_location": None, "tools": ""}
    plot = figure(x_axis_label=x, y_axis_label=y, **shape | options)
    plot.outline_line_color, plot.grid.grid_line_color = None, "#dddddd"
    return plot


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
        for space in SPACES
    }
    choices = {"run": {name: name for name in summaries}, "predictor": PREDICTOR_NAMES, "space": SPACES}
    selects = [
        Select(title=name, value=next(iter(one)), options=[*one.items()], width=120) for name, one in choices.items()
    ]
    plot = _plot("latent dimension d", "test slope, standard deviations")
    plot.y_range.only_visible = True
    sources = [ColumnDataSource(data) for data in table[" ".join(str(one.value) for one in selects)]]
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
    label = "Test slopes against the latent dimension, of all points and class by class."
    return _explorer("explore-slopes", label, [*selects, shown], [plot])


def _columns(rows: pd.DataFrame, label: int) -> dict[str, list]:
    columns = {"d": rows["latent_dim"].astype(int), "slope": rows["test_slope"].round(4)}
    columns |= {"half": (Z * rows["test_slope_se"]).round(4), "points": rows["points"].astype(int)}
    names = ["all" if label < 0 else str(label)] * len(rows)
    return {name: values.tolist() for name, values in columns.items()} | {"name": names}


def point_spectra(points: pd.DataFrame, shown: int = 60) -> Explorer:
    """The eigenvalues of J_I and J_L at a test point to choose, beside the point's place among others: error against trace.

    `points`: a member's per-point table (`lib.runs.measurements`); `shown`: as many of its test points, evenly spaced in
    the order of their errors.
    """
    test = points[points["test"]].sort_values("mse", kind="stable")
    chosen = test.iloc[np.linspace(0, len(test) - 1, min(shown, len(test))).round().astype(int)]
    parts = [f"{space}_{part}" for space in SPACES for part in ("real", "imag")]
    spectra = [{part: row[f"eigenvalues_{part}"].round(3).tolist() for part in parts} for _, row in chosen.iterrows()]
    words = [
        f"Class {one.label}. Error {one.mse:.3g}. Trace {one.trace_input:.2f} of J_I, {one.trace_latent:.2f} of J_L. "
        f"Volume form of J_I {'above' if one.sign_input > 0 else 'not above'} 0."
        for one in chosen.itertuples()
    ]
    places = ColumnDataSource({name: chosen[name].round(5).tolist() for name in ("trace_input", "mse")})
    first = len(chosen) // 2
    places.selected.indices = [first]  # pyright: ignore[reportAttributeAccessIssue]
    left = _plot("trace of J_I", "error (MSE)", y_axis_type="log", tools="tap")
    look = {"fill_color": "white", "line_color": BLACK, "nonselection_line_alpha": 0.5, "nonselection_fill_alpha": 0.5}
    left.scatter("trace_input", "mse", source=places, size=9, selection_fill_color=BLACK, **look)
    right = _plot("real part", "imaginary part", match_aspect=True)
    everything = [[value for one in spectra for value in one[part]] for part in ("input_real", "input_imag")]
    right.scatter(*everything, size=3, color="#cccccc")
    right.circle(0, 0, radius=1, fill_color=None, line_color=BLACK, line_dash="dashed")
    spectrum = ColumnDataSource(spectra[first])
    squares = {"marker": "square", "size": 12, "fill_color": None, "line_color": ORANGE, "line_width": 2}
    for space, style in (("input", squares), ("latent", {"size": 6, "color": BLUE})):
        ends = (f"{space}_real", f"{space}_imag")
        right.scatter(*ends, source=spectrum, legend_label=SPACE_NAMES[space], **style)
    right.legend.location, right.legend.orientation = "top_left", "horizontal"
    title = "test point, in order of error"
    slider = Slider(start=1, end=len(chosen), value=first + 1, title=title, sizing_mode="stretch_width")
    said = Div(text=words[first], sizing_mode="stretch_width")
    change = CustomJS(
        args={"spectra": json.dumps(spectra), "words": words, "places": places, "spectrum": spectrum, "said": said},
        code="""
        places.selected.indices = [cb_obj.value - 1];
        spectrum.data = JSON.parse(spectra)[cb_obj.value - 1];
        said.text = words[cb_obj.value - 1];""",
    )
    slider.js_on_change("value", change)
    pick = CustomJS(args={"slider": slider}, code="if (cb_obj.indices.length) slider.value = cb_obj.indices[0] + 1;")
    places.selected.js_on_change("indices", pick)
    label = "Test points, error against trace, and the eigenvalues of the chosen one in the complex plane."
    return _explorer("explore-spectra", label, [slider, said], [left, right])
