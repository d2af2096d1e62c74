"""Bring size and sha256 of our own weights in the table of models up to date with the files in models/.

    python scripts/register_weights.py

Run it after a training script's `--export`; a file that the table does not name yet gets a row, its role being its name.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "src" / "facefix" / "models" / "zoo.py"
_ROW = re.compile(r'    _own\("(?P<name>[\w.]+)", "(?P<role>\w+)", \d+,\n         "[0-9a-f]{64}"\),\n')


def row(path: Path, role: str) -> str:
    content = path.read_bytes()
    return f'    _own("{path.name}", "{role}", {len(content)},\n         "{hashlib.sha256(content).hexdigest()}"),\n'


def main() -> None:
    text = TABLE.read_text(encoding="utf-8")
    known = {match["name"]: match["role"] for match in _ROW.finditer(text)}
    rows = "".join(row(path, known.get(path.name, path.stem)) for path in sorted((ROOT / "models").glob("*.safetensors")))
    kept = _ROW.sub("", text)
    end = kept.index(")  # fmt: skip\n", kept.index("TABLE"))
    TABLE.write_text(kept[:end] + rows + kept[end:], encoding="utf-8")
    print(rows, end="")


if __name__ == "__main__":
    main()
