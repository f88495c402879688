"""Budgets for devices and for training: number types, batches, optimisers, and what errors say.

The figures of the network are counted by hand. LeNet-5's first layer reads 32x32 = 1,024 numbers
and puts out 6x28x28 = 4,704, with 150 weights and 6 biases. Adam keeps two numbers for each
parameter (Kingma & Ba 2014), SGD none. TensorFlow Lite's quantization specification stores weights
of int8 with biases of int32.
"""

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc import check, load
from cnncalc.errors import CnncalcError, UnplacedError
from cnncalc.questions.check import CheckTerms
from cnncalc.spec.schema import spec_schema
from cnncalc.spec.sections.budgets import parse_limit
from cnncalc.spec.write import text

INPUT, OUTPUT, PARAMS = 1024, 4704, 156


@pytest.fixture
def spec(tmp_path):
    """Write a spec of LeNet-5's first layer with more lines."""

    def write(*lines):
        path = tmp_path / "net.yaml"
        path.write_text("\n".join(["input: 32x32x1", "layers: [conv 6 5x5]", *lines, ""]))
        return str(path)

    return write


def held(path, **terms):
    (result,) = check(path, terms=CheckTerms(**terms))
    return result


def complaint(path):
    with pytest.raises(CnncalcError) as caught:
        load(path)
    (said,) = caught.value.diagnostics
    return said


def test_a_budget_has_a_number_type_of_its_own(spec):
    path = spec(f"budget: {{dtype: int8, peak_activation_bytes: {INPUT + OUTPUT}}}")
    for dtype in ("fp32", "fp16", "int8"):
        result = held(path, dtype=dtype)
        assert result.ok
        assert (result.budget[0].actual, result.budget[0].dtype) == (INPUT + OUTPUT, "int8")
        assert result.report.totals.memory.dtype == dtype


def test_without_one_it_has_that_of_the_run(spec):
    path = spec("budget: {activation_bytes: 1MB}")
    each = {"fp64": 8, "fp32": 4, "fp16": 2, "3": 3}
    for dtype, size in each.items():
        assert held(path, dtype=dtype).budget[0].actual == (INPUT + OUTPUT) * size


def test_the_error_names_number_type_layer_tensors_and_what_int8_would_be(spec):
    (said,) = held(spec("budget: {peak_activation_bytes: 10kB}")).diagnostics
    assert said.code == "budget"
    assert said.message == (
        "peak_activation_bytes (fp32, batch 1): at most 10,000 allowed, got 22,912 (+12,912)"
    )
    assert said.notes == ("the peak is at conv1: conv1 18,816 + in 4,096",)
    assert said.help == "in int8 it would be 5,728 bytes, which keeps the limit"
    assert (said.span.line, said.span.column) == (3, 33)


@pytest.mark.parametrize(
    ("budget", "help_"),
    [
        (
            "peak_activation_bytes: 5kB",
            "in int8 it would be 5,728 bytes, which is too much as well",
        ),
        ("dtype: int8, peak_activation_bytes: 5kB", None),
        ("param_bytes: 200", "in int8 it would be 174 bytes, which keeps the limit"),
        ("peak_activation_bytes: '>= 1MB'", None),
        ("params: 155", None),
    ],
)
def test_int8_is_told_where_it_is_a_way_out(spec, budget, help_):
    (said,) = held(spec(f"budget: {{{budget}}}")).diagnostics
    assert (said.code, said.help) == ("budget", help_)


def test_many_tensors_at_the_peak_are_summed(spec, tmp_path):
    path = tmp_path / "wide.yaml"
    branches = ", ".join(["conv 1 1x1"] * 6)
    path.write_text(
        f"input: 4x4x1\nlayers:\n  - concat: [{branches}]\nbudget: {{peak_activation_bytes: 1}}\n"
    )
    (said,) = held(str(path)).diagnostics
    # Six branches of 16 numbers and the result of 96.
    assert said.message.endswith("at most 1 allowed, got 768 (+767)")
    assert said.notes[0].startswith("the peak is at concat1: concat1 384 + ")
    assert said.notes[0].endswith(" + 3 more tensors 192")


