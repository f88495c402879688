"""Lifetimes and peaks: by hand, by published sums, and against a machine that runs the graph."""

import pytest
from graphs import Graph, conv, layer, lenet5, resnet50
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc import analyze, load
from cnncalc.analysis.memory import lifetimes, peak
from cnncalc.layers import layer_type, layer_types
from cnncalc.shapes import Shape
from cnncalc.tensor import Tensor

VIEWS = {"flatten", "reshape", "identity", "dropout"}


def memory(graph, outputs=None, **how):
    return analyze(graph.network(outputs), dtype="1", **how).totals.memory


def test_lenet5_at_its_peak():
    """While S2 runs, C1's 28x28x6 and its own 14x14x6; out of place, C1's twice."""
    found = memory(lenet5())
    assert (found.peak.bytes, found.peak.layer) == (4704 + 1176, "S2")
    assert found.peak.tensors == (("C1.tanh", 4704), ("S2", 1176))
    assert found.peak_out_of_place.layer == "C1.tanh"
    assert found.peak_out_of_place.tensors == (("C1", 4704), ("C1.tanh", 4704))


def test_the_peak_of_resnet50():
    """The first sum: two branches of 56x56x256 and what becomes of them."""
    one = 56 * 56 * 256
    found = memory(resnet50())
    assert found.peak.layer == "layer1.0.add1"
    assert found.peak.tensors == (
        ("layer1.0.conv3.bn", one),
        ("layer1.0.shortcut.conv1.bn", one),
        ("layer1.0.add1", one),
    )


def test_the_activations_of_vgg16():
    """The cs231n notes' table adds up to 15,237,608 numbers, each kept once, ReLU in place.

    torchvision's adaptive pooling makes one more map of 7x7x512 that is the same.
    """
    found = analyze(load("vgg16"), dtype="1").totals.memory
    assert found.activation_bytes == 15237608 + 7 * 7 * 512
    # its largest moment: two maps of 224x224x64
    assert found.peak_activation_bytes == 2 * 224 * 224 * 64


def test_batch_and_dtype_reach_the_tensors():
    found = analyze(lenet5().network(), batch=3, dtype="fp16").totals.memory
    assert [held.bytes for held in found.peak.tensors] == [4704 * 6, 1176 * 6]
    assert found.peak.bytes == found.peak_activation_bytes


@pytest.mark.parametrize(
    "view", [layer("flatten"), layer("identity"), layer("dropout"), layer("reshape", size=(8, 8))]
)
def test_a_view_takes_nothing(view):
    graph = Graph(Shape(1, (8, 8)))
    graph.add("conv", conv(1, 1))
    graph.add("view", view)
    found = memory(graph)
    assert found.activation_bytes == 64 + 64
    assert found.peak.tensors == found.peak_out_of_place.tensors == (("in", 64), ("conv", 64))


def test_an_activation_overwrites_through_a_view_only_what_no_one_else_reads():
    def built(*, skip):
        graph = Graph(Shape(1, (8, 8)))
        graph.add("conv", conv(1, 1))
        graph.add("view", layer("identity"))
        graph.add("relu1", layer("relu"))
        if skip:
            graph.add("add1", layer("add"), "conv relu1")
        return graph

    assert memory(built(skip=False)).activation_bytes == 64 + 64
    assert memory(built(skip=True)).activation_bytes == 64 + 3 * 64


def test_the_copy_of_a_network_that_is_only_its_input():
    graph = Graph(Shape(3, (4, 4)))
    found = memory(graph, "in")
    assert found.peak == found.peak_out_of_place == (48, "in", (("in", 48),))


def test_every_view_is_one():
    """Number for number, in order: what comes in goes out."""
    assert {name for name, one in layer_types().items() if one.is_view} == VIEWS
    for name in VIEWS:
        fields = {"size": (2, 3, 1)} if name == "reshape" else {}
        numbers = [float(n) for n in range(6)]
        one = layer_type(name)(**fields)
        assert one.forward([Tensor(Shape(1, (2, 3)), numbers)], {}).values == numbers


KINDS = ("fc", "relu", "relu", "softmax", "concat", "add", "identity", "dropout", "flatten")


