"""`check`: expectations of all variants, budgets at their very edge, and files that fail.

LeNet-5's 61,706 parameters with C3 fully connected are the count of LeCun et al. 1998, section
II.B, layer by layer: 156 + 2,416 + 48,120 + 10,164 + 850; ResNet-50's 25,557,032 and
4,089,184,256 are torchvision's; its receptive field of 427 before the pooling is that of Araujo,
Norris, Sim (Distill 2019), Table 1 for ResNet-50 v1.5.
"""

import pytest

from cnncalc import check
from cnncalc.errors import UnplacedError
from cnncalc.questions.check import CheckTerms
from cnncalc.spec.sections.budgets import parse_limit

LENET = """\
input: 32x32x1
{extra}
layers:
  - C1: conv 6 5x5 tanh
  - S2: avgpool 2x2
  - C3: conv 16 5x5 tanh
  - S4: avgpool 2x2
  - C5: conv 120 5x5 tanh
  - F6: fc 84 tanh
  - out: fc {units}
vars: {{classes: 10}}
"""
VARIANTS = """\
variants:
  ten: {expect: {params: 61706}}
  twenty: {vars: {classes: 20}, expect: {params: 62555}}
"""


@pytest.fixture
def spec(tmp_path):
    def write(extra="", *, name="net.yaml", more=""):
        path = tmp_path / name
        path.write_text(LENET.format(extra=extra, units="classes") + more, encoding="utf-8")
        return str(path)

    return write


def one(*targets, **asked):
    (result,) = check(*targets, **asked)
    return result


def messages(result, severity="error"):
    return [said.message for said in result.diagnostics if said.severity == severity]


# -- expectations


def test_a_met_expectation_passes(spec):
    assert one(spec("expect: {params: 61706}")).ok


def test_an_unmet_one_tells_expected_actual_delta_and_place(spec):
    path = spec("expect: {params: 60000}")
    result = one(path)
    assert (result.ok, result.exit_code) == (False, 1)
    assert messages(result) == ["params: expected 60,000, got 61,706 (+1,706)"]
    (said,) = result.diagnostics
    assert (said.code, said.span) == ("expect", (path, 2, 18, 23))
    assert said.line_text == "expect: {params: 60000}"


def test_an_unmet_shape_has_no_delta(spec):
    assert messages(one(spec("expect: {output: 11}"))) == ["output: expected 11, got 10"]


def test_every_variant_is_checked_and_the_base_is_not(spec):
    results = list(check(spec(more=VARIANTS)))
    assert [(result.variant, result.ok) for result in results] == [
        ("ten", True), ("twenty", False),
    ]  # fmt: skip
    assert messages(results[1]) == ["twenty: params: expected 62,555, got 62,556 (+1)"]


def test_the_base_is_checked_too_where_it_has_its_own_expect(spec):
    results = list(check(spec("expect: {params: 61706}", more=VARIANTS)))
    assert [result.variant for result in results] == [None, "ten", "twenty"]


def test_one_variant_can_be_picked(spec):
    path = spec(more=VARIANTS)
    assert [r.variant for r in check(f"{path}@ten")] == ["ten"]
    assert [r.variant for r in check(path, variant="twenty")] == ["twenty"]


def test_the_bundled_networks_hold_all_their_expectations():
    """Whatever a file promises is compared; torchvision's totals are among it."""
    names = ("resnet", "vgg", "alexnet", "densenet", "lenet5", "lenet5-1998")
    results = list(check(*names))
    assert len(results) > 25
    assert [result.label for result in results if not result.ok] == []
    assert all(result.report.expect for result in results)


# -- budgets, each beside its nearest legal one


@pytest.mark.parametrize(
    ("key", "holds", "breaks", "delta"),
    [
        ("params", "25557032", "25557031", 1),
        ("params", "25.557032M", "25.557031M", 1),
        ("macs", "4089184256", "4089184255", 1),
        ("macs", "<= 4.1G", "4G", 89_184_256),
        ("flops", "8178368512", "8178368511", 1),
        ("rf", ">= 427", ">= 428", -1),
        ("rf", "<= 427", "<= 426", 1),
        ("params", ">= 25557032", ">= 25557033", -1),
        ("param_bytes", "102440608", "102440607", 1),  # 4 bytes of 25,557,032 + 53,120
    ],
)
def test_a_budget_holds_up_to_its_limit(key, holds, breaks, delta):
    assert one("resnet50", budget={key: holds}).ok
    broken = one("resnet50", budget={key: breaks})
    assert not broken.ok
    assert broken.budget[0].delta == delta


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("256KiB", 262_144),
        ("256kB", 256_000),
        ("1MiB", 1_048_576),
        ("1.5 KiB", 1536),
        ("840B", 840),
    ],
)
def test_bytes_take_decimal_and_binary_units(written, limit):
    assert parse_limit("peak_activation_bytes", written).limit == limit


