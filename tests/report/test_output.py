"""What a page shows: sentences, figures and tables."""

from matplotlib.figure import Figure

from lib.report import output


def test_a_caption_is_one_line_however_its_source_is_broken(monkeypatch):
    """The book puts it into the first line of a directive; a second line would be read as its body."""
    shown = []
    monkeypatch.setattr(output, "display", lambda thing, metadata: shown.append((thing, metadata)))
    output.show_table(
        "| a |",
        "tab-a",
        """What is
        shown.""",
    )
    output.show_figure(Figure(), "fig-a", "What is\n    drawn.", "What it\n    shows.")
    (table, of_table), (_, of_figure), (caption, _) = shown
    assert of_table["table"]["caption"] == "What is shown."
    assert table.data.startswith("**Table.** What is shown.\n\n| a |")
    assert of_figure["figure"] == {"name": "fig-a", "caption": "What is drawn.", "alt": "What it shows."}
    assert caption.data == "**Figure.** What is drawn."
