"""The rules of the language, each by a spec small enough to be worked out by hand."""

import io
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written import layers, names, network, report, shapes, sources

from cnncalc import analyze, load
from cnncalc.errors import CnncalcError
from cnncalc.shapes import Shape


def layer_types(found):
    """The layers themselves, inputs left out."""
    return [node.layer for node in found.nodes if node.layer.type != "input"]


def filters(found):
    """The number of filters of every convolution."""
    return [layer.filters for layer in layer_types(found) if layer.type == "conv"]


# --- 1.2 inputs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shape", "layout", "batch"),
    [
        ("32x32x1", Shape(1, (32, 32)), "HWC", 1),
        ("32x30x1 WHD", Shape(1, (30, 32)), "WHD", 1),
        ("3x224x200 CHW", Shape(3, (224, 200)), "CHW", 1),
        ("{h: 480, w: 640, c: 3}", Shape(3, (480, 640)), "HWC", 1),
        ("8000x1 LC", Shape(1, (8000,)), "HWC", 1),
        ("784", Shape(784), "HWC", 1),
        ("8x3x224x224 NCHW", Shape(3, (224, 224)), "CHW", 8),
    ],
)
def test_the_input_says_shape_layout_and_batch(written, shape, layout, batch):
    found = network(f"input: {written}\nlayers: [relu]\n")
    assert (found.nodes[0].name, found.nodes[0].shape) == ("in", shape)
    assert (found.layout, found.batch) == (layout, batch)


def test_several_inputs_have_names_and_the_first_comes_first():
    found = network("""
        inputs: {left: 8x4x4x1 NHWC, right: 8x4x4x3 NHWC}
        layers:
          - conv 2 1x1
          - a: conv 2 1x1
            from: right
          - add: [from a, from left -> conv 2 1x1]
        """)
    assert sources(found)["conv1"] == ["left"]
    assert sources(found)["a"] == ["right"]
    assert (found.batch, [node.name for node in found.inputs]) == (8, ["left", "right"])


# --- 1.3 layers as text, and their mapping form -----------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "conv 6 5x5 s2 p1 d2 g2",
        "conv K=6 F=5 S=2 P=1 D=2 G=2",
        "conv k=6 f=5 s=2 p=1 d=2 g=2",
        "conv 6 f5 s2 p1 d2 g2",
        "conv 6 F5 S2 P1 D2 G2",
        "conv filters=6 kernel=5 stride=2 padding=1 dilation=2 groups=2",
        "conv out_channels=6 kernel_size=5 strides=2 padding=1 dilation_rate=2 groups=2",
        "conv 3*2 (2+3)x5 s=4//2 p1 d2 g2",
        "conv: {filters: 6, kernel: 5, stride: 2, padding: 1, dilation: 2, groups: 2}",
        "conv: {out_channels: 6, kernel_size: [5, 5], strides: 2, p: 1, d: 2, g: 2}",
        "conv: 6 5x5 s2 p1 d2 g2",
        "{conv: {filters: 6, F: 5, S: 2, P: 1}, d: 2, g: 2}",
    ],
)
def test_every_way_to_write_a_convolution(line):
    (layer,) = layer_types(layers(line, input="32x32x4"))
    window = layer.windows(Shape(4, (32, 32)))
    assert (layer.filters, layer.groups, layer.bias) == (6, 2, True)
    assert {(w.kernel, w.stride, w.begin, w.end, w.dilation) for w in window} == {(5, 2, 1, 1, 2)}


WINDOWS = st.integers(1, 3)
FIELDS = {
    "conv": {"stride": WINDOWS, "padding": st.integers(0, 2) | st.sampled_from(["same", "half"]),
             "dilation": st.integers(1, 2), "bias": st.booleans()},
    "maxpool": {"stride": WINDOWS, "ceil": st.booleans()},
    "avgpool": {"stride": WINDOWS},
}  # fmt: skip
WORDS = {"padding": "p", "stride": "s", "dilation": "d"}