@st.composite
def random_networks(draw):
    """Vectors of many sizes through layers that compute, overwrite, rename and merge."""
    graph = Graph(*(Shape(draw(st.integers(1, 9))) for _ in range(draw(st.integers(1, 2)))))
    for index in range(draw(st.integers(1, 12))):
        usable = [node.name for node in graph.nodes if not node.train_only]
        kind = draw(st.sampled_from(KINDS))
        one = draw(st.sampled_from(usable))
        shape = graph.nodes[graph.places[one]].shape
        like = [name for name in usable
                if kind == "concat" or graph.nodes[graph.places[name]].shape == shape]  # fmt: skip
        by = f"{one} {draw(st.sampled_from(like))}" if kind in ("concat", "add") else one
        fields = {"units": draw(st.integers(1, 20))} if kind == "fc" else {}
        training = draw(st.integers(0, 7)) == 0
        graph.add(f"{kind}{index}", layer(kind, **fields), by, train_only=training)
    names = [node.name for node in graph.nodes]
    outputs = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    return graph.network(" ".join(outputs))


class Machine:
    """Runs a network in slots of memory and looks, at every step, at what is still needed."""

    def __init__(self, network, *, in_place):
        self.nodes = [node for node in network.nodes if not node.train_only]
        self.by_index = {node.index: node for node in self.nodes}
        self.outputs = set(network.outputs) & {node.index for node in self.nodes}
        self.in_place = in_place
        self.slot = {}  # where a node's output lies
        self.holds = {}  # what lies in a slot: the node that computed it
        self.steps = []  # (numbers, layer, tensors) at every step
        for node in self.nodes:
            self.run(node)

    def source(self, index):
        """The node behind any number of views."""
        node = self.by_index[index]
        return self.source(node.inputs[0]) if node.layer.type in VIEWS else index

    def wanted(self, index, apart_from):
        """Whether anyone else reads a node's numbers, at any time, or takes them away."""
        ends = [n for n in self.nodes if not any(n.index in m.inputs for m in self.nodes)]
        readers = [n for n in self.nodes if n.layer.type not in VIEWS or n in ends]
        readers = [n for n in readers if n is not apart_from]
        read = any(self.source(i) == index for n in readers for i in n.inputs)
        return read or any(self.source(i) == index for i in self.outputs)

    def run(self, node):
        for index in node.inputs:  # nothing it reads was overwritten
            assert self.holds[self.slot[index]] == self.source(index)
        if node.layer.type in VIEWS:
            self.slot[node.index] = self.slot[node.inputs[0]]
        elif self.overwrites(node):
            self.slot[node.index] = self.slot[node.inputs[0]]
            self.holds[self.slot[node.index]] = node.index
        else:
            self.slot[node.index] = node.index
            self.holds[node.index] = node.index
        self.look(node)

    def overwrites(self, node):
        if not self.in_place or node.layer.type not in ("relu", "softmax"):
            return False
        source = self.source(node.inputs[0])
        return self.by_index[source].layer.type != "input" and not self.wanted(source, node)

    def look(self, now):
        done = {node.index for node in self.nodes if node.index <= now.index}
        alive = {}
        for index in sorted(done):
            slot = self.slot[index]
            here = {i for i in done if self.slot[i] == slot}
            wanted = any(here & set(n.inputs) for n in self.nodes if n.index >= now.index)
            if wanted or now.index in here or here & self.outputs:
                alive[slot] = index
        sizes = {node.index: node.shape.size for node in self.nodes}
        names = {node.index: node.name for node in self.nodes}
        tensors = tuple((names[writer], sizes[slot]) for slot, writer in alive.items())
        self.steps.append((sum(size for _, size in tensors), now.name, tensors))

    def peak(self):
        most = max(numbers for numbers, _, _ in self.steps)
        return next(step for step in self.steps if step[0] == most)


@given(random_networks(), st.booleans())
@settings(max_examples=250)
def test_against_a_machine_that_runs_the_network(network, in_place):
    machine = Machine(network, in_place=in_place)
    found = lifetimes(network, in_place=in_place)
    sizes = {node.index: node.shape.size for node in machine.nodes}
    assert dict(found.owners) == machine.slot
    assert found.sizes(network) == sum(sizes[slot] for slot in set(machine.slot.values()))
    moment = peak(network, found)
    numbers, name, tensors = machine.peak()
    assert (moment.numbers, moment.layer) == (numbers, name)
    assert sorted(moment.tensors) == sorted(tensors)


@given(random_networks())
def test_working_in_place_never_takes_more(network):
    usual, plain = lifetimes(network), lifetimes(network, in_place=False)
    assert peak(network, usual).numbers <= peak(network, plain).numbers
    assert usual.sizes(network) <= plain.sizes(network)
