"""A few thousand random inputs hold the contract, and what breaks it is found.

By hand, a million: `python tests/fuzz/run.py --examples 1000000 --jobs 2`.
"""

import contract
import pytest
from contract import Example, Judge
from minimise import minimised
from run import SEED, example, fuzz, main, report

from cnncalc.analysis import engine
from cnncalc.layers.relu import Relu
from cnncalc.spec.load import _remembered

EXAMPLES = 4_000
BATCHES = 4
SPEC = b"input: 8x8x3\nlayers:\n  - conv 4 3x3\n  - tanh\n  - relu\n  - fc 10\n"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_inputs_hold_the_contract(batch):
    size = EXAMPLES // BATCHES
    outcome = fuzz(SEED, range(batch * size, (batch + 1) * size))
    faults = [report(*fault, SEED) for fault in outcome.faults.values()]
    assert not faults, "\n\n".join(faults)
    assert outcome.outcomes["accepted"] > size / 10, "hardly anything is accepted"
    assert outcome.outcomes["refused"] > size / 10
    assert outcome.outcomes["command"] > size / 200


def test_an_example_follows_from_its_number():
    assert [example(1, n) for n in range(20)] == [example(1, n) for n in range(20)]
    assert example(1, 3) != example(2, 3)


def label(data=SPEC, *command, thorough=False):
    fault = Judge().fault(Example(data, command), thorough=thorough)
    return fault and fault.label


class TestFaultsAreFound:
    """The same spec is right, and then something is broken."""

    def test_nothing_is_wrong(self):
        assert label() is None
        assert label(thorough=True) is None
        assert label(SPEC, "analyze", "SPEC", "--json") is None

    @pytest.mark.parametrize("name", ["params", "weights", "macs", "connections", "flops"])
    def test_a_total_that_is_no_sum(self, name, monkeypatch):
        totals = engine.totals

        def wrong(*arguments, **options):
            right = totals(*arguments, **options)
            return right._replace(**{name: getattr(right, name) + 1})

        monkeypatch.setattr(engine, "totals", wrong)
        assert label() == f"sum of {name}"
        assert main(["--examples", "100"]) == 1

    def test_weights_that_are_not_counted(self, monkeypatch):
        counted = engine.counted

        def wrong(*arguments):
            return counted(*arguments)._replace(weights=0)

        monkeypatch.setattr(engine, "counted", wrong)
        assert label() == "stored numbers"

    def test_an_exception_and_the_smallest_input_that_raises_it(self, monkeypatch):
        def broken(self, *inputs):
            raise ValueError("planted")

        monkeypatch.setattr(Relu, "output_shape", broken)
        _remembered.cache_clear()  # documents keep the layers that were built before
        judge, found = Judge(), Example(SPEC)
        fault = judge.fault(found)
        assert fault.label.startswith("ValueError at ")
        assert "planted" in fault.detail
        small = minimised(found, fault, judge)
        assert b"relu" in small.data
        assert len(small.data) < len(SPEC) / 2
        assert "planted" in report(0, found, fault, SEED)

    def test_what_never_ends(self, monkeypatch):
        def endless(self, *inputs):
            while True:
                pass

        monkeypatch.setattr(Relu, "output_shape", endless)
        monkeypatch.setattr(contract, "GIVE_UP", 0.2)
        assert label() == "endless"

    def test_what_is_slow_and_what_is_large(self, monkeypatch):
        monkeypatch.setattr(contract, "SECONDS", -1.0)  # some clocks stand still for a while
        assert label() == "slow"
        monkeypatch.setattr(contract, "SECONDS", 60.0)
        # at the start, before the example, and behind it
        readings = iter([100, 150, 301])
        monkeypatch.setattr(contract, "peak_megabytes", lambda: next(readings))
        assert label() == "memory"
        readings = iter([100, 301, 301])
        assert label() is None, "it was another example that took the memory"

    def test_a_refusal_without_a_place(self, monkeypatch):
        wrong = SPEC.replace(b"relu", b"rellu")
        assert label(wrong) is None
        monkeypatch.setattr(contract, "FILE", "another.yaml")
        assert label(wrong) == "place outside the file: unknown-type"

    def test_a_report_that_breaks_its_schema(self, monkeypatch):
        document = contract.report_json.document

        def wrong(*arguments, **options):
            return {**document(*arguments, **options), "more": 1}

        monkeypatch.setattr(contract.report_json, "document", wrong)
        assert label(thorough=True) == "schema"

    def test_an_expanded_spec_that_says_something_else(self, monkeypatch):
        expanded = contract.expanded
        monkeypatch.setattr(contract, "expanded", lambda n: expanded(n).replace(": 4", ": 5"))
        assert label(thorough=True) == "expanded spec differs"