@pytest.mark.parametrize(
    ("written", "limit"),
    [("5M", 5_000_000), ("1_000", 1000), ("2.5k", 2500), ("4.09G", 4_090_000_000)],
)
def test_counts_take_decimal_units(written, limit):
    assert parse_limit("params", written).limit == limit


@pytest.mark.parametrize(
    ("key", "written", "message", "advice"),
    [
        ("params", "5Q", "'5Q' is not a valid limit for params",
         "a whole number, or one with k, M, G or T, such as 5M"),
        ("params", "5MiB", "'5MiB' is not a valid limit for params",
         "a whole number, or one with k, M, G or T, such as 5M"),
        ("params", "< 5M", "'< 5M' is not a valid limit for params",
         "a whole number, or one with k, M, G or T, such as 5M"),
        ("params", "-5", "'-5' is not a valid limit for params",
         "a whole number, or one with k, M, G or T, such as 5M"),
        ("peak_activation_bytes", "256K", "'256K' is not a valid limit for peak_activation_bytes",
         "a number of bytes, or one with kB, MB, GB, KiB, MiB or GiB"),
        ("rf", "64", "'64' does not say whether the receptive field may be larger or smaller",
         "write '>= 64' or '<= 64'"),
        ("rf", ">= 64k", "'>= 64k' is not a valid limit for rf",
         "such as '>= 64', in input pixels, on the axis where it is smallest"),
    ],
)  # fmt: skip
def test_what_is_no_limit_says_what_would_be(key, written, message, advice):
    with pytest.raises(UnplacedError) as refused:
        parse_limit(key, written)
    assert (refused.value.message, refused.value.help) == (message, advice)


def test_a_budget_in_the_file_stands_at_its_place(spec):
    path = spec('budget: {params: 61k, rf: ">= 32"}')
    result = one(path)
    assert messages(result) == ["params: at most 61,000 allowed, got 61,706 (+706)"]
    assert result.diagnostics[0].span == (path, 2, 18, 21)
    assert one(spec('budget: {params: 62k, rf: ">= 32"}')).ok


def test_a_receptive_field_too_small_counts_down(spec):
    result = one(spec('budget: {rf: ">= 33"}'))
    assert messages(result) == ["rf: at least 33 required, got 32 (-1)"]


def test_a_variant_replaces_the_limits_it_names_and_keeps_the_others(spec):
    more = "variants:\n  a: {budget: {params: 61706}}\n  b: {budget: {macs: 1}}\n"
    a, b = check(spec("budget: {params: 1, macs: 1M}", more=more))
    assert {kept.budget.key: kept.ok for kept in a.budget} == {"params": True, "macs": True}
    assert {kept.budget.key: kept.ok for kept in b.budget} == {"params": False, "macs": False}


@pytest.mark.parametrize("where", ["budget: {parms: 5}", "variants: {a: {budget: {parms: 5}}}"])
def test_an_unknown_budget_is_a_mistake_of_the_file(spec, where):
    result = one(spec(where))
    assert result.report is None
    (said,) = result.diagnostics
    assert (said.code, said.message) == ("unknown-key", "'budget' has no key 'parms'")
    assert said.help == "did you mean 'params'?"


@pytest.mark.parametrize(
    ("limit", "ok"), [(">= 1", True), (">= 2", False), ("<= 1", True), ("<= 0", False)]
)
def test_the_receptive_field_is_that_of_its_smallest_axis(tmp_path, limit, ok):
    """One filter of height 1 and width 7 sees 1 x 7; comparisons and sweeps call that 1 too."""
    path = tmp_path / "wide.yaml"
    path.write_text("input: 9x9x1\nlayers: [conv 1 1x7]\n", encoding="utf-8")
    result = one(str(path), budget={"rf": limit})
    assert result.ok is ok
    assert [kept.actual for kept in result.budget] == [result.report.figure("rf")] == [1]


def test_a_network_without_windows_has_no_receptive_field(tmp_path):
    path = tmp_path / "mlp.yaml"
    path.write_text("input: 784\nlayers: [fc 10]\n", encoding="utf-8")
    result = one(str(path), budget={"rf": ">= 1"})
    assert messages(result) == ["rf: at least 1 required, there is none"]


def test_bytes_follow_dtype_and_batch():
    limit = {"peak_activation_bytes": 23520}  # S2 of LeNet-5: 4 · (4,704 + 1,176)
    assert one("lenet5", budget=limit).ok
    assert one("lenet5", budget=limit, terms=CheckTerms(batch=2, dtype="fp16")).ok
    assert one("lenet5", budget=limit, terms=CheckTerms(batch=2)).budget[0].delta == 23520


# -- without notes, which needs neither rows nor most receptive fields


