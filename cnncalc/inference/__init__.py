"""The forward pass: real numbers through the layer types, and the arithmetic of one neuron."""
