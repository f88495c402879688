"""Receptive fields: published figures, branches, gates, and the forward pass as oracle."""

from fractions import Fraction
from math import ceil, floor
from random import Random
from time import perf_counter

import pytest
from graphs import Graph, conv, layer, lenet5, pool, resnet50
from harness import memory, run_on_probes
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from probe import Probe, Tally

from cnncalc.analysis.engine import analyze
from cnncalc.analysis.facts import all_facts
from cnncalc.analysis.receptive import receptive_fields, trace
from cnncalc.errors import UnplacedError
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

HALF = Fraction(1, 2)


def fields(graph):
    network = graph.network()
    found = receptive_fields(network, all_facts(network))
    return {node.name: field for node, field in zip(network.nodes, found, strict=True)}


def last(graph):
    return list(fields(graph).values())[-1]


def chain(shape, *layers):
    graph = Graph(shape)
    for index, one in enumerate(layers):
        graph.add(f"l{index}", one)
    return graph


# --- published figures --------------------------------------------------------------------------


def alexnet_v2():
    body = [conv(64, 11, 4), pool(3, 2), conv(192, 5, p=2), pool(3, 2)]
    body += [conv(384, 3, p=1), conv(384, 3, p=1), conv(256, 3, p=1), pool(3, 2)]
    return chain(Shape(3, (224, 224)), *body)


def vgg16():
    body = []
    for convs, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        body += [conv(filters, 3, p=1)] * convs + [pool(2)]
    return chain(Shape(3, (224, 224)), *body)


def mobilenet_v1():
    body = [conv(32, 3, 2, "same")]
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    for stride in strides:
        body += [layer("dwconv", kernel=(3,), stride=(stride,), padding="same"), conv(64, 1)]
    return chain(Shape(3, (224, 224)), *body)


def slim_resnet(*units):
    """TF-Slim's first version: the stride is in the last unit of each of the first stages."""
    graph = Graph(Shape(3, (224, 224)))
    graph.add("conv1", conv(64, 7, 2, 3))
    graph.add("pool1", layer("maxpool", kernel=(3,), stride=(2,), padding=((0, 1),)))
    for stage, count in enumerate(units):
        for unit in range(count):
            stride = 2 if unit == count - 1 and stage < 3 else 1
            before = graph.nodes[-1].name
            at = f"s{stage}.{unit}"
            graph.add(f"{at}.a", conv(4, 1))
            graph.add(f"{at}.b", conv(4, 3, stride, 1))
            graph.add(f"{at}.c", conv(8, 1))
            graph.add(f"{at}.short", conv(8, 1, stride), before)
            graph.add(f"{at}.add", layer("add"), f"{at}.c {at}.short")
    return graph


