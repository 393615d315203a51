"""YAML (and so JSON) from outside: run files, page parameters and architectures have this one reader."""

import re
from pathlib import Path
from typing import Any

import yaml

from lib.base.errors import InputError
from lib.base.usercode import reason

LONGEST_TEXT = 2**17  # characters that are read: two seconds of them
LARGEST_DOCUMENT = 2**1024  # of a whole number; far larger ones cannot even be printed


class _Loader(yaml.SafeLoader):
    """Plain values alone: no aliases, by which a short text stands for a value of any size, and no endless numbers."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it repeats a part of itself by an alias")
        return super().compose_node(parent, index)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        value = super().construct_yaml_int(node)
        if abs(value) > LARGEST_DOCUMENT:
            raise yaml.YAMLError("it has a number of hundreds of digits")
        return value


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+\Z")  # 1e-3: YAML 1.1 takes it for a text
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", EXPONENT, list("-+0123456789"))


def parse(text: str, name: str) -> Any:
    """The value that a text is in YAML; `InputError`, led by `name`, for a text that is none, or is too long."""
    if len(text) > LONGEST_TEXT:
        raise InputError(f"{name} has {len(text)} characters, more than {LONGEST_TEXT}; shorten it.")
    try:
        return yaml.load(text, _Loader)
    except Exception as error:  # beside YAMLError, what int, datetime and others make of a wrong word
        mark = getattr(error, "problem_mark", None)
        line = f", its line {mark.line + 1}" if mark else ""
        raise InputError(f"{name} is neither JSON nor YAML ({reason(error)}{line}); mend it.") from error


def text(path: Path, name: str) -> str:
    """The text of a file, for `parse`."""
    try:
        if not path.is_file() or path.stat().st_size > LONGEST_TEXT:
            raise InputError(f"{name} is no file of at most {LONGEST_TEXT // 1024} KiB; give one.")
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{name} is no text that can be read ({reason(error)}); mend it.") from error
