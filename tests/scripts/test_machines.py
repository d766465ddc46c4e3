"""Two machines, started as the configurations in recipes/accelerate say; each "machine" is a launcher with one process.

They find each other on loopback, and in network namespaces: two network stacks with an address each and a cable between them.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import shlex
import shutil
import subprocess
import uuid

import pytest
import torch
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import launch_command_parser
from safetensors.torch import load_file
from script_runs import REPOSITORY, as_flags, free_port, launch

RECIPES = sorted(path.name for path in REPOSITORY.glob("recipes/accelerate/*.yaml"))
DDP, FSDP2, ZERO = "two-machines.yaml", "two-machines-fsdp2.yaml", "two-machines-zero.yaml"


def test_which_there_are():
    assert sorted(RECIPES) == sorted([DDP, FSDP2, ZERO])


@pytest.mark.parametrize("name", RECIPES)
def test_accelerate_knows_every_key(name):
    """At the top it refuses others; below it would pass them by."""
    config = load_config_from_file(str(REPOSITORY / "recipes" / "accelerate" / name))
    known = vars(launch_command_parser().parse_args(["script.py"]))
    parts = [getattr(config, part, None) or {} for part in ("fsdp_config", "deepspeed_config")]
    assert [key for part in parts for key in part if key not in known] == []
    assert (config.num_machines, config.rdzv_backend) == (2, "static")
    expected = {DDP: ("MULTI_GPU", [0, 0]), FSDP2: ("FSDP", [5, 0]), ZERO: ("DEEPSPEED", [0, 4])}
    assert (str(config.distributed_type.value), [len(part) for part in parts]) == expected[name]


@pytest.mark.parametrize("name", RECIPES)
def test_its_command(name):
    """It names the file itself, and accelerate reads it."""
    text = (REPOSITORY / "recipes" / "accelerate" / name).read_text(encoding="utf-8")
    found = re.search(r"^# (accelerate launch .*)\\\n# +(.*)$", text, re.MULTILINE)
    words = shlex.split(f"{found[1]} {found[2]}".replace("MACHINE", "1").replace("FIRST", "10.0.0.1"))
    parsed = launch_command_parser().parse_args(words[2:])
    assert (parsed.config_file, parsed.machine_rank) == (f"recipes/accelerate/{name}", 1)
    assert parsed.training_script == "run_seq_cls.py" and parsed.training_script_args[0] == "my_recipe.yaml"


@pytest.fixture
def train(tmp_path, sober_encoder, files):
    """`train(recipe, flag, ...)`: the weights that two launchers train.

    `patch` is what has to be called before the script, `first` the address of the first machine, `where` what starts a
    launcher on each, and `environment` the values of a variable on each.
    """
    numbers = itertools.count()

    def _train(recipe: str, *words: str, patch: str | None = None, first="127.0.0.1", where=((), ()), **environment):
        folder = tmp_path / f"run-{next(numbers)}"
        flags = {"do_train": True, "do_eval": True, "max_steps": 3, "per_device_train_batch_size": 4, "optim": "sgd"}
        flags |= {"learning_rate": 0.1, "train_sampling_strategy": "random", "save_steps": 2, "head": "cnn"}
        flags |= {"model_name_or_path": sober_encoder, "output_dir": folder} | files["seq_cls"]
        script = ["tests/scripts/sharded_processes.py", patch] if patch else []
        script += ["run_seq_cls.py", *as_flags(flags), "--use_cpu"]
        port = free_port()
        started = []
        for machine, inside in enumerate(where):
            told = ["--config_file", f"recipes/accelerate/{recipe}", "--machine_rank", str(machine)]
            told += ["--main_process_ip", first, "--main_process_port", port, "--num_processes", "2"]
            told += ["--mixed_precision", "no", *words]
            streams = folder.with_suffix(f".{machine}")
            mine = {name: values[machine] for name, values in environment.items()}
            started.append(launch(told, *script, streams=streams, inside=inside, **mine))
        codes = [process.wait() for process in started]
        assert codes == [0, 0], folder.with_suffix(".0").read_text(encoding="utf-8")
        assert (folder / "checkpoint-2" / "model.safetensors").is_file()
        return load_file(folder / "model.safetensors")

    return _train


def assert_close(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=1e-6, rtol=0)


@pytest.mark.long
def test_fsdp2(train):
    assert_close(train(FSDP2, patch="divide"), train(DDP))


@pytest.mark.long
def test_zero(train, monkeypatch):
    if importlib.util.find_spec("deepspeed") is None:
        pytest.skip("needs DeepSpeed, which is no dependency: pip install deepspeed")
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    expected = train(DDP)
    for stage in ("2", "3"):
        assert_close(train(ZERO, "--zero_stage", stage, patch="connect"), expected)


@pytest.fixture
def namespaces():
    """Two network namespaces, `10.77.0.1` and `10.77.0.2`, with a cable between them: what starts a program in each."""
    names = [f"electra-heads-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("network namespaces need `ip` (iproute2) and root")
    made = []
    try:
        for name in names:
            done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"network namespaces cannot be made here: {done.stderr.strip()}")
            made.append(name)
        ends = ["type", "veth", "peer", "name", "cable", "netns", names[1]]
        done = subprocess.run(
            ["ip", "-n", names[0], "link", "add", "cable", *ends], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"network namespaces cannot be connected here: {done.stderr.strip()}")
        for number, name in enumerate(names, start=1):
            for words in (f"address add 10.77.0.{number}/24 dev cable", "link set lo up", "link set cable up"):
                subprocess.run(["ip", "-n", name, *words.split()], check=True)
        yield [["ip", "netns", "exec", name] for name in names]
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.mark.long
def test_two_network_stacks(namespaces, train):
    """The first machine's address is reached from the second over the cable alone; what comes out is that of loopback."""
    expected = train(DDP)
    elsewhere = {"first": "10.77.0.1", "where": namespaces, "GLOO_SOCKET_IFNAME": ("cable", "cable")}
    assert_close(train(DDP, **elsewhere), expected)
    assert_close(train(FSDP2, patch="divide", **elsewhere), expected)
