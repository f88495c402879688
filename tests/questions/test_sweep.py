"""`sweep`: every setting once, in order, computed anywhere; failures are outcomes.

Expected figures are torchvision's (ResNet-18/34/50, MobileNetV2) or counted by hand.
"""

import gc
import os
import pickle
import tracemalloc
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from decimal import Decimal
from itertools import islice, product

import pytest

from cnncalc import CnncalcError, analyze, load, sweep
from cnncalc.figures import used
from cnncalc.questions.settings import (
    NumberRange,
    SettingGrid,
    parse_inputs,
    parse_shard,
    parse_values,
    parse_vary,
)
from cnncalc.questions.sweep import front
from cnncalc.spec.document import read_document

TINY = """\
input: 8x8x1
vars: {k: 4, f: 3, act: relu, n: [1, 2]}
layers:
  - conv k f=f
  - fc 2
"""


@pytest.fixture(scope="module")
def tiny():
    return read_document(TINY, "tiny.yaml")


def params(k, f):
    """The weights and biases of the convolution, and of the two units behind it."""
    return k * (f * f + 1) + 2 * (k * (9 - f) ** 2 + 1)


# -- values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2,3", [1, 2, 3]),
        ("64:512:64", [64, 128, 192, 256, 320, 384, 448, 512]),
        ("1:4", [1, 2, 3, 4]),
        ("64:500:64", [64, 128, 192, 256, 320, 384, 448]),
        ("3:1:-1", [3, 2, 1]),
        ("5:5", [5]),
        ("0.1:0.3:0.1", [0.1, 0.2, 0.3]),
        ("8,16:32:8,relu", [8, 16, 24, 32, "relu"]),
        ("[2,2],[3,4]", [[2, 2], [3, 4]]),
        ("true,false", [True, False]),
        ("'1:4'", ["1:4"]),
        ("224x224x3,3x64x64 CHW", ["224x224x3", "3x64x64 CHW"]),
    ],
)
def test_values_as_written(text, values):
    assert list(parse_values(text)) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("64:1:2", "the range 64:1:2 is empty"),
        ("1:9:0", "the range 1:9:0 has a step of 0"),
        ("0.5..1", "'0.5..1' is no value"),
        ("", "'' holds no values"),
    ],
)
def test_values_that_are_none(text, message):
    with pytest.raises(CnncalcError) as refused:
        parse_values(text)
    assert [said.message for said in refused.value.diagnostics] == [message]


def test_brackets_must_close():
    with pytest.raises(CnncalcError, match="bad-setting: '\\[2,2' is not a list of values: "):
        parse_values("[2,2")


@pytest.mark.parametrize("text", ["width", "=1,2", " =1"])
def test_vary_needs_a_name(text):
    with pytest.raises(CnncalcError) as refused:
        parse_vary(text)
    assert refused.value.diagnostics[0].message == f"--vary takes NAME=VALUES, got '{text}'"


@pytest.mark.parametrize("text", ["0.5", "1:2:0.5", "true"])
def test_sizes_are_whole(text):
    with pytest.raises(CnncalcError) as refused:
        parse_inputs(text)
    assert refused.value.diagnostics[0].message == f"'{text}' is not a list of input shapes"


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/2/3", "a/b", "-1/2"])
def test_shards_that_are_none(text):
    with pytest.raises(CnncalcError) as refused:
        parse_shard(text)
    assert refused.value.diagnostics[0].message == f"'{text}' is not a share of the settings"
    assert parse_shard("2/2") == (2, 2)


def test_a_long_range_takes_no_memory():
    steps = NumberRange(Decimal(1), Decimal(1), 10**9)
    assert (len(steps), steps[10**9 - 1], steps[-1]) == (10**9, 10**9, 10**9)
    assert steps[:3] == [1, 2, 3]


# -- the grid


def test_settings_are_the_product_with_the_last_fastest():
    grid = SettingGrid({"a": [1, 2], "b": ["x", "y", "z"]}, [8, 9])
    settings = [grid.setting(number) for number in grid.numbers]
    expected = list(product([1, 2], ["x", "y", "z"], [8, 9]))
    assert [(s.vars["a"], s.vars["b"], s.input) for s in settings] == expected
    assert [setting.number for setting in settings] == list(range(1, 13))


