"""sizes: every size is held against a network built on it."""

import pytest

from cnncalc import analyze, load
from cnncalc.errors import CnncalcError
from cnncalc.questions.sizes import sizes
from cnncalc.spec.sections.inputs import MAX_DIGITS

SPEC = """\
input: {input}
layers:
  - a: conv 4 3x3 s2 half
  - b: maxpool 2x2
  - c: upsample 2
  - d: add a
"""


@pytest.fixture
def written(tmp_path):
    def write(text, **values):
        path = tmp_path / "net.yaml"
        path.write_text(text.format(**values))
        return str(path)

    return write


def test_a_padded_unet_works_on_multiples_of_16():
    """Ronneberger's four poolings: 320, 336, 352 between 320 and 360."""
    found = sizes("unet-padded", start=320, stop=360)
    assert found.working == found.exact == (320, 336, 352)
    assert sum(len(reason.sizes) for reason in found.failed) == 38
    first = found.failed[0].first
    assert (first.size, first.layer) == (321, "dec1.concat1")
    assert first.problem.message == "cannot concatenate tensors of different shape"
    assert [note.split(":")[1].strip() for note in first.problem.notes] == [
        "320×320×64", "321×321×64",
    ]  # fmt: skip


def test_the_tiles_of_the_unet_of_2015():
    """Every pooling must meet even sizes, as the paper asks; Figure 1 has 572 -> 388."""
    found = sizes("unet", start=540, stop=600)
    assert found.exact == (540, 556, 572, 588)
    outputs = {one.size: one.out[0].spatial for one in found.outcomes}
    assert outputs[572] == (388, 388)


def test_resnet50_reads_all_where_its_1x1_filters_of_stride_2_meet_odd_maps():
    """The filters of 3x3 and 7x7 are padded: on even maps a column of zeros is left over.

    The map of S pixels is halved twice, rounding up, ahead of the first 1x1 filter of stride 2,
    and once ahead of each of the next two: all three are odd where (S - 1) // 4 % 8 is 0.
    """
    found = sizes("resnet50", start=200, stop=260)
    assert found.exact == (225, 226, 227, 228, 257, 258, 259, 260)
    at_224 = next(one for one in found.outcomes if one.size == 224)
    assert len(at_224.rounding) == 3  # as the footer of its report says


def attempt(path, input_):
    """The network, or the error that there is in its place."""
    try:
        return load(path, input=input_)
    except CnncalcError as error:
        return error


def test_each_size_is_what_the_network_gives(written):
    """Working, exact and failing as `load` and `analyze` say of every single size."""
    path = written(SPEC, input="20x20x3")
    found = sizes(path, start=1, stop=40)
    assert (found.start, found.stop, len(found.outcomes)) == (1, 40, 40)
    for one in found.outcomes:
        network = attempt(path, f"{one.size}x{one.size}x3")
        if isinstance(network, CnncalcError):
            assert one.problem == network.diagnostics[0]._replace(line_text=None)
            continue
        report = analyze(network)
        rounding = tuple(row.name for row in report.rows if any(row.unused))
        assert (one.rounding, one.out) == (rounding, tuple(port.shape for port in report.outputs))
        assert one.exact == (not rounding)
    assert (
        len({one.works for one in found.outcomes})
        == len({one.exact for one in found.outcomes})
        == 2
    )


@pytest.mark.parametrize(
    ("input_", "axes", "expected"),
    [
        ("20x30x3", None, "SxSx3 HWC"),
        ("20x30x3", "w", "20xSx3 HWC"),
        ("3x20x30 CHW", "h", "3xSx30 CHW"),
        ("30x20x3 WHD", "w", "Sx20x3 WHD"),
        ("40x3", None, "Sx3 LC"),
        ("8x20x20x3", None, "8xSxSx3 DHWC"),
        ("8x20x20x3", "d", "Sx20x20x3 DHWC"),
    ],
)
def test_axes_that_vary_and_those_that_stay(written, input_, axes, expected):
    path = written("input: {input}\nlayers: [conv 2 f3]\n", input=input_)
    found = sizes(path, start=5, stop=6, axes=axes)
    assert found.written == expected
    assert found.working == (5, 6)
    written_ = expected.replace("S", "6")
    assert found.outcomes[1].out[0] == load(path, input=written_).nodes[-1].shape


