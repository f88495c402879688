"""What would fit, held against trying every size and padding one after the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.errors import UnplacedError
from cnncalc.questions.fit import ExactFit, nearest_padding, nearest_sizes, note, output_padding
from cnncalc.window import Window, transposed_count

windows = st.builds(
    Window,
    kernel=st.integers(1, 6),
    stride=st.integers(1, 6),
    begin=st.integers(0, 3),
    end=st.integers(0, 3),
    dilation=st.integers(1, 3),
    ceil=st.just(False),
)
sizes = st.integers(1, 40)


def even(window, size):
    """Whether windows fit, and read the padded axis to its end."""
    try:
        return window.leftover(size) == 0
    except UnplacedError:
        return False


@given(windows, sizes)
def test_the_nearest_sizes_are_the_nearest(window, size):
    if window.slack(size) < 0:
        with pytest.raises(UnplacedError, match="is larger than its input"):
            nearest_sizes(window, size)
        return
    below = next((s for s in range(size, 0, -1) if even(window, s)), None)
    above = next(s for s in range(size, size + window.stride + 1) if even(window, s))
    found = [one.value for one in nearest_sizes(window, size)]
    assert found == sorted({s for s in (below, above) if s is not None})
    assert all(one.gives == window.count(one.value) for one in nearest_sizes(window, size))


@given(windows, sizes)
def test_the_nearest_padding_is_the_nearest(window, size):
    now = (window.begin + window.end) // 2
    tried = [p for p in range(now + 40) if even(window._replace(begin=p, end=p), size)]
    best = min(tried, key=lambda p: (abs(p - now), p), default=None)
    found = nearest_padding(window, size)
    assert (found.value if found else None) == best


def test_of_two_paddings_equally_near_the_smaller_is_given():
    # 3 wide with stride 4 on 7: P = 0 leaves 4 and P = 2 leaves 8, which 4 divides; P = 1 leaves 6.
    assert nearest_padding(Window(3, stride=4, begin=1, end=1), 7) == ExactFit(0, 2)
    # 2 wide with stride 4 on 4: P = 1 leaves 4 and P = 3 leaves 8; P = 2 leaves 6.
    assert nearest_padding(Window(2, stride=4, begin=2, end=2), 4) == ExactFit(1, 2)


def test_padding_within_a_limit():
    # pooling may be padded by half of its window: 3 wide with stride 5 on 10 needs P = 4
    window = Window(3, stride=5)
    assert nearest_padding(window, 10) == ExactFit(4, 4)
    assert nearest_padding(window, 10, most=3) is None


@given(windows, sizes, st.integers(1, 250))
def test_the_output_padding_gives_the_size(window, size, wanted):
    tried = {}
    for extra in range(max(window.stride, window.dilation)):
        try:
            tried[transposed_count(size, window, extra)] = extra
        except UnplacedError:
            continue
    if wanted in tried:
        assert output_padding(window, size, wanted) == tried[wanted]
    else:
        with pytest.raises(UnplacedError):
            output_padding(window, size, wanted)


def test_the_size_of_a_window_is_no_matter():
    """2P = 10^12 - 10^9 + n·(10^11 + 3): the smallest n that makes it even is 0."""
    found = nearest_padding(Window(10**12, stride=10**11 + 3), 10**9)
    assert found == ExactFit((10**12 - 10**9) // 2, 1)


@pytest.mark.parametrize(
    ("window", "size", "message"),
    [
        (Window(11, stride=4), 224,
         ("stride 4 does not divide W - F + 2P = 213; "
         "1 column at the right edge is never read")),
        (Window(3, stride=4, begin=0, end=1), 9,
         ("stride 4 does not divide W - F + P₁ + P₂ = 7; "
         "2 columns at the right edge are never read")),
        (Window(3, stride=2, dilation=2), 8,
         ("stride 2 does not divide W - (d(F - 1) + 1) + 2P = 3; "
         "1 column at the right edge is never read")),
    ],
)  # fmt: skip
def test_the_note_says_what_is_left_out(window, size, message):
    assert note("w", window, size).message == message


def test_nothing_is_said_of_a_window_that_fits():
    assert note("w", Window(11, stride=4), 227) is None


def test_nothing_is_said_where_only_padding_is_left_over():
    assert note("w", Window(7, stride=2, begin=3, end=3), 224) is None
    assert note("w", Window(3, stride=2, begin=1, end=1), 224) is None


def test_the_note_names_the_axis():
    assert note("l", Window(2, stride=2), 5).message == (
        "stride 2 does not divide L - F + 2P = 3; 1 position at the end is never read"
    )
    assert "P = 0 makes 33 fit (11)" in note("h", Window(3, stride=3, begin=1, end=1), 33).help