@pytest.mark.parametrize("shards", [1, 2, 5, 7, 13])
def test_shards_share_everything_once(shards):
    values = {"a": range(3), "b": range(4)}
    parts = [SettingGrid(values, None, (share, shards)).numbers for share in range(1, shards + 1)]
    assert sorted(number for part in parts for number in part) == list(range(1, 13))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


# -- outcomes


def test_known_networks():
    outcomes = list(sweep("resnet", vary={"n": [[2, 2, 2, 2], [3, 4, 6, 3]]}, set={"deep": False}))
    assert [outcome.figures["params"] for outcome in outcomes] == [11_689_512, 21_797_672]


def test_every_setting_by_hand(tiny):
    outcomes = list(sweep(tiny, vary={"k": [1, 2, 5], "f": range(1, 9)}))
    assert [outcome.figures["params"] for outcome in outcomes] == [
        params(k, f) for k in (1, 2, 5) for f in range(1, 9)
    ]


def test_a_lone_number_is_a_square_of_the_networks_own_kind(tiny):
    outcomes = list(sweep(tiny, vary_input=[8, "16", "8x16x1 HWC", "1x8x8 CHW"]))
    assert [outcome.input for outcome in outcomes] == [
        "8x8x1 HWC", "16x16x1 HWC", "8x16x1 HWC", "1x8x8 CHW",
    ]  # fmt: skip
    assert all(outcome.ok for outcome in outcomes)
    vector = read_document("input: 9\nlayers: [fc 2]\n", "vector.yaml")
    (outcome,) = sweep(vector, vary_input=[100])
    assert outcome.figures["params"] == 202


def test_the_input_size_changes_the_work_but_not_the_weights():
    """Question 19: GFLOPs follow the picture (here exactly: every size halves five times)."""
    small, large = sweep("resnet50", vary_input=[224, 448])
    assert small.figures["params"] == large.figures["params"] == 25_557_032
    head = 2_048_000  # the classifier works on the average, whatever the size
    assert large.figures["macs"] - head == 4 * (small.figures["macs"] - head)


MIXED = ["32x32x3", 48, 31, 33, "3x32x32 CHW", "32x32x4", "2x40x40x3 NHWC", "32x64x3", 1, 2, 32]


@pytest.mark.parametrize("target", ["resnet18", "unet-padded", "lenet5-1998", "squeezenet"])
def test_every_input_is_as_if_it_were_alone(target):
    """Whatever came before: another size, another order, other channels, one that fails."""
    for outcome in sweep(target, vary_input=MIXED):
        if outcome.error is not None:
            with pytest.raises(CnncalcError) as alone:
                load(target, input=outcome.input)
            assert alone.value.diagnostics[0].message == outcome.error.message
            continue
        report = analyze(load(target, input=outcome.input))
        assert (outcome.output, outcome.layout) == (report.outputs[0].shape, report.layout)
        assert outcome.figures == {key: report.figure(key) for key in used("sweep")}


def test_one_and_true_are_two_settings(tiny):
    """Equal to Python; the second, which is no width, must not pass for the first."""
    fine, wrong = sweep(tiny, vary={"k": [1, True]}, vary_input=[8])
    assert fine.ok
    assert wrong.error.message == "k must be a number, got true"


def test_what_does_not_work_is_a_row_with_its_reason(tiny):
    good, bad, worse = sweep(tiny, vary={"f": [8, 9, -1]})
    assert good.ok
    assert (bad.ok, bad.output, bad.figures) == (False, None, {})
    assert bad.error.message == "the filter (9) is larger than its input (8)"
    assert bad.error.span.where == "tiny.yaml:4:14"
    assert not worse.ok