# Size, stride and padding as printed in the README of google-research/receptive_field (Araujo,
# Norris, Sim 2019), whose centre of unit 0 is -padding + (size - 1)/2, counted from pixel 0.
PUBLISHED = {
    "alexnet_v2": (alexnet_v2(), 195, 32, 64),
    "vgg_16": (vgg16(), 212, 32, 90),
    "mobilenet_v1": (mobilenet_v1(), 315, 32, 126),
    "resnet_v1_50": (slim_resnet(3, 4, 6, 3), 483, 32, 239),
    "resnet_v1_101": (slim_resnet(3, 4, 23, 3), 1027, 32, 511),
    "resnet_v1_152": (slim_resnet(3, 8, 36, 3), 1507, 32, 751),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_receptive_fields(name):
    graph, size, stride, padding = PUBLISHED[name]
    field = last(graph)
    assert field.size == (size, size)
    assert field.jump == (stride, stride)
    assert field.start == (Fraction(size - 1, 2) - padding + HALF,) * 2


def test_resnet50_stages():
    """The column RF of the folded table in the design of the command line."""
    found = fields(resnet50())
    ends = {
        "stem.maxpool1": 11,
        "layer1.2.relu1": 35,
        "layer2.3.relu1": 91,
        "layer3.5.relu1": 267,
        "layer4.2.relu1": 427,
    }
    assert {name: found[name].size for name in ends} == {n: (s, s) for n, s in ends.items()}


def test_lenet5_last_map_sees_all_of_its_input():
    found = fields(lenet5())
    assert [found[name].size[0] for name in ("C1", "S2", "C3", "S4", "C5")] == [5, 6, 14, 16, 32]
    assert found["C5"].jump == (4, 4)
    assert found["F6"].jump == (0, 0)
    assert found["out.softmax"].size == (32, 32)


def test_dilated_context_module():
    """Yu & Koltun 2016, Table 1: 3, 5, 9, 17, 33, 65, 67 per layer."""
    dilations = (1, 1, 2, 4, 8, 16, 1, 1)
    graph = chain(Shape(4, (99, 99)), *(conv(4, 3, p=d, d=d) for d in dilations[:-1]), conv(4, 1))
    sizes = [field.size[0] for field in fields(graph).values()][1:]
    assert sizes == [3, 5, 9, 17, 33, 65, 67, 67]


def test_dilations_that_double():
    """Yu & Koltun 2016, Figure 1: 3, 7, 15."""
    graph = chain(Shape(1, (64,)), *(conv(1, 3, d=d) for d in (1, 2, 4)))
    assert [field.size for field in fields(graph).values()] == [(1,), (3,), (7,), (15,)]


# --- starts, axes, kinds of layer ---------------------------------------------------------------


def test_first_pixel_has_its_centre_at_one_half():
    assert last(Graph(Shape(1, (8, 8)))).start == (HALF, HALF)


def test_start_follows_the_padding():
    """Uneven padding shifts what the first unit sees: pixels -1, 0, 1 or 0, 1, 2."""
    begin = chain(Shape(1, (8,)), layer("conv", filters=1, kernel=(3,), padding=((1, 0),)))
    end = chain(Shape(1, (8,)), layer("conv", filters=1, kernel=(3,), padding=((0, 1),)))
    assert (last(begin).start, last(end).start) == ((HALF,), (Fraction(3, 2),))


def test_axes_are_told_apart():
    one_by_seven = layer("conv", filters=1, kernel=(1, 7), stride=(1, 2))
    field = last(chain(Shape(1, (9, 30)), one_by_seven))
    assert (field.size, field.jump, field.start) == ((1, 7), (1, 2), (HALF, Fraction(7, 2)))


def test_three_axes():
    """The stem of R3D-18: 3x7x7, stride 1x2x2."""
    stem = layer(
        "conv", filters=64, kernel=(3, 7, 7), stride=(1, 2, 2), padding=((1, 1), (3, 3), (3, 3))
    )
    field = last(chain(Shape(3, (16, 112, 112)), stem))
    assert (field.size, field.jump) == ((3, 7, 7), (1, 2, 2))


def test_global_pool_sees_every_unit_and_then_nothing_moves():
    field = last(chain(Shape(1, (16, 8)), conv(1, 3, 2, 1), layer("gap"), layer("fc", units=5)))
    assert field.size == (17, 9)
    assert field.jump == (0, 0)


def test_a_vector_has_no_receptive_field():
    assert last(chain(Shape(10), layer("fc", units=5))) is None


@pytest.mark.parametrize("size", [(4, 4, 3), (16, 3)])
def test_maps_made_from_a_vector_keep_the_field_of_the_vector(size):
    body = [layer("fc", units=48), layer("reshape", size=size), conv(2, 3, p=1)]
    field = last(chain(Shape(1, (6, 7)), *body))
    assert (field.size, field.jump) == ((6, 7), (0, 0))


# --- enlarging layers ---------------------------------------------------------------------------


def test_nearest_neighbour_adds_nothing():
    field = last(chain(Shape(1, (16,)), pool(2), layer("upsample", scale=(2,))))
    assert (field.size, field.jump, field.start) == ((2,), (1,), (1,))


def test_transposed_convolution_that_enlarges():
    """3 wide, stride 2: units lie on one input or between two."""
    body = layer("conv_transpose", filters=1, kernel=(3,), stride=(2,), padding=((1, 1),))
    field = last(chain(Shape(1, (8,)), body))
    assert (field.size, field.jump, field.start) == ((2,), (HALF,), (HALF,))


def test_a_pattern_ends_where_a_stride_undoes_it():
    body = [layer("upsample", scale=(3,)), conv(1, 1, 3), conv(1, 3)]
    field = last(chain(Shape(1, (16,)), *body))
    assert (field.size, field.jump, field.start) == ((3,), (1,), (Fraction(3, 2),))


def test_enlarging_and_undoing_it_again_and_again():
    """Two units in place of one, then the larger of the two: the map as it was, ten times."""
    rounds = 10 * [layer("upsample", scale=(2,)), pool(2)]
    field = last(chain(Shape(1, (100_000,)), *rounds, conv(1, 3)))
    assert (field.size, field.jump, field.start) == ((3,), (1,), (Fraction(3, 2),))


def unet(depth, size):
    """Padded U-Net with nearest-neighbour upsampling."""
    graph = Graph(Shape(1, (size, size)))
    skips = []
    for level in range(depth + 1):
        graph.add(f"enc{level}.0", conv(1, 3, p=1))
        skips.append(graph.add(f"enc{level}.1", conv(1, 3, p=1)))
        if level < depth:
            graph.add(f"down{level}", pool(2))
    for level in reversed(range(depth)):
        up = graph.add(f"up{level}", layer("upsample", scale=(2,)))
        graph.add(f"cat{level}", layer("concat"), f"{skips[level]} {up}")
        graph.add(f"dec{level}.0", conv(1, 3, p=1))
        graph.add(f"dec{level}.1", conv(1, 3, p=1))
    return graph


def test_unet_by_hand():
    """One level: 5 x 5 before the pool, 6 after it, 14 at the bottom (jump 2). Five neighbours
    of the full size stand on three units of the bottom: 14 + 2·2 = 18."""
    found = fields(unet(1, 32))
    assert found["enc1.1"].size == (14, 14)
    assert found["dec0.1"].size == (18, 18)
    assert found["dec0.1"].jump == (1, 1)
    assert found["dec0.1"].aligned


# --- merges -------------------------------------------------------------------------------------


def test_a_merge_sees_what_either_branch_sees():
    graph = Graph(Shape(1, (16,)))
    graph.add("left", layer("conv", filters=1, kernel=(3,), padding=((2, 0),)), "in")
    graph.add("right", layer("conv", filters=1, kernel=(5,), padding=((1, 3),)), "in")
    graph.add("both", layer("add"), "left right")
    assert last(graph).size == (6,)  # -2 ... 0 and -1 ... 3
    assert last(graph).start == (1,)


def test_jumps_must_agree():
    graph = Graph(Shape(1, (8,)))
    graph.add("halved", conv(1, 2, 2), "in")
    graph.add("cut", conv(1, 5), "in")
    graph.add("both", layer("add"), "halved cut")
    graph.add("after", conv(1, 3, p=1))
    found = fields(graph)
    assert [found[n].aligned for n in ("halved", "cut", "both", "after")] == [
        True,
        True,
        False,
        False,
    ]


def test_equal_jumps_reached_in_different_ways_agree():
    graph = Graph(Shape(1, (8,)))
    graph.add("halved", conv(1, 2, 2), "in")
    graph.add("more", conv(1, 1, 4), "in")
    graph.add("up", layer("upsample", scale=(2,)))
    graph.add("both", layer("add"), "halved up")
    assert last(graph).aligned
    assert last(graph).jump == (2,)


@pytest.mark.parametrize("branches", ["map up", "up map"])
def test_a_branch_that_sees_the_whole_input_is_in_step_with_any(branches):
    """The image-level branch of DeepLab's pyramid."""
    graph = Graph(Shape(1, (16, 16)))
    graph.add("map", conv(1, 3, 2, 1), "in")
    graph.add("gap", layer("gap"), "map")
    graph.add("up", layer("upsample", size=(8, 8)))
    graph.add("both", layer("concat"), branches)
    assert last(graph).aligned
    assert last(graph).jump == (0, 0)
    assert last(graph).size == (16, 16)


@pytest.mark.parametrize("branches", ["in up", "up in"])
def test_a_branch_that_sees_a_fixed_part_is_not(branches):
    graph = Graph(Shape(1, (16,)))
    graph.add("part", layer("crop", begin=(8,), end=(0,)), "in")
    graph.add("gap", layer("gap"))
    graph.add("up", layer("upsample", size=(16,)))
    graph.add("both", layer("add"), branches)
    assert not last(graph).aligned


def test_single_units_are_never_out_of_step():
    graph = Graph(Shape(1, (6,)))
    graph.add("two", conv(1, 6, 2), "in")
    graph.add("three", conv(1, 5, 3), "in")
    graph.add("both", layer("add"), "two three")
    assert last(graph).aligned
    assert last(graph).size == (6,)


def test_a_gate_is_left_out_and_marked():
    graph = Graph(Shape(4, (16, 16)))
    graph.add("conv", conv(4, 3, p=1))
    graph.add("gap", layer("gap"))
    graph.add("gate", conv(4, 1))
    graph.add("mul", layer("mul"), "conv gate")
    graph.add("after", conv(4, 3, p=1))
    found = fields(graph)
    assert found["gate"].size == (18, 18)
    assert not found["gate"].gated
    assert (found["mul"].size, found["mul"].gated) == ((3, 3), True)
    assert (found["after"].size, found["after"].gated) == ((5, 5), True)


def test_a_gate_per_position_counts_like_any_branch():
    graph = Graph(Shape(4, (16, 16)))
    graph.add("gate", conv(1, 7, p=3), "in")
    graph.add("mul", layer("mul"), "in gate")
    assert (last(graph).size, last(graph).gated) == ((7, 7), False)


def test_inputs_of_one_size_share_a_field():
    graph = Graph(Shape(1, (16, 16)), Shape(3, (16, 16)))
    graph.add("left", conv(2, 3, p=1), "in")
    graph.add("right", conv(2, 5, p=2), "in2")
    graph.add("both", layer("add"), "left right")
    assert last(graph).size == (5, 5)


@pytest.mark.parametrize("other", [Shape(1, (16, 18)), Shape(1, (16,)), Shape(7)])
def test_inputs_of_different_sizes_have_none_in_common(other):
    graph = Graph(Shape(1, (16, 16)), other)
    graph.add("left", layer("fc", units=5), "in")
    graph.add("right", layer("fc", units=5), "in2")
    graph.add("both", layer("add"), "left right")
    found = fields(graph)
    assert found["left"].size == (16, 16)
    assert found["both"] is None


def test_patterns_too_long_to_follow_have_no_field():
    """Resizings to sizes without a common factor, each cut in between."""
    body = []
    size = 64
    for target in (67, 71, 73):
        body += [layer("upsample", size=(target,)), layer("crop", begin=(1,), end=(0,))]
        size = target - 1
    graph = chain(Shape(1, (64,)), *body)
    found = list(fields(graph).values())
    assert found[2].size == (1,)
    assert found[-1] is None
    assert size == graph.nodes[-1].shape.spatial[0]


def decoder_beside_a_low_level_map(size):
    """DeepLabV3+ (Chen et al. 2018) in one dimension, with a short pyramid: on 513 pixels the
    map of 33 becomes the 129 of the low-level one, by 129/33 and not by 4."""
    graph = Graph(Shape(1, (size,)))
    for index in range(4):
        graph.add(f"half{index}", conv(1, 3, 2, 1))
    rates = [graph.add(f"rate{rate}", conv(1, 3, p=rate, d=rate), "half3") for rate in (1, 3, 4)]
    graph.add("pyramid", layer("add"), " ".join(rates))
    low = graph.nodes[graph.places["half1"]].shape.spatial
    graph.add("up", layer("upsample", size=low, mode="bilinear"))
    graph.add("both", layer("add"), "up half1")
    graph.add("head", conv(1, 3, p=1))
    graph.add("out", layer("upsample", size=(size,), mode="bilinear"))
    return graph


def test_branches_of_different_jump_against_the_forward_pass():
    """Unit by unit the branches drift apart; the column is the widest unit that really is."""
    graph = decoder_beside_a_low_level_map(513)
    found = fields(graph)
    assert not found["both"].aligned
    spans = seen_by_units(graph.network())
    widest = [max(high - low + 1 for low, high in units) for units in spans]
    assert [field.size for field in found.values()] == [(size,) for size in widest]


def test_units_beyond_the_map_do_not_count():
    """One branch stands still while the other moves: the further out, the wider the two."""
    graph = Graph(Shape(1, (30,)))
    graph.add("two", conv(1, 2, 2), "in")
    graph.add("part", layer("crop", begin=(0,), end=(15,)), "in")
    graph.add("both", layer("add"), "two part")
    assert last(graph).size == (16,)  # unit 14: pixel 14 of the one, 28 and 29 of the other


def test_maps_end_to_end_see_what_each_part_sees():
    """A 5-wide and a 3-wide part, and a filter that reads over the joint: 9 to 13 of the
    one, -1 to 1 of the other."""
    graph = Graph(Shape(1, (12,)))
    graph.add("five", conv(1, 5, p=2), "in")
    graph.add("three", conv(1, 3, p=1), "in")
    graph.add("stack", layer("concat", axis="l"), "five three")
    graph.add("over", conv(1, 2))
    assert check_against_forward(graph) > 40
    assert [fields(graph)[name].size for name in ("stack", "over")] == [(5,), (15,)]


def test_parts_that_differ_across_the_joint_have_no_field():
    graph = Graph(Shape(1, (12, 12)))
    graph.add("wide", layer("conv", filters=1, kernel=(1, 3), padding=((0, 0), (1, 1))), "in")
    graph.add("stack", layer("concat", axis="h"), "in wide")
    assert last(graph) is None
    graph = Graph(Shape(1, (12, 12)))
    graph.add("tall", layer("conv", filters=1, kernel=(3, 1), padding=((1, 1), (0, 0))), "in")
    graph.add("stack", layer("concat", axis="h"), "in tall")
    assert last(graph).size == (3, 1)


def test_a_product_with_a_matrix_that_is_no_map():
    """Attention between channels: every weight reads whole maps, padding and all.

    Where weights meet a map, they add what is within the input, as every global branch does.
    """
    graph = Graph(Shape(2, (4, 4)))
    graph.add("keys", conv(2, 3, p=1), "in")
    graph.add("weights", layer("matmul", transpose_b=True), "in keys")
    graph.add("mixed", layer("matmul"), "weights in")
    assert graph.network().nodes[-1].shape == Shape(2, (4, 4))
    assert [fields(graph)[name].size for name in ("weights", "mixed")] == [(6, 6), (4, 4)]


# --- the forward pass as oracle -----------------------------------------------------------------


def seen_by_units(network):
    """Run the layer types on numbers that remember: per node and place, the pixels that came."""
    random, tally = Random(7), Tally()
    tensors = []
    for node in network.nodes:
        if not node.inputs:
            bits = range(node.shape.size)
            tensors.append(
                Tensor(node.shape, [Probe(random.random(), 1 << b, tally) for b in bits])
            )
            continue
        shapes = network.shapes_into(node)
        parameters = {
            p.name: [random.random() for _ in range(p.size)] for p in node.layer.parameters(*shapes)
        }
        tensors.append(node.layer.forward([tensors[i] for i in node.inputs], parameters))
    return [[_span(value) for value in tensor.values] for tensor in tensors]


def _span(value):
    bits = value.seen if isinstance(value, Probe) else 0
    return ((bits & -bits).bit_length() - 1, bits.bit_length() - 1) if bits else None


def inner_units(network, free=()):
    """Per node, whether each unit's whole history keeps clear of every edge.

    The nodes that are `free` have no edge to keep clear of.
    """
    inner = []
    for node in network.nodes:
        flags = [True] * node.shape.spatial[0]
        if node.index in free:
            inner.append(flags)
            continue
        reaches = node.layer.reach(*network.shapes_into(node))
        size = [before.shape.spatial[0] for before in network.nodes[: node.index]]
        for (way,), source in zip(reaches, node.inputs, strict=True):
            laid = range(len(flags)) if len(reaches) == 1 else way.served(size[source], len(flags))
            for unit in laid:
                first = ceil(way.step * unit + way.low)
                stop = floor(way.step * unit + way.high) + 1
                inside = first >= 0 and stop <= len(inner[source])
                flags[unit] &= inside and all(inner[source][first:stop])
        inner.append(flags)
    return inner


def deconv(f, s, p, d=1):
    return layer(
        "conv_transpose", filters=1, kernel=(f,), stride=(s,), padding=((p, p),), dilation=(d,)
    )


def enlarge(by, mode):
    return layer("upsample", scale=(by,), mode=mode)


def resize(size):
    return layer("upsample", size=(size,))


def crop(begin, end):
    return layer("crop", begin=(begin,), end=(end,))


def adapt(size):
    return layer("adaptivepool", size=(size,))


def some(low, high):
    return st.integers(low, high)


LAYERS = st.one_of(
    st.builds(conv, st.just(1), some(1, 4), some(1, 3), some(0, 2), some(1, 2)),
    st.builds(pool, some(2, 3), some(1, 3)),
    st.builds(enlarge, some(2, 3), st.sampled_from(["nearest", "bilinear"])),
    st.builds(resize, some(20, 60)),
    st.builds(deconv, some(1, 4), some(1, 3), some(0, 1), some(1, 3)),
    st.builds(crop, some(0, 2), some(0, 2)),
    st.builds(adapt, some(5, 30)),
    st.just(layer("relu")),
)


@st.composite
def random_graphs(draw):
    """A few layers over one axis, each reading any tensor so far, and adds where sizes agree."""
    graph = Graph(Shape(1, (48,)))
    for index in range(draw(st.integers(1, 6))):
        names = [node.name for node in graph.nodes]
        source = names[-1] if draw(st.integers(0, 3)) else draw(st.sampled_from(names))
        try:
            graph.add(f"l{index}", draw(LAYERS), source)
        except UnplacedError:
            continue
        new = graph.nodes[-1]
        partners = [n.name for n in graph.nodes[:-1] if n.shape == new.shape]
        if partners and new.shape.spatial[0] <= 200 and draw(st.booleans()):
            graph.add(f"add{index}", layer("add"), f"{new.name} {draw(st.sampled_from(partners))}")
        elif new.shape.spatial[0] <= 100 and draw(some(0, 3)) == 0:
            partner = draw(st.sampled_from([node.name for node in graph.nodes]))
            end_to_end = layer("concat", axis="l")
            graph.add(f"stack{index}", end_to_end, f"{new.name} {partner}")
        assume(new.shape.spatial[0] <= 300)
    return graph


def check_against_forward(graph):
    """No unit sees outside its field; inner units see from its first to its last pixel.

    Returns how many inner units there were.
    """
    network = graph.network()
    traced = trace(network, all_facts(network))
    checked = 0
    rows = zip(traced, seen_by_units(network), inner_units(network), strict=True)
    for field, spans, inner in rows:
        if field is None:
            continue
        (axis,) = field.axes
        for unit, (span, is_inner) in enumerate(zip(spans, inner, strict=True)):
            claimed = axis.at(unit)
            if is_inner:
                assert span == claimed
            elif span is not None:
                assert claimed[0] <= span[0] <= span[1] <= claimed[1]
            checked += is_inner
    return checked


@given(random_graphs())
@settings(max_examples=150, deadline=None)
def test_random_graphs_against_the_forward_pass(graph):
    check_against_forward(graph)


# --- global branches: the column is the largest field of a single unit ---------------------------


def pyramid(graph, at, source, windows, mode="bilinear", *, conv_between=False):
    """PSPNet's: a map pooled to few numbers and brought back to its size, beside the map."""
    size = graph.nodes[graph.places[source]].shape.spatial
    branches = [source]
    for count in windows:
        graph.add(f"{at}.pool{count}", layer("adaptivepool", size=(count,)), source)
        if conv_between:
            graph.add(f"{at}.conv{count}", conv(1, 3, p=1))
        branches.append(graph.add(f"{at}.up{count}", layer("upsample", size=size, mode=mode)))
    return graph.add(f"{at}.cat", layer("add"), " ".join(branches))


def test_no_unit_of_a_pyramid_sees_more_than_the_input():
    """PSPNet (Zhao et al. 2017) on its map of 60: one window is the whole map; two are each 30
    and blended, so that a unit in the middle sees 60; three give 40, six give 20."""
    graph = Graph(Shape(1, (60, 60)))
    pyramid(graph, "psp", "in", (1, 2, 3, 6))
    found = fields(graph)
    sizes = {name: found[name].size[0] for name in found}
    assert [sizes[f"psp.up{count}"] for count in (1, 2, 3, 6)] == [60, 60, 40, 20]
    assert found["psp.cat"].size == (60, 60)
    assert found["psp.cat"].aligned


def aspp(size, rates):
    graph = Graph(Shape(8, (size, size)))
    graph.add("one", conv(2, 1), "in")
    for rate in rates:
        graph.add(f"rate{rate}", conv(2, 3, p="half", d=rate), "in")
    graph.add("gap", layer("gap"), "in")
    graph.add("up", layer("upsample", size=(size, size), mode="bilinear"))
    graph.add("cat", layer("concat"), " ".join(["one", *(f"rate{r}" for r in rates), "up"]))
    graph.add("project", conv(2, 1))
    return graph


def test_spatial_pyramid_of_dilated_filters():
    """DeepLabV3 (Chen et al. 2017): rate 36 spans 2·36 + 1 = 73; the map is 33. The figures are
    those of a public question, worked by hand."""
    found = fields(aspp(33, (12, 24, 36)))
    names = ("one", "rate12", "rate24", "rate36", "up", "cat", "project")
    assert [found[name].size for name in names] == [(n, n) for n in (1, 25, 49, 73, 33, 73, 73)]


def test_a_branch_that_sees_all_outgrows_small_fields_only():
    """On a map of 99 the whole map is more than the 73 of the widest filter."""
    assert fields(aspp(99, (12, 24, 36)))["cat"].size == (99, 99)


def test_local_layers_go_on_growing_behind_a_global_branch():
    """73 positions on a map of 33, and two more through a 3x3 filter: 75."""
    graph = aspp(33, (36,))
    graph.add("head", conv(1, 3, p=1))
    assert last(graph).size == (75, 75)


@pytest.mark.parametrize("size", [10**6, 10**9])
def test_the_size_of_a_map_costs_no_time(size):
    graph = Graph(Shape(1, (size,)))
    graph.add("sparse", layer("conv_transpose", filters=1, kernel=(1,), stride=(7,)), "in")
    graph.add("dilated", conv(1, 3, p=10**5, d=10**5))
    graph.add("strided", conv(1, 3, 10**5), "in")
    graph.add("all", layer("gap"), "dilated")
    started = perf_counter()
    found = fields(graph)
    assert found["all"].size[0] > size
    assert perf_counter() - started < 1


def halved(size):
    return conv(1, 3, 2, 1) if size % 2 else conv(1, 2, 2)


LOCAL = st.one_of(
    st.builds(conv, st.just(1), st.sampled_from([1, 3]), st.just(1), st.just("half"), some(1, 3)),
    st.builds(pool, st.just(3), st.just(1), st.just(1)),
    st.builds(enlarge, st.just(2), st.sampled_from(["nearest", "bilinear"])),
    st.just(deconv(4, 2, 1)),
    st.just(layer("relu")),
    st.just("half"),
)


@st.composite
def graphs_with_global_branches(draw):
    """Local layers, and pyramids at random places; every window fits, nothing is cropped."""
    graph = Graph(Shape(1, (draw(some(24, 96)),)))
    for index in range(draw(some(2, 6))):
        names = [node.name for node in graph.nodes]
        source = names[-1] if draw(some(0, 3)) else draw(st.sampled_from(names))
        size = graph.nodes[graph.places[source]].shape.spatial[0]
        if draw(some(0, 2)) == 0:
            windows = draw(st.sets(some(1, 7), min_size=1, max_size=3))
            mode = draw(st.sampled_from(["nearest", "bilinear"]))
            pyramid(graph, f"p{index}", source, windows, mode, conv_between=draw(st.booleans()))
            continue
        local = draw(LOCAL)
        graph.add(f"l{index}", halved(size) if local == "half" else local, source)
        new = graph.nodes[-1]
        assume(4 < new.shape.spatial[0] <= 200)
        partners = [n.name for n in graph.nodes[:-1] if n.shape == new.shape]
        if partners and draw(st.booleans()):
            graph.add(f"add{index}", layer("add"), f"{new.name} {draw(st.sampled_from(partners))}")
    return graph


def check_largest(graph):
    """No unit sees more than the column says; on maps that are large enough, one sees as much.

    Returns how many maps were large enough.
    """
    network = graph.network()
    facts = all_facts(network)
    traced = trace(network, facts)
    slides = [field and field.axes[0].sliding for field in traced]
    ends_with_map = {
        node.index
        for node, sliding in zip(network.nodes, slides, strict=True)
        if node.layer.divides_map or not sliding or not sliding.shift
    }
    inner = inner_units(network, ends_with_map)
    fields_ = receptive_fields(network, facts)
    rows = zip(fields_, slides, seen_by_units(network), inner, strict=True)
    exact = 0
    for field, sliding, spans, clear in rows:
        if field is None:
            continue
        most = max(high - low + 1 for low, high in filter(None, spans))
        assert most <= field.size[0]
        if sliding and not sliding.shift:  # a lone window counts the padding inside it
            continue
        if sum(clear) >= (2 * len(sliding.pattern) if sliding else 1):
            assert most == field.size[0], spans
            exact += 1
    return exact


@given(graphs_with_global_branches())
@settings(max_examples=150, deadline=None)
def test_random_pyramids_against_the_forward_pass(graph):
    check_largest(graph)


def test_pyramids_have_fields_that_fit_the_map():
    """So the oracle speaks: the maps of a small network with a pyramid are large enough."""
    graph = Graph(Shape(1, (64,)))
    graph.add("stem", conv(1, 3, p=1))
    pyramid(graph, "psp", "stem", (1, 2, 3, 6), conv_between=True)
    graph.add("head", conv(1, 3, p=1))
    assert check_largest(graph) == len(graph.nodes) - 3  # those of the one window


@pytest.mark.parametrize("f", [1, 2, 3])
def test_units_that_see_nothing_against_the_forward_pass(f):
    """A transposed convolution with filter 1 and stride 3 leaves two of three units empty."""
    body = [layer("conv_transpose", filters=1, kernel=(1,), stride=(3,)), conv(1, f), conv(1, 3, 2)]
    assert check_against_forward(chain(Shape(1, (12,)), *body)) > 60


def test_chains_have_inner_units():
    """So the oracle speaks: most units of a small chain are clear of the edges."""
    graph = chain(Shape(1, (48,)), conv(1, 3, p=1), pool(2), layer("upsample", scale=(2,)))
    assert check_against_forward(graph) > 100


def test_the_reported_size_is_attained_in_a_unet():
    """Height by height: the widest stretch that any unit of the last map really saw."""
    graph = unet(2, 64)
    flat = Graph(Shape(1, (64,)))
    for node in graph.nodes[1:]:
        flat.add(node.name, node.layer, " ".join(graph.nodes[i].name for i in node.inputs))
    spans = seen_by_units(flat.network())[-1]
    assert last(flat).size == (max(high - low for low, high in spans) + 1,)
    assert last(graph).size == last(flat).size * 2


def test_a_picture_that_is_not_square():
    """The oracle on two axes: one convolution and a pool over 7 x 9 pixels."""
    graph = chain(Shape(1, (7, 9)), layer("conv", filters=1, kernel=(3, 2), stride=(2, 1)))
    run = run_on_probes(graph.nodes[-1].layer, Shape(1, (7, 9)))
    places = [divmod(bit, 9) for bit in range(63) if memory(run)[0] >> bit & 1]
    height, width = (1 + max(axis) - min(axis) for axis in zip(*places, strict=True))
    assert last(graph).size == (height, width)


def test_the_report_carries_it():
    rows = analyze(lenet5().network()).rows
    assert rows[0].receptive_field.size == (5, 5)
    assert rows[0].receptive_field is rows[1].receptive_field  # C1.tanh
