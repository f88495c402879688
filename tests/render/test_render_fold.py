import pytest
from reports import lenet, report, residual, row

from cnncalc.network import Group
from cnncalc.render.choice import Choice, ChoiceError
from cnncalc.render.fold import attach, lines, merge
from cnncalc.shapes import Shape


def names(of, **choice):
    return [line.name for line in lines(of, Choice(**choice))]


def test_attached_layers_fold_into_the_row_of_their_layer():
    c1 = lines(lenet())[1]
    assert (c1.number, c1.name, c1.type) == (1, "C1", "conv + tanh")
    assert c1.total("params") == 156


def test_expand_shows_every_primitive_row_after_the_inputs():
    shown = lines(residual(), Choice(expand=True))
    assert [line.name for line in shown[1:]] == [r.name for r in residual().rows]
    assert [line.number for line in shown] == list(range(17))


def test_depth_zero_folds_to_the_named_top_level():
    assert names(residual(), depth=0) == ["in", "stem", "layer1", "gap1", "head"]


def test_each_depth_opens_one_level_of_groups():
    assert names(residual(), depth=1) == [
        "in", "stem.conv", "stem.maxpool", "layer1.0", "layer1.1", "gap1", "head",
    ]  # fmt: skip


def test_a_group_shows_its_text_the_sums_and_the_last_output():
    stem = lines(residual(), Choice(depth=0))[1]
    assert (stem.type, stem.out) == ("4 layers", Shape(64, (56, 56)))
    assert stem.total("params") == 9536  # as published for ResNet: 9,408 + 2 · 64
    assert stem.last.receptive_field.size == (11, 11)
    assert stem.owner is None


def test_the_sums_of_the_lines_are_the_totals_at_every_depth():
    for depth in (0, 1, 2, 9):
        shown = lines(residual(), Choice(depth=depth))
        assert sum(line.total("params") for line in shown) == 158154
        assert sum(line.total("macs") for line in shown) == 580436608


def wide(groups, layers):
    """A net of so many groups with so many layers each."""
    shape = Shape(1)
    rows = [
        row(1 + g * layers + n, f"g{g}.fc{n}", "fc", "in", shape, shape, depth=1)
        for g in range(groups)
        for n in range(layers)
    ]
    parts = {f"g{g}": Group(f"g{g}", f"{layers} layers", (g + 1) * layers) for g in range(groups)}
    return report(rows, groups=parts)


def test_a_network_of_forty_lines_is_shown_in_full_and_one_more_folds():
    assert len(lines(wide(1, 40))) == 1 + 40
    assert len(lines(wide(1, 41))) == 1 + 1
    assert [line.name for line in lines(wide(41, 2))][:2] == ["in", "g0"]


def test_without_groups_even_a_long_network_is_shown_in_full():
    long = report([row(n, f"fc{n}", "fc", "in", Shape(1), Shape(1)) for n in range(1, 60)])
    assert len(lines(long)) == 60


def test_only_keeps_the_types_and_counts_nothing_else():
    shown = lines(residual(), Choice(only=("conv",)))
    assert [line.name for line in shown][:2] == ["stem.conv", "layer1.0.conv1"]
    assert shown[0].type == "conv"
    assert shown[0].total("params") == 9408
    assert shown[0].number == 1


def test_only_folds_what_is_attached_when_both_types_are_wanted():
    shown = lines(residual(), Choice(only=("conv", "bn")))
    assert shown[0].type == "conv + bn"
    assert lines(residual(), Choice(only=("bn",)))[0].name == "stem.conv.bn"


def test_only_can_fold_to_a_depth_too():
    assert names(residual(), only=("conv",), depth=0) == ["stem", "layer1"]


def test_only_a_type_that_does_not_occur_shows_nothing():
    assert names(residual(), only=("pad",)) == []
    assert names(residual(), only=("input",)) == ["in"]


def test_at_keeps_one_layer_with_its_attached_rows_or_one_group():
    assert names(residual(), at="layer1.1") == [
        "layer1.1.conv1", "layer1.1.conv2", "layer1.1.add",
    ]  # fmt: skip
    (only,) = lines(lenet(), Choice(at="C3"))
    assert (only.number, only.type) == (4, "conv + tanh")


def test_at_an_unknown_name_says_what_may_be_meant():
    with pytest.raises(ChoiceError) as caught:
        lines(residual(), Choice(at="layer2"))
    assert str(caught.value) == "there is no layer 'layer2'"
    assert caught.value.help == "did you mean 'layer1'?"


def test_shared_and_train_only_rows_say_so_in_words():
    shape = Shape(8)
    rows = [
        row(1, "a", "fc", "in", shape, shape),
        row(2, "b", "fc", "a", shape, shape, shared_with="a"),
        row(3, "b.relu", "relu", "b", shape, shape, attached_to="b"),
        row(4, "c", "fc", "b", shape, shape, train_only=True),
    ]
    assert [line.type for line in lines(report(rows))[1:]] == [
        "fc", "fc + relu (= a)", "fc (train only)",
    ]  # fmt: skip


def test_merging_a_unit_sums_its_figures_and_keeps_the_layers_own_facts():
    unit = attach(residual().rows)[0]
    merged = merge(unit)
    assert [r.type for r in unit] == ["conv", "bn", "relu"]
    assert (merged.name, merged.type, merged.params, merged.buffers) == (
        "stem.conv", "conv", 9536, 128,
    )  # fmt: skip


def test_a_merged_row_puts_out_what_its_last_row_does():
    wide, narrow = Shape(8), Shape(4)
    rows = [row(1, "a", "fc", "in", wide, wide), row(2, "a.glu", "glu", "a", wide, narrow)]
    assert (merge(rows).in_shapes, merge(rows).out) == ((wide,), narrow)