@st.composite
def lines(draw):
    """A layer in words, and the same as a mapping."""
    head = draw(st.sampled_from(["conv", "maxpool", "avgpool", "dropout", "lrn"]))
    attached = draw(st.lists(st.sampled_from(["bn", "relu", "tanh"]), max_size=2))
    if head in {"dropout", "lrn"}:
        key, value = {"dropout": ("rate", 0.5), "lrn": ("size", 3)}[head]
        words, fields = [f"{key}={value}"], {key: value}
    else:
        size = draw(st.tuples(WINDOWS, WINDOWS))
        words, fields = ["x".join(map(str, size))], {"kernel": list(size)}
        if head == "conv":
            words, fields = ["5", *words], {"filters": 5, **fields}
        for key, values in FIELDS[head].items():
            if draw(st.booleans()):
                fields[key] = value = draw(values)
                words.append(word(key, value))
    if head == "conv" and attached[:1] == ["bn"]:
        fields.setdefault("bias", False)
    text = " ".join([head, *words, *attached])
    return text, f"{head}: {mapping({**fields, 'attached': attached})}"


def word(key, value):
    if isinstance(value, bool):
        return {"bias": ("nobias", "bias"), "ceil": ("ceil=false", "ceil")}[key][value]
    return value if isinstance(value, str) else f"{WORDS[key]}{value}"


def mapping(fields):
    texts = {True: "true", False: "false"}
    inner = [
        f"{key}: {texts[value] if isinstance(value, bool) else value}"
        for key, value in fields.items()
    ]
    return "{" + ", ".join(inner).replace("'", "") + "}"


@settings(max_examples=60)
@given(st.lists(lines(), min_size=1, max_size=4))
def test_the_mapping_form_says_the_same_as_the_text(pairs):
    text = layers(*(text for text, _ in pairs), input="60x60x4")
    canonical = layers(*(canonical for _, canonical in pairs), input="60x60x4")
    assert layer_types(text) == layer_types(canonical)
    assert shapes(text) == shapes(canonical)


def test_sizes_per_axis():
    (layer,) = layer_types(layers("conv 2 1x7 s1x2 p0x3"))
    assert (layer.kernel, layer.stride, layer.padding) == ((1, 7), (1, 2), ((0, 0), (3, 3)))


@pytest.mark.parametrize(
    ("line", "bias"),
    [
        ("conv 4 3x3", [True]),
        ("conv 4 3x3 bn", [False]),
        ("conv 4 3x3 bn relu", [False]),
        ("conv 4 3x3 relu bn", [True]),
        ("conv 4 3x3 bias bn", [True]),
        ("conv 4 3x3 bn bias", [True]),
        ("conv 4 3x3 nobias relu", [False]),
        ("conv 4 3x3 -> bn", [True]),
        ("conv: {filters: 4, kernel: 3, attached: bn}", [False]),
        ("conv: {filters: 4, kernel: 3, bias: true, attached: bn}", [True]),
        ("dwconv 3x3 gn=1 relu", [False]),
        ("fc 4 bn", [True]),
    ],
)
def test_a_norm_in_the_first_place_takes_the_bias_away(line, bias):
    found = [layer.bias for layer in layer_types(layers(line)) if hasattr(layer, "bias")]
    assert found == bias


def test_attached_layers_follow_in_order_and_belong_to_their_layer():
    found = layers("C1: conv 4 3x3 relu bn relu")
    assert names(found) == ["C1", "C1.relu", "C1.bn", "C1.relu2"]
    assert [node.attached_to for node in found.nodes] == [None, None, 1, 1, 1]


def test_names_of_layers_chains_and_lists():
    found = layers(
        "conv 4 3x3 p1",
        "C1: conv 4 3x3 p1 -> relu -> conv 4 3x3 p1",
        "stem: [conv 4 3x3 p1 tanh, relu as r]",
        "conv 4 3x3 p1 as last",
        "{conv: {filters: 4, kernel: 1}, name: written}",
        "conv 4 3x3 p1",
    )
    assert names(found) == [
        "conv1", "C1.conv1", "C1.relu1", "C1.conv2", "stem.conv1", "stem.conv1.tanh", "stem.r",
        "last", "written", "conv2",
    ]  # fmt: skip


