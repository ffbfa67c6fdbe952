#!/usr/bin/env python3
"""The same numbers in PDF, XLSX, CSV and JSON.

    report_formats_test.py PROGRAM

PROGRAM FOLDER writes a report in all formats. JSON is taken as the truth; CSV must
hold the same texts, XLSX the same numbers and formulas that arrive at them, PDF the
same numbers rounded to two digits. Reads each format by its own means: none of the
code that wrote them.
"""
import csv
import decimal
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NOT_IN_PDF_TABLES = {"equity_curve", "exposure"}  # drawn as charts
IDS_NOT_IN_PDF = {"order", "trade_id"}
failures = []


def check(condition, what):
    if not condition:
        failures.append(what)


# --- CSV ----------------------------------------------------------------------------

def unescaped(text):
    """An apostrophe in front of what a spreadsheet would run as a formula."""
    return text[1:] if re.match(r"'[=+\-@\t\r]", text) else text


def check_csv(folder, report):
    for key, table in report["tables"].items():
        with open(os.path.join(folder, "csv", key + ".csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        check(len(rows) == len(table["rows"]), f"csv {key}: {len(rows)} rows")
        for index, (row, truth) in enumerate(zip(rows, table["rows"])):
            for column, value in truth.items():
                text = "" if value is None else str(value)
                check(unescaped(row[column]) == text, f"csv {key} row {index} {column}: {row[column]!r} is not {text!r}")
    with open(os.path.join(folder, "csv", "figures.csv"), newline="", encoding="utf-8") as file:
        figures = {row["key"]: row for row in csv.DictReader(file)}
    check(set(figures) == set(report["figures"]), "csv figures: other keys")
    for key, figure in report["figures"].items():
        value = "" if figure["value"] is None else str(figure["value"])
        check(figures[key]["value"] == value, f"csv figure {key}")


# --- XLSX ---------------------------------------------------------------------------

class Sheet:
    """Cells by name; formulas beside the values that were stored with them."""

    def __init__(self, xml, strings):
        self.values, self.formulas = {}, {}
        for cell in ElementTree.fromstring(xml).iter(MAIN + "c"):
            name, kind = cell.get("r"), cell.get("t")
            value, formula = cell.find(MAIN + "v"), cell.find(MAIN + "f")
            if formula is not None:
                self.formulas[name] = formula.text
            if value is not None:
                self.values[name] = strings[int(value.text)] if kind == "s" else float(value.text)


def read_xlsx(path):
    with zipfile.ZipFile(path) as book:
        check(book.testzip() is None, "xlsx: a part of the archive is damaged")
        strings = []
        for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml")):
            strings.append("".join(text.text or "" for text in item.iter(MAIN + "t")))
        names = [sheet.get("name") for sheet in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(MAIN + "sheet")]
        return {name: Sheet(book.read(f"xl/worksheets/sheet{index}.xml"), strings)
                for index, name in enumerate(names, 1)}


class Vector(list):
    """What SUMPRODUCT calculates with: element by element."""

    def _with(self, other, operation):
        others = other if isinstance(other, Vector) else [other] * len(self)
        return Vector(operation(a, b) for a, b in zip(self, others))

    def __lt__(self, other):
        return self._with(other, lambda a, b: 1.0 if a < b else 0.0)

    def __sub__(self, other):
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, other):
        return self._with(other, lambda a, b: a * b)

    def __pow__(self, other):
        return self._with(other, lambda a, b: a ** b)


def matching(values, condition):
    relation, bound = condition[0], float(condition[1:])
    return [v for v in values if (v > bound if relation == ">" else v < bound)]


def standard_deviation(values):
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))


FUNCTIONS = {
    "SUM": sum, "COUNT": len, "MAX": max, "MIN": min, "SQRT": math.sqrt, "STDEV": standard_deviation,
    "AVERAGE": lambda v: sum(v) / len(v), "SUMPRODUCT": sum,
    "COUNTIF": lambda v, c: len(matching(v, c)), "SUMIF": lambda v, c: sum(matching(v, c)),
    "AVERAGEIF": lambda v, c: sum(matching(v, c)) / len(matching(v, c)),
}


