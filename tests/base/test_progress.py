"""Progress reaches the stream of the command that started the process, and is no matter where there is none."""

import os

from lib.base import progress


def test_lines_and_bars_go_to_the_named_stream(tmp_path, monkeypatch):
    stream = tmp_path / "stream"
    monkeypatch.setenv(progress.STREAM, str(stream))
    progress.tell_progress("Measuring 3 points ...")
    assert list(progress.followed(range(3), "part")) == [0, 1, 2]
    assert stream.read_text() == "Measuring 3 points ...\n"


def test_without_a_stream_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (None, "", str(tmp_path / "absent" / "stream")):
        monkeypatch.delenv(progress.STREAM, raising=False) if path is None else monkeypatch.setenv(
            progress.STREAM, path
        )
        progress.tell_progress("Measuring 3 points ...")
        assert list(progress.followed(range(3), "part")) == [0, 1, 2]
    assert not list(tmp_path.iterdir())


def test_the_error_stream_is_one_that_another_process_can_write_to():
    assert progress.error_stream() in ("", f"/proc/{os.getpid()}/fd/2")
