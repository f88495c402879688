"""Specs written in a test: loaded, or refused with everything that is said about them."""

from textwrap import dedent

import pytest

from cnncalc import analyze
from cnncalc.errors import CnncalcError
from cnncalc.lines import with_lines
from cnncalc.render import diagnostics
from cnncalc.spec.document import read_document
from cnncalc.spec.load import build
from cnncalc.spec.write import text as written_out


def network(text, variant=None, set=None, input=None):
    """The network of a spec; indentation that all its lines share is dropped."""
    text = dedent(text).lstrip("\n")
    try:
        return build(read_document(text, "net.yaml"), variant, set, input)
    except CnncalcError as error:
        raise with_lines(error, text, "net.yaml") from None


def report(text, **options):
    """The report of a spec."""
    return analyze(network(text, **options))


def layers(*lines, input="32x32x1", more=""):
    """The network of a few lines of layer text."""
    listed = "\n".join(f"  - {line}" for line in lines)
    return network(f"input: {input}\n{more}\nlayers:\n{listed}\n")


def shapes(found):
    """Every row's name and output, inputs left out."""
    rows = [node for node in found.nodes if node.layer.type != "input"]
    return {node.name: node.shape.text(times="x") for node in rows}


def names(found):
    """The names of the rows, inputs left out."""
    return list(shapes(found))


def sources(found):
    """Every row's inputs, by name."""
    nodes = found.nodes
    return {node.name: [nodes[i].name for i in node.inputs] for node in nodes if node.inputs}


def last_inputs(*lines, more=""):
    """What the last layer reads, by name; the same once the network was written out and read."""
    found = layers(*lines, more=more)
    again = build(read_document(written_out(found), "expanded"))
    assert (sources(again), shapes(again)) == (sources(found), shapes(found))
    return sources(found)[names(found)[-1]]


def error(text, **options):
    """The exception of a spec that is refused."""
    with pytest.raises(CnncalcError) as caught:
        report(text, **options)
    return caught.value


def said(text, **options):
    """All that is printed about a spec that is refused."""
    return diagnostics.text(error(text, **options).diagnostics)


def complaints(text, **options):
    """What is wrong with a spec, in short: line:column, code, and what the carets stand under."""
    return [
        (f"{d.span.line}:{d.span.column}", d.code, under(d))
        for d in error(text, **options).diagnostics
    ]


def under(diagnostic):
    """The characters that the carets stand under."""
    return diagnostic.line_text[diagnostic.span.column - 1 : diagnostic.span.end_column - 1]