def test_the_usual_range_and_steps(written):
    path = written("input: 28x28x1\nlayers: [conv 2 3x3]\n")
    assert (sizes(path).start, sizes(path).stop) == (14, 42)
    assert (sizes(path, stop=20).start, sizes(path, start=30).stop) == (6, 44)
    assert [one.size for one in sizes(path, start=10, stop=20, step=4).outcomes] == [10, 14, 18]
    large = sizes(written("input: 2000x1\nlayers: [conv 2 f3]\n"))
    assert (large.start, large.stop) == (1744, 2256)


def test_a_spec_whose_own_size_fails_is_asked_all_the_same(written):
    found = sizes(written(SPEC, input="21x21x3"), start=20, stop=22)
    assert [one.works for one in found.outcomes] == [True, False, False]


def test_variables_variants_and_input():
    assert sizes("resnet", variant="resnet18", start=224, stop=224).name == "resnet18"
    assert sizes("resnet18", start=224, stop=224).name == "resnet18"
    found = sizes("unet", start=572, stop=572, set={"classes": 7}, input="64x64x5")
    assert (found.written, found.outcomes[0].out[0].channels) == ("SxSx5 HWC", 7)


def test_what_cannot_be_varied(written):
    vector = written("input: 784\nlayers: [fc 10]\n")
    with pytest.raises(CnncalcError) as caught:
        sizes(vector)
    (problem,) = caught.value.diagnostics
    assert problem.message == "the input is a vector of 784, which has no spatial axis to vary"
    with pytest.raises(CnncalcError) as caught:
        sizes("lenet5", axes="d")
    (problem,) = caught.value.diagnostics
    assert (problem.message, problem.help) == ("the input has no axis 'd'", "it has h, w")


def test_only_a_single_input_is_varied(written):
    two = written("inputs: {{a: 8x8x1, b: 8x8x1}}\nlayers: [add: {{from: [a, b]}}]\n")
    with pytest.raises(CnncalcError) as caught:
        sizes(two)
    (problem,) = caught.value.diagnostics
    assert problem.message == "only a network with one input can be tried; this one has a, b"
    one = written("inputs: {{a: 8x8x1}}\nlayers: [conv 1 3x3]\n")
    assert sizes(one, start=2, stop=3).working == (3,)


def test_mistakes_of_the_spec_are_told_with_their_line(written):
    with pytest.raises(CnncalcError) as caught:
        sizes(written("input: 28x28x1\nlayers: [cnov 2 3x3]\n"))
    (problem,) = caught.value.diagnostics
    assert problem.line_text == "layers: [cnov 2 3x3]"


def test_a_layer_that_rounds_on_one_axis_rounds():
    (wide,) = sizes("lenet5", start=33, stop=33, axes="w").outcomes
    assert wide.rounding == ("S2",)
    (even,) = sizes("lenet5", start=36, stop=36, axes="w").outcomes
    assert even.exact


@pytest.mark.parametrize(
    ("name", "start"),
    [("resnet50", 20), ("unet-padded", 320), ("lenet5", 10), ("squeezenet1_1", 1), ("alexnet", 40)],
)
def test_resizing_gives_what_reading_the_layers_again_gives(name, start, monkeypatch):
    resized = sizes(name, start=start, stop=start + 40)
    monkeypatch.setattr("cnncalc.questions.sizes.reads_sizes", lambda _: True)
    assert sizes(name, start=start, stop=start + 40) == resized


def test_a_size_that_is_no_input_is_refused_also_after_others():
    first = 10**MAX_DIGITS - 1
    with pytest.raises(CnncalcError, match=f"an input of size {first + 1} is too large"):
        sizes("squeezenet1_1", start=first, stop=first + 1)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"start": 50, "stop": 10}, "bad-argument: there is no size from 50 to 10"),
        ({"step": 0}, "bad-argument: step must be a whole number from 1, got 0"),
        ({"start": -5}, "bad-argument: start must be a whole number from 1, got -5"),
        ({"start": 3.5}, "bad-argument: start must be a whole number from 1, got 3.5"),
        ({"stop": "a"}, "bad-argument: stop must be a whole number from 1, got 'a'"),
    ],
)
def test_a_range_without_sizes(asked, message):
    with pytest.raises(CnncalcError) as caught:
        sizes("lenet5", **asked)
    assert str(caught.value) == message