def test_a_number_that_an_author_uses_is_not_given_again():
    assert names(layers("relu", "relu2: tanh", "relu")) == ["relu1", "relu2", "relu3"]


def test_fc_flattens_what_it_gets_and_linear_does_not():
    assert list(shapes(layers("fc 10", input="4x4x3")).values()) == ["10"]
    assert list(shapes(layers("linear 10", input="4x4x3")).values()) == ["4x4x10"]


# --- 1.4 data flow ----------------------------------------------------------------------------


def test_each_layer_takes_the_one_before_or_the_one_it_names():
    found = layers(
        "a: conv 4 3x3 p1",
        "b: conv 4 3x3 p1",
        "from a",
        "c: relu",
        "{tanh: , name: d, from: b}",
        "from in -> relu as e",
    )
    assert sources(found) == {"a": ["in"], "b": ["a"], "c": ["a"], "d": ["b"], "e": ["in"]}


def test_merges_join_references_to_the_current_tensor():
    found = layers("a: conv 1 3x3 p1", "b: relu", "s: add in a", "concat a b")
    assert sources(found)["s"] == ["b", "in", "a"]
    assert shapes(found)["concat1"] == "32x32x3"


def test_merges_start_every_branch_from_the_current_tensor():
    found = layers(
        "a: conv 4 3x3 p1",
        "{concat: [identity, conv 2 1x1 -> relu, [conv 3 1x1], {conv: {filters: 1, kernel: 1}}], "
        "name: m}",
    )
    assert sources(found)["m"] == ["a", "m.relu1", "m.conv2", "m.conv3"]
    assert shapes(found)["m"] == "32x32x10"


def test_residual_adds_what_went_in():
    found = layers("residual: [conv 1 3x3 p1, relu]", "residual: tanh")
    assert sources(found)["add1"] == ["relu1", "in"]
    assert sources(found)["add2"] == ["tanh1", "add1"]


def test_mul_may_broadcast_and_nothing_else():
    found = layers("mul: [identity, gap]", input="4x4x3")
    assert shapes(found)["mul1"] == "4x4x3"


def test_merges_may_crop_to_the_smallest():
    found = layers("a: conv 2 3x3", "conv 3 3x3", "concat a fit=crop", input="8x8x1")
    assert shapes(found)["concat1"] == "4x4x5"


SIDE = """
    input: 8x8x1
    layers:
      - a: conv 4 3x3
      - side: conv 2 1x1 -> gap
        name: head
      - side: conv 3 1x1
        name: aux
        train_only: true
        from: in
      - conv 5 3x3
    """


def test_a_side_leaves_the_main_path_alone_and_is_an_output():
    found = network(SIDE)
    assert sources(found)["conv1"] == ["a"]
    assert [found.nodes[i].name for i in found.outputs] == ["conv1", "head.gap1", "aux"]
    assert [node.name for node in found.nodes if node.train_only] == ["aux"]
    assert sources(found)["aux"] == ["in"]


def test_a_training_head_is_stored_but_does_no_work():
    totals = report(SIDE).totals
    assert totals.params - totals.inference_params == 3 * 1 + 3
    assert totals.macs == 6 * 6 * 9 * 4 + 6 * 6 * 4 * 2 + 4 * 4 * 9 * 4 * 5


def test_outputs_name_what_comes_out():
    found = network(SIDE + "outputs: [head, a]\n")
    assert [found.nodes[i].name for i in found.outputs] == ["head.gap1", "a"]


# --- 1.5 blocks, expressions, conditions ------------------------------------------------------


def test_arguments_by_place_by_name_and_by_default():
    found = network("""
        input: 8x8x2
        vars: {k: 100}
        blocks:
          b(c, h=2*c, k=h+1): conv k 1x1
        layers:
          - b 3
          - b 3 h=10
          - b: {c: 3, k: 5}
          - b h=1 c=7
          - b 1 2 3
        """)
    assert filters(found) == [7, 11, 5, 2, 3]


