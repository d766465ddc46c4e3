"""The processes that load rows for a training (`--dataloader_num_workers`)."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable


def begin_loading(worker: int, seed: Callable[[int], None] | None) -> None:
    """What a process that loads rows does first: signals to a whole run are for the process that trains.

    That process saves a checkpoint, for which it needs further rows, and ends its loaders; torch takes a loader that a signal
    has ended for a failure of the run. So a loader hears SIGTERM from the process that trains, and from nobody else.

    Args:
        worker: its number.
        seed: sets the seed of a loader.
    """
    trains = os.getppid()

    def listen() -> None:
        while signal.sigwaitinfo({signal.SIGTERM}).si_pid != trains:
            pass
        os._exit(0)

    if hasattr(signal, "sigwaitinfo"):  # not on a Mac
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=listen, daemon=True).start()
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if seed is not None:
        seed(worker)
