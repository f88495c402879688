"""Networks of darknet against what darknet itself prints about them, and what is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc import CnncalcError, analyze, load
from cnncalc.exchange.darknet.read import network_of
from cnncalc.exchange.sources import SourceOptions
from cnncalc.inference.api import forward
from cnncalc.questions.imported import written
from cnncalc.render.diagnostics import full
from cnncalc.spec.load import parse
from cnncalc.tensor import Tensor

DATA = Path(__file__).parents[1] / "data" / "darknet"
PRINTED = json.loads((DATA / "printed.json").read_text(encoding="utf-8"))
REFUSED = {
    "gru.cfg": "[gru] has no layer here",
    "resnet18.cfg": "[shortcut] adds 64x64x64 onto 32x32x128, of which darknet adds what overlaps; "
    "no layer here does",
}
READ = [name for name in PRINTED if name not in REFUSED]
# As their authors publish them; LeCun's and VGG's papers and darknet's weight files agree.
PARAMS = {
    "yolov3.cfg": 61_949_149, "yolov3-tiny.cfg": 8_852_366, "yolov3-spp.cfg": 62_998_749,
    "vgg-16.cfg": 138_357_544, "alexnet.cfg": 62_378_344,
}  # fmt: skip
COUNTED = ("conv", "fc")


@pytest.mark.parametrize("name", READ)
def test_every_section_that_darknet_prints(name):
    net = load(DATA / name)
    last = {node.origin.split()[1]: node.shape for node in net.nodes[1:]}
    seen = 0
    for number, (_, *printed) in PRINTED[name]["rows"].items():
        if number in last:
            shape = last[number]
            whole = [*reversed(shape.spatial), shape.channels]
            assert printed in (whole, [shape.size], [shape.channels]), number
            seen += 1
    assert seen > len(PRINTED[name]["rows"]) * 0.7


@pytest.mark.parametrize("name", READ)
def test_operations_as_darknet_counts_them(name):
    rows = analyze(load(DATA / name)).rows
    assert 2 * sum(row.macs for row in rows if row.type in COUNTED) == PRINTED[name]["ops"]


@pytest.mark.parametrize("name", PARAMS)
def test_parameters(name):
    assert analyze(load(DATA / name)).totals.params == PARAMS[name]


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    with pytest.raises(CnncalcError) as caught:
        load(DATA / name)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("unknown-operator", REFUSED[name])
    assert diagnostic.span is not None
    assert diagnostic.line_text
    assert not load(DATA / name, partial=True).complete


@pytest.mark.parametrize("name", READ)
def test_the_imported_spec_is_the_same_network(name):
    net = load(DATA / name)
    back = analyze(parse(written(net, Path()).text)).totals
    assert (back.params, back.macs) == (analyze(net).totals.params, analyze(net).totals.macs)


def test_another_input():
    assert load(DATA / "yolov3-tiny.cfg", input="320x320x3").nodes[-1].shape.spatial == (20, 20)


def test_outputs_are_the_maps_before_the_boxes():
    net = load(DATA / "yolov3.cfg")
    assert [net.nodes[index].name for index in net.outputs] == ["conv81", "conv93", "conv105"]
    (note,) = net.diagnostics
    assert full(note) == (
        "note[box-heads]: the map before each [yolo] is an output: what turns it into boxes learns "
        "nothing and is not part of the network"
    )


# What the file says, line by line.

NET = "[net]\nheight=8\nwidth=6\nchannels=4\n"


def network(text, **options):
    return network_of(NET + text, "n.cfg", SourceOptions(**options))


def message(text, head=NET):
    with pytest.raises(CnncalcError) as caught:
        network_of(head + text, "n.cfg")
    (diagnostic,) = caught.value.diagnostics
    return full(diagnostic)


def reorganised(values, channels, height, width, block):
    """reorg_cpu of darknet, in its own words: out[in_index] = x[out_index]."""
    out, out_channels = [0] * len(values), channels // block**2
    for k in range(channels):
        for j in range(height):
            for i in range(width):
                offset = k // out_channels
                w2, h2 = i * block + offset % block, j * block + offset // block
                to = w2 + width * block * (h2 + height * block * (k % out_channels))
                out[i + width * (j + height * k)] = values[to]
    return out


def test_reorg_as_darknet_moves_numbers():
    net = network("[reorg]\nstride=2\n")
    values = [float(n) for n in range(net.nodes[0].shape.size)]
    done = forward(net, Tensor(net.nodes[0].shape, values))
    assert list(done.outputs[0].output.values) == reorganised(values, 4, 8, 6, 2)


def test_max_pooling_pads_the_end_first():
    net = network("[maxpool]\nsize=2\nstride=2\n\n[maxpool]\nsize=3\nstride=2\n")
    assert [str(node.shape.spatial) for node in net.nodes] == ["(8, 6)", "(4, 3)", "(2, 2)"]
    assert net.nodes[1].layer.padding == "same"


def test_groups_of_a_route():
    net = network("[convolutional]\nfilters=8\nactivation=linear\n\n"
                  "[route]\nlayers=-1\ngroups=2\ngroup_id=1\n")  # fmt: skip
    assert (net.nodes[-1].layer.start, net.nodes[-1].layer.stop) == (4, 8)


def test_of_an_option_written_twice_the_first_counts():
    net = network("[convolutional]\nfilters=8\nfilters=9\n")
    assert net.nodes[1].layer.filters == 8


def test_an_unknown_section():
    assert message("[convolutional]\nfilters=8\n[maxpol]\n") == (
        "error[unknown-operator]: [maxpol] has no layer here\n"
        " --> n.cfg:7:1\n"
        "  |\n"
        "7 | [maxpol]\n"
        "  | ^^^^^^^^\n"
        "  = note: 2 rows stand before it; cut there with --until conv0.sigmoid\n"
        "  = help: did you mean 'maxpool'?"
    )


def test_a_section_that_does_not_stand_before():
    assert message("[convolutional]\n[route]\nlayers = -1, 4\n") == (
        "error[broken-model]: [route]: 'layers' names section 4, but 1 stand before this one\n"
        " --> n.cfg:7:1\n"
        "  |\n"
        "7 | layers = -1, 4\n"
        "  | ^^^^^^^^^^^^^^"
    )


def test_an_option_that_is_no_number():
    assert message("[convolutional]\n  filters=many # all\n") == (
        "error[broken-model]: [convolutional]: 'filters' must be a whole number from 1, "
        "got 'many'\n"
        " --> n.cfg:6:3\n"
        "  |\n"
        "6 |   filters=many # all\n"
        "  |   ^^^^^^^^^^^^"
    )


def test_a_line_that_is_neither():
    assert message("[convolutional]\nfilters 8\n") == (
        "error[broken-model]: 'filters 8' is neither a [section] nor an option\n"
        " --> n.cfg:6:1\n"
        "  |\n"
        "6 | filters 8\n"
        "  | ^^^^^^^^^\n"
        "  = help: write options as name=value"
    )


def test_a_file_that_does_not_begin_with_net():
    assert message("", head="[maxpool]\nsize=2\n") == (
        "error[broken-model]: a network of darknet begins with the section [net]\n"
        " --> n.cfg:1:1\n"
        "  |\n"
        "1 | [maxpool]\n"
        "  | ^^^^^^^^^\n"
        "  = help: [net] gives height, width and channels"
    )


def test_a_window_that_does_not_fit_points_at_its_size():
    assert "n.cfg:6:1" in message("[convolutional]\nsize=11\n")


def test_an_activation_without_a_layer():
    text = "[convolutional]\nfilters=8\nactivation=ramp\n[maxpool]\nsize=2\n"
    assert "the activation 'ramp' has no layer here" in message(text)
    assert "n.cfg:7:1" in message(text)
    net = network(text, partial=True)
    assert [node.layer.type for node in net.nodes] == ["input", "conv", "unknown", "maxpool"]


def test_an_option_that_darknet_does_not_know_is_said():
    (warning,) = network("[convolutional]\nfilter=8\n").diagnostics
    assert (warning.code, warning.help) == ("unread-option", "did you mean 'filters'?")


def test_the_network_ends_where_asked():
    assert network("[maxpool]\nsize=2\n[maxpool]\nsize=2\n", until="maxpool0").nodes[-1].index == 1
    with pytest.raises(CnncalcError, match="no layer or row named 'maxpool7'"):
        network("[maxpool]\nsize=2\n", until="maxpool7")


def test_content_tells_the_kind_before_the_suffix(tmp_path):
    path = tmp_path / "model.txt"
    path.write_text("# a comment\n\n" + NET + "[maxpool]\nsize=2\n")
    assert load(path).nodes[1].layer.type == "maxpool"


SECTIONS = [
    "net", "convolutional", "maxpool", "route", "shortcut", "reorg", "connected", "softmax", "crop",
    "local", "upsample", "yolo", "dropout",
]  # fmt: skip
OPTIONS = [
    "size=3", "stride=2", "pad=1", "filters=8", "layers=-1,-2", "from=-2", "groups=2", "output=5",
    "batch_normalize=1", "activation=leaky", "height=8", "stride=0", "size=99999999999",
    "filters=-1", "layers=", "from=9", "probability=nan", "padding=2147483647",
    "size=2147483647", "filters=2147483647", "=",
]  # fmt: skip
WORDS = st.sampled_from([*(f"[{name}]" for name in SECTIONS), *OPTIONS])


def refused_or_read(text, **options):
    """Whether a text is a network; any exception but a diagnostic fails the test."""
    try:
        analyze(network_of(text, "n.cfg", SourceOptions(**options)))
    except CnncalcError:
        return False
    return True


@given(st.lists(WORDS, max_size=12), st.booleans())
@settings(deadline=None, max_examples=200)
def test_any_lines_are_a_network_or_a_diagnostic(lines, partial):
    assert refused_or_read(NET + "\n".join(lines), partial=partial) in {True, False}


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=100)
def test_any_text(text):
    assert not refused_or_read(text)
    assert refused_or_read(NET + text) in {True, False}