@pytest.mark.parametrize(("optimiser", "state"), [("sgd", 0), ("momentum", 1), ("adam", 2)])
@pytest.mark.parametrize("batch", [1, 32])
def test_training_is_held_to_its_edge(spec, optimiser, state, batch):
    needed = 4 * (batch * (INPUT + OUTPUT) + (2 + state) * PARAMS)
    limits = f"{{training_bytes: {{{optimiser}: {needed}, batch: {batch}}}}}"
    result = held(spec(f"budget: {limits}"))
    assert result.ok
    assert result.budget[0].actual == needed
    over = held(spec(f"budget: {limits.replace(str(needed), str(needed - 1))}"))
    assert over.budget[0].delta == 1


def test_the_error_of_training_names_the_parts_and_the_batch_that_fits(spec):
    path = spec("budget: {training_bytes: {adam: 100kB, batch: 32}}")
    (said,) = held(path).diagnostics
    # (100,000 - 4 * 4 * 156) / (4 * 5,728) = 4.26
    assert said.message == (
        "training_bytes (adam, fp32, batch 32): at most 100,000 allowed, got 735,680 (+635,680)"
    )
    parts = "activations 733,184 + parameters 624 + gradients 624 + optimiser 1,248"
    assert said.notes == (parts,)
    assert said.help == "a batch of 4 keeps the limit"
    assert held(spec("budget: {training_bytes: {adam: 100kB, batch: 4}}")).ok
    assert not held(spec("budget: {training_bytes: {adam: 100kB, batch: 5}}")).ok
    (said,) = held(spec("budget: {training_bytes: {adam: 10kB}}")).diagnostics
    assert said.help == "no batch keeps the limit"


def test_training_has_a_number_type_of_its_own(spec):
    path = spec("budget: {dtype: int8, training_bytes: {sgd: 1MB, dtype: fp16}}")
    assert held(path).budget[0].actual == 2 * (INPUT + OUTPUT + 2 * PARAMS)
    path = spec("budget: {dtype: int8, training_bytes: {sgd: 1MB}}")
    assert (held(path).budget[0].dtype, held(path).budget[0].batch) == ("fp32", 1)


def test_a_variant_replaces_the_budget_key_by_key(spec):
    path = spec(
        "budget: {dtype: int8, param_bytes: 1MB, training_bytes: {adam: 1}}",
        "variants: {a: {budget: {dtype: fp16, training_bytes: {sgd: 1MB}}}}",
    )
    (result,) = check(f"{path}@a")
    assert [(b.budget.key, b.dtype, b.ok) for b in result.budget] == [
        ("param_bytes", "fp16", True),
        ("training_bytes", "fp32", True),
    ]


@pytest.mark.parametrize("written", ["30KB", "30 KB", "30kB", "30 kB", "30000", "30000B"])
def test_kilobytes_are_thousands(written):
    assert parse_limit("param_bytes", written).limit == 30_000


@pytest.mark.parametrize("written", ["30KiB", "30 KiB"])
def test_kibibytes_are_powers_of_two(written):
    assert parse_limit("param_bytes", written).limit == 30_720


@pytest.mark.parametrize("written", ["30kb", "30 Kb", "30mb", "30 K B", "30k", "KB"])
def test_other_spellings_are_refused(written):
    """A small b stands for bits elsewhere."""
    with pytest.raises(UnplacedError) as caught:
        parse_limit("param_bytes", written)
    assert caught.value.help == "a number of bytes, or one with kB, MB, GB, KiB, MiB or GiB"


OPTIMISERS = "write a limit for each optimiser, such as {adam: 8GB, batch: 32}"