class Calculator:
    """Evaluates the formulas of a workbook from its plain values only."""

    def __init__(self, sheets):
        self.sheets = sheets

    def cell(self, sheet, name):
        sheet = self.sheets[sheet]
        return self.evaluate(sheet, sheet.formulas[name]) if name in sheet.formulas else sheet.values.get(name)

    def cells(self, sheet, column, first, last):
        found = (self.cell(sheet, f"{column}{row}") for row in range(int(first), int(last) + 1))
        return Vector(v for v in found if isinstance(v, float))

    def evaluate(self, sheet, formula):
        own = next(name for name, each in self.sheets.items() if each is sheet)
        text = formula.lstrip("=")
        text = re.sub(r"(?:'([^']+)'!)?\$([A-Z]+)\$(\d+):\$[A-Z]+\$(\d+)",
                      lambda m: f"CELLS({m[1] or own!r},{m[2]!r},{m[3]},{m[4]})", text)
        text = re.sub(r"(?<![\w'])\$([A-Z]+)\$(\d+)", lambda m: f"CELL({own!r},'{m[1]}{m[2]}')", text)
        text = text.replace("^", "**")
        return float(eval(text, {"__builtins__": {}}, {**FUNCTIONS, "CELL": self.cell, "CELLS": self.cells}))


def column_name(index):
    return chr(ord("A") + index)


def check_number(stored, exact, what):
    """A spreadsheet keeps fifteen digits."""
    check(isinstance(stored, float) and math.isclose(stored, float(exact), rel_tol=1e-14, abs_tol=1e-15),
          f"{what}: {stored!r} is not {exact}")


def serial(text):
    """Days since 1899-12-30."""
    date, time = text[:10].split("-"), text[11:].rstrip("Z").split(":")
    import datetime
    days = datetime.date(*map(int, date)).toordinal() - datetime.date(1899, 12, 30).toordinal()
    return days + (int(time[0]) * 3600 + int(time[1]) * 60 + float(time[2])) / 86400


def check_cell(sheet, name, kind, value, what):
    stored = sheet.values.get(name)
    if value is None:
        check(stored is None, f"{what}: {stored!r} where nothing is known")
    elif kind == "text":
        check((stored or "").replace("\n", " ") == str(value).replace("\n", " "), f"{what}: {stored!r} is not {value!r}")
    elif kind == "time":
        check(isinstance(stored, float) and abs(stored - serial(value)) < 2e-9, f"{what}: {stored!r} is not {value}")
    else:
        check_number(stored, value, what)


def check_xlsx(folder, report):
    sheets = read_xlsx(os.path.join(folder, "report.xlsx"))
    calculator = Calculator(sheets)
    recomputed = 0
    for key, table in report["tables"].items():
        sheet = sheets[table["title"][:31]]
        for row_index, row in enumerate(table["rows"]):
            for column_index, column in enumerate(table["columns"]):
                name = f"{column_name(column_index)}{row_index + 4}"
                check_cell(sheet, name, column["kind"], row[column["key"]], f"xlsx {key} {name}")
        for column_index, column in enumerate(table["columns"]):
            if column["key"] in table["totals"]:
                name = f"{column_name(column_index)}{len(table['rows']) + 4}"
                check(sheet.formulas.get(name, "").startswith("SUM("), f"xlsx {key} {name}: no SUM below the column")
                check_number(sheet.values.get(name), table["totals"][column["key"]], f"xlsx {key} {name}")
    for title, sheet in sheets.items():
        for name, formula in sheet.formulas.items():
            value = calculator.cell(title, name)
            recomputed += 1
            check(math.isclose(value, sheet.values[name], rel_tol=2e-6, abs_tol=6e-7),
                  f"xlsx {title} {name}: ={formula} is {value}, the report says {sheet.values[name]}")
    summary = sheets["Summary"]
    labels = {value: name for name, value in summary.values.items() if name.startswith("A") and isinstance(value, str)}
    for key, figure in report["figures"].items():
        name = "B" + labels[figure["label"]][1:]
        if figure["value"] is None:
            check(str(summary.values.get(name)).startswith("none: "), f"xlsx figure {key}: does not say why it is missing")
        else:
            check_cell(summary, name, figure["kind"], figure["value"], f"xlsx figure {key}")
    for key in ("sharpe", "sortino", "volatility", "annual_return", "total_return", "calmar", "hit_rate", "profit_factor", "volume"):
        name = "B" + labels[report["figures"][key]["label"]][1:]
        check(name in summary.formulas or report["figures"][key]["value"] is None,
              f"xlsx figure {key}: a number, not a formula")
    return recomputed


# --- PDF ----------------------------------------------------------------------------

def shown(value, kind):
    if value is None:
        return "–"
    if kind == "text":
        return str(value)
    if kind == "time":
        return value[:19].replace("T", " ")
    number = decimal.Decimal(str(value))
    if kind == "decimal":
        text = f"{number.normalize():,f}"
    elif kind == "count":
        text = f"{number:,f}"
    else:
        digits = decimal.Decimal("0.01")
        scaled = number * 100 if kind == "fraction" else number
        rounded = scaled.quantize(digits, rounding=decimal.ROUND_HALF_EVEN)
        text = f"{abs(rounded) if rounded == 0 else rounded:,f}"
    return text.replace("-", "−") + (" %" if kind == "fraction" else "")


