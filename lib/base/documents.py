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
    """Plain values alone: no aliases, by which a short text stands for a value of any size, and no endless numbers.

    Words and numbers as in YAML 1.2 and JSON: 010 is ten and 1:30 a text (in YAML 1.1, 8 and 90), yes and no are texts.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it repeats a part of itself by an alias")
        return super().compose_node(parent, index)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        value = int(node.value, 0 if node.value[1:2] in "xo" else 10)
        if abs(value) > LARGEST_DOCUMENT:
            raise yaml.YAMLError("it has a number of hundreds of digits")
        return value


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.yaml_implicit_resolvers = {}
for kind, pattern in {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(rf"({pattern})\Z"), None)


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
