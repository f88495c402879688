"""Exchange with the frameworks: model files become networks.

`sniff` says what kind of file a path leads to, `wire` reads protobuf; `onnx/`, `keras/` and
`darknet/` make a network of a model. Nothing of a file is executed, and weights are not read: only
their places are noted. A spec file never loads this package.
"""
