"""The forward pass: real numbers through the rooms, and the arithmetic of one neuron."""
