"""A sequence, as for every recurrent layer."""

from samples.sample_lstm import adjust, suit

__all__ = ["adjust", "suit"]
