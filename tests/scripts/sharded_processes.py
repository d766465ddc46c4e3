"""What the tests of FSDP2 and DeepSpeed have called in a process before its script begins.

Both are made for GPUs. torch's FSDP2 and DeepSpeed's ZeRO run on a CPU as well; accelerate and transformers do not ask for it.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
from pathlib import Path

from transformers import DefaultFlowCallback

DIVIDED = "divided.json"  # beside the output folder


def divide() -> None:
    """Has accelerate use FSDP on a CPU: it does where it believes that the processes of a run have a GPU each.

    All else is real: what accelerate makes of the model and the optimizer, torch's collectives (gloo), Trainer, our code.
    """
    from accelerate.state import AcceleratorState, DistributedType, PartialState

    begin = AcceleratorState.__init__

    def believe(self, *args, **kwargs):
        shared = PartialState._shared_state
        if kwargs.get("fsdp_plugin") is not None and shared["distributed_type"] == DistributedType.MULTI_CPU:
            shared["distributed_type"] = DistributedType.MULTI_GPU
        begin(self, *args, **kwargs)

    AcceleratorState.__init__ = believe
    note_groups()


def connect() -> None:
    """Has DeepSpeed know of the other processes before the model is made, which accelerate does where there is a GPU.

    Its faster way between processes of one CPU, which takes minutes to compile, is left out: it sends through gloo.
    """
    import deepspeed

    importlib.import_module("deepspeed.comm.torch").build_shm_op = lambda: None
    deepspeed.init_distributed(dist_backend="gloo", auto_mpi_discovery=False)
    note_groups()


def note_groups() -> None:
    """Writes into `divided.json` the classes of modules and optimizer, and the rate and decay of each parameter at the start."""
    begin = DefaultFlowCallback.on_train_begin

    def on_train_begin(self, args, state, control, model, optimizer, **kwargs):
        if os.environ["RANK"] == "0":
            inner = optimizer.optimizer
            own = [group["params"] for group in inner.param_groups]
            for held in ("fp16_groups", "bit16_groups"):  # of ZeRO 3, and of 2: its groups have one flat tensor each
                own = getattr(inner, held, own)
            names = {id(parameter): name for name, parameter in model.named_parameters()}
            groups = {
                names[id(parameter)]: [round(group["lr"], 9), group["weight_decay"]]
                for group, parameters in zip(inner.param_groups, own, strict=True)
                for parameter in parameters
            }
            classes = sorted({type(module).__name__ for module in model.modules()})
            noted = {"groups": groups, "classes": classes, "optimizer": type(inner).__name__}
            Path(args.output_dir).with_name(DIVIDED).write_text(json.dumps(noted), encoding="utf-8")
        return begin(self, args, state, control, model=model, optimizer=optimizer, **kwargs)

    DefaultFlowCallback.on_train_begin = on_train_begin


if __name__ == "__main__":  # what a launcher starts: the name of a function above, a script and its flags
    _, name, *sys.argv = sys.argv
    globals()[name]()
    runpy.run_path(sys.argv[0], run_name="__main__")