def check_pdf(folder, report):
    path = os.path.join(folder, "report.pdf")
    text = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True).stdout.decode()
    pages = text.rstrip("\f").split("\f")
    for number, page in enumerate(pages, 1):
        check(f"Page {number} of {len(pages)}" in page, f"pdf: page {number} has no number")
        check(report["disclaimer"] in page, f"pdf: page {number} has no disclaimer")
        check(report["account"] in page, f"pdf: page {number} does not name the account")
        check(number > 1 or report["trading"] in page, "pdf: does not say how it was traded")
        check("UTC" in page, f"pdf: page {number} does not say that times are UTC")
    words = re.sub(r"[ \t]+", " ", text)
    for key, figure in report["figures"].items():
        wanted = f"none: {figure['absent']}" if figure["value"] is None else shown(figure["value"], figure["kind"])
        # A reason may be wrapped.
        check(wanted in words or wanted.split()[0] in words, f"pdf figure {key}: {wanted!r} is not there")
    for key, table in report["tables"].items():
        if key in NOT_IN_PDF_TABLES:
            continue
        for index, row in enumerate(table["rows"]):
            for column in table["columns"]:
                if column["key"] in IDS_NOT_IN_PDF or column["kind"] == "text":
                    continue
                wanted = shown(row[column["key"]], column["kind"])
                check(wanted in words, f"pdf {key} row {index} {column['key']}: {wanted!r} is not there")
        for column in table["columns"]:
            if column["key"] in table["totals"]:
                wanted = shown(table["totals"][column["key"]], column["kind"])
                check(wanted in words, f"pdf {key} total of {column['key']}: {wanted!r} is not there")
    return len(pages)


def boxes_of(path):
    """Width and height of each page, with its words and where they lie."""
    html = subprocess.run(["pdftotext", "-bbox", path, "-"], check=True, capture_output=True).stdout.decode()
    for page in re.finditer(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', html, re.S):
        words = [(*map(float, word.groups()[:4]), word[5]) for word in re.finditer(
            r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>', page[3])]
        yield float(page[1]), float(page[2]), words


def check_layout(folder):
    """Nothing outside the margins, nothing written over something else."""
    margin, head, foot = 39.5, 25, 20
    for number, (width, height, words) in enumerate(boxes_of(os.path.join(folder, "report.pdf")), 1):
        check(words, f"pdf: page {number} is empty")
        for x1, y1, x2, y2, word in words:
            check(x1 >= margin and x2 <= width - margin and y1 >= head and y2 <= height - foot,
                  f"pdf page {number}: {word!r} leaves the page")
        words.sort(key=lambda word: word[1])
        for index, (x1, y1, x2, y2, word) in enumerate(words):
            for u1, v1, u2, v2, other in words[index + 1:]:
                if v1 >= y2:
                    break
                # Boxes hold the room above and below the letters too: rows may touch.
                over = min(x2, u2) - max(x1, u1) > 0.5 and min(y2, v2) - max(y1, v1) > 0.35 * min(y2 - y1, v2 - v1)
                check(not over, f"pdf page {number}: {word!r} and {other!r} lie over each other")


# --- all of it ----------------------------------------------------------------------

def run(program, folder, *arguments):
    subprocess.run([program, folder, *arguments], check=True)
    with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
        return json.load(file)


def main():
    if shutil.which("pdftotext") is None:
        print("SKIPPED: pdftotext is not installed; run tools/setup")
        return 4
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        for name, arguments in (("small", []), ("long", ["700"])):
            folder = os.path.join(scratch, name)
            report = run(program, folder, *arguments)
            check_csv(folder, report)
            formulas = check_xlsx(folder, report)
            pages = check_pdf(folder, report)
            check((report["figures"]["calmar"]["value"] is None) == (name == "small"), f"{name}: Calmar ratio")
            check_layout(folder)
            print(f"{name}: {len(report['tables']['fills']['rows'])} fills, {formulas} formulas recomputed, {pages} pages")
        # Equal reports are equal files.
        again = os.path.join(scratch, "again")
        run(program, again)
        for each in ("report.pdf", "report.json", "csv/fills.csv"):
            with open(os.path.join(scratch, "small", each), "rb") as a, open(os.path.join(again, each), "rb") as b:
                check(a.read() == b.read(), f"{each}: another run gave other bytes")
        check(not [n for n in os.listdir(again) if n.endswith(".tmp")], "a temporary file was left behind")
    for failure in failures[:40]:
        print("FAILED:", failure)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