def test_a_value_of_another_kind_is_a_row_too(tiny):
    (outcome,) = sweep(tiny, vary={"k": ["many"]})
    assert outcome.error.message == "k must be a number, got 'many'"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"vary": {"q": [1]}}, "the spec has no variable 'q'"),
        ({"vary": {"k": [1]}, "variant": "big"}, "tiny.yaml has no variant 'big'"),
    ],
)
def test_what_would_fail_everywhere_fails_at_once(tiny, asked, message):
    with pytest.raises(CnncalcError) as refused:
        sweep(tiny, **asked)
    assert refused.value.diagnostics[0].message == message


def test_nothing_is_computed_before_it_is_asked_for(tiny):
    outcomes = sweep(tiny, vary={"k": NumberRange(Decimal(1), Decimal(1), 10**12)})
    assert [outcome.vars["k"] for outcome in islice(outcomes, 3)] == [1, 2, 3]


def held_memory():
    """The bytes in use, without the freed tuples that Python keeps until it collects garbage."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_memory_does_not_grow(tiny):
    """What 400 more settings leave behind is nothing; their sizes repeat."""
    vary = {"n": [[i] for i in range(30)], "k": [1, 2, 3, 4], "f": [1, 2, 3, 4, 5]}
    tracemalloc.start()
    try:
        held = 0
        for outcome in sweep(tiny, vary=vary):
            if outcome.number == 200:
                held = held_memory()
        grown = held_memory() - held
    finally:
        tracemalloc.stop()
    assert grown < 50_000


# -- executors


class Counting(Executor):
    """Runs at once, after a trip through pickle; remembers how many were under way."""

    def __init__(self):
        self.waiting = self.most = 0

    def submit(self, fn, /, *args, **kwargs):
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        future = Future()
        future.set_result(pickle.loads(pickle.dumps(fn(*pickle.loads(pickle.dumps(args))))))
        taken = future.result

        def result(timeout=None):
            self.waiting -= 1
            return taken(timeout)

        future.result = result
        return future


def test_any_executor_gives_the_same_in_the_same_order(tiny):
    vary = {"k": [1, 2], "f": range(1, 10)}
    alone = list(sweep(tiny, vary=vary))
    with ThreadPoolExecutor(3) as threads:
        assert list(sweep(tiny, vary=vary, executor=threads)) == alone
    assert list(sweep(tiny, vary=vary, executor=Counting())) == alone


def test_processes_do_the_same(tiny):
    vary = {"k": [1, 2], "f": range(1, 10)}
    alone = list(sweep(tiny, vary=vary))
    assert list(sweep(tiny, vary=vary, jobs=2)) == alone
    with ProcessPoolExecutor(1) as processes:
        assert list(sweep(tiny, vary=vary, executor=processes, shard=(2, 3))) == alone[1::3]


def die(*_):
    os._exit(9)


def test_a_process_that_ends_early_is_an_error(tiny, monkeypatch):
    monkeypatch.setattr("cnncalc.questions.sweep.results", die)
    with pytest.raises(
        CnncalcError, match=r"^worker: a worker process ended before its work was done$"
    ):
        list(sweep(tiny, vary={"k": [1, 2]}, jobs=2))


def test_the_work_under_way_is_bounded(tiny):
    executor = Counting()
    done = sum(1 for _ in sweep(tiny, vary={"k": range(1, 401)}, executor=executor, in_flight=5))
    assert (done, executor.most) == (400, 5)


def test_a_dask_cluster(tiny):
    distributed = pytest.importorskip("distributed")
    vary = {"k": [1, 2], "f": range(1, 10)}
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = list(sweep(tiny, vary=vary, executor=client.get_executor()))
    assert found == list(sweep(tiny, vary=vary))


# -- the front


def test_the_front_by_brute_force():
    points = [(x * 7 % 11, x * x % 13, x % 3) for x in range(40)]

    def beaten(point):
        return any(
            all(a <= b for a, b in zip(other, point, strict=True)) and other != point
            for other in points
        )

    assert front(points) == [not beaten(point) for point in points]


def test_a_single_aim_and_points_that_take_no_part():
    assert front([(3,), (1,), None, (1,)]) == [False, True, False, True]
    assert front([]) == []
