"""Variants in short: variables and figures side by side, and a table with a row for each."""

import pytest
from written import error, network, report

from cnncalc.spec.document import read_document
from cnncalc.spec.load import load

HEAD = """
    input: 8x8x1
    vars: {k: 1, n: [1], wide: false}
    layers: [conv k 1x1, "conv n[0] 1x1", conv 2 1x1 if wide]
    variants:
"""
FULL = """
      a: {vars: {k: 5}, input: 6x6x1, expect: {params: 16, output: 6x6x1}}
      b: {vars: {n: [3], wide: true}, note: as in Table 2, expect: {params: 16, macs: 640}}
      c: {}
"""
SHORT = """
      a: {k: 5, input: 6x6x1, params: 16, output: 6x6x1}
      b: {n: [3], wide: true, note: as in Table 2, params: 16, macs: 640}
      c: {}
"""
TABLE = """
      for: [k, n, wide, input, note, params, macs, output]
      in:
        a: [5, ~, ~, 6x6x1, ~, 16, ~, 6x6x1]
        b: [~, [3], true, ~, as in Table 2, 16, 640, ~]
        c: [~, ~, ~, ~, ~, ~, ~, ~]
"""
MIXED = """
      a: {k: 5, vars: {}, input: 6x6x1, params: 16, expect: {output: 6x6x1}}
      for: [n, wide, note, params, macs]
      in: {b: [[3], true, as in Table 2, 16, 640]}
      c:
"""


def written(variants):
    return (HEAD + variants).replace("\n    ", "\n").strip()


@pytest.mark.parametrize("variants", [SHORT, TABLE, MIXED], ids=["short", "table", "mixed"])
def test_all_forms_mean_the_same(variants):
    full, other = (read_document(written(text), "net.yaml") for text in (FULL, variants))
    assert [*other.variants] == [*full.variants]
    for name in full.variants:
        one, two = (report(written(text), variant=name) for text in (FULL, variants))
        assert [row[:14] for row in one.rows] == [row[:14] for row in two.rows]
        assert {check[:4] for check in one.expect} == {check[:4] for check in two.expect}
        assert full.variants[name].note == other.variants[name].note


def test_the_figures_of_a_row_are_expected():
    found = report(written(TABLE.replace("true, ~, as in Table 2, 16", "true, ~, ~, 17")),
                   variant="b")  # fmt: skip
    assert [(check.key, check.ok) for check in found.expect] == [("params", False), ("macs", True)]
    assert found.expect[0].span.line == 9


def test_a_table_with_one_column_needs_no_brackets():
    spec = (
        "input: 8x8x1\nvars: {k: 1}\nlayers: [conv k 1x1]\nvariants: {for: [k], in: {a: 5, b: 7}}"
    )
    assert [network(spec, variant=name).nodes[-1].shape.channels for name in "ab"] == [5, 7]


def test_a_variant_may_still_be_called_for_and_in(tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text("input: 8x8x1\nvars: {k: 1}\nlayers: [conv k 1x1]\n"
                    "variants: {for: {vars: {k: 5}}, in: {k: 7}}\n")  # fmt: skip
    assert [load(f"{file}@{name}").nodes[-1].shape.channels for name in ("for", "in")] == [5, 7]


def test_every_mistake_in_a_table_is_reported():
    found = error("""
        input: 8x8x1
        vars: {k: 1}
        layers: [conv k 1x1]
        variants:
          for: [k, params]
          in:
            a: [x, 3]
            b: [1, 2, 3]
            c: [2, many]
        """)
    assert [(each.code, each.span.line) for each in found.diagnostics] == [
        ("wrong-type", 7), ("row-length", 8), ("wrong-type", 9),
    ]  # fmt: skip
