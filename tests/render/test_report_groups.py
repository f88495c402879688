"""What the JSON report says of the parts of a network, and of what each layer does."""

from cnncalc import analyze, load
from cnncalc.layers import layer_types
from cnncalc.render.report_json import document


def test_groups_name_the_parts_their_types_and_their_rows():
    report = analyze(load("densenet121"))
    content = document(report, version="0")
    groups = {group["name"]: group for group in content["groups"]}
    block = groups["features.denseblock1"]
    inside = [row for row in content["layers"] if row["name"].startswith("features.denseblock1.")]
    assert (block["first"], block["last"]) == (inside[0]["index"], inside[-1]["index"])
    assert len(inside) == block["last"] - block["first"] + 1
    assert sum(name.startswith("features.denseblock1.denselayer") for name in groups) == 6
    names = list(groups)
    assert names.index("features.denseblock1") < names.index("features.denseblock1.denselayer1")


def test_kind_says_what_a_layer_does():
    rows = {row["name"]: row for row in document(analyze(load("unet")), version="0")["layers"]}
    kinds = {
        name: rows[name]["kind"]
        for name in ("enc1.conv1", "enc1.conv1.relu", "maxpool1", "dec4.upconv1", "dec4.concat1")
    }
    assert list(kinds.values()) == ["conv", "activation", "pool", "up", "merge"]


def test_every_layer_type_has_a_kind_that_fits_its_place_in_the_reference():
    """Norms and activations are those that attach; a merge reads several, no other layer does."""
    for name, layer in layer_types().items():
        assert (layer.family in ("norm", "activation")) >= bool(layer.attaches), name
        assert (layer.family == "merge") == (layer.arity[1] is None or layer.arity[0] > 1) or (
            name == "custom"
        ), name
