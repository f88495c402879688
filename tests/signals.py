"""Processes that tests send signals to."""

import signal


def heed_signals():
    """For `preexec_fn`: children of a shell's background, or of nohup, ignore some signals."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