def test_words_are_arguments_too():
    found = network("""
        input: 8x8x2
        blocks:
          b(act, p=same, norm=true):
            - conv 4 3x3 padding=p act
            - bn if norm
        layers:
          - b relu
          - b act=hswish p=valid norm=false
        """)
    assert names(found) == ["b1.conv1", "b1.conv1.relu", "b1.bn1", "b2.conv1", "b2.conv1.hswish"]
    assert [layer.padding for layer in layer_types(found) if layer.type == "conv"] == [
        "same",
        "valid",
    ]


def test_a_block_sees_the_sizes_of_what_entered_it_and_the_variables():
    found = network("""
        input: 8x6x2
        vars: {k: 3}
        blocks:
          b:
            - conv 2*cin 3x3
            - conv cin+hin+win+k 1x1
        layers: [maxpool 2x2, b]
        """)
    assert filters(found) == [4, 2 + 4 + 3 + 3]


def test_extra_tensors():
    found = network("""
        input: 8x8x1
        blocks:
          up(c; skip): upconv c 2x2 s2 -> concat skip
        layers:
          - a: conv 4 3x3 p1
          - maxpool 2x2
          - up 2 skip=a
          - maxpool 2x2
          - up: {c: 3, skip: a}
        """)
    assert shapes(found)["up1.concat1"] == "8x8x6"
    assert sources(found)["up2.concat1"] == ["up2.upconv1", "a"]


def test_in_is_what_entered_the_block():
    found = network("""
        input: 8x8x1
        blocks:
          inner: [relu, add in]
          outer: [conv 2 1x1, inner, add in]
        layers: [conv 2 3x3 p1, outer]
        """)
    assert sources(found)["outer1.inner1.add1"] == ["outer1.inner1.relu1", "outer1.conv1"]
    assert sources(found)["outer1.add1"] == ["outer1.inner1.add1", "conv1"]


def test_a_condition_that_fails_skips_the_layer_never_a_branch():
    found = layers(
        "a: conv 2 1x1 if cin == 1",
        "conv 3 1x1 if cin != 1",
        "s: conv 3 1x1 if false",
        "add: [identity, from s]",
        "add: [identity, conv 5 1x1 if false]",
    )
    assert sources(found) == {"a": ["in"], "add1": ["a", "a"], "add2": ["add1", "add1"]}


def test_expressions_stand_where_numbers_do():
    found = network(
        """
        input: 32x32x1
        vars: {width: 0.5, n: [3, 4], deep: true}
        layers:
          - conv div8(64*width) (n[0])x1 s=min(*2,1)
        """.replace("min(*2,1)", "min(2, 1)")
    )
    (layer,) = layer_types(found)
    assert (layer.filters, layer.kernel, layer.stride) == (32, (3, 1), (1,))


# --- 1.6 repeats and tables -------------------------------------------------------------------


def test_repeats_link_and_count():
    assert filters(layers("conv 16+8*i 3x3 x4")) == [16, 24, 32, 40]
    assert filters(layers("conv 2 3x3 x=1+1")) == [2, 2]
    assert filters(layers("{conv: {filters: 2, kernel: 3, repeat: 2}}")) == [2, 2]
    assert names(layers("relu x0", "relu")) == ["relu1"]


def test_first_last_and_reps():
    assert filters(layers("conv first(4) 1x1 x3")) == [4, 1, 1]
    assert filters(layers("conv first(4, 6) 1x1 x3")) == [4, 6, 6]
    assert filters(layers("conv last(4, b=6) 1x1 x3")) == [6, 6, 4]
    assert filters(layers("conv reps+i 1x1 x2")) == [2, 3]
    assert filters(layers("conv first(4)+last(9) 1x1")) == [13]


def test_a_named_repeat_has_parts():
    found = network("""
        input: 8x8x4
        blocks:
          b(c): [conv c 3x3 p1 bn relu, add in]
        layers:
          - layer2: b 4 x2
          - add layer2.0
          - add layer2
          - c: conv 4 1x1 x2
          - add c.0
        """)
    assert names(found)[:4] == [
        "layer2.0.conv1", "layer2.0.conv1.bn", "layer2.0.conv1.relu", "layer2.0.add1",
    ]  # fmt: skip
    assert sources(found)["add1"] == ["layer2.1.add1", "layer2.0.add1"]
    assert sources(found)["add2"] == ["add1", "layer2.1.add1"]
    assert sources(found)["add3"] == ["c.1", "c.0"]


