"""Reading networks from model files of Keras: their configuration alone, never their code."""
