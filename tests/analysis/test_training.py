"""Bytes of training: LeNet-5 and VGG-16 by the numbers of papers and notes, and the refusals."""

import pytest
from graphs import Graph, conv, layer, lenet5

from cnncalc import analyze, load
from cnncalc.analysis.memory import lifetimes
from cnncalc.analysis.training import TrainingBytes, training
from cnncalc.conventions import OPTIMISERS
from cnncalc.errors import CnncalcError
from cnncalc.layers._base import Layer
from cnncalc.shapes import Shape


def bytes_of(graph, optimiser="sgd", **how):
    return training(analyze(graph.network(), **how), optimiser)


@pytest.mark.parametrize(("optimiser", "remembered"), [("sgd", 0), ("momentum", 1), ("adam", 2)])
def test_lenet5(optimiser, remembered):
    """61,706 parameters; 1024 in, C1, C3, C5, F6 and out twice each, S2 and S4 once."""
    activations = 1024 + 2 * (4704 + 1600 + 120 + 84 + 10) + 1176 + 400
    found = bytes_of(lenet5(), optimiser)
    stored = 61706 * 4
    assert found.total == TrainingBytes(activations * 4, stored, stored, remembered * stored)
    assert found.total.total == activations * 4 + (2 + remembered) * stored
    assert found.rows["in"] == TrainingBytes(4096, 0, 0, 0)
    assert found.rows["C1"] == TrainingBytes(4704 * 4, 156 * 4, 156 * 4, remembered * 156 * 4)
    assert found.over(["C1", "C1.tanh"]).activations == 2 * 4704 * 4


def test_batch_and_dtype():
    one, many = bytes_of(lenet5(), "adam"), bytes_of(lenet5(), "adam", batch=8, dtype="fp16")
    assert (many.batch, many.dtype) == (8, "fp16")
    assert many.total.activations == one.total.activations * 4
    assert many.total.optimiser * 2 == one.total.optimiser


def test_statistics_are_stored_and_not_trained():
    graph = Graph(Shape(1, (8, 8)))
    graph.add("conv", conv(4, 1, bias=False))
    graph.attach("bn")
    assert bytes_of(graph, "momentum", dtype="1").rows["conv.bn"] == TrainingBytes(256, 16, 8, 8)


def test_fixed_numbers_are_stored_and_not_trained():
    graph = Graph(Shape(84))
    graph.add("out", layer("rbf", units=10))
    assert bytes_of(graph, "adam", dtype="1").rows["out"] == TrainingBytes(10, 840, 0, 0)


def test_frozen_parameters_have_no_gradient():
    graph = Graph(Shape(10))
    graph.add("fc", layer("fc", units=2), frozen=True)
    graph.add("out", layer("fc", units=2))
    found = bytes_of(graph, "adam", dtype="1")
    assert found.rows["fc"] == TrainingBytes(2, 22, 0, 0)
    assert found.rows["out"] == TrainingBytes(2, 6, 6, 12)


def test_shared_weights_are_stored_once_and_their_outputs_every_time():
    graph = Graph(Shape(4, (4, 4)))
    graph.add("a", conv(4, 1, bias=False))
    graph.add("b", conv(4, 1, bias=False), shared_with="a")
    found = bytes_of(graph, dtype="1")
    assert (found.rows["a"], found.rows["b"]) == (
        TrainingBytes(64, 16, 16, 0),
        TrainingBytes(64, 0, 0, 0),
    )


def test_a_view_keeps_nothing_and_dropout_does():
    graph = Graph(Shape(2, (2, 2)))
    graph.add("flat", layer("flatten"))
    graph.add("drop", layer("dropout"))
    found = bytes_of(graph, dtype="1")
    assert (found.rows["flat"].activations, found.rows["drop"].activations) == (0, 8)


class View(Layer):
    """A layer type that no list of names knows."""

    is_view = True

    def output_shape(self, *inputs):
        return inputs[0]

    def settings(self, *inputs):
        return {}

    def forward(self, inputs, parameters):
        return inputs[0]


def test_a_new_layer_type_that_is_a_view_keeps_nothing():
    graph = Graph(Shape(2, (2, 2)))
    graph.add("conv", conv(4, 1))
    graph.add("view", View())
    assert bytes_of(graph, dtype="1").rows["view"].activations == 0


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "resnet50", "densenet121", "unet"])
def test_training_and_peak_memory_agree_on_what_is_a_view(name):
    """What inference holds with nothing in place is what training keeps, dropout aside."""
    network = load(name)
    kept = training(analyze(network, dtype="1")).total.activations
    dropped = sum(n.shape.size for n in network.nodes if n.layer.type == "dropout")
    assert kept == lifetimes(network, in_place=False).sizes(network) + dropped


def test_auxiliary_heads_are_trained():
    plain, heads = (training(analyze(load(n))) for n in ("googlenet", "googlenet_aux"))
    assert heads.total.gradients - plain.total.gradients == (13004888 - 6624904) * 4


def test_an_unknown_optimiser():
    report = analyze(lenet5().network())
    with pytest.raises(CnncalcError) as caught:
        training(report, "adamw")
    assert str(caught.value) == "unknown-optimiser: 'adamw' is not a known optimiser"
    assert caught.value.diagnostics[0].help == "did you mean 'adam'?"
    assert training(report, "adam").optimiser == "adam"
    assert set(OPTIMISERS) == {"sgd", "momentum", "adam"}