@pytest.mark.parametrize(
    ("budget", "column", "code", "message", "help_"),
    [
        ("dtype: fp33", 17, "unknown-dtype",
         "'fp33' is neither a number type nor a number of bytes", "did you mean 'fp32'?"),
        ("dtype: 0", 17, "unknown-dtype", "'0' is neither a number type nor a number of bytes",
         "number types are fp64, fp32, fp16, bf16, int8"),
        ("dtype: [int8]", 17, "unknown-dtype",
         "this is neither a number type nor a number of bytes",
         "number types are fp64, fp32, fp16, bf16, int8"),
        ("training_bytes: 8GB", 26, "wrong-type",
         "the bytes of training depend on the optimiser", OPTIMISERS),
        ("training_bytes: {batch: 32}", 26, "missing-option",
         "the budget of training names no optimiser", OPTIMISERS),
        ("training_bytes: {adm: 8GB}", 27, "unknown-key",
         "'budget.training_bytes' has no key 'adm'", "did you mean 'adam'?"),
        ("training_bytes: {adam: 8GB, batch: 0}", 45, "wrong-type",
         "expected the number of samples of a batch", "a whole number from 1, such as 32"),
        ("training_bytes: {adam: 8Gb}", 33, "bad-limit",
         "'8Gb' is not a valid limit for training_bytes",
         "a number of bytes, or one with kB, MB, GB, KiB, MiB or GiB"),
        ("training_byte: {adam: 8GB}", 10, "unknown-key",
         "'budget' has no key 'training_byte'", "did you mean 'training_bytes'?"),
    ],
)  # fmt: skip
def test_mistakes_are_told_at_their_place(spec, budget, column, code, message, help_):
    said = complaint(spec(f"budget: {{{budget}}}"))
    assert (said.span.line, said.span.column, said.code) == (3, column, code)
    assert (said.message, said.help) == (message, help_)


def test_several_mistakes_are_told_at_once(spec):
    with pytest.raises(CnncalcError) as caught:
        load(spec("budget: {dtype: x, training_bytes: {adm: 1, batch: 0}}"))
    codes = [said.code for said in caught.value.diagnostics]
    assert codes == ["unknown-dtype", "unknown-key", "wrong-type"]


BUDGET = {
    "dtype": "int8",
    "peak_activation_bytes": "256KB",
    "training_bytes": {"adam": "8GB", "batch": 32},
}


def test_a_budget_is_written_back_and_fits_the_schema(spec, tmp_path):
    line = "{dtype: int8, peak_activation_bytes: 256KB, training_bytes: {adam: 8GB, batch: 32}}"
    network = load(spec(f"budget: {line}"))
    assert network.budget == BUDGET
    written = text(network)
    assert f"budget: {line}\n" in written
    again = tmp_path / "again.yaml"
    again.write_text(written)
    assert load(str(again)).budget == BUDGET
    schema = spec_schema()
    jsonschema.validate({"layers": ["conv 6 5x5"], "budget": BUDGET}, schema)
    for wrong in ({"training_bytes": "8GB"}, {"training_bytes": {"batch": 0}}, {"dtypes": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"layers": ["conv 6 5x5"], "budget": wrong}, schema)


def test_programs_limit_only_figures_of_the_network():
    with pytest.raises(UnplacedError) as caught:
        list(check("lenet5", budget={"param": 1}))
    assert (caught.value.code, caught.value.help) == ("unknown-key", "did you mean 'params'?")


@given(batch=st.integers(1, 64), limit=st.integers(1, 2_000_000))
def test_the_batch_that_is_advised_is_the_largest_that_fits(tmp_path_factory, batch, limit):
    path = tmp_path_factory.mktemp("budget") / "net.yaml"

    def checked(samples):
        limits = f"{{training_bytes: {{adam: {limit}, batch: {samples}}}}}"
        path.write_text(f"input: 32x32x1\nlayers: [conv 6 5x5]\nbudget: {limits}\n")
        return held(str(path))

    result = checked(batch)
    if result.ok:
        return
    (said,) = result.diagnostics
    if said.help == "no batch keeps the limit":
        assert not checked(1).ok
    else:
        advised = int(said.help.split()[3].replace(",", ""))
        assert checked(advised).ok
        assert not checked(advised + 1).ok
