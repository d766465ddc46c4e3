"""The command `electra-heads`: the scripts of this folder, once they are installed as one package.

electra-heads seq-cls my_recipe.yaml --head cnn
accelerate launch -m electra_heads token-cls my_recipe.yaml --head lstm
"""

import runpy
import sys
from pathlib import Path

SCRIPTS = {
    "seq-cls": "run_seq_cls.py",
    "token-cls": "run_token_cls.py",
    "qa": "run_qa.py",
    "compare": "compare_heads.py",
    "ensemble": "ensemble.py",
    "demo": "demo.py",
    "export-onnx": "export_onnx.py",
    "export-stock": "export_stock.py",
}


def main() -> None:
    name, *words = sys.argv[1:] or ["--help"]
    usage = f"usage: electra-heads {'|'.join(SCRIPTS)} ..., each with --help"
    if name in ("-h", "--help"):
        print(usage)
        return
    folder = Path(__file__).resolve().parent
    sys.path.insert(0, str(folder))  # the scripts' own packages, which no other program gets to see
    if name not in SCRIPTS:
        from utils.errors import printable

        print(f"error: no command '{printable(name)}'; {usage}", file=sys.stderr)
        sys.exit(2)
    sys.argv = [f"electra-heads {name}", *words]
    runpy.run_path(str(folder / SCRIPTS[name]), run_name="__main__")


if __name__ == "__main__":
    main()