def test_repeat_with_layers():
    found = network("""
        input: 32x32x1
        vars: {n: 2}
        layers:
          - repeat: n
            layers: [conv i+1 3x3, relu]
          - repeat: 2
            name: part
            layers: [conv 3 3x3]
          - concat: [from part, from part.1]
        """)
    assert filters(found) == [1, 2, 3, 3]
    assert names(found) == [
        "conv1", "relu1", "conv2", "relu2", "part.0.conv1", "part.1.conv1", "concat1",
    ]  # fmt: skip
    assert sources(found)["concat1"] == ["part.1.conv1", "part.1.conv1"]


def test_tables_hold_numbers_words_switches_and_expressions():
    found = network("""
        input: 16x16x2
        vars: {width: 2}
        layers:
          - for: [c, act, pooled, f, mode]
            in:
              - [3*width, relu, true, 1+2, nearest]
              - [4, tanh, false, 1, bilinear]
            do:
              - conv c+row f=f half act
              - maxpool 2x2 if pooled
              - upsample 2 mode=mode
        """)
    assert names(found) == [
        "conv1", "conv1.relu", "maxpool1", "upsample1", "conv2", "conv2.tanh", "upsample2",
    ]  # fmt: skip
    assert filters(found) == [6, 5]
    assert [layer.mode for layer in layer_types(found) if layer.type == "upsample"] == [
        "nearest", "bilinear",
    ]  # fmt: skip


def test_rows_of_a_table_of_one_column_need_no_brackets():
    found = network("""
        input: 8x8x1
        layers:
          - for: [c]
            in: [2, 3]
            do: {k: conv c 1x1}
            name: stage
          - concat stage.0
        """)
    assert names(found) == ["stage.0.k", "stage.1.k", "concat1"]
    assert sources(found)["concat1"] == ["stage.1.k", "stage.0.k"]


# --- 1.7 defaults, sharing, special layers ----------------------------------------------------

DEFAULTS = "defaults: {conv: 3x3 p1 bn relu, pool: 2x2, bn: eps=0.5}"


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("conv 4", ["conv1", "conv1.bn", "conv1.relu"]),
        ("conv 4 tanh", ["conv1", "conv1.tanh"]),
        ("conv 4 plain", ["conv1"]),
        ("conv 4 bias", ["conv1", "conv1.bn", "conv1.relu"]),
        ("conv: {filters: 4, attached: []}", ["conv1"]),
        ("maxpool relu", ["maxpool1", "maxpool1.relu"]),
    ],
)
def test_any_norm_or_activation_replaces_those_of_the_defaults(line, rows):
    assert names(layers(line, more=DEFAULTS)) == rows


def test_the_layer_comes_before_the_defaults_and_those_before_the_layer_type():
    usual, own, plain = layer_types(
        layers("conv 4 plain", "conv 4 1x1 p0 plain", "conv 4 plain", more=DEFAULTS)
    )
    assert (usual.kernel, usual.padding, usual.stride) == ((3, 3), ((1, 1),), (1,))
    assert (own.kernel, own.padding) == ((1, 1), ((0, 0),))
    assert usual == plain


def test_defaults_know_aliases_and_reach_attached_layers():
    pool, conv, bn, _ = layer_types(layers("maxpool", "conv 4", more=DEFAULTS))
    assert (pool.kernel, bn.eps, conv.bias) == ((2, 2), 0.5, False)


def test_defaults_use_variables():
    more = "vars: {f: 5}\ndefaults: {conv: f=f}"
    assert [layer.kernel for layer in layer_types(layers("conv 4", more=more))] == [(5,)]


def test_shared_weights_are_stored_once_and_work_every_time():
    found = report("""
        input: 8x8x4
        layers:
          - a: conv 4 3x3 p1 bn
          - b: conv 4 3x3 p1 bn share=a
          - c: conv 4 3x3 p1 bn share=b
        """)
    assert found.totals.params == 4 * 4 * 9 + 2 * 4
    assert found.totals.buffers == 2 * 4
    assert found.totals.macs == 3 * 64 * 4 * 4 * 9
    assert [row.shared_with for row in found.rows] == [None, None, "a", "a.bn", "a", "a.bn"]


