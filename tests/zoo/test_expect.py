"""Every bundled network loads, and its own `expect` holds to the unit."""

from collections import Counter

import bundled
import pytest

from cnncalc import analyze, load, zoo

NETWORKS = bundled.entries()
NAMES = [variant or stem for stem, variant in NETWORKS]


@pytest.mark.parametrize("name", NAMES)
def test_expect_holds_exactly(name):
    report = bundled.report(name)
    assert report.ok
    assert {"params", "output"} <= {check.key for check in report.expect}
    assert [check for check in report.expect if not check.ok or check.delta] == []


@pytest.mark.parametrize(("stem", "variant"), NETWORKS)
def test_a_name_finds_its_file_and_variant(stem, variant):
    assert zoo.resolve(variant or stem) == (str(bundled.SPECS / f"{stem}.yaml"), variant)


def test_a_path_and_a_name_load_the_same_network():
    by_path = analyze(load(str(bundled.SPECS / "resnet.yaml"), variant="resnet50"))
    assert by_path.totals == bundled.report("resnet50").totals


def test_the_zoo_is_large():
    assert len(NETWORKS) >= 370


@pytest.mark.parametrize("name", [name for name in NAMES if name != "lenet5-1998"])
def test_expected_macs_are_exact_whole_numbers(name):
    """No figure with a suffix, which would allow half a unit of its last digit."""
    stem, variant = NETWORKS[NAMES.index(name)]
    spec = bundled.written(stem)
    expect = spec["variants"][variant]["expect"] if variant else spec["expect"]
    assert isinstance(expect["macs"], int)
    assert isinstance(expect["params"], int)


def test_every_name_finds_one_network():
    owners = {name: {stem} for stem in bundled.files() for name in [stem]}
    for stem, variant in NETWORKS:
        owners.setdefault(variant or stem, set()).add(stem)
    assert [name for name, stems in owners.items() if len(stems) > 1] == []
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []


@pytest.mark.parametrize("stem", bundled.files())
def test_every_file_tells_where_it_comes_from(stem):
    spec = bundled.written(stem)
    assert spec["name"]
    assert isinstance(spec["year"], int)
    assert "\n" not in spec["description"].strip()
    assert all(isinstance(citation, str) for citation in spec["source"])


@pytest.mark.parametrize("stem", [s for s in bundled.files() if "variants" in bundled.written(s)])
def test_a_file_with_variants_also_works_without_choosing_one(stem):
    report = analyze(load(str(bundled.SPECS / f"{stem}.yaml")))
    assert report.totals.params > 0
