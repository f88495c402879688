"""ONNX files: their parts, and the network that their operators make."""
