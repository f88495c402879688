"""Maps shared among processes: the same numbers as one process has, and when none are shared."""

from itertools import pairwise
from math import inf
from random import Random

import pytest

from cnncalc import load
from cnncalc.inference import mapwise
from cnncalc.inference.initial import Start
from cnncalc.inference.kernels import plans
from cnncalc.inference.parameters import gather
from cnncalc.inference.run import forward, inference
from cnncalc.inference.stored import Stored
from cnncalc.layers import room
from cnncalc.network import Node, chain
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor


def layer(kind, **settings):
    return room(kind)(**settings)


def mix(filters, **settings):
    return layer("conv", filters=filters, kernel=(1,), **settings)


def depthwise(**settings):
    return layer("dwconv", kernel=(3,), padding=((1, 1),), **settings)


# The block of MobileNetV2, by its two spellings of a depthwise convolution, and a wider one.
BLOCKS = {
    "dwconv": depthwise(stride=(2,), bias=False),
    "a conv of groups": layer(
        "conv", filters=24, kernel=(3,), padding=((1, 1),), groups=24, bias=False
    ),
    "two filters a map": depthwise(multiplier=2),
}


def block(middle, shape=(20, 20)):
    layers = [
        ("expand", mix(24, bias=False)),
        ("expand.bn", layer("bn")),
        ("expand.relu6", layer("relu6")),
        ("filter", middle),
        ("filter.bn", layer("bn")),
        ("filter.relu", layer("relu")),
        ("project", mix(7)),
        ("project.bn", layer("bn")),
        ("out", layer("hswish")),
    ]
    return chain("block", Shape(10, shape), layers)


def sample_of(net, wild=None):
    random = Random(3)
    values = [random.gauss(0, 1) for _ in range(net.nodes[0].shape.size)]
    values[5] = values[5] if wild is None else wild
    return {"in": Tensor(net.nodes[0].shape, values)}


@pytest.fixture
def shares(monkeypatch):
    """Sharing costs nothing; and how many parts there were, each time."""
    monkeypatch.setattr(plans, "HANDING", 0)
    monkeypatch.setattr(plans, "TRAVEL", 0)
    asked = []
    together = mapwise.together

    def watched(function, common, parts):
        asked.append([len(legs) for legs in parts])
        return together(function, common, parts)

    monkeypatch.setattr(mapwise, "together", watched)
    return asked


def passed(net, *, jobs, keep=(), wild=None):
    parameters = gather(net, Start(seed=4))
    return forward(net, sample_of(net, wild), parameters, jobs=jobs, keep=keep)


def told(done):
    return [(row.node.name, row.statistics, row.fast) for row in done.rows]


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("jobs", [2, 3])
def test_the_number_of_processes_changes_no_number(name, jobs, shares):
    net = block(BLOCKS[name])
    alone, together = passed(net, jobs=1), passed(net, jobs=jobs)
    assert shares == [[6] * jobs, [2] * jobs]
    assert told(alone) == told(together)
    assert list(alone.tensor("out").values) == list(together.tensor("out").values)
    assert all(row.seconds >= 0 for row in together.rows)


def test_a_stretch_may_begin_with_any_convolution_that_sees_all_maps(shares):
    layers = [
        ("stem", layer("conv", filters=16, kernel=(3,), stride=(2,), padding=((1, 1),))),
        ("stem.bn", layer("bn")),
        ("out", layer("relu6")),
    ]
    net = chain("stem", Shape(3, (64, 64)), layers)
    alone, together = passed(net, jobs=1), passed(net, jobs=2)
    assert shares == [[3, 3]]
    assert told(alone) == told(together)


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "densenet121", "regnet_y_400mf"])
def test_stretches_are_all_rows_in_order_and_nobody_else_needs_the_inner_ones(name):
    net = load(name)
    order = inference(net)
    found = list(mapwise.stretches(net, order, {order[-1].name}))
    assert [node for some in found for node in some] == list(order)
    assert max(map(len, found)) > 1
    users = [index for node in order for index in node.inputs]
    for some in found:
        for before, node in pairwise(some):
            assert node.inputs == (before.index,)
            assert users.count(before.index) == 1


def test_a_row_that_two_need_ends_its_stretch(shares):
    net = chain(
        "net", Shape(6, (20, 20)), [("mix", mix(16)), ("a", layer("relu")), ("b", layer("relu"))]
    )
    both = Node(4, "sum", layer("add"), (2, 3), net.nodes[3].shape)
    net = net._replace(nodes=(*net.nodes, both), outputs=(4,))
    alone, together = passed(net, jobs=1), passed(net, jobs=2)
    assert shares == [[2, 2]]
    assert told(alone) == told(together)


def test_a_row_that_is_kept_ends_its_stretch(shares):
    net = block(BLOCKS["dwconv"])
    keep = ["expand.bn", "filter"]
    alone, together = (passed(net, jobs=jobs, keep=keep) for jobs in (1, 2))
    assert shares == [[2, 2], [2, 2]]
    for name in [*keep, "out"]:
        assert list(alone.tensor(name).values) == list(together.tensor(name).values)


def test_numbers_that_cannot_be_packed_are_not_shared(shares):
    """Infinity at the first mixture, which the ReLU6 behind it holds down to 6."""
    net = block(BLOCKS["dwconv"])
    alone, together = (passed(net, jobs=jobs, wild=inf) for jobs in (1, 2))
    assert shares == [[2, 2]]
    assert told(alone)[2:] == told(together)[2:]
    assert list(map(repr, alone.tensor("out").values)) == list(
        map(repr, together.tensor("out").values)
    )


def test_maps_that_do_not_stay_packed_are_computed_by_one_process(shares):
    """A batch norm whose mean takes away all that there is leaves nothing to tell by lanes."""
    layers = [("mix", mix(8, bias=False)), ("bn", layer("bn")), ("out", layer("relu"))]
    net = chain("net", Shape(6, (20, 20)), layers)
    x = {"in": Tensor(Shape(6, (20, 20)), [1.0 + 1e-13 * (i % 7) for i in range(2400)])}
    stored = gather(net, Start(seed=4))
    total = [sum(stored.stored["mix.weight"].read()[at : at + 6]) for at in range(0, 48, 6)]
    values = {"running_mean": total, "running_var": [0.0] * 8}
    own = {f"bn.{name}": Stored((8,), lambda v=v: v) for name, v in values.items()}
    parameters = stored._replace(stored={**stored.stored, **own})
    alone, together = (forward(net, x, parameters, jobs=jobs) for jobs in (1, 2))
    assert shares
    assert told(alone) == told(together)


@pytest.mark.parametrize("how", [{"readable": True}, {"count": True}])
def test_the_plain_definition_is_not_shared(how, shares):
    net = block(BLOCKS["dwconv"])
    done = forward(net, sample_of(net), gather(net, Start(seed=4)), jobs=2, **how)
    assert shares == []
    assert not any(row.fast for row in done.rows)


def test_little_work_is_not_handed_out(monkeypatch):
    monkeypatch.setattr(mapwise, "together", None)
    assert passed(block(BLOCKS["dwconv"], (4, 4)), jobs=2).outputs