@pytest.mark.parametrize(
    "promise",
    [
        "expect: {params: 61706}",
        "expect: {params: 60000}",
        "expect: {rf: 32}",
        "expect: {rf: 31, output: 11}",
        "expect: {peak_activation_bytes: 23520}",
        "expect: {layers: {C1: {params: 156}}}",
        "expect: {layers: {C1: {params: 157}}}",
        "expect: {layers: {C9: {params: 1}}}",
        "expect: {parameters: 1}",
        "budget: {rf: '>= 33'}",
        "budget: {params: 60k, macs: 1G}",
    ],
)
def test_without_notes_the_verdict_and_its_reasons_are_the_same(spec, promise):
    path = spec(promise)
    full, short = one(path), one(path, terms=CheckTerms(notes=False))
    reasons = tuple(said for said in full.diagnostics if said.severity != "note")
    assert (short.ok, short.diagnostics) == (full.ok, reasons)
    assert (short.report is None) == (full.report is None)
    if full.report is not None:
        assert short.report.expect == full.report.expect
        assert short.report.totals[:-2] == full.report.totals[:-2]
        assert short.report.figure("params") == full.report.figure("params") == 61706


def test_without_notes_missing_biases_are_still_found(tmp_path):
    path = tmp_path / "norm.yaml"
    text = "input: 8x8x1\nexpect: {params: 24}\nlayers: [conv 2 3x3 bn]\n"
    path.write_text(text, encoding="utf-8")
    (said,) = one(str(path), terms=CheckTerms(notes=False)).diagnostics
    assert said.message == "params: expected 24, got 22 (-2)"
    assert said.help == (
        "2 are the biases of conv1, which the norms behind them made redundant; "
        "write 'bias' in these layers if they have one"
    )


def test_without_notes_unread_input_fails_where_it_is_asked_about(tmp_path):
    path = tmp_path / "square.yaml"
    path.write_text("input: 32x32x3\nlayers: [conv 1 3x3 s2]\n", encoding="utf-8")
    assert one(str(path), terms=CheckTerms(notes=False)).ok
    assert not one(str(path), terms=CheckTerms(notes=False, strict="fit")).ok


def test_without_notes_the_bundled_networks_have_the_same_totals_and_checks():
    """ResNets expect receptive fields, GoogLeNet has rows of training, siamese shares weights."""
    names = ("resnet", "googlenet", "lenet5-1998", "siamese")
    pairs = zip(check(*names), check(*names, terms=CheckTerms(notes=False)), strict=True)
    for full, short in pairs:
        assert short.report.expect == full.report.expect
        memory = full.report.totals.memory._replace(peak_out_of_place=None)
        assert short.report.totals == full.report.totals._replace(memory=memory)


# -- files


def test_a_folder_stands_for_the_specs_in_it(spec, tmp_path):
    spec(name="b.yaml")
    spec(name="a.yml")
    (tmp_path / "notes.txt").write_text("no spec", encoding="utf-8")
    results = list(check(tmp_path))
    assert [result.file for result in results] == [str(tmp_path / n) for n in ("a.yml", "b.yaml")]


def test_an_empty_folder_is_not_silently_fine(tmp_path):
    result = one(tmp_path)
    assert (result.exit_code, messages(result)) == (3, [f"there is no .yaml file in '{tmp_path}'"])


def test_one_broken_file_does_not_hide_the_others(spec, tmp_path):
    (tmp_path / "broken.yaml").write_text("input: 8x8x1\nlayers: [conv 1 9x9]\n", encoding="utf-8")
    missing = str(tmp_path / "missing.yaml")
    good, broken, lost = check(spec(), str(tmp_path / "broken.yaml"), missing)
    assert good.ok
    assert messages(broken) == ["the filter (9) is larger than its input (8)"]
    assert broken.diagnostics[0].line_text == "layers: [conv 1 9x9]"
    assert messages(lost) == [f"there is no file '{missing}'"]
    assert [good.exit_code, broken.exit_code, lost.exit_code] == [0, 1, 3]


def test_warnings_fail_when_strict(tmp_path):
    path = tmp_path / "wide.yaml"
    path.write_text("input: 640x480x3\nlayers: [conv 1 3x3 s2]\n", encoding="utf-8")
    assert one(str(path)).ok
    assert not one(str(path), terms=CheckTerms(strict="warnings")).ok
    square = tmp_path / "square.yaml"
    square.write_text("input: 32x32x3\nlayers: [conv 1 3x3 s2]\n", encoding="utf-8")
    assert one(str(square), terms=CheckTerms(strict="warnings")).ok
    assert not one(str(square), terms=CheckTerms(strict="fit")).ok


def test_an_unknown_variant_is_said(spec):
    result = one(spec(more=VARIANTS), variant="thirty")
    assert "has no variant 'thirty'" in messages(result)[0]