def test_blocks_are_shared_whole():
    found = report("""
        inputs: {left: 8x8x1, right: 8x8x1}
        blocks:
          tower: [conv 2 3x3 relu, fc 5]
        layers:
          - a: tower
            from: left
          - b: tower share=a
            from: right
          - sub: [from a, from b]
        """)
    assert found.totals.params == (2 * 9 + 2) + (72 * 5 + 5)
    assert [row.shared_with for row in found.rows][3:6] == ["a.conv1", None, "a.fc1"]


def test_connection_tables_as_picture_and_as_lists():
    picture = network("""
        input: 6x6x3
        layers:
          - C3: conv 4 5x5
            table: |
              XX.X
              X.X.
              .XXX
        """)
    listed = layers("conv: {filters: 4, kernel: [5, 5], table: [[0, 1], [0, 2], [1, 2], [0, 2]]}",
                    input="6x6x3")  # fmt: skip
    assert layer_types(picture) == layer_types(listed)
    assert analyze(picture).totals.weights == 8 * 25


def test_trainable_subsampling_and_fixed_codes():
    totals = report("input: 4x4x6 HWC\nlayers: [subsample 2x2, fc 84, rbf 10]\n").totals
    assert (totals.fixed, totals.params) == (840, 12 + 24 * 84 + 84)


def test_frozen_layers_count_but_do_not_train():
    found = report("""
        input: 8x8x2
        blocks:
          b: [conv 3 1x1 bn, conv 3 1x1]
        layers:
          - conv 2 1x1 frozen
          - b frozen
          - stem: [conv 2 1x1, relu]
            frozen: true
          - conv: {filters: 5, kernel: 1, frozen: true}
          - head: conv 7 1x1
        """)
    assert found.totals.params == 6 + (6 + 6 + 12) + 8 + 15 + 42
    assert found.totals.trainable == 42


def test_notes_stay_with_their_layer():
    (row,) = report("input: 4x4x1\nlayers:\n  - C1: conv 1 1x1\n    note: by hand\n").rows
    assert row.note == "by hand"


def test_explicit_numbers_for_weights_and_biases():
    found = network("""
        input: 3x3x2
        layers:
          - C1: conv 2 2x2
            weights: [[[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[[0.5, 0], [0, 0]], [[0, 0], [0, -1]]]]
            bias_values: [1, -1]
          - fc 1
        """)
    assert found.nodes[1].values == {
        "weight": [1, 2, 3, 4, 5, 6, 7, 8, 0.5, 0, 0, 0, 0, 0, 0, -1],
        "bias": [1, -1],
    }
    assert found.nodes[2].values is None


# --- 1.8 expect, variants, overrides ----------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "low", "high"),
    [
        ("714M", 713_500_000, 714_500_000),
        ("4.09G", 4_085_000_000, 4_095_000_000),
        ("62k", 61_500, 62_500),
        ("61706", 61_706, 61_706),
        ("61_706", 61_706, 61_706),
    ],
)
def test_a_figure_is_equal_to_the_digits_written(figure, low, high):
    found = network(f"input: 32x32x1\nlayers: [relu]\nexpect: {{macs: {figure}}}\n")
    (expectation,) = found.expect
    assert (expectation.key, expectation.written) == ("macs", figure)
    assert (expectation.low, expectation.high) == (low, high)


@pytest.mark.parametrize(
    ("figure", "units", "ok"),
    [
        # 1.5k says 1.45k to 1.55k, ends included.
        ("1.5k", 1449, False), ("1.5k", 1450, True), ("1.5k", 1550, True), ("1.5k", 1551, False),
        # 1.234k says 1233.5 to 1234.5; the only whole number between them is 1234.
        ("1.234k", 1233, False), ("1.234k", 1234, True), ("1.234k", 1235, False),
    ],
)  # fmt: skip
def test_a_rounded_figure_holds_from_half_a_digit_below_to_half_a_digit_above(figure, units, ok):
    found = report(f"input: 1\nlayers: [fc {units} nobias]\nexpect: {{params: {figure}}}\n")
    assert [(check.actual, check.ok) for check in found.expect] == [(units, ok)]


