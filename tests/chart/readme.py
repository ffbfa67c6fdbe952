"""The table of values in the chart's README, made from the comments of values.yaml:
`# --` and the lines up to the key describe it and what is below it."""
import json
import re

import yaml

from chart import CHART

BEGIN, END = "<!-- values: made by tests/chart/chart_test.py --update -->\n", "<!-- end of values -->\n"


def described():
    """Each key with a comment: path, default, description."""
    text = (CHART / "values.yaml").read_text()
    values = yaml.safe_load(text)
    path, comment, rows = [], [], []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("# -- "):
            comment = [stripped[5:]]
        elif stripped.startswith("#") and comment:
            comment.append(stripped.lstrip("# "))
        elif (key := re.match(r"( *)([\w-]+):(?: |$)", line)) and len(key[1]) % 2 == 0:
            depth = len(key[1]) // 2
            path = [*path[:depth], key[2]]
            if comment:
                value = values
                for step in path:
                    value = value[step]
                rows.append((".".join(path), value, " ".join(comment)))
            comment = []
    return values, rows


def undescribed():
    """Leaves that no comment describes, at them or above."""
    values, rows = described()
    known = {path for path, _, _ in rows}

    def walk(value, path):
        if path in known or (isinstance(value, dict) and not value and path in known):
            return
        if isinstance(value, dict) and value:
            for key, below in value.items():
                yield from walk(below, f"{path}.{key}" if path else key)
        else:
            yield path
    return list(walk(values, ""))


def cell(value):
    text = json.dumps(value, ensure_ascii=False)
    return ("`" + text + "`" if len(text) <= 60 else "see values.yaml").replace("|", "\\|")


def table():
    _, rows = described()
    lines = ["| key | default | |", "|---|---|---|"]
    lines += [f"| `{path}` | {cell(value)} | {text} |" for path, value, text in rows]
    return BEGIN + "\n".join(lines) + "\n" + END


def updated(readme):
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, "README.md has lost the marks around its table"
    return before + table() + after
