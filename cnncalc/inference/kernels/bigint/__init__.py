"""Convolutions on big integers: what NumPy does with arrays, in plain Python.

What it is. Numbers are rounded to fixed point and packed side by side into one Python integer, a
lane of 48 or 64 bits each (`lanes`). Python multiplies and adds big integers in C, so `w * packed`
is as many products as there are lanes, and `packed + packed` as many sums. Lanes are wide enough
for the largest sum that can occur: only the rounding to fixed point loses anything, and the most
that it can lose is known. Where that is too much for a layer, floating point is used instead.

Why. A product and its sum cost about 26 ns in a Python loop, 9 ns as part of a `math.dist`, and
4 ns in a lane.

There are two engines:

- Packed vectors (`vector_conv`, with `winograd` and `tiling`) take floats and give floats. They
  pack one side of the sum, inputs or weights, and multiply it by the numbers of the other side,
  one by one. Windows of several places are cut into tiles that need fewer products (Winograd).
- Packed maps (`packed_map`, with `ops`, `map_window` and `map_conv`) keep a tensor packed from one
  layer to the next, a big integer per map. Batch norms, activations and additions work on packed
  maps too, so that nothing is packed or unpacked between those layers. There is no Winograd
  here: its combinations of inputs and weights would need more bits than a lane has left.

What each buys, in processor seconds of one layer, all in one run (CPython 3.11, inputs that come
from a ReLU):

    layer                              floats   vectors   + Winograd   packed maps
    3x3, 64 to 64, 56x56                 1.27      0.72         0.38          0.55
    3x3, 256 to 256, 14x14               0.93      0.79         0.40          0.84
    3x3, stride 2, 64 to 128, 28x28      0.55      0.45         0.50          0.39
    1x1, 512 to 1000, 13x13              0.87      0.63            -          0.43
    1x1, 64 to 16, 55x55                 0.15      0.06            -          0.02

Packed maps also save about 200 ns for every number that the next layers need not pack or unpack:
ResNet-18's first batch norm takes 0.02 s instead of 0.15 s behind a convolution that gives them.

When each is chosen. `cost_model` estimates the time of every candidate and takes the least.
Winograd is mostly chosen for windows of 3x3 and more with stride 1 and several channels, packed
maps for windows of 1x1, for strides and for depthwise convolutions, floating point for layers of
a few thousand products.
"""