def test_expectations_of_layers_and_shapes():
    found = report("""
        input: 1x32x30 CHW
        layers: [C1: conv 6 5x5 relu]
        expect: {output: 6x28x26, layers: {C1: {params: 156, output: 6x28x26}}}
        """)
    assert [(check.key, check.ok) for check in found.expect] == [
        ("output", True), ("layers.C1.params", True), ("layers.C1.output", True),
    ]  # fmt: skip


VARIANTS = """
    name: Base
    input: 8x8x1
    vars: {k: 1, n: [1]}
    layers: [conv k 1x1, "conv n[0] 1x1"]
    expect: {params: 4}
    variants:
      wide: {vars: {k: 5}, input: 6x6x1, expect: {params: 16}}
      base:
    """


def test_the_command_line_comes_before_the_variant_and_that_before_the_file():
    assert filters(network(VARIANTS)) == [1, 1]
    assert filters(network(VARIANTS, variant="wide")) == [5, 1]
    assert filters(network(VARIANTS, variant="wide", set={"k": 7, "n": [2]})) == [7, 2]
    assert filters(network(VARIANTS, variant="base")) == [1, 1]


def test_so_does_its_input():
    assert network(VARIANTS, variant="wide").nodes[0].shape == Shape(1, (6, 6))
    found = network(VARIANTS, variant="wide", input="1x5x4 CHW")
    assert (found.nodes[0].shape, found.layout) == (Shape(1, (5, 4)), "CHW")


def test_a_network_is_called_after_its_variant():
    assert (network(VARIANTS).name, network(VARIANTS, variant="wide").name) == ("Base", "wide")


def test_each_has_its_own_expectations():
    assert [check.ok for check in report(VARIANTS).expect] == [True]
    assert [check.ok for check in report(VARIANTS, variant="wide").expect] == [True]
    assert report(VARIANTS, variant="base").expect == ()


@pytest.mark.parametrize("change", [{"set": {"k": 2}}, {"input": "4x4x1"}])
def test_a_changed_network_is_not_held_to_them(change):
    found = network(VARIANTS, **change)
    assert found.expect == ()
    (note,) = found.diagnostics
    assert (note.severity, note.message) == (
        "note", "'expect' is skipped: the network was changed",
    )  # fmt: skip
    assert network(VARIANTS, variant="base", **change).diagnostics == ()


def test_the_way_in(tmp_path, monkeypatch):
    file = tmp_path / "net.yaml"
    file.write_text("input: 8x8x1\nvars: {k: 1}\nlayers: [conv k 1x1]\n"
                    "variants: {wide: {vars: {k: 5}}}\n")  # fmt: skip
    assert filters(load(file)) == [1]
    assert filters(load(f"{file}@wide")) == filters(load(file, variant="wide")) == [5]
    assert filters(load(file, set={"k": 9})) == [9]
    assert load(file).name == "net"
    stdin = io.TextIOWrapper(io.BytesIO(file.read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert filters(load("-", variant="wide")) == [5]


@pytest.mark.parametrize(
    ("word", "code"),
    [("s=010", "expression"), ("s=1e999", "number-range"), ("s=1" + "0" * 30, "number-range")],
)
def test_numbers_in_words_are_the_numbers_of_yaml(word, code):
    """010 is 8 to some and 10 to others, in layer text as in YAML; what overflows is told."""
    with pytest.raises(CnncalcError) as caught:
        layers(f"conv 6 3x3 {word}")
    assert [found.code for found in caught.value.diagnostics] == [code]
    assert shapes(layers("conv 6 3x3 s=10")) == {"conv1": "3x3x6"}


@pytest.mark.parametrize("text", ["224x224x3", "224x224x3 HWC", "3x224x224 CHW"])
def test_the_input_that_the_file_has_anyway_changes_nothing(text):
    network = load("resnet18", input=text)
    assert network.expect
    assert not [remark for remark in network.diagnostics if remark.code == "expect-skipped"]
    assert not load("resnet18", input="192x192x3").expect
